"""Tags in tables → elements: the insertion modes from "in table" to "in cell".

Promises the rules of the HTML Standard, 13.2.6.4.9 and 13.2.6.4.11 to 13.2.6.4.15. Refuses what stands in a table and
in no cell: such content is moved before the table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.construct import (
    MARKER,
    clear_to,
    clear_to_marker,
    close_until,
    find_class,
    find_open,
    imply,
    insert,
    insert_empty,
    mark,
    pop,
    pop_to,
)
from linkgraph.extract.contents import (
    BODY,
    CAPTION,
    CELL_MODE,
    COLUMNS,
    GROUP,
    ROW,
    TABLE,
    body_end,
    body_start,
    head_start,
)
from linkgraph.extract.rules import CELL, CLASSES, SECTION, TABLE_SCOPE
from linkgraph.extract.tags import tag_numbers
from linkgraph.extract.tree import (
    DOCUMENT,
    FORM_OPEN,
    FOSTERED,
    HIDDEN_READ,
    MODE,
    NODE,
    PARENT,
    REFUSAL,
    TAG,
    TAG_READ,
    WIDTH,
)
from linkgraph.jit import hot, leaf

_CAPTION, _COL, _COLGROUP, _TBODY, _TR, _TABLE, _TD, _TH, _FORM, _INPUT, _SCRIPT, _STYLE, _P, _BR, _HTML, _BODY = (
    tag_numbers("caption col colgroup tbody tr table td th form input script style p br html body")
)
_NONE = np.int64(0)
_TABLES, _SECTIONS, _CELLS = np.int64(TABLE_SCOPE), np.int64(SECTION), np.int64(CELL)


@leaf
def _is_part(tag: Any) -> Any:
    """Return whether a tag is one of a table's parts."""
    return tag in (_CAPTION, _COL, _COLGROUP, _TR) or CLASSES[tag] & (CELL | SECTION) != 0


@leaf
def mode_of(tree: Any) -> Any:
    """Return the insertion mode that the open elements ask for (13.2.4.1)."""
    node = tree[NODE]
    mode = BODY
    while node > DOCUMENT and mode == BODY:
        tag = tree[node + TAG]
        if CLASSES[tag] & CELL:
            mode = CELL_MODE
        elif CLASSES[tag] & SECTION:
            mode = GROUP
        elif tag == _TR:
            mode = ROW
        elif tag == _CAPTION:
            mode = CAPTION
        elif tag == _COLGROUP:
            mode = COLUMNS
        elif tag == _TABLE:
            mode = TABLE
        node = tree[node + PARENT]
    return mode


@leaf
def _clear_to_row(tree: Any) -> None:
    while tree[tree[NODE] + TAG] != _TR and tree[NODE] > DOCUMENT + WIDTH:
        pop(tree)


@leaf
def _close_cell(tree: Any, cell: Any) -> None:
    """Close a cell or caption, which bounds formatting."""
    tree[MODE] = TABLE if tree[cell + TAG] == _CAPTION else ROW
    close_until(tree, cell, _NONE)
    clear_to_marker(tree)


@leaf
def _table_start(tree: Any) -> Any:
    """Take in a start tag in a table; return whether it is to be taken in again."""
    tag = tree[TAG_READ]
    again: Any = np.bool_(False)
    if _is_part(tag):
        clear_to(tree, _TABLES)
        if tag == _CAPTION:
            mark(tree, MARKER)
            insert(tree)
            tree[MODE] = CAPTION
        elif tag == _COLGROUP:
            insert(tree)
            tree[MODE] = COLUMNS
        elif CLASSES[tag] & SECTION:
            insert(tree)
            tree[MODE] = GROUP
        else:
            again = np.bool_(True)
            imply(tree, _COLGROUP if tag == _COL else _TBODY)
            tree[MODE] = COLUMNS if tag == _COL else GROUP
    elif tag == _TABLE:
        pop_to(tree, find_open(tree, _TABLE, _TABLES))
        tree[MODE] = mode_of(tree)
        again = np.bool_(True)
    elif tag in (_SCRIPT, _STYLE):
        head_start(tree)
    elif tag == _INPUT and tree[HIDDEN_READ]:
        insert_empty(tree)
    elif tag == _FORM:
        if tree[FORM_OPEN] == 0:
            insert(tree)
            tree[FORM_OPEN] = tree[NODE]
            pop(tree)
    else:
        tree[REFUSAL] = FOSTERED
    return again


@leaf
def _section_start(tree: Any) -> Any:
    """Take in a start tag in a table's section; return whether it is to be taken in again."""
    tag = tree[TAG_READ]
    if tag == _TR or CLASSES[tag] & CELL:
        clear_to(tree, _SECTIONS)
        tree[MODE] = ROW
        if tag == _TR:
            insert(tree)
            return np.bool_(False)
        imply(tree, _TR)
        return np.bool_(True)
    if _is_part(tag):
        _leave_section(tree)
        return np.bool_(True)
    return _table_start(tree)


@leaf
def _leave_section(tree: Any) -> None:
    clear_to(tree, _SECTIONS)
    pop(tree)
    tree[MODE] = TABLE


@leaf
def _leave_row(tree: Any) -> None:
    _clear_to_row(tree)
    pop(tree)
    tree[MODE] = GROUP


@leaf
def _leave_columns(tree: Any) -> None:
    pop(tree)
    tree[MODE] = TABLE


@leaf
def _columns_start(tree: Any) -> Any:
    """Take in a start tag in a column group; return whether it is to be taken in again."""
    if tree[TAG_READ] == _COL:
        insert_empty(tree)
        return np.bool_(False)
    _leave_columns(tree)
    return np.bool_(True)


@leaf
def _row_start(tree: Any) -> Any:
    """Take in a start tag in a row; return whether it is to be taken in again."""
    tag = tree[TAG_READ]
    if CLASSES[tag] & CELL:
        _clear_to_row(tree)
        insert(tree)
        mark(tree, MARKER)
        tree[MODE] = CELL_MODE
        return np.bool_(False)
    if not _is_part(tag):
        return _table_start(tree)
    _leave_row(tree)
    return np.bool_(True)


@hot
def start(tree: Any) -> Any:
    """Take in a start tag in the body or a table; return whether it is to be taken in again."""
    mode = tree[MODE]
    again: Any = np.bool_(False)
    if mode == TABLE:
        again = _table_start(tree)
    elif mode == GROUP:
        again = _section_start(tree)
    elif mode == COLUMNS:
        again = _columns_start(tree)
    elif mode == ROW:
        again = _row_start(tree)
    elif mode != BODY and _is_part(tree[TAG_READ]):
        cell = find_class(tree, _CELLS, _TABLES)
        _close_cell(tree, cell or find_open(tree, _CAPTION, _TABLES))
        again = np.bool_(True)
    else:
        body_start(tree)
    return again


@leaf
def _row_end(tree: Any) -> Any:
    """Take in an end tag in a table and in no cell; return whether it is to be taken in again."""
    tag, mode = tree[TAG_READ], tree[MODE]
    section = CLASSES[tag] & SECTION != 0
    again: Any = np.bool_(False)
    if mode == ROW and (tag in (_TR, _TABLE) or section):
        if tag in (_TR, _TABLE) or find_open(tree, tag, _TABLES):
            _leave_row(tree)
            again = tag != _TR
    elif mode == GROUP and (section or tag == _TABLE):
        if tag == _TABLE or find_open(tree, tag, _TABLES):
            _leave_section(tree)
            again = tag == _TABLE
    elif mode == COLUMNS:
        if tag != _COL:
            _leave_columns(tree)
            again = tag != _COLGROUP
    elif tag == _TABLE:
        pop_to(tree, find_open(tree, _TABLE, _TABLES))
        tree[MODE] = mode_of(tree)
    elif tag in (_P, _BR):
        tree[REFUSAL] = FOSTERED
    return again


@hot
def end(tree: Any) -> Any:
    """Take in an end tag in the body or a table; return whether it is to be taken in again."""
    tag, mode = tree[TAG_READ], tree[MODE]
    ordinary = not (_is_part(tag) or tag == _TABLE)
    if mode not in (BODY, CAPTION, CELL_MODE):
        if mode == COLUMNS or not ordinary or tag in (_P, _BR, _HTML, _BODY):
            return _row_end(tree)
    elif mode == BODY:
        ordinary = True
    if ordinary:
        body_end(tree)
        return np.bool_(False)
    own = tag == _CAPTION if mode == CAPTION else CLASSES[tag] & CELL != 0
    inner = (tag == _TABLE) if mode == CAPTION else (tag in (_TABLE, _TR) or CLASSES[tag] & SECTION != 0)
    if own or inner:
        cell = find_open(tree, tag, _TABLES)
        if cell and inner:
            cell = find_class(tree, _CELLS, _TABLES) if mode == CELL_MODE else find_open(tree, _CAPTION, _TABLES)
        if cell:
            _close_cell(tree, cell)
            return inner
    return np.bool_(False)

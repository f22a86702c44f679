"""Tags in a document's body → elements: the insertion modes "in body" and "in foreign content".

Promises the rules of the HTML Standard, 13.2.6.4.7 and 13.2.6.5, for the tags that real pages hold. Refuses templates,
formulas, rubies, frames, and drawings that hold HTML.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract import rules
from linkgraph.extract.construct import (
    MARKER,
    activate,
    active_of,
    clear_to_marker,
    close_implied,
    close_until,
    end_formatting,
    find_class,
    find_open,
    imply,
    insert,
    insert_empty,
    mark,
    pop,
    pop_to,
    reopen,
)
from linkgraph.extract.rules import (
    BREAKS_OUT,
    BUTTON_SCOPE,
    CLASSES,
    ENDS,
    HOLDS_HTML,
    LIST_SCOPE,
    NAMES_HEADING,
    SCOPE,
    SPECIAL,
    STARTS,
    VOID_TAGS,
)
from linkgraph.extract.tags import tag_numbers
from linkgraph.extract.tree import (
    CHOOSERS,
    DOCUMENT,
    FOREIGN,
    FORM_OPEN,
    LAST,
    LATEST,
    LEFT,
    MERGED,
    MISNESTED,
    MIXED_CHOICE,
    MODE,
    NODE,
    OPEN,
    PARAGRAPHS,
    PARENT,
    QUIRKS,
    RAW_TEXT,
    REFUSAL,
    SELF_CLOSING,
    SPACE,
    SPEAKING,
    TAG,
    TAG_READ,
    UNCERTAIN,
    UNKNOWN,
)
from linkgraph.jit import hot, leaf

BODY, TABLE, CAPTION, COLUMNS, GROUP, ROW, CELL_MODE = (np.int64(mode) for mode in range(5, 12))
"""Insertion modes from the body on: in body, table, caption, column group, table body, row, cell."""

_P, _LI, _ADDRESS, _DIV, _DD, _DT, _A, _BUTTON = tag_numbers("p li address div dd dt a button")
_OPTION, _OPTGROUP, _SELECT, _SCRIPT, _FORM, _HTML, _FOREIGN_OBJECT = tag_numbers(
    "option optgroup select script form html foreignobject"
)
_NONE = np.int64(0)
_BUTTONS = np.int64(SCOPE | BUTTON_SCOPE)
_LISTS = np.int64(SCOPE | LIST_SCOPE)
_SCOPED = np.int64(SCOPE)
_HEADINGS = np.int64(NAMES_HEADING)


@leaf
def close_paragraph(tree: Any) -> None:
    """Close an open paragraph, if it is in button scope."""
    if tree[PARAGRAPHS]:
        paragraph = find_open(tree, _P, _BUTTONS)
        if paragraph:
            close_until(tree, paragraph, _P)


@leaf
def head_start(tree: Any) -> None:
    """Open what "in head" knows: base, link, meta, title, style, script."""
    if CLASSES[tree[TAG_READ]] & VOID_TAGS:
        insert_empty(tree)
    else:
        insert(tree)
        tree[RAW_TEXT] = 1


@leaf
def _start_item(tree: Any, tag: Any) -> None:
    """Close the list item, or the term or description, that a new one ends."""
    node = tree[NODE]
    while True:
        other = tree[node + TAG]
        if tree[node + LAST] == OPEN:
            if other == tag or (tag != _LI and (other in (_DD, _DT))):
                close_until(tree, node, other)
                break
            if CLASSES[other] & SPECIAL and other not in (_ADDRESS, _DIV, _P):
                break
        node = tree[node + PARENT]
    close_paragraph(tree)


@leaf
def _start_form(tree: Any) -> None:
    if tree[FORM_OPEN] == 0:
        close_paragraph(tree)
        insert(tree)
        tree[FORM_OPEN] = tree[NODE]


@leaf
def _start_button(tree: Any) -> None:
    button = find_open(tree, _BUTTON, _SCOPED)
    if button:
        close_until(tree, button, _NONE)


@leaf
def _start_link(tree: Any) -> None:
    """End the link in which another begins."""
    entry = active_of(tree, _A)
    if entry >= 0:
        end_formatting(tree, _A)
        if active_of(tree, _A) == entry:
            tree[REFUSAL] = MISNESTED


@leaf
def _start_block(tree: Any, rule: Any) -> None:
    """Open an element that no paragraph holds."""
    tag = tree[TAG_READ]
    if rule in (rules.ITEM, rules.TERM):
        _start_item(tree, tag)
    elif rule == rules.TABLE_RULE and tree[QUIRKS]:
        if tree[QUIRKS] > 1 and tree[PARAGRAPHS]:
            tree[REFUSAL] = UNCERTAIN
    else:
        close_paragraph(tree)
    if rule == rules.RULE:
        insert_empty(tree)
        return
    if rule == rules.HEADING_RULE and CLASSES[tree[tree[NODE] + TAG]] & NAMES_HEADING:
        pop(tree)
    insert(tree)
    if rule == rules.PREFORMATTED:
        tree[RAW_TEXT] = 2
    elif rule == rules.TABLE_RULE:
        tree[MODE] = TABLE


@leaf
def _start_phrase(tree: Any, rule: Any) -> None:
    """Open an element that formatting goes around."""
    if rule == rules.LINK:
        _start_link(tree)
    elif rule == rules.BUTTON_RULE:
        _start_button(tree)
    elif rule == rules.CHOICE and tree[CHOOSERS]:
        close_implied(tree, _OPTGROUP if tree[TAG_READ] == _OPTION else _NONE)
    elif rule == rules.CHOICE and tree[tree[NODE] + TAG] == _OPTION:
        pop(tree)
    reopen(tree)
    if rule == rules.EMPTY or (rule == rules.DRAWING and tree[SELF_CLOSING]):
        insert_empty(tree)
        return
    insert(tree)
    if rule in (rules.LINK, rules.FORMATS):
        activate(tree)
    elif rule == rules.MARKED:
        mark(tree, MARKER)
    elif rule == rules.CHOOSER:
        tree[CHOOSERS] += 1


@leaf
def _start_plain(tree: Any, rule: Any) -> None:
    """Open an element that neither a paragraph nor formatting minds."""
    if rule == rules.HEADLIKE:
        head_start(tree)
    elif rule == rules.BARE:
        latest = tree[LATEST]
        reopen(tree)
        if tree[LATEST] != latest:  # the standard opens nothing again here, the parser of refused pages does
            tree[REFUSAL] = UNCERTAIN
        insert_empty(tree)
    elif rule == rules.RAW_RULE:
        insert(tree)
        tree[RAW_TEXT] = 1
    elif rule == rules.ROOT:
        # The attributes of a second one are added to the first's; only the language of a document is ever read.
        if tree[SPEAKING] and tree[TAG_READ] == _HTML:
            tree[REFUSAL] = MERGED
    elif rule == rules.REFUSED:
        tree[REFUSAL] = UNKNOWN


@hot
def body_start(tree: Any) -> None:
    """Take in a start tag in the body."""
    rule = STARTS[tree[TAG_READ]]
    if tree[CHOOSERS] and rule != rules.CHOICE:
        tree[REFUSAL] = MIXED_CHOICE
    elif rule <= rules.LAST_PHRASE:
        _start_phrase(tree, rule)
    elif rule <= rules.LAST_PLAIN:
        _start_plain(tree, rule)
    elif rule == rules.FORM_RULE:
        _start_form(tree)
    else:
        _start_block(tree, rule)


@leaf
def _end_any(tree: Any) -> None:
    """Close the nearest element of that name, unless something special stands in it."""
    node = tree[NODE]
    while node > DOCUMENT:
        if tree[node + LAST] == OPEN:
            if tree[node + TAG] == tree[TAG_READ]:
                close_until(tree, node, tree[TAG_READ])
                return
            if CLASSES[tree[node + TAG]] & SPECIAL:
                return
        node = tree[node + PARENT]


@leaf
def _end_form(tree: Any) -> None:
    """Close the form; where elements in it are open, it ends with them."""
    form = tree[FORM_OPEN]
    tree[FORM_OPEN] = 0
    if form == 0 or tree[form + LAST] != OPEN or find_open(tree, _FORM, _SCOPED) != form:
        return
    close_implied(tree, _NONE)
    if tree[NODE] == form:
        pop(tree)
    else:
        tree[form + LAST] = LEFT


@leaf
def _end_block(tree: Any, rule: Any) -> None:
    """Close an element that closes what is open in it."""
    tag = tree[TAG_READ]
    if rule == rules.HEADING_RULE:
        element = find_class(tree, _HEADINGS, _SCOPED)
    else:
        element = find_open(tree, tag, _LISTS if rule == rules.ITEM else _SCOPED)
    if element:
        close_until(tree, element, tag if rule in (rules.ITEM, rules.TERM) else _NONE)
        if rule == rules.MARKED:
            clear_to_marker(tree)
        elif tag == _SELECT:
            tree[CHOOSERS] -= 1


@hot
def body_end(tree: Any) -> None:
    """Take in an end tag in the body."""
    rule = ENDS[tree[TAG_READ]]
    if tree[CHOOSERS] and rule != rules.ROOT and tree[TAG_READ] not in (_SELECT, _OPTION, _OPTGROUP):
        tree[REFUSAL] = MIXED_CHOICE
    elif rule == rules.ORDINARY or (rule == rules.FORMATS and not end_formatting(tree, tree[TAG_READ])):
        _end_any(tree)
    elif rule == rules.PARAGRAPH:
        if find_open(tree, _P, _BUTTONS) == 0:
            imply(tree, _P)
        close_paragraph(tree)
    elif rule == rules.FORM_RULE:
        _end_form(tree)
    elif rule == rules.EMPTY:
        _start_phrase(tree, rule)
    elif rule == rules.REFUSED:
        tree[REFUSAL] = UNKNOWN
    elif rule not in (rules.ROOT, rules.FORMATS):
        _end_block(tree, rule)


@leaf
def foreign_start(tree: Any) -> None:
    """Take in a start tag in a drawing."""
    tag = tree[TAG_READ]
    if (
        CLASSES[tag] & BREAKS_OUT
        or CLASSES[tree[tree[NODE] + TAG]] & HOLDS_HTML
        or tag
        in (
            _SCRIPT,
            _FOREIGN_OBJECT,
        )
    ):
        tree[REFUSAL] = FOREIGN
    elif tree[SELF_CLOSING]:
        insert_empty(tree)
    else:
        insert(tree)


@leaf
def foreign_end(tree: Any) -> None:
    """Take in an end tag in a drawing: it closes what has its name there."""
    node = tree[NODE]
    while tree[node + SPACE]:
        if tree[node + TAG] == tree[TAG_READ]:
            pop_to(tree, node)
            return
        node = tree[node + PARENT]
    tree[REFUSAL] = FOREIGN

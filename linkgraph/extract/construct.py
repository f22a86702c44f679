"""Tags in their order → elements that open and close: the stack of open elements and the active formatting elements.

Promises what the HTML Standard, 13.2.4.2, 13.2.4.3 and 13.2.6.1, does to these two, as far as elements come and go in
document order. Refuses what moves elements that are already there (the adoption agency, foster parents).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.rules import CLASSES, IMPLIED, SCOPE, SPECIAL
from linkgraph.extract.tags import tag_numbers
from linkgraph.extract.tree import (
    ACTIVE,
    ACTIVE_LIST,
    ALIKE,
    BEFORE,
    BEYOND,
    CHANGE,
    CLOSES,
    DEPTH,
    DOCUMENT,
    ELEMENTS_END,
    EVENT,
    FIRST,
    FIRST_READ,
    KNOWN,
    LAST,
    LATEST,
    LEFT,
    MANY,
    MAX_ACTIVE,
    MISNESTED,
    NAME,
    NAME_READ,
    NODE,
    OPEN,
    OPENS,
    PARAGRAPHS,
    PARENT,
    REFUSAL,
    SIZE,
    SPACE,
    TAG,
    TAG_READ,
    TEXT,
    TOKEN,
    TOO_DEEP,
    TOO_LARGE,
    WIDTH,
)
from linkgraph.jit import hot, leaf

MAX_NESTED = 256
"""Open elements; the parser that reads refused pages flattens what is deeper than 512, and no search is longer."""

_P, _SVG = tag_numbers("p svg")
MARKER = np.int64(0)
"""Stands among the active elements where a cell, a caption or an object begins."""


@hot
def open_element(tree: Any, tag: Any, name: Any, first: Any, beyond: Any) -> None:
    """Open an element of that tag in the current node, with its name and the attributes of some rows."""
    element, node, token = tree[LATEST] + WIDTH, tree[NODE], tree[TOKEN]
    depth = tree[node + DEPTH] + 1
    if element + WIDTH >= tree[ELEMENTS_END] or depth > MAX_NESTED:
        tree[REFUSAL] = TOO_DEEP if depth > MAX_NESTED else TOO_LARGE
        return
    tree[token + TEXT], tree[token + BEFORE], tree[token + CHANGE] = tree[SIZE], node, tag
    tree[TOKEN] = token + EVENT
    tree[element + TAG], tree[element + PARENT], tree[element + LAST] = tag, node, OPEN
    tree[element + SPACE] = tree[node + SPACE] | (tag == _SVG)
    tree[element + OPENS], tree[element + NAME], tree[element + DEPTH] = token, name, depth
    tree[element + FIRST], tree[element + BEYOND] = first, beyond
    tree[NODE] = tree[LATEST] = element
    tree[PARAGRAPHS] += tag == _P


@hot
def insert(tree: Any) -> None:
    """Open the element of the tag just read."""
    open_element(tree, tree[TAG_READ], tree[NAME_READ], tree[FIRST_READ], tree[KNOWN])


@leaf
def imply(tree: Any, tag: Any) -> None:
    """Open an element that no tag opens."""
    open_element(tree, tag, np.int64(0), tree[KNOWN], tree[KNOWN])


@hot
def pop(tree: Any) -> None:
    """Close the current node, and what only it kept open."""
    while True:
        node, token = tree[NODE], tree[TOKEN]
        tag, outer = tree[node + TAG], tree[node + PARENT]
        tree[token + TEXT], tree[token + BEFORE], tree[token + CHANGE] = tree[SIZE], node, -tag
        tree[node + CLOSES], tree[node + LAST] = token, tree[LATEST]
        tree[PARAGRAPHS] -= tag == _P
        tree[NODE], tree[TOKEN] = outer, token + EVENT
        if tree[outer + LAST] != LEFT:
            break


@leaf
def insert_empty(tree: Any) -> None:
    """Open the element of the tag just read and close it at once, by one token."""
    insert(tree)
    node = tree[NODE]
    if tree[REFUSAL] == 0:
        tree[node + CLOSES], tree[node + LAST] = tree[node + OPENS], node
        tree[NODE] = tree[node + PARENT]


@leaf
def pop_to(tree: Any, element: Any) -> None:
    """Close the open elements up to and including that one."""
    while element > DOCUMENT and tree[element + LAST] < 0:
        pop(tree)


@leaf
def find_open(tree: Any, wanted: Any, boundary: Any) -> Any:
    """Return the innermost open element of that tag; 0 where none is, or one of the classes *boundary* is nearer."""
    node = tree[NODE]
    while node > DOCUMENT:
        tag = tree[node + TAG]
        if tree[node + LAST] == OPEN:
            if tag == wanted:
                return node
            if CLASSES[tag] & boundary:
                return np.int64(0)
        node = tree[node + PARENT]
    return np.int64(0)


@leaf
def find_class(tree: Any, wanted: Any, boundary: Any) -> Any:
    """Return the innermost open element of the classes *wanted*, as `find_open` does."""
    node = tree[NODE]
    while node > DOCUMENT:
        classes = CLASSES[tree[node + TAG]]
        if tree[node + LAST] == OPEN:
            if classes & wanted:
                return node
            if classes & boundary:
                return np.int64(0)
        node = tree[node + PARENT]
    return np.int64(0)


@hot
def close_implied(tree: Any, but: Any) -> None:
    """Close the elements whose end tags may be left out (13.2.6.3), those of the tag *but* aside."""
    tag = tree[tree[NODE] + TAG]
    while CLASSES[tag] & IMPLIED and tag != but:
        pop(tree)
        tag = tree[tree[NODE] + TAG]


@leaf
def close_until(tree: Any, element: Any, but: Any) -> None:
    """Close what may be left out, then all up to and including an open element."""
    close_implied(tree, but)
    pop_to(tree, element)


@leaf
def clear_to(tree: Any, classes: Any) -> None:
    """Close elements until the current node is one of *classes*."""
    while CLASSES[tree[tree[NODE] + TAG]] & classes == 0 and tree[NODE] > DOCUMENT + WIDTH:
        pop(tree)


@leaf
def mark(tree: Any, element: Any) -> None:
    """Add an element, or a marker, to the active formatting elements."""
    if tree[ACTIVE] >= MAX_ACTIVE:
        tree[REFUSAL] = MANY
    else:
        tree[ACTIVE_LIST + tree[ACTIVE]] = element
        tree[ACTIVE] += 1


@leaf
def clear_to_marker(tree: Any) -> None:
    """Remove the active formatting elements behind the last marker, and it."""
    while tree[ACTIVE] > 0:
        tree[ACTIVE] -= 1
        if tree[ACTIVE_LIST + tree[ACTIVE]] == MARKER:
            break


@leaf
def _forget(tree: Any, entry: Any) -> None:
    """Remove an entry of the active formatting elements."""
    tree[ACTIVE] -= 1
    for at in range(ACTIVE_LIST + entry, ACTIVE_LIST + tree[ACTIVE]):
        tree[at] = tree[at + 1]


@leaf
def activate(tree: Any) -> None:
    """Add the current node to the active formatting elements; refused where it may be the fourth alike (13.2.4.3)."""
    same = np.int64(0)
    entry = tree[ACTIVE] - 1
    while entry >= 0 and tree[ACTIVE_LIST + entry] != MARKER:
        same += tree[tree[ACTIVE_LIST + entry] + TAG] == tree[tree[NODE] + TAG]
        entry -= 1
    mark(tree, tree[NODE])
    if same >= 3:
        tree[REFUSAL] = ALIKE


@leaf
def _reopen(tree: Any) -> None:
    """Open the active formatting elements again that were closed since the last marker."""
    entry = tree[ACTIVE] - 1
    while entry >= 0 and tree[ACTIVE_LIST + entry] != MARKER and tree[tree[ACTIVE_LIST + entry] + LAST] >= 0:
        entry -= 1
    for again in range(entry + 1, tree[ACTIVE]):
        former = tree[ACTIVE_LIST + again]
        open_element(tree, tree[former + TAG], tree[former + NAME], tree[former + FIRST], tree[former + BEYOND])
        tree[ACTIVE_LIST + again] = tree[NODE]


@hot
def reopen(tree: Any) -> None:
    """Reconstruct the active formatting elements (13.2.4.3)."""
    if tree[ACTIVE]:
        latest = tree[ACTIVE_LIST + tree[ACTIVE] - 1]
        if latest != MARKER and tree[latest + LAST] >= 0:
            _reopen(tree)


@leaf
def active_of(tree: Any, tag: Any) -> Any:
    """Return the entry of the last active element of that tag behind the last marker; -1 where there is none."""
    entry = tree[ACTIVE] - 1
    while entry >= 0 and tree[ACTIVE_LIST + entry] != MARKER:
        if tree[tree[ACTIVE_LIST + entry] + TAG] == tag:
            return entry
        entry -= 1
    return np.int64(-1)


@leaf
def _is_enclosed(tree: Any, element: Any, classes: Any) -> Any:
    """Return whether an open element of *classes* stands inside an open element."""
    node = tree[NODE]
    while node != element:
        if CLASSES[tree[node + TAG]] & classes and tree[node + LAST] == OPEN:
            return True
        node = tree[node + PARENT]
    return False


@leaf
def _is_active(tree: Any, element: Any) -> Any:
    found = False
    for entry in range(tree[ACTIVE]):
        found |= tree[ACTIVE_LIST + entry] == element
    return found


@leaf
def end_formatting(tree: Any, tag: Any) -> Any:
    """Close a formatting element (13.2.6.4.7, adoption agency); return False where its tag closes like any other."""
    if tree[tree[NODE] + TAG] == tag and not _is_active(tree, tree[NODE]):
        pop(tree)
        return True
    entry = active_of(tree, tag)
    if entry < 0:
        return False
    element = tree[ACTIVE_LIST + entry]
    if tree[element + LAST] >= 0:
        _forget(tree, entry)
    elif not _is_enclosed(tree, element, np.int64(SPECIAL)):
        pop_to(tree, element)
        _forget(tree, entry)
    elif not _is_enclosed(tree, element, np.int64(SCOPE)):
        tree[REFUSAL] = MISNESTED
    return True

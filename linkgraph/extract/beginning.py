"""Tags before the body → the html and head elements and what stands in the head.

Promises the rules of the HTML Standard, 13.2.6.4.1 to 13.2.6.4.6. Blanks and comments there are left out: nothing
reads them. So the head is closed where the body begins, and takes in what follows its end tag, as the standard has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract import rules
from linkgraph.extract.construct import imply, insert, pop
from linkgraph.extract.contents import BODY, head_start
from linkgraph.extract.rules import STARTS
from linkgraph.extract.tags import tag_numbers
from linkgraph.extract.tree import MERGED, MODE, REFUSAL, SPEAKING, TAG_READ, UNKNOWN
from linkgraph.jit import leaf

BEFORE_HTML, BEFORE_HEAD, HEAD, SILENCED, AFTER_HEAD = (np.int64(mode) for mode in range(5))
"""Insertion modes up to the body: before html, before head, in head, in head noscript, after head."""

_HTML, _HEAD, _BODY, _NOSCRIPT, _BASE, _TITLE, _SCRIPT, _BR, _TEMPLATE, _FRAMESET = tag_numbers(
    "html head body noscript base title script br template frameset"
)


@leaf
def step_on(tree: Any) -> None:
    """Do what each mode does with a token that it does not know: go on to the next one."""
    mode = tree[MODE]
    if mode == BEFORE_HTML:
        imply(tree, _HTML)
        tree[MODE] = BEFORE_HEAD
    elif mode == BEFORE_HEAD:
        imply(tree, _HEAD)
        tree[MODE] = HEAD
    elif mode == SILENCED:
        pop(tree)
        tree[MODE] = HEAD
    elif mode == HEAD:
        tree[MODE] = AFTER_HEAD
    else:
        pop(tree)
        imply(tree, _BODY)
        tree[MODE] = BODY


@leaf
def start(tree: Any) -> Any:
    """Take in a start tag before the body; return whether it is to be taken in again."""
    tag, mode = tree[TAG_READ], tree[MODE]
    again: Any = np.bool_(False)
    if tag in (_TEMPLATE, _FRAMESET):
        tree[REFUSAL] = UNKNOWN
    elif tag == _HTML:
        if mode == BEFORE_HTML:
            insert(tree)
            tree[MODE] = BEFORE_HEAD
        elif tree[SPEAKING]:
            tree[REFUSAL] = MERGED
    elif mode == BEFORE_HEAD and tag == _HEAD:
        insert(tree)
        tree[MODE] = HEAD
    elif mode == AFTER_HEAD and tag == _BODY:
        pop(tree)
        insert(tree)
        tree[MODE] = BODY
    elif mode >= HEAD and STARTS[tag] == rules.HEADLIKE and not (mode == SILENCED and tag in (_BASE, _TITLE, _SCRIPT)):
        head_start(tree)
    elif mode == HEAD and tag == _NOSCRIPT:
        insert(tree)
        tree[MODE] = SILENCED
    elif not (mode >= HEAD and tag == _HEAD) and not (mode == SILENCED and tag == _NOSCRIPT):
        step_on(tree)
        again = np.bool_(True)
    return again


@leaf
def end(tree: Any) -> Any:
    """Take in an end tag before the body; return whether it is to be taken in again."""
    tag, mode = tree[TAG_READ], tree[MODE]
    if mode == SILENCED:
        if tag in (_NOSCRIPT, _BR):
            step_on(tree)
        return tag == _BR
    if tag == _HEAD:
        if mode == HEAD:
            tree[MODE] = AFTER_HEAD
            return False
        if mode == AFTER_HEAD:
            return False
    elif (tag == _TEMPLATE and mode >= HEAD) or tag not in (_HTML, _BODY, _BR):
        return False
    step_on(tree)
    return True

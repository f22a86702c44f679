"""The tree that grows while a page is read → one array of numbers, and where in it what stands.

Promises places that no two things share. It is one array, as a call costs by the arrays that it is given: elements and
tokens stand in it one after the other, behind the state of the construction.
"""

from __future__ import annotations

from typing import Any

from linkgraph.extract.tags import TAGS
from linkgraph.jit import leaf

MAX_ACTIVE = 64
"""Active formatting elements; real pages have a dozen."""

MAX_UNKNOWN = 48
"""Names of elements on one page that are in no table; real pages have a dozen."""

MODE, NODE, SIZE, VALUES, TOKEN, LATEST, KNOWN, ELEMENTS_END, QUIRKS, REFUSAL = range(10)
"""The insertion mode, the current node, bytes written of text and of values, where the next token, the latest element
and the next attribute stand, where the elements end, whether the document is in quirks mode, why it is refused."""

TAG_READ, NAME_READ, FIRST_READ, SELF_CLOSING, SPEAKING, HIDDEN_READ, RAW_TEXT = range(10, 17)
"""Of the tag just read: its number, where its name stands, its first attribute, whether it closes itself, has
a language, says `type=hidden`; and which text is to come that is no markup."""

FORM_OPEN, PARAGRAPHS, CHOOSERS, ACTIVE, UNKNOWN_NAMES = range(17, 22)
"""The open form, how many paragraphs and selects are open, active formatting elements, and names in no table."""

ACTIVE_LIST = 24
NAME_LIST = ACTIVE_LIST + MAX_ACTIVE + 1
DOCUMENT = NAME_LIST + 3 * MAX_UNKNOWN
"""Where the list of active elements begins, that of unknown names (hash, begin, end), and the first element."""

TAG, SPACE, PARENT, LAST, OPENS, CLOSES, FIRST, BEYOND, NAME, DEPTH, WIDTH = range(11)
"""Columns of an element: tag, whether it is a drawing's, parent, last descendant, its tokens, its attributes from and
to, where its name stands, elements around it."""

OPEN, LEFT = -1, -2
"""What stands for the last descendant of an element that is open, and of one that only its descendants keep open."""

TRUNCATED, TOO_DEEP, TOO_LARGE, UNENDED, MISNESTED, MANY, ALIKE, UNKNOWN, FOREIGN, MERGED = range(1, 11)
MIXED_CHOICE, UNCERTAIN, FOSTERED, UNCLEAR = range(11, 15)
"""Why a page is refused: its markup ends inside a tag; elements nested too deep, or more than foreseen; raw text
without an end; formatting that closes around a block; too many active elements or names; more than three alike; an
element that is not implemented; HTML in a drawing; the language of a second html element; a select with other things
than options; a document type that is not known, or a case in which the parser differs from the standard; something in
a table and in no cell; a reference before the body, which may be a blank."""

KNOWN_TAGS = len(TAGS)
INTERNED = KNOWN_TAGS + MAX_UNKNOWN
"""Tags; and with names in no table, each of which has a number of its own."""

TEXT, BEFORE, CHANGE, EVENT = range(4)
"""Columns of a token: where on the text it stands, the element around the text before it, the tag that opens, or minus
the tag that closes."""


@leaf
def plant(tree: Any, elements: Any, values: Any, quirks: Any) -> None:
    """Prepare an array for that many elements; *values* is where values will be written."""
    for at in range(DOCUMENT + WIDTH):
        tree[at] = 0
    tree[VALUES], tree[QUIRKS], tree[NODE], tree[LATEST] = values, quirks, DOCUMENT, DOCUMENT
    tree[DOCUMENT + LAST], tree[DOCUMENT + DEPTH] = OPEN, -1
    tree[ELEMENTS_END] = tree[TOKEN] = DOCUMENT + WIDTH * elements

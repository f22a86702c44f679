"""Names of elements → what tree construction does with them, as numbers that are compiled into its loops.

Promises the classes of the HTML Standard, 13.2.4 and 13.2.6, for the tags of `linkgraph.extract.tags`; a tag that is
not there is ordinary. Refuses nothing: what is not implemented is marked `REFUSED`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.tags import TAGS, VOIDS
from linkgraph.extract.tree import INTERNED

SCOPE, BUTTON_SCOPE, LIST_SCOPE, TABLE_SCOPE, SPECIAL, IMPLIED = (1 << bit for bit in range(6))
NAMES_HEADING, CELL, SECTION, BREAKS_OUT, HOLDS_HTML, VOID_TAGS = (1 << bit for bit in range(6, 12))
"""What an element is: where a search for an open element ends, in each of four scopes; what closes with its parent;
and what stands in no drawing."""

ORDINARY, FORMATS, LINK, EMPTY, BUTTON_RULE, CHOICE, MARKED, CHOOSER, DRAWING = range(9)
LAST_PHRASE = DRAWING
HEADLIKE, BARE, RAW_RULE, ROOT, MISPLACED, REFUSED = range(9, 15)
LAST_PLAIN = REFUSED
FORM_RULE, BLOCKLIKE, RULE, ITEM, TERM, HEADING_RULE, PREFORMATTED, TABLE_RULE, PARAGRAPH = range(15, 24)
"""What happens at a start or end tag in the body (13.2.6.4.7)."""

_BLOCKLIKE = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup"
    " main menu nav ol search section summary ul"
)
_FORMATTING = "b big code em font i s small strike strong tt u"
_HEADINGS = "h1 h2 h3 h4 h5 h6"

_CLASSES = {
    SCOPE: "applet caption html table td th marquee object select template",
    BUTTON_SCOPE: "button",
    LIST_SCOPE: "ol ul",
    TABLE_SCOPE: "html table template",
    SPECIAL: "address applet area article aside base basefont bgsound blockquote body br button caption center col"
    " colgroup dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6"
    " head header hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes"
    " noscript object ol p param plaintext pre script search section select source style summary table tbody td"
    " template textarea tfoot th thead title tr track ul wbr xmp",
    IMPLIED: "dd dt li optgroup option p rb rp rt rtc",
    NAMES_HEADING: _HEADINGS,
    CELL: "td th",
    SECTION: "tbody tfoot thead",
    BREAKS_OUT: "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing"
    " menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var font",
    VOID_TAGS: " ".join(VOIDS),
    HOLDS_HTML: "title desc foreignobject foreignObject",
}

_STARTS = {
    BLOCKLIKE: _BLOCKLIKE,
    HEADLIKE: "base basefont bgsound link meta noframes script style title",
    FORMATS: _FORMATTING,
    LINK: "a",
    EMPTY: "area br embed img input keygen wbr",
    BARE: "param source track",
    RULE: "hr",
    ITEM: "li",
    TERM: "dd dt",
    HEADING_RULE: _HEADINGS,
    PREFORMATTED: "pre listing",
    FORM_RULE: "form",
    BUTTON_RULE: "button",
    RAW_RULE: "textarea iframe noembed",
    MARKED: "applet marquee object",
    TABLE_RULE: "table",
    CHOICE: "option optgroup",
    CHOOSER: "select",
    DRAWING: "svg",
    MISPLACED: "caption col colgroup frame head tbody td tfoot th thead tr",
    PARAGRAPH: "p",
    ROOT: "html body",
    REFUSED: "frameset template math plaintext xmp image nobr rb rp rt rtc",
}

_ENDS = {
    BLOCKLIKE: f"{_BLOCKLIKE} button listing pre select",
    FORMATS: f"a {_FORMATTING}",
    ITEM: "li",
    TERM: "dd dt",
    HEADING_RULE: _HEADINGS,
    FORM_RULE: "form",
    MARKED: "applet marquee object",
    PARAGRAPH: "p",
    ROOT: "html body",
    EMPTY: "br",
    REFUSED: "template nobr",
}
"""What happens at an end tag in the body."""


def _by_tag(classes: dict[int, str]) -> NDArray[np.int64]:
    found = np.zeros(INTERNED, np.int64)
    for number, names in classes.items():
        found[[TAGS.index(name) for name in names.split()]] |= number
    return found


CLASSES = _by_tag(_CLASSES)
STARTS = _by_tag(_STARTS)
ENDS = _by_tag(_ENDS)

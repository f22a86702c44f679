"""The HTML of a page as it was sent → whether scripts make its links, by signs that are written down here.

Promises one answer for the same bytes, in time linear in the first 512 KiB of them; and that a host whose first few
rendered pages gained no link costs no more of them. Refuses to guess from a framework's name alone: most pages that
carry one are sent with their links.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence

READ = 512 * 1024
"""Bytes of a page that are looked at; an application's shell has a few thousand."""

FEW_LINKS = 3
"""Links at most on a page that may be a shell: imprint, privacy and a home link stand in many."""

FEW_MORE = 20
"""Links at most beside an empty root: a static header and footer around an application."""

LITTLE_TEXT = 400
"""Visible characters below which a page with scripts and few links shows nothing of its own."""

TRIALS = 3
"""Rendered pages without a new link after which a host is taken to send its links."""

MAX_HOSTS = 100_000

_ROOT = re.compile(
    rb"<(div|main|section|app|[a-z]++-root|[a-z]++-app)\b"
    rb"(?=[^<>]*?\bid\s*=\s*[\"']?(?:root|app|application|__next|__nuxt|___gatsby|react-root|app-root|q-app|svelte|mount|"
    rb"main-app|vue-app|ember-app)[\"'\s>]|(?<=-root)|(?<=-app)|(?<=<app))"
    rb"[^<>]*+>\s*+(?:<!--[^<>]*+>\s*+)?+</",
)
_TEMPLATE = re.compile(rb"(?:\bng-href|\s:href|\bv-bind:href|\bx-bind:href)\s*=|\bhref\s*=\s*[\"']?\s*\{\{")
_WRITES = re.compile(
    rb"createelement\(\s*[\"'`]a[\"'`]\)|<a\s[^<>]{0,200}href|\.href\s*=[^=]|innerhtml\s*\+?=|\.write\("
)
_TYPE = re.compile(rb"\btype\s*=\s*[\"']?\s*([\w/+.-]*)")
_RUN = (b"", b"module", b"text/javascript", b"application/javascript", b"text/ecmascript", b"application/x-javascript")
_TAG = re.compile(rb"<[^<>]*+>")
_UNSEEN = (b"script", b"style", b"noscript", b"template", b"title", b"svg", b"iframe", b"textarea")


def signs(body: bytes, links: int) -> tuple[str, ...]:
    """Return the signs in *body* that scripts make the page's links; none of them means it is rendered by nobody.

    * `template`: an href that only a script can fill in (`ng-href`, `:href`, `href="{{…}}"`).
    * `empty-root`: an application's root element (`<div id="app">`, `<app-root>`) with nothing in it, and at most
      `FEW_MORE` links beside it.
    * `noscript`: at most `FEW_LINKS` links, and a noscript element that speaks of JavaScript.
    * `writes`: at most `FEW_LINKS` links, and a script in the page that makes some.
    * `little-text`: at most `FEW_LINKS` links and `LITTLE_TEXT` visible characters.

    A page without a script has none.

    Args:
        body: as it was sent, content codings removed.
        links: distinct http(s) links of `a` and `area` elements that its HTML shows.
    """
    lowered = body[:READ].lower()
    parts = list(_sections(lowered))
    scripts = [(tag, text) for name, tag, text in parts if name == b"script" and _runs(tag)]
    return tuple(_signs(lowered, parts, scripts, links)) if scripts else ()


def _signs(
    lowered: bytes, parts: Sequence[tuple[bytes, bytes, bytes]], scripts: Sequence[tuple[bytes, bytes]], links: int
) -> Iterator[str]:
    shown = b"".join(text for name, _, text in parts if not name)
    if _TEMPLATE.search(shown):
        yield "template"
    if links <= FEW_MORE and _ROOT.search(lowered):
        yield "empty-root"
    if links > FEW_LINKS:
        return
    if any(b"javascript" in text for name, _, text in parts if name == b"noscript"):
        yield "noscript"
    if any(_WRITES.search(text) for _, text in scripts):
        yield "writes"
    if len(b"".join(_TAG.sub(b" ", shown).split())) < LITTLE_TEXT:
        yield "little-text"


def _runs(tag: bytes) -> bool:
    named = _TYPE.search(tag)
    return named is None or named[1] in _RUN


def _sections(lowered: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the stretches of a page as (element, its start tag, text), the element empty for what a reader sees."""
    at = 0
    opening = re.compile(rb"<(" + b"|".join(_UNSEEN) + rb")(?=[\s/>])[^<>]*+>")
    while found := opening.search(lowered, at):
        yield b"", b"", lowered[at : found.start()]
        end = lowered.find(b"</" + found[1], found.end())
        end = len(lowered) if end < 0 else end
        yield found[1], found[0], lowered[found.end() : end]
        at = end
    yield b"", b"", lowered[at:]


class Hosts:
    """What rendering has shown of each host so far."""

    def __init__(self) -> None:
        self._gained: OrderedDict[str, int | None] = OrderedDict()

    def worth(self, host: str) -> bool:
        """Tell whether a page of *host* that has signs is rendered: until `TRIALS` of them gained nothing."""
        tried = self._gained.get(host, 0)
        return tried is None or tried < TRIALS

    def learn(self, host: str, gained: int) -> None:
        """Take in that rendering a page of *host* showed *gained* links that its HTML had not."""
        tried = self._gained.get(host, 0)
        self._gained[host] = None if gained or tried is None else tried + 1
        self._gained.move_to_end(host)
        if len(self._gained) > MAX_HOSTS:
            self._gained.popitem(last=False)

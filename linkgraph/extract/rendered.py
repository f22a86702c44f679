"""A page as it was sent, and as it was after its scripts → one page whose links say where they were seen.

Promises that a link is `html`, `rendered` or `both` by its kind and target, and that what a browser could not show
leaves the page as its HTML has it, with a reason. Refuses to render what is not HTML. Pure but for the renderer,
which is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from linkgraph.extract.answer import Headers, links_to
from linkgraph.extract.page import examine
from linkgraph.extract.scripted import Hosts, signs
from linkgraph.fetch.rendition import Rendition
from linkgraph.model import LINK_COLUMNS, Links, Page
from linkgraph.urls import resolve

Render = Callable[[str, int, Headers, bytes], Awaitable[Rendition]]
"""URL, status, headers and body of an answer → what a browser made of them."""


class Rendering:
    """Decides which pages are rendered, and puts both views of them together."""

    def __init__(self, mode: str, render: Render, *, resources: bool = False) -> None:
        """Take *mode* `auto` or `always`; *resources* as `linkgraph.extract.extract` does."""
        self._always = mode == "always"
        self._render = render
        self._resources = resources
        self._hosts = Hosts()

    def wants(self, page: Page, links: Links, body: bytes) -> bool:
        """Tell whether a browser should look at the page."""
        if page.outcome != "fetched" or page.charset is None or page.truncated:
            return False  # only HTML has a charset, and a page that was cut has lost its scripts
        if self._always:
            return True
        shown = links.kind.count("a") + links.kind.count("area")
        return self._hosts.worth(page.host) and bool(signs(body, shown))

    async def look(self, page: Page, links: Links, headers: Headers, body: bytes) -> tuple[Page, Links]:
        """Return the page and its links after rendering, or as they were where that is not wanted or failed."""
        if not self.wants(page, links, body):
            return page, links
        rendition = await self._render(page.url, page.status or 200, headers, body)
        if rendition.body is None:
            return replace(page, outcome_reason=rendition.reason), links
        merged = merge(page, links, headers, rendition, resources=self._resources)
        self._hosts.learn(page.host, merged[1].origin.count("rendered"))
        return merged


def merge(
    page: Page, links: Links, headers: Headers, rendition: Rendition, *, resources: bool = False
) -> tuple[Page, Links]:
    """Return the page after its scripts, and the links of both views.

    Links of the rendered document come first, in its order, then those of the HTML that it has no longer, then where
    scripts tried to go (kind `refresh`). A row is `both` where the other view has a link of its kind and target. What
    describes the answer (charset, length, digest, validators) stays; what describes the document is the rendered
    one's; a robots directive in either view counts.
    """
    fields = [(name, value) for name, value in headers if name.lower() != "content-type"]
    fields.append(("Content-Type", "text/html; charset=utf-8"))
    seen = examine(page.url, fields, rendition.body or b"", resources=resources)
    shown, found = seen.links, seen.page
    sent, now = set(_keys(links)), set(_keys(shown))
    shown.origin = [
        origin if origin != "html" else "both" if key in sent else "rendered"
        for key, origin in zip(_keys(shown), shown.origin, strict=True)
    ]
    _extend(shown, links, [row for row, key in enumerate(_keys(links)) if key not in now])
    gone = [target for target in map(resolve, rendition.went_to) if target is not None and target.url != page.url]
    directives = links_to(page, gone, "refresh", "rendered")
    _extend(shown, directives, range(len(directives)))
    return (
        replace(
            page,
            title=found.title,
            language=found.language,
            canonical_url=found.canonical_url,
            noindex=page.noindex or found.noindex,
            nofollow=page.nofollow or found.nofollow,
            simhash=found.simhash,
            links_internal=found.links_internal,
            links_external=found.links_external,
            external_domains=found.external_domains,
            outcome_reason=found.outcome_reason,
            rendered=True,
        ),
        shown,
    )


_Key = tuple[str, str, str | None]


def _keys(links: Links) -> list[_Key]:
    return list(zip(links.kind, links.dst_url, links.dst_fragment, strict=True))


def _extend(links: Links, more: Links, rows: Sequence[int]) -> None:
    """Add *rows* of *more* at the end, as later links of the page."""
    first = max(links.ordinal, default=-1) + 1
    for name in LINK_COLUMNS:
        column = getattr(more, name)
        getattr(links, name).extend([column[row] for row in rows])
    links.ordinal[len(links.ordinal) - len(rows) :] = range(first, first + len(rows))

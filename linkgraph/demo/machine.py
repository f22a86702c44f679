"""A site → what machines read of it: robots.txt, sitemaps, feeds, stylesheets, pictures.

Promises valid robots.txt (RFC 9309), sitemaps (sitemaps.org protocol 0.9) and RSS 2.0, and that `disallowed` agrees
with the robots.txt that is served.
"""

from __future__ import annotations

import gzip
import re
from html import escape

from linkgraph.demo.dice import Dice
from linkgraph.demo.plan import Answer, DemoPage, PlantedLink, Rendered, Site
from linkgraph.demo.prose import Prose
from linkgraph.demo.world import World

ROBOTS: dict[str, str] = {
    "sitemap": "rules for everybody, and where the sitemap is",
    "delay": "the same with `Crawl-delay: 0`",
    "private": "the same, after a group for one other crawler that is shut out",
    "open": "nothing is disallowed, no sitemap",
    "missing": "404: everything is allowed (RFC 9309 2.3.1.3)",
    "failing": "503: nothing is allowed (RFC 9309 2.3.1.4)",
}
"""What a host's robots.txt may be."""

_XML = (("Content-Type", "application/xml; charset=utf-8"),)
_SITEMAP_NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_UNMAPPED = frozenset(
    ["sitemap", "sitemap-index", "feed", "moved", "gone", "variant", "print", "splash", "search", "register"]
)
"""Layouts that a site's sitemap leaves out."""


def plain(status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> Answer:
    """Return an answer of text."""
    return Answer(status, (("Content-Type", content_type),), text.encode())


def robots(site: Site) -> Rendered:
    """Return the host's robots.txt, and its Sitemap line as a link."""
    if site.robots == "missing":
        return Rendered(plain(404, "No such file.\n"))
    if site.robots == "failing":
        return Rendered(plain(503, "Come back tomorrow.\n"))
    lines = ["User-agent: GreedyBot", "Disallow: /", ""] if site.robots == "private" else []
    lines += ["User-agent: *", *(f"Disallow: {pattern}" for pattern in site.disallow or ("",))]
    if site.robots == "delay":
        lines.append("Crawl-delay: 0")
    links = []
    if site.sitemap != "none":
        target = f"http://{site.host}/sitemap.xml{'.gz' if site.sitemap == 'gzip' else ''}"
        lines += ["", f"Sitemap: {target}"]
        links.append(_planted(f"http://{site.host}/robots.txt", target, "sitemap", "sitemap"))
    return Rendered(plain(200, "\n".join(lines) + "\n"), links)


def disallowed(site: Site, path: str) -> bool:
    """Return whether the host's robots.txt keeps a crawler named by no group from *path* (with its query)."""
    if site.robots == "failing":
        return True
    if site.robots == "missing":
        return False
    return any(re.match(re.escape(pattern).replace(r"\*", ".*"), path) for pattern in site.disallow)


def _planted(source: str, target: str, kind: str, origin: str) -> PlantedLink:
    return PlantedLink(source, target, "sitemap" if origin == "sitemap" else "feed", kind, zone="head", origin=origin)


def mapped(world: World, site: Site) -> list[DemoPage]:
    """Return the pages that the host's sitemaps name: what it wants found."""
    return [
        page
        for page in world.pages[site.host].values()
        if page.layout not in _UNMAPPED and not page.noindex and page.section != "private"
    ]


def sitemap(world: World, page: DemoPage) -> Rendered:
    """Return a sitemap or a sitemap index; with `.gz` in its path it is gzipped."""
    site = world.sites[page.host]
    if page.layout == "sitemap-index":
        targets = [f"http://{site.host}{path}" for path in ("/sitemap-1.xml", "/sitemap-2.xml.gz")]
        entries, root = "".join(f"<sitemap><loc>{url}</loc></sitemap>\n" for url in targets), "sitemapindex"
    else:
        pages = mapped(world, site)
        half = len(pages) // 2
        pages = pages[:half] if page.number == 1 else pages[half:] if page.number == 2 else pages
        targets = [page.url for page in pages]
        entries, root = "".join(f"<url><loc>{escape(url)}</loc></url>\n" for url in targets), "urlset"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {_SITEMAP_NS}>\n{entries}</{root}>\n'.encode()
    links = [_planted(page.url, target, "sitemap", "sitemap") for target in targets]
    if page.path.endswith(".gz"):
        return Rendered(Answer(200, (("Content-Type", "application/gzip"),), gzip.compress(body, mtime=0)), links)
    return Rendered(Answer(200, _XML, body), links)


def feed(world: World, page: DemoPage) -> Rendered:
    """Return an RSS feed of the newest ten articles or posts."""
    site = world.sites[page.host]
    prose = Prose(site.topic, site.language, Dice(world.seed, page.url))
    entries = [entry for entry in world.worth(site.host) if entry.layout in ("article", "post")][:10]
    items = "".join(
        f"<item><title>{escape(entry.title)}</title><link>{entry.url}</link>"
        f"<description>{escape(prose.paragraph(2, 3))}</description></item>\n"
        for entry in entries
    )
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>{escape(site.name)}</title>'
        f"<link>http://{site.host}/</link><description>{escape(prose.sentence())}</description>\n{items}"
        "</channel></rss>\n"
    )
    headers = (("Content-Type", "application/rss+xml; charset=utf-8"),)
    links = [_planted(page.url, entry.url, "feed", "feed") for entry in entries]
    return Rendered(Answer(200, headers, body.encode()), links)


def resource(path: str) -> Answer | None:
    """Return a stylesheet, script, picture or PDF that pages name; None for any other path."""
    if path == "/style.css":
        return plain(200, "body{max-width:60em;margin:auto;font-family:serif}\n", "text/css; charset=utf-8")
    if path == "/site.js":
        return plain(200, "document.documentElement.classList.add('js');\n", "text/javascript; charset=utf-8")
    if re.fullmatch(r"/img/\d\.svg", path):
        square = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200"><rect width="320" height="200"/></svg>\n'
        )
        return plain(200, square, "image/svg+xml")
    if re.fullmatch(r"/files/sheet-\d\.pdf", path):
        return Answer(200, (("Content-Type", "application/pdf"),), b"%PDF-1.1\n%%EOF\n")
    return None

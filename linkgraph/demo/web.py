"""The demo web as a pure function: (host, path) → answer; and the truth about every link planted in it.

Promises that the same seed gives the same bytes, and that pages are written when they are asked for and kept. Hosts
that are not of this web have no answer (`respond` returns None): their server does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from linkgraph.demo.layouts import LAYOUTS
from linkgraph.demo.machine import disallowed, feed, plain, resource, robots, sitemap
from linkgraph.demo.plan import Answer, DemoPage, PlantedLink, Rendered, Site
from linkgraph.demo.rounds import Letter, Rounds
from linkgraph.demo.sheet import Sheet
from linkgraph.demo.world import World

DEFAULT_SEED = 20_000

SEEDS = (
    "http://handpicked-links.example/",
    "http://addurl-free.test/",
    "http://thecommonencyclopaedia.example/",
    "http://thespokereview.example/",
    "http://harbourgazette.example/",
    "http://hearthpages.example/",
    "http://wheeltalk.example/",
    "http://hop.test/",
)
"""Where a crawl starts; every page that can be reached is reached from here."""

_MACHINE = {"sitemap": sitemap, "sitemap-index": sitemap, "feed": feed}
_FOLLOWED_KINDS = frozenset({"a", "area", "frame", "iframe", "redirect", "refresh", "sitemap"})
_FOLLOWED_RELS = frozenset({"canonical", "next", "prev", "alternate"})
_CODECS = {"utf-16": "utf-16-le"}


@dataclass(frozen=True, slots=True)
class PageTruth:
    """What is true of one address: the plan's page and how it answers."""

    url: str
    status: int
    content_type: str
    page: DemoPage


class DemoWeb:
    """A deterministic small web. Build it with `DemoWeb.build`."""

    def __init__(self, world: World, number: int = 0) -> None:
        self._world = world
        self.rounds = Rounds(world, number)
        self._answers: dict[tuple[str, str], Answer] = {}

    @classmethod
    def build(cls, seed: int = DEFAULT_SEED, number: int = 0) -> DemoWeb:
        """Return the web of *seed* in round *number* of its stories, planned and not yet written."""
        return cls(World(seed), number)

    @property
    def seed(self) -> int:
        """Return the seed that this web was built from."""
        return self._world.seed

    @property
    def seeds(self) -> tuple[str, ...]:
        """Return the start URLs of a crawl."""
        return SEEDS

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return every host that has a server."""
        return tuple(self._world.sites)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Return every site, in roster order."""
        return tuple(self._world.sites.values())

    def pages(self, host: str) -> tuple[DemoPage, ...]:
        """Return the planned addresses of a host, redirects and sitemaps included."""
        return tuple({**self._world.pages[host], **self.rounds.pages.get(host, {})}.values())

    @cached_property
    def truth(self) -> Truth:
        """Return what is true of every page and link; takes about two seconds, for every page is written."""
        return Truth(self)

    def respond(self, host: str, path: str) -> Answer | None:
        """Return the answer of *host* to a GET of *path* (with its query); None where the host has no server."""
        key = (host, path)
        if key not in self._answers:
            return self.write(host, path).answer if host in self._world.sites else None
        return self._answers[key]

    def write(self, host: str, path: str) -> Rendered:
        """Return the answer to *path* with the links planted in it, written anew; it is kept for `respond`."""
        rendered = self._rendered(host, path)
        if rendered.answer.status != 404:
            self._answers[host, path] = rendered.answer
        return rendered

    def _rendered(self, host: str, path: str) -> Rendered:
        world = self._world
        if path == "/robots.txt":
            return robots(self.rounds.site(world.sites[host]))
        page = self._find(host, path)
        if page is None:
            return Rendered(resource(path) or _not_found(path))
        if page.layout in _MACHINE:
            return _MACHINE[page.layout](world, page)
        if page.status != 200:
            return _elsewhere(page)
        return _written(world, page, self.rounds.letters.get(page.url, ()))

    def _find(self, host: str, path: str) -> DemoPage | None:
        pages = self._world.pages[host]
        if (changed := self.rounds.pages.get(host, {}).get(path)) is not None:
            return changed
        return pages.get(path) or (pages.get(path.partition("?ref=")[0]) if "?ref=" in path else None)

    def disallowed(self, url: str) -> bool:
        """Return whether robots.txt keeps a crawler from *url*."""
        host, path = split_url(url)
        return disallowed(self.rounds.site(self._world.sites[host]), path)

    def reachable(self, seeds: Iterable[str] = SEEDS) -> frozenset[str]:
        """Return every URL that an ideal crawler without limits fetches, following every domain.

        It obeys robots.txt, follows no link that is nofollow by its rel or its page, follows redirects, refreshes,
        frames, canonicals and neighbours, reads the sitemaps that robots.txt names, submits no form and loads no
        feed that only a head names, no file and no resource. Hosts without a server are left out.
        """
        waiting, seen, visited_hosts = list(seeds), set[str](), set[str]()
        while waiting:
            url = waiting.pop()
            host = split_url(url)[0]
            if url in seen or host not in self._world.sites or self.disallowed(url):
                continue
            seen.add(url)
            if host not in visited_hosts:
                visited_hosts.add(host)
                waiting.extend(link.target for link in self.write(host, "/robots.txt").links)
            waiting.extend(link.target for link in self.truth.links_of(url) if _followed(link))
        return frozenset(seen)


class Truth:
    """Every page and every planted link of a demo web."""

    def __init__(self, web: DemoWeb) -> None:
        self._by_url: dict[str, list[PlantedLink]] = {}
        self.pages: dict[str, tuple[PageTruth, ...]] = {}
        """The addresses of each host with status and content type."""
        self._web = web
        for host in web.hosts:
            rows = []
            self._by_url[f"http://{host}/robots.txt"] = web.write(host, "/robots.txt").links
            for page in web.pages(host):
                rendered = web.write(host, page.path)
                content_type = dict(rendered.answer.headers).get("Content-Type", "")
                rows.append(PageTruth(page.url, rendered.answer.status, content_type, page))
                self._by_url[page.url] = rendered.links
            self.pages[host] = tuple(rows)

    @cached_property
    def links(self) -> tuple[PlantedLink, ...]:
        """Every planted link, instances apart."""
        return tuple(link for links in self._by_url.values() for link in links)

    def links_of(self, url: str) -> list[PlantedLink]:
        """Return the links planted in the answer at *url*, in document order; none where nothing is planned."""
        return self._by_url.get(url, [])

    def planted(self, planting: str) -> Iterator[PlantedLink]:
        """Yield the links of one word of `PLANTINGS`."""
        return (link for link in self.links if link.planting == planting)

    def html_pages(self) -> Iterator[PageTruth]:
        """Yield every address that answers 200 with HTML."""
        for rows in self.pages.values():
            yield from (row for row in rows if row.status == 200 and row.content_type.startswith("text/html"))


def split_url(url: str) -> tuple[str, str]:
    """Return (host, path with query) of a canonical URL of this web."""
    host, _, path = url.removeprefix("http://").partition("/")
    return host, f"/{path}"


def _followed(link: PlantedLink) -> bool:
    if link.nofollow or link.planting in ("file", "resource"):
        return False
    return link.kind in _FOLLOWED_KINDS or (link.kind == "link" and not _FOLLOWED_RELS.isdisjoint(link.rel))


def _not_found(path: str) -> Answer:
    return plain(
        404, f"<!DOCTYPE html>\n<title>Not found</title>\n<h1>Not found</h1>\n<p>{len(path)}</p>\n", "text/html"
    )


def _elsewhere(page: DemoPage) -> Rendered:
    """Return a redirect, its Location relative where the target is on the same host; or 410 or 503."""
    if page.status == 503:
        return Rendered(plain(503, "<!DOCTYPE html>\n<title>Busy</title>\n<h1>Busy</h1>\n", "text/html; charset=utf-8"))
    if page.status == 410:
        return Rendered(plain(410, "<!DOCTYPE html>\n<title>Gone</title>\n<h1>Gone</h1>\n", "text/html; charset=utf-8"))
    own = f"http://{page.host}"
    location = page.to.removeprefix(own) if page.to.startswith(f"{own}/") else page.to
    link = PlantedLink(page.url, page.to, "redirect", "redirect", zone="head", origin="http-header")
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Location", location))
    return Rendered(Answer(page.status, headers, b"<!DOCTYPE html>\n<title>Moved</title>\n"), [link])


def _written(world: World, page: DemoPage, letters: Sequence[Letter]) -> Rendered:
    site = world.sites[page.host]
    if page.layout == "copy":
        host, path = split_url(page.to)
        sheet = Sheet(world, world.pages[host][path], host=page.host)
    else:
        sheet = Sheet(world, page)
    sheet.letters = letters
    layout = sheet.page.layout
    headers: list[tuple[str, str]] = []
    if layout == "print" or (page.layout == "copy" and site.name == "faithful"):
        headers.append(("Link", f'<{page.to}>; rel="canonical"'))
        sheet.links.append(
            PlantedLink(page.url, page.to, "canonical", "link", ("canonical",), "", "head", "http-header")
        )
    if page.robots_in_header:
        headers.append(("X-Robots-Tag", page.robots))
    LAYOUTS[layout](sheet)
    return Rendered(_encoded(sheet.site, "".join(sheet.parts), headers), sheet.links)


def _encoded(site: Site, html: str, headers: list[tuple[str, str]]) -> Answer:
    said = f"; charset={site.charset}" if site.charset_in == "header" else ""
    mark = "\ufeff" if site.charset_in == "bom" else ""
    body = (mark + html).encode(_CODECS.get(site.charset, site.charset), "xmlcharrefreplace")
    etag = blake2b(body, digest_size=8).hexdigest()
    fixed = (("Content-Type", f"text/html{said}"), ("ETag", f'"{etag}"'))
    return Answer(200, (*fixed, *headers), body)

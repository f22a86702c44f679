"""What the demo web is made of: `Site`, `DemoPage`, `PlantedLink`, `Answer`, and the closed list of plantings.

Promises frozen values that hold no HTML. Every URL in them is canonical: http, lower-case host, no port, no fragment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLANTINGS: dict[str, str] = {
    "internal": "from a page to another page of its own site: navigation, listings, pagination",
    "self": "to a place on the same page",
    "editorial": "set by the author in running text",
    "dead": "set by the author in running text; the target is gone or its host has no server",
    "guest": "set by a guest author in the last lines of a contributed article",
    "sponsored": "paid for: rel=sponsored",
    "affiliate": "paid by sale: rel=sponsored and a tracking parameter",
    "ugc": "written by a reader in a comment or a forum post: rel=ugc nofollow; in an old guest book without rel",
    "profile": "a reader's own site on the reader's profile page, which is nofollow",
    "directory": "an entry of a directory",
    "bio": "from an author's biography to the author's own site",
    "blogroll": "a sidebar's list of friends, on every page of the site",
    "footer": "in the footer of every page of the site",
    "reference": "under `External links` of an encyclopaedia",
    "farm": "from a link farm to the money site or to another farm domain",
    "mirror": "copied by a mirror from the site it mirrors",
    "owner": "between two domains of one owner, in the footer of every page",
    "hosted": "from a hosting platform to the site of one of its users, or back",
    "canonical": "a page's canonical URL, in its head or in a Link header",
    "alternate": "the same page in another language, in the head",
    "redirect": "a 301, 302, 303, 307 or 308 answer",
    "refresh": "a meta refresh",
    "frame": "a frame of a frame set",
    "embed": "an iframe",
    "image": "an image that is a link; its anchor is the alternative text",
    "image-map": "an area of an image map",
    "form": "the action of a form",
    "feed": "a feed named in the head or in the text",
    "file": "a PDF or an image offered for download",
    "sitemap": "an entry of a sitemap, of a sitemap index, or a Sitemap line of robots.txt",
    "hostile": "a reader's link whose anchor tries to be markup or a spreadsheet formula",
    "resource": "a stylesheet, script or picture that the page loads",
}
"""Every word that a planted link may carry, and what it means."""


@dataclass(frozen=True, slots=True)
class PlantedLink:
    """One link as it was planted: what an extractor should find."""

    source: str
    target: str
    planting: str
    kind: str
    """A kind of the data contract; `img`, `script` and `style` for resources."""
    rel: tuple[str, ...] = ()
    anchor: str = ""
    zone: str = "content"
    """Where it stands: a form's own link in the zone around the form, what is inside the form in `form`."""
    origin: str = "html"
    fragment: str | None = None
    alt: str | None = None
    page_nofollow: bool = False

    @property
    def nofollow(self) -> bool:
        """Return whether the link or its page asks not to be followed."""
        return self.page_nofollow or "nofollow" in self.rel


@dataclass(frozen=True, slots=True)
class Answer:
    """What the demo web answers to one request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPage:
    """One address of a site."""

    host: str
    path: str
    """With its query, percent-encoded."""
    layout: str
    """The function that renders it."""
    title: str = ""
    number: int = 0
    """Its place in its series."""
    section: str = ""
    status: int = 200
    to: str = ""
    """Where a redirect, a refresh, a canonical or a copy leads: an absolute URL."""
    robots: str = ""
    """Its robots directives, for example `noindex, nofollow`."""
    robots_in_header: bool = False
    linked: bool = True
    """False: no page links to it, only the sitemap names it."""
    worth: bool = False
    """True: other sites link to it."""

    @property
    def url(self) -> str:
        """Return its absolute URL."""
        return f"http://{self.host}{self.path}"

    @property
    def nofollow(self) -> bool:
        """Return whether its directives ask not to follow its links."""
        return "nofollow" in self.robots or self.robots == "none"

    @property
    def noindex(self) -> bool:
        """Return whether its directives ask not to index it."""
        return "noindex" in self.robots or self.robots == "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One host and how it behaves."""

    host: str
    genre: str
    """The planner and the chrome it uses."""
    name: str
    topic: str
    language: str = "en"
    charset: str = "utf-8"
    charset_in: str = "header"
    """Where the charset is said: `header`, `meta` or `bom`."""
    owner: str = ""
    """The analytics id in its pages' scripts, shared by all sites of one owner."""
    generator: str = ""
    robots: str = "sitemap"
    """A policy of `machine.ROBOTS`."""
    disallow: tuple[str, ...] = ()
    """Path patterns that robots.txt disallows for everybody."""
    sitemap: str = "plain"
    """`plain`, `index`, `gzip` or `none`."""
    renown: int = 1
    """How many others' links it attracts, relative to the rest."""
    size: int = 0
    """How many articles, threads or products it has."""
    of: str = ""
    """The host that it mirrors or that hosts it."""


@dataclass(slots=True)
class Rendered:
    """An answer with the links that were planted in it."""

    answer: Answer
    links: list[PlantedLink] = field(default_factory=list)

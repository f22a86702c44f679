"""A page in the making → its HTML and the links planted in it.

Promises that a link is written only by `Sheet.a` and its siblings, each of which records it, so that the record and
the page cannot differ. Hrefs are spelt in the ways that the wild web spells them; the record holds the canonical URL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from linkgraph.demo.dice import Dice
from linkgraph.demo.plan import DemoPage, PlantedLink, Site
from linkgraph.demo.prose import Prose
from linkgraph.demo.roster import BOOKSHOP

if TYPE_CHECKING:
    from linkgraph.demo.rounds import Letter
    from linkgraph.demo.world import World

_COPIED = frozenset({"editorial", "dead", "guest", "sponsored", "affiliate", "ugc", "bio", "blogroll", "footer"})
"""Plantings that a copy turns into `mirror`."""

_BOOKSHOP_ASCII = BOOKSHOP.encode("idna").decode()


def text(words: str) -> str:
    """Return *words* as HTML text; quotes need no escape there."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Sheet:
    """One page being written. `site` is whose text it is; `host` is where it is served (a mirror's differs)."""

    def __init__(self, world: World, page: DemoPage, host: str = "") -> None:
        self.world = world
        self.page = page
        self.site: Site = world.sites[page.host]
        self.host = host or page.host
        self.url = f"http://{self.host}{page.path}"
        self.dice = Dice(world.seed, page.to if page.layout in ("variant", "print") else page.url)
        self.prose = Prose(self.site.topic, self.site.language, self.dice)
        self._luck = Dice(world.seed, self.url, "spelling").throw
        self.zone = "content"
        self.old = self.site.genre == "old"
        self.folder = "/" if self.old else page.path.partition("?")[0].rpartition("/")[0] + "/"
        """What relative hrefs are relative to; the old sites declare `<base>`."""
        self.letters: Sequence[Letter] = ()
        """Links that a story puts here."""
        self.links: list[PlantedLink] = []
        self.parts: list[str] = []

    def add(self, *html: str) -> None:
        """Append markup."""
        self.parts.extend(html)

    @contextmanager
    def inside(self, zone: str, opening: str, closing: str) -> Iterator[None]:
        """Write *opening* and *closing* around what is added meanwhile, whose links lie in *zone*."""
        outer, self.zone = self.zone, zone
        self.parts.append(opening)
        yield
        self.parts.append(closing)
        self.zone = outer

    def plant(
        self,
        target: str,
        planting: str,
        kind: str,
        *,
        rel: str = "",
        anchor: str = "",
        alt: str | None = None,
        origin: str = "html",
    ) -> str:
        """Record a link and return its canonical target without fragment, on this page's own host if it is a copy."""
        if self.host != self.page.host:
            if planting in _COPIED:
                planting = "mirror"
            target = target.replace(f"//{self.page.host}/", f"//{self.host}/")
        target, mark, fragment = target.partition("#")
        self.links.append(
            PlantedLink(
                self.url,
                target,
                planting,
                kind,
                tuple(rel.split()),
                anchor,
                self.zone,
                origin,
                fragment if mark else None,
                alt,
                self.page.nofollow,
            )
        )
        return target + mark + fragment

    def a(self, target: str, anchor: str, planting: str, rel: str = "", *, title: str = "") -> str:
        """Return a text link; the old web knows no rel."""
        if self.old:
            rel = ""
        href = self._spell(self.plant(target, planting, "a", rel=rel, anchor=anchor))
        if self.old:
            return f"<A HREF={_bare(href)}>{text(anchor)}</A>"
        extra = (f' rel="{rel}"' if rel else "") + (f' title="{escape(title)}"' if title else "")
        return f'<a href="{escape(href)}"{extra}>{text(anchor)}</a>'

    def to(self, page: DemoPage, anchor: str = "", planting: str = "internal", rel: str = "") -> str:
        """Return a text link to a planned page, its title as anchor unless another is given."""
        return self.a(page.url, anchor or page.title, planting, rel)

    def picture_link(self, target: str, alt: str, planting: str = "image") -> str:
        """Return a link around a picture; its anchor text is empty and *alt* stands for it."""
        href = self._spell(self.plant(target, planting, "a", alt=alt))
        return f'<a href="{escape(href)}">{self.picture(alt)}</a>'

    def picture(self, alt: str) -> str:
        """Return a picture."""
        path = f"/img/{self.dice.below(9)}.svg"
        self.plant(f"http://{self.page.host}{path}", "resource", "img", alt=alt)
        return f'<img src="{path}" alt="{escape(alt)}" width="320" height="200">'

    def element(self, kind: str, target: str, planting: str, markup: str, **recorded: str) -> str:
        """Return *markup* with `{href}` replaced by the spelt target of a link of *kind*."""
        href = self._spell(self.plant(target, planting, kind, **recorded))
        return markup.replace("{href}", escape(href))

    def _spell(self, target: str) -> str:
        root = f"http://{self.host}/"
        luck = self._luck()
        if target.startswith(root):
            href = self._spell_own(target[len(root) - 1 :], luck)
        elif luck < 0.04:
            host, slash, path = target[7:].partition("/")
            href = f"HTTP://{host.upper()}{slash}{path}" if luck < 0.02 else f"http://{host}:80{slash}{path}"
        else:
            href = f" {target}\n" if luck < 0.06 else target[5:] if luck < 0.09 else target
        if "%" in href and self.site.charset != "iso-8859-1":
            return unquote(href)
        if _BOOKSHOP_ASCII in href and self.site.charset in ("utf-8", "iso-8859-1"):
            return href.replace(_BOOKSHOP_ASCII, BOOKSHOP)
        return href

    def _spell_own(self, path: str, luck: float) -> str:
        if luck < 0.15:
            return f"http://{self.host}{path}" if luck < 0.1 else f"//{self.host}{path}"
        if luck > 0.7:
            rest = path[len(self.folder) :] if path.startswith(self.folder) else ""
            if rest and rest[0] not in "?#/":
                return f"./{rest}" if luck > 0.95 or ":" in rest else rest
            climb = "../" * (self.folder.count("/") - 1)
            return climb + path[1:] if climb else path
        return path


def _bare(href: str) -> str:
    """Return *href* as the value of an attribute: without quotes where HTML allows it."""
    return f'"{escape(href)}"' if set(href) & set(" \n\"'=<>`&") or href.endswith("/") else href

"""A sheet → what stands around every page of a site: head, header, navigation, sidebar, footer.

Promises the same boilerplate links on every page of a site, in the zones `head header nav aside footer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

from linkgraph.demo.plan import DemoPage
from linkgraph.demo.sheet import Sheet, text

_NAV_LAYOUTS = ("section", "tag", "shelf", "board", "posts")
_GENRES_WITH_BLOGROLL = ("blog", "user")
_THEMES = "http://plainthemes.example/"

ANALYTICS = """<script>window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments);}
gtag('js',new Date());gtag('config','%s');</script>"""


@contextmanager
def page_of(sheet: Sheet) -> Iterator[None]:
    """Write head, header and navigation, then what is added meanwhile as main content, then sidebar and footer."""
    head(sheet)
    sheet.add(f'<body class="{sheet.site.genre} {sheet.page.layout}">\n')
    _top(sheet)
    with sheet.inside("content", "<main>\n", "</main>\n"):
        yield
        _letters(sheet, "content")
    _sidebar(sheet)
    _footer(sheet)
    sheet.add("</body>\n</html>\n")


def _letters(sheet: Sheet, zone: str) -> None:
    """Write the links that stories put here, each in a sentence of its own."""
    for letter in sheet.letters:
        if letter.zone == zone:
            link = sheet.a(letter.target, letter.anchor, "editorial", letter.rel)
            sheet.add(f"<p>As the story {letter.story} has it, ", link, f" is worth it ({letter.story}).</p>\n")


def head(sheet: Sheet) -> None:
    """Write the document type and the head."""
    site, page = sheet.site, sheet.page
    with sheet.inside("head", f'<!DOCTYPE html>\n<html lang="{site.language}">\n<head>\n', "</head>\n"):
        if site.charset_in == "meta":
            sheet.add(f'<meta charset="{site.charset}">\n')
        title = page.title if page.title == site.name else f"{page.title} - {site.name}"
        sheet.add(f"<title>{text(title)}</title>\n")
        sheet.add('<meta name="viewport" content="width=device-width, initial-scale=1">\n')
        sheet.add(f'<meta name="description" content="{escape(sheet.prose.sentence())}">\n')
        if site.generator:
            sheet.add(f'<meta name="generator" content="{escape(site.generator)}">\n')
        if page.robots and not page.robots_in_header:
            sheet.add(f'<meta name="robots" content="{page.robots}">\n')
        _head_links(sheet)
        if site.owner:
            sheet.add(ANALYTICS % site.owner, "\n")


def _head_links(sheet: Sheet) -> None:
    site, page, host = sheet.site, sheet.page, sheet.site.host
    sheet.add(sheet.element("style", f"http://{host}/style.css", "resource", '<link rel="stylesheet" href="{href}">\n'))
    sheet.add(sheet.element("script", f"http://{host}/site.js", "resource", '<script src="{href}" defer></script>\n'))
    if page.layout == "variant" or (page.layout == "post" and page.to):
        _link(sheet, page.to, "canonical", "canonical")
    for relation, neighbour in neighbours(sheet):
        _link(sheet, neighbour.url, relation, "internal")
    if page.path == "/" and site.genre == "blog" and site.language != "en":
        for other in sheet.world.genre("blog"):
            if other.topic == site.topic and other.host != host:
                _link(sheet, f"http://{other.host}/", "alternate", "alternate", f' hreflang="{other.language}"')
    if "/feed.xml" in sheet.world.pages[host]:
        kind = ' type="application/rss+xml" title="All articles"'
        _link(sheet, f"http://{host}/feed.xml", "alternate", "feed", kind, kind="feed")


def _link(sheet: Sheet, target: str, rel: str, planting: str, extra: str = "", *, kind: str = "link") -> None:
    sheet.add(sheet.element(kind, target, planting, f'<link rel="{rel}" href="{{href}}"{extra}>\n', rel=rel))


def neighbours(sheet: Sheet) -> Iterator[tuple[str, DemoPage]]:
    """Yield (`prev` or `next`, page) of a listing that goes on."""
    page = sheet.page
    if page.layout not in ("section", "shelf", "board", "posts") or "sort=" in page.path:
        return
    series = [other for other in sheet.world.of(page.host, page.layout, page.section) if "sort=" not in other.path]
    for relation, step in (("prev", -1), ("next", 1)):
        for other in series:
            if other.number == page.number + step:
                yield relation, other


def pagination(sheet: Sheet) -> None:
    """Write the links to the neighbours of a listing."""
    words = {"prev": "Newer", "next": "Older"}
    with sheet.inside("nav", '<nav class="pagination">', "</nav>\n"):
        for relation, page in neighbours(sheet):
            sheet.add(sheet.to(page, words[relation], rel=relation), " ")


def _top(sheet: Sheet) -> None:
    site, world = sheet.site, sheet.world
    with sheet.inside("header", '<header class="site-header">', "</header>\n"):
        sheet.add(sheet.a(f"http://{site.host}/", site.name, "internal"))
        sheet.add(
            f'<p class="tagline">{text(sheet.prose.topic.word.capitalize())} since 20{10 + len(site.name) % 9}</p>'
        )
    with sheet.inside("nav", '<nav class="main-nav"><ul>', "</ul></nav>\n"):
        sheet.add("<li>", sheet.a(f"http://{site.host}/", "Home", "internal"), "</li>")
        for layout in _NAV_LAYOUTS:
            for page in world.of(site.host, layout):
                if "?" not in page.path and (page.number <= 1 or layout == "tag"):
                    sheet.add("<li>", sheet.to(page), "</li>")
        if "/users" in world.pages[site.host]:
            sheet.add("<li>", sheet.to(world.pages[site.host]["/users"]), "</li>")


def _sidebar(sheet: Sheet) -> None:
    with sheet.inside("aside", '<aside class="sidebar">\n', "</aside>\n"):
        if sheet.site.genre in _GENRES_WITH_BLOGROLL:
            sheet.add('<div class="widget blogroll"><h3>Blogs I read</h3><ul>')
            for friend in sheet.world.friends(sheet.site.host):
                sheet.add("<li>", sheet.a(f"http://{friend.host}/", friend.name, "blogroll"), "</li>")
            sheet.add("</ul></div>\n")
        popular = sheet.world.worth(sheet.site.host)[:4]
        if popular:
            sheet.add('<div class="widget popular"><h3>Popular</h3><ol>')
            for page in popular:
                sheet.add("<li>", sheet.to(page), "</li>")
            sheet.add("</ol></div>\n")
        sheet.add(f'<div class="widget about"><p>{text(sheet.prose.paragraph(5, 7))}</p></div>\n')


def _footer(sheet: Sheet) -> None:
    site, pages = sheet.site, sheet.world.pages[sheet.site.host]
    with sheet.inside("footer", '<footer class="site-footer"><p>', "</p></footer>\n"):
        sheet.add(f"&copy; 2026 {text(site.name)} &middot; ")
        for path, words in (("/about", "About"), ("/privacy", "Privacy and terms"), ("/feed.xml", "Feed")):
            if path in pages:
                sheet.add(sheet.a(pages[path].url, words, "internal"), " &middot; ")
        sheet.add('<a href="mailto:desk@', site.host, '">Write to us</a> &middot; ')
        _FOOTERS.get(site.genre, _nobody)(sheet)
        _letters(sheet, "footer")


def _nobody(sheet: Sheet) -> None:
    sheet.add("Made by hand.")


def _theme_credit(sheet: Sheet) -> None:
    sheet.add("Theme by ", sheet.a(_THEMES, "Plain Themes", "footer"))


def _host_credit(sheet: Sheet) -> None:
    sheet.add("Hosted by ", sheet.a(f"http://{sheet.site.of}/", "Hearth Pages", "hosted"))


def _owner_credit(sheet: Sheet) -> None:
    sheet.add("Part of our family: ")
    for other in sheet.world.genre("network"):
        if other.host != sheet.site.host:
            sheet.add(sheet.a(f"http://{other.host}/", other.name, "owner"), " ")


def _farm_credit(sheet: Sheet) -> None:
    farm = sheet.world.genre("farm")
    place = [site.host for site in farm].index(sheet.site.host)
    sheet.add("Partners: ")
    for step in (1, 2, 7):
        other = farm[(place + step) % len(farm)]
        sheet.add(sheet.a(f"http://{other.host}/", other.name.lower(), "farm"), " ")


def _shop_credit(sheet: Sheet) -> None:
    sheet.add("Read about us in ")
    for site in sheet.world.about(sheet.site.topic)[:1]:
        sheet.add(sheet.a(f"http://{site.host}/", site.name, "footer"))


_FOOTERS: dict[str, Callable[[Sheet], None]] = {
    "blog": _theme_credit,
    "user": _host_credit,
    "network": _owner_credit,
    "farm": _farm_credit,
    "shop": _shop_credit,
    "magazine": _theme_credit,
}

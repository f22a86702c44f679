"""Sheets of directories, encyclopaedias, the hosting platform and the services → lists of links to others.

Promises the plantings `directory reference hosted image-map` and the pages that sitewide links point to.
"""

from __future__ import annotations

from html import escape

from linkgraph.demo.chrome import page_of
from linkgraph.demo.plan import Site
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.voices import form, running_text
from linkgraph.demo.words import TOPICS


def directory_home(sheet: Sheet) -> None:
    """Write the categories, once as a list and once as an image map."""
    host = sheet.site.host
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n", sheet.picture("The subjects"), '<map name="subjects">\n')
        categories = [page for page in sheet.world.of(host, "category") if page.number == 0]
        for number, page in enumerate(categories):
            left = number * 20
            area = f'<area shape="rect" coords="{left},0,{left + 19},40" alt="{escape(page.title)}" href="{{href}}">\n'
            sheet.add(sheet.element("area", page.url, "image-map", area, alt=page.title))
        sheet.add("</map>\n<ul>")
        for page in (*categories, *sheet.world.of(host, "submit")):
            sheet.add("<li>", sheet.to(page), f" {text(sheet.prose.sentence())}</li>")
        sheet.add("</ul>\n")


def _listed(sheet: Sheet) -> list[Site]:
    """Return who stands in a category: a careful directory lists what is liked, a free one whoever asks."""
    world, page = sheet.world, sheet.page
    sites = world.about(page.section) if page.section in TOPICS else []
    if sheet.site.size > 2:
        sites = [site for site in world.sites.values() if site.topic == page.section and site.genre != "moved"]
    shown = sites[page.number :: sheet.site.size]
    others = [site for site in world.sites.values() if site.genre in ("farm", "money", "network", "parked", "unready")]
    return shown + sheet.dice.some(others, 3) if sheet.site.size > 2 else shown


def category(sheet: Sheet) -> None:
    """Write one page of a category: an entry with its description for each site, and the way to the next page."""
    page = sheet.page
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n<p>{text(sheet.prose.paragraph(26, 30))}</p>\n")
        sheet.add("<ul class='listing'>\n")
        for site in _listed(sheet):
            sheet.add('<li class="entry">', sheet.a(f"http://{site.host}/", site.name, "directory"))
            sheet.add(f"<p>{text(sheet.prose.paragraph(2, 3))}</p></li>\n")
            for worth in sheet.world.worth(site.host)[:2]:
                sheet.add('<li class="deep">', sheet.to(worth, planting="directory"), "</li>\n")
        sheet.add("</ul>\n<p>")
        for other in sheet.world.of(page.host, "category", page.section):
            if other.number != page.number:
                sheet.add(sheet.to(other, f"{other.title} {other.number + 1}"), " ")
        sheet.add("</p>\n")


def submit(sheet: Sheet) -> None:
    """Write the form by which anybody enters a site."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")
        for _ in range(4):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")
        form(sheet, "/submit", ("url", "title", "description"), "Submit", "post")


def reference_home(sheet: Sheet) -> None:
    """Write the index of an encyclopaedia."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n<p>")
        for layout in ("moved", "term"):
            for page in sheet.world.of(sheet.site.host, layout):
                sheet.add(sheet.to(page, "A page by chance" if layout == "moved" else ""), " | ")
        sheet.add("</p>\n")


def term(sheet: Sheet) -> None:
    """Write an entry: contents, text full of links to other entries, and external links (nofollow on one of two)."""
    page, world, dice = sheet.page, sheet.world, sheet.dice
    terms = world.of(page.host, "term")
    with page_of(sheet):
        sheet.add(f'<h1>{text(page.title)}</h1>\n<ol class="toc">')
        for number in (1, 2, 3):
            sheet.add("<li>", sheet.a(f"{page.url}#s{number}", f"Part {number}", "self"), "</li>")
        sheet.add("</ol>\n")
        for number in (1, 2, 3):
            sheet.add(f'<h2 id="s{number}">{text(sheet.prose.headline())}</h2>\n')
            for other in dice.some(terms, 4):
                sheet.add(f"<p>{text(sheet.prose.paragraph(1, 3))} See {sheet.to(other)}.</p>\n")
        sheet.add('<h2>External links</h2>\n<ul class="external">')
        for _ in range(2 + dice.below(4)):
            liked = world.liked_page(dice, sheet.site)
            rel = "nofollow" if page.host.endswith(".test") else ""
            sheet.add("<li>", sheet.to(liked, planting="reference", rel=rel), "</li>")
        sheet.add("</ul>\n")
        for talk_page in world.of(page.host, "talk"):
            if talk_page.number == page.number:
                sheet.add("<p>", sheet.to(talk_page, "Discuss this entry"), "</p>\n")


def talk(sheet: Sheet) -> None:
    """Write the discussion of an entry; an X-Robots-Tag header says noindex and nofollow."""
    with page_of(sheet):
        sheet.add(f"<h1>Talk: {text(sheet.page.title)}</h1>\n")
        running_text(sheet, 5, 2)


def platform_home(sheet: Sheet) -> None:
    """Write the front page of the hosting platform, with its users' newest posts."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")
        for user in sheet.world.genre("user"):
            newest = sheet.world.of(user.host, "post")[0]
            sheet.add("<p>", sheet.to(newest, planting="hosted"), f" {text(sheet.prose.sentence())}</p>\n")
        for page in sheet.world.of(sheet.site.host, "register"):
            sheet.add("<p>", sheet.to(page), "</p>\n")


def users(sheet: Sheet) -> None:
    """Write the list of all users of the hosting platform."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<ul>")
        for user in sheet.world.genre("user"):
            sheet.add("<li>", sheet.a(f"http://{user.host}/", user.name, "hosted"))
            sheet.add(f" {text(sheet.prose.paragraph(2, 3))}</li>\n")
        sheet.add("</ul>\n")


def vendor_home(sheet: Sheet) -> None:
    """Write the front page of the theme vendor or the player: everything it offers."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n<ul>")
        for page in sheet.world.worth(sheet.site.host):
            sheet.add("<li>", sheet.to(page), "</li>")
        sheet.add("</ul>\n")


def theme(sheet: Sheet) -> None:
    """Write the page of one theme, with sites that use it."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n", sheet.picture(sheet.page.title), "<ul>")
        for _ in range(4):
            sheet.add(f"<li><p>{text(sheet.prose.paragraph())}</p></li>")
        for blog in sheet.dice.some(sheet.world.genre("blog"), 3):
            sheet.add("<li>", sheet.a(f"http://{blog.host}/", blog.name, "directory"), "</li>")
        sheet.add("</ul>\n")


def watch(sheet: Sheet) -> None:
    """Write the page of one film."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        running_text(sheet, 6, 1)


def embed(sheet: Sheet) -> None:
    """Write what an iframe shows of a film: small, with the way to the whole page."""
    watched = sheet.world.of(sheet.site.host, "watch")[sheet.page.number]
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<p>", sheet.to(watched, "Watch on Small Player"), "</p>\n")
        for _ in range(5):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")


def shortener_home(sheet: Sheet) -> None:
    """Write every short address, the start of the long chain and of the loop."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n<ol>")
        for page in sheet.world.of(sheet.site.host, "moved"):
            sheet.add("<li>", sheet.to(page), "</li>")
        sheet.add("</ol>\n")


def unready_home(sheet: Sheet) -> None:
    """Write a page that no polite crawler sees, because its robots.txt answers 503."""
    with page_of(sheet):
        sheet.add("<h1>Unready</h1>\n")
        running_text(sheet, 6, 2)

"""Sheets of magazines and blogs → articles and posts with running text, authors, sections, comments, partners.

Promises the plantings `editorial dead image sponsored affiliate guest bio embed ugc hostile feed file`.
"""

from __future__ import annotations

from linkgraph.demo.chrome import page_of, pagination
from linkgraph.demo.plan import DemoPage
from linkgraph.demo.planner import PER_LIST
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.voices import biography, citation, comments, form, running_text, sponsored_note


def teaser(sheet: Sheet, page: DemoPage) -> None:
    """Write a headline that leads to *page*, with two sentences about it."""
    sheet.add('<article class="teaser"><h2>', sheet.to(page), "</h2>")
    sheet.add(f"<p>{text(sheet.prose.paragraph(2, 3))}</p></article>\n")


def magazine_home(sheet: Sheet) -> None:
    """Write the front page: the newest articles, and every address that only the front page names."""
    world, host = sheet.world, sheet.site.host
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")
        for page in world.of(host, "article")[:14]:
            if page.section != "private" and page.linked:
                teaser(sheet, page)
        sheet.add('<div class="letter"><h3>From our letter</h3><ul>')
        for page in (*world.of(host, "variant"), *world.of(host, "moved"), *world.of(host, "gone")):
            sheet.add("<li>", sheet.to(page, page.title), "</li>")
        sheet.add("</ul></div>\n<ul class='people'>")
        for page in (*world.of(host, "author"), *world.of(host, "partners")):
            sheet.add("<li>", sheet.to(page), "</li>")
        for page in world.of(host, "register"):
            sheet.add("<li>", sheet.to(page, rel="nofollow"), "</li>")
        sheet.add("</ul>\n")
        form(sheet, "/search", ("q",), "Search")


def section(sheet: Sheet) -> None:
    """Write one page of a section's list of articles."""
    page = sheet.page
    name = page.section.strip("/").rpartition("/")[2]
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n<p>{text(sheet.prose.paragraph(20, 24))}</p>\n")
        start = page.number * PER_LIST
        for article in sheet.world.of(page.host, "article", name)[start : start + PER_LIST]:
            teaser(sheet, article)
        pagination(sheet)


def article(sheet: Sheet) -> None:
    """Write an article: running text, sometimes paid for or by a guest, with its author, relatives and comments."""
    page, dice = sheet.page, sheet.dice
    with page_of(sheet):
        _crumbs(sheet)
        sheet.add(f'<article>\n<h1>{text(page.title)}</h1>\n<p class="byline">{sheet.prose.day()}</p>\n')
        if page.number % 9 == 5:
            sponsored_note(sheet)
        long_read = 20 if page.number % 11 == 2 else 0
        running_text(sheet, 6 + long_read + dice.below(5), 1 + dice.below(4), figures=int(page.number % 6 == 1))
        if page.number % 8 == 3:
            _embed(sheet)
        if page.number % 12 == 7:
            sheet.add("<p>", _download(sheet), "</p>\n")
        biography(sheet, _author(sheet), guest=page.number % 10 == 4)
        sheet.add("</article>\n")
        _print_link(sheet)
        _related(sheet, "article")
        comments(sheet, dice.below(5))


def _crumbs(sheet: Sheet) -> None:
    with sheet.inside("nav", '<nav class="breadcrumb">', "</nav>\n"):
        sheet.add(sheet.a(f"http://{sheet.site.host}/", "Home", "internal"))
        for page in sheet.world.of(sheet.site.host, "section", f"/{sheet.page.section}/")[:1]:
            sheet.add(" &rsaquo; ", sheet.to(page))


def _author(sheet: Sheet) -> str:
    authors = sheet.world.of(sheet.site.host, "author")
    return authors[sheet.page.number % len(authors)].title


def _print_link(sheet: Sheet) -> None:
    for page in sheet.world.of(sheet.site.host, "print"):
        if page.to == f"http://{sheet.page.host}{sheet.page.path}":
            sheet.add('<p class="tools">', sheet.to(page, "Print this"), "</p>\n")


def _related(sheet: Sheet, layout: str) -> None:
    relatives = [page for page in sheet.world.of(sheet.site.host, layout) if page.linked and page.worth]
    sheet.add('<div class="related"><h3>Read on</h3><ul>')
    for page in sheet.dice.some(relatives, 4):
        sheet.add("<li>", sheet.to(page), "</li>")
    sheet.add("</ul></div>\n")


def _embed(sheet: Sheet) -> None:
    film = sheet.dice.pick(sheet.world.of("smallplayer.test", "embed"))
    markup = '<iframe src="{href}" width="480" height="270" title="film"></iframe>\n'
    sheet.add('<div class="film">', sheet.element("iframe", film.url, "embed", markup), "</div>\n")


def _download(sheet: Sheet) -> str:
    path = f"http://{sheet.site.host}/files/sheet-{1 + sheet.dice.below(5)}.pdf"
    return "The tables as a file: " + sheet.a(path, "Download (PDF)", "file")


def author(sheet: Sheet) -> None:
    """Write an author's page: the biography, profiles elsewhere, and the author's articles."""
    page, world = sheet.page, sheet.world
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")
        biography(sheet, page.title)
        user = sheet.dice.pick(world.genre("user"))
        sheet.add("<p>Elsewhere: ", sheet.a(f"http://{user.host}/", "Hearth Pages", "bio", "me"), "</p>\n<ul>")
        for written in world.of(page.host, "article"):
            if written.worth and written.number % 4 == page.number:
                sheet.add("<li>", sheet.to(written), "</li>")
        sheet.add("</ul>\n")


def partners(sheet: Sheet) -> None:
    """Write a page whose robots directives ask not to follow its links, and that links to shops and to the farm."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n<ul>")
        for page in sheet.world.of(sheet.site.host, "terms"):
            sheet.add("<li>", sheet.to(page), "</li>")
        for _ in range(3):
            sheet.add(f"<li><p>{text(sheet.prose.paragraph())}</p></li>")
        for site in sheet.dice.some(sheet.world.genre("shop", "farm", "network"), 8):
            sheet.add("<li>", sheet.a(f"http://{site.host}/", site.name, "sponsored", "sponsored"), "</li>")
        sheet.add("</ul>\n")


def about(sheet: Sheet) -> None:
    """Write who is behind the site; a magazine names what its robots.txt keeps crawlers from."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        running_text(sheet, 5, 1)
        for page in sheet.world.of(sheet.site.host, "article", "private"):
            sheet.add("<p>", sheet.to(page), "</p>\n")


def privacy(sheet: Sheet) -> None:
    """Write the terms: text, a contact address and a script link, which are no links between pages."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        for number in range(1, 7):
            sheet.add(f'<h2 id="clause-{number}">{text(sheet.prose.headline())}</h2>\n')
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")
        sheet.add('<p><a href="javascript:history.back()">Back</a> <a href="tel:+990000000">Call us</a> ')
        sheet.add(sheet.a(f"{sheet.url}#clause-1", "To the first clause", "self"), "</p>\n")


def blog_home(sheet: Sheet) -> None:
    """Write a blog's front page: the newest posts in full, and its one moved address."""
    world, host = sheet.world, sheet.site.host
    with page_of(sheet):
        for page in world.of(host, "post")[:PER_LIST]:
            teaser(sheet, page)
        for page in world.of(host, "moved"):
            sheet.add("<p>", sheet.to(page, "An old favourite"), "</p>\n")
        if sheet.site.genre == "network":
            sheet.add(f"<p>{text(sheet.prose.paragraph())} {citation(sheet)}</p>\n")


def letters(sheet: Sheet) -> None:
    """Write a page that holds nothing but what a story puts there."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")


def posts(sheet: Sheet) -> None:
    """Write a later page of a blog's posts."""
    start = sheet.page.number * PER_LIST
    with page_of(sheet):
        sheet.add(f"<p>{text(sheet.prose.paragraph(8, 12))}</p>\n")
        for page in sheet.world.of(sheet.site.host, "post")[start : start + PER_LIST]:
            teaser(sheet, page)
        pagination(sheet)


def tag(sheet: Sheet) -> None:
    """Write every third post under one tag."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        sheet.add(f"<p>{text(sheet.prose.paragraph(8, 12))}</p>\n")
        for page in sheet.world.of(sheet.site.host, "post")[sheet.page.number :: 3]:
            teaser(sheet, page)


def post(sheet: Sheet) -> None:
    """Write a blog post: shorter text, one to three editorial links, more comments."""
    page, dice = sheet.page, sheet.dice
    with page_of(sheet):
        sheet.add(f'<article class="post">\n<h1>{text(page.title)}</h1>\n<p class="date">{sheet.prose.day()}</p>\n')
        if sheet.site.genre == "network" and page.number % 2:
            sponsored_note(sheet)
        running_text(sheet, 5 + dice.below(4), 1 + dice.below(3), figures=int(page.number % 5 == 2))
        sheet.add("</article>\n")
        _related(sheet, "post")
        if sheet.site.genre != "network":
            comments(sheet, dice.below(7))
            form(sheet, "/comment", ("name", "site", "text"), "Send", "post")

"""Sheets of shops, forums and members → products, searches, threads and profiles.

Promises the plantings `image form canonical ugc profile hostile`.
"""

from __future__ import annotations

from linkgraph.demo.chrome import page_of, pagination
from linkgraph.demo.planner import PER_LIST
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.voices import citation, form, readers_link


def shop_home(sheet: Sheet) -> None:
    """Write a shop window: pictures that are links, the shelves, and the search form."""
    world, host = sheet.world, sheet.site.host
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())}</p>\n")
        form(sheet, "/search", ("q",), "Search")
        for page in world.of(host, "product")[:12]:
            sheet.add('<div class="tile">', sheet.picture_link(page.url, page.title), "</div>\n")
        for page in world.of(host, "shelf"):
            sheet.add("<p>", sheet.to(page), f" {text(sheet.prose.sentence())}</p>\n")


def shelf(sheet: Sheet) -> None:
    """Write one page of a shelf, and the link to its order by price, which robots.txt disallows."""
    page = sheet.page
    name = page.section.rpartition("/")[2]
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n<p>Sort by ")
        sheet.add(sheet.a(f"http://{page.host}{page.section}?sort=price", "price", "internal"), "</p>\n")
        start = page.number * PER_LIST
        for product in sheet.world.of(page.host, "product", name)[start : start + PER_LIST]:
            sheet.add('<div class="tile">', sheet.picture_link(product.url, product.title), sheet.to(product))
            sheet.add(f"<p>{text(sheet.prose.paragraph(2, 3))}</p></div>\n")
        pagination(sheet)


def product(sheet: Sheet) -> None:
    """Write a product: its description, its colours, the basket form, what others bought."""
    page, world = sheet.page, sheet.world
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n", sheet.picture(page.title))
        sheet.add(f'<p class="price">{5 + sheet.dice.below(400)}.00</p>\n')
        for _ in range(3):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")
        for variant in world.of(page.host, "variant"):
            if variant.number == page.number:
                sheet.add("<p>Also in ", sheet.to(variant, "red"), "</p>\n")
        if page.number % 3 == 0:
            sheet.add(f"<p>{citation(sheet)}</p>\n")
        form(sheet, "/basket", ("amount",), "Buy", "post")
        sheet.add('<ul class="others">')
        for other in sheet.dice.some(world.of(page.host, "product"), 5):
            sheet.add("<li>", sheet.to(other), "</li>")
        sheet.add("</ul>\n")


def search(sheet: Sheet) -> None:
    """Write an empty result page; only forms lead to it."""
    with page_of(sheet):
        sheet.add(
            f"<h1>{text(sheet.page.title)}</h1>\n<p>Nothing here yet. {text(sheet.prose.paragraph(24, 30))}</p>\n"
        )
        form(sheet, "/search", ("q",), "Search again")


def forum_home(sheet: Sheet) -> None:
    """Write the boards, the newest threads and the members."""
    world, host = sheet.world, sheet.site.host
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<table>\n")
        for page in world.of(host, "board"):
            sheet.add("<tr><td>", sheet.to(page), f"</td><td>{text(sheet.prose.sentence())}</td></tr>\n")
        sheet.add("</table>\n<h2>Newest threads</h2>\n<ul>")
        for page in (*world.of(host, "thread")[:8], *world.of(host, "register")):
            sheet.add("<li>", sheet.to(page), "</li>")
        sheet.add("</ul>\n<h2>Members</h2>\n<p>")
        for page in world.of(host, "member"):
            sheet.add(sheet.to(page), ", ")
        sheet.add("and guests.</p>\n")


def board(sheet: Sheet) -> None:
    """Write one page of a board's threads."""
    page = sheet.page
    name = page.section.rpartition("/")[2]
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n<p>{text(sheet.prose.paragraph(20, 24))}</p>\n<table>\n")
        start = page.number * PER_LIST
        for thread_page in sheet.world.of(page.host, "thread", name)[start : start + PER_LIST]:
            sheet.add("<tr><td>", sheet.to(thread_page), f"</td><td>{text(sheet.prose.person())}</td>")
            sheet.add(f"<td>{text(sheet.prose.paragraph(2, 2))}</td></tr>\n")
        sheet.add("</table>\n")
        pagination(sheet)


def thread(sheet: Sheet) -> None:
    """Write three to eight posts; most hold a reader's link, and every fourth member signs with one."""
    page, dice = sheet.page, sheet.dice
    members = sheet.world.of(page.host, "member")
    with page_of(sheet):
        sheet.add(f"<h1>{text(page.title)}</h1>\n")
        with sheet.inside("comments", '<div class="posts comments">\n', "</div>\n"):
            for number in range(3 + dice.below(6)):
                member = dice.pick(members)
                sheet.add(f'<div class="post" id="post-{number + 1}"><p class="author">', sheet.to(member), " ")
                sheet.add(sheet.a(f"{page.url}#post-{number + 1}", f"#{number + 1}", "self"), "</p>\n")
                sheet.add(f"<p>{text(sheet.prose.paragraph(2, 5))}")
                sheet.add(" ", readers_link(sheet) if dice.chance(0.6) else "", "</p>\n")
                if member.number % 4 == 0:
                    sheet.add('<div class="signature">', readers_link(sheet), "</div>")
                sheet.add("</div>\n")
        form(sheet, "/reply", ("text",), "Reply", "post")


def member(sheet: Sheet) -> None:
    """Write a member's profile with the member's own site; the page is nofollow."""
    page, dice = sheet.page, sheet.dice
    own = dice.pick(sheet.world.genre("user", "blog", "farm"))
    with page_of(sheet):
        sheet.add(f'<h1>{text(page.title)}</h1>\n<dl class="profile"><dt>Lives in</dt><dd>{sheet.prose.town()}</dd>')
        sheet.add(
            "<dt>Website</dt><dd>", sheet.a(f"http://{own.host}/", own.host, "profile", "nofollow"), "</dd></dl>\n"
        )
        for _ in range(5):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")


def register(sheet: Sheet) -> None:
    """Write a page that asks for a name and a password."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n<p>{text(sheet.prose.paragraph(24, 30))}</p>\n")
        form(sheet, "/register", ("name", "password"), "Register", "post")

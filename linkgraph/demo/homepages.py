"""Sheets of the old web → frame sets, image maps, splash pages with a meta refresh, guest books, lists of favourites.

Promises HTML 3.2 as it was written: upper-case tags, attributes without quotes, a base element, no closing tags.
"""

from __future__ import annotations

from html import escape

from linkgraph.demo.dice import Dice
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.voices import anchor_for, citation, readers_link

_FRAMESET = """<FRAMESET COLS="180,*">
<FRAME NAME=menu SRC="{menu}">
<FRAME NAME=main SRC="{main}">
<NOFRAMES><BODY><P>Your browser knows no frames: <A HREF=welcome.htm>enter</A></BODY></NOFRAMES>
</FRAMESET></HTML>
"""


def _head(sheet: Sheet, extra: str = "") -> None:
    site = sheet.site
    sheet.add(f'<HTML>\n<HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={site.charset}">\n')
    sheet.add(f"<TITLE>{text(sheet.page.title)}</TITLE>\n<BASE HREF=http://{site.host}/>\n")
    sheet.add(f'<META NAME="GENERATOR" CONTENT="{site.generator}">\n', extra, "</HEAD>\n")


def _foot(sheet: Sheet) -> None:
    with sheet.inside("footer", '<HR><DIV ID="footer"><FONT SIZE=1>\n', "</FONT></DIV>\n</BODY></HTML>\n"):
        sheet.add(f"You are visitor {Dice(sheet.url).below(90000)}. ")
        sheet.add(sheet.a(f"http://{sheet.site.host}/welcome.htm", "Start", "footer"), " ")
        ring = [site for site in sheet.world.genre("old") if site.host != sheet.site.host]
        for site in ring:
            sheet.add(sheet.a(f"http://{site.host}/", site.name, "footer"), " ")


def splash(sheet: Sheet) -> None:
    """Write a page that sends its reader on: at once to another site, or after five seconds within its own."""
    seconds = 0 if sheet.site.genre == "parked" else 5
    with sheet.inside("head", "", ""):
        markup = f'<META HTTP-EQUIV="refresh" CONTENT="{seconds}; URL={{href}}">\n'
        refresh = sheet.element("refresh", sheet.page.to, "refresh", markup)
    _head(sheet, refresh)
    sheet.add(f"<BODY BGCOLOR=#FFFFCC><CENTER><H1>{text(sheet.site.name)}</H1>\n")
    for _ in range(9):
        sheet.add(f"<P>{text(sheet.prose.paragraph())}\n")
    sheet.add(sheet.a(sheet.page.to, "Enter here", "internal" if seconds else "editorial"))
    sheet.add("</CENTER></BODY></HTML>\n")


def frameset(sheet: Sheet) -> None:
    """Write a frame set of two frames; what stands in its NOFRAMES is text to a parser (HTML 13.2.6.4.4), no link."""
    root = f"http://{sheet.site.host}"
    _head(sheet, f'<META NAME="description" CONTENT="{escape(sheet.prose.paragraph(45, 50))}">\n')
    frames = {
        "menu": sheet.element("frame", f"{root}/menu.htm", "frame", "{href}"),
        "main": sheet.element("frame", f"{root}/welcome.htm", "frame", "{href}"),
    }
    sheet.add(_FRAMESET.format(**frames))


def menu(sheet: Sheet) -> None:
    """Write the frame with the way to every page of the site."""
    _head(sheet)
    with sheet.inside("content", "<BODY><TABLE BORDER=0>\n", "</TABLE>\n"):
        for path in ("/welcome.htm", "/links.htm", "/guestbook.htm", "/map.htm", "/new.htm"):
            page = sheet.world.pages[sheet.site.host][path]
            sheet.add("<TR><TD>", sheet.to(page), "\n")
        for page in sheet.world.of(sheet.site.host, "old-page"):
            sheet.add("<TR><TD>", sheet.to(page), f"<TD>{text(sheet.prose.paragraph(3, 4))}\n")
    _foot(sheet)


def welcome(sheet: Sheet) -> None:
    """Write the greeting, with the newest pages."""
    _head(sheet)
    sheet.add(f"<BODY><H1>Welcome to {text(sheet.site.name)}!</H1>\n")
    for page in sheet.world.of(sheet.site.host, "old-page")[:5]:
        sheet.add(f"<P>{text(sheet.prose.paragraph(8, 12))} <B>", sheet.to(page), "</B>\n")
    sheet.add("<P>", sheet.to(sheet.world.pages[sheet.site.host]["/menu.htm"], "Menu"), "\n")
    _foot(sheet)


def favourites(sheet: Sheet) -> None:
    """Write a list of favourite sites: each with a word about it."""
    _head(sheet)
    sheet.add("<BODY><H1>My favourite links</H1>\n<UL>\n")
    for _ in range(14):
        page = sheet.world.liked_page(sheet.dice, sheet.site)
        sheet.add("<LI>", sheet.a(page.url, anchor_for(sheet, page), "editorial"))
        sheet.add(f" - {text(sheet.prose.paragraph(2, 4))}\n")
    sheet.add("</UL>\n")
    _foot(sheet)


def guestbook(sheet: Sheet) -> None:
    """Write what visitors left; the old web knows no rel, so that these links look like any other."""
    _head(sheet)
    with sheet.inside("comments", '<BODY><H1>Guestbook</H1>\n<DIV CLASS="guestbook comments">\n', "</DIV>\n"):
        for _ in range(12):
            name = text(sheet.prose.person())
            sheet.add(f"<P><B>{name}</B>: {text(sheet.prose.paragraph(2, 3))} ", readers_link(sheet), "\n")
    _foot(sheet)


def image_map(sheet: Sheet) -> None:
    """Write an image map: areas to own pages and to other sites."""
    _head(sheet)
    sheet.add('<BODY><H1>Map</H1><IMG SRC="img/1.svg" USEMAP="#m" ALT="map">\n<MAP NAME=m>\n')
    sheet.plant(f"http://{sheet.site.host}/img/1.svg", "resource", "img", alt="map")
    pages = [*sheet.world.of(sheet.site.host, "old-page")[:6]]
    pages += [sheet.world.home(site.host) for site in sheet.world.about(sheet.site.topic)[:3]]
    for number, page in enumerate(pages):
        title = escape(page.title)
        area = f'<AREA SHAPE=CIRCLE COORDS="{20 + 30 * number},40,14" ALT="{title}" HREF="{{href}}">\n'
        sheet.add(sheet.element("area", page.url, "image-map", area, alt=page.title))
    sheet.add("</MAP>\n")
    for _ in range(9):
        sheet.add(f"<P>{text(sheet.prose.paragraph())}\n")
    _foot(sheet)


def page(sheet: Sheet) -> None:
    """Write one page of an enthusiast: text and one or two links in it."""
    _head(sheet)
    sheet.add(f"<BODY><H2>{text(sheet.page.title)}</H2>\n")
    for number in range(9):
        sheet.add(f"<P>{text(sheet.prose.paragraph())}")
        sheet.add(" ", citation(sheet) if number in (1, 4) else "", "\n")
    _foot(sheet)

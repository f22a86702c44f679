"""Sheets of the link farm, the money site and the mirrors.

Promises the plantings `farm mirror`: every page of the farm links to the money site with a commercial anchor.
"""

from __future__ import annotations

from linkgraph.demo.chrome import page_of
from linkgraph.demo.roster import MONEY_HOST
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.voices import citation

_ANCHORS = ("cheap watches", "best cheap watches", "buy cheap watches", "cheap watches online")


def _money_link(sheet: Sheet) -> str:
    page = sheet.dice.pick((sheet.world.home(MONEY_HOST), *sheet.world.worth(MONEY_HOST)))
    return sheet.a(page.url, sheet.dice.pick(_ANCHORS), "farm")


def farm_home(sheet: Sheet) -> None:
    """Write a farm domain's front page: its articles and the money site."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.site.name)}</h1>\n<p>{text(sheet.prose.paragraph())} {_money_link(sheet)}</p>\n")
        for page in sheet.world.of(sheet.site.host, "farm"):
            sheet.add("<h2>", sheet.to(page), f"</h2>\n<p>{text(sheet.prose.paragraph(2, 4))}</p>\n")


def farm(sheet: Sheet) -> None:
    """Write a farm article: text of no use around links to the money site."""
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        for number in range(6 + sheet.dice.below(3)):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}")
            if number in (1, 3):
                sheet.add(" ", _money_link(sheet), f" {text(sheet.prose.sentence())}")
            sheet.add("</p>\n")


def money(sheet: Sheet) -> None:
    """Write a page of the money site; it links out once, to look honest."""
    world = sheet.world
    with page_of(sheet):
        sheet.add(f"<h1>{text(sheet.page.title)}</h1>\n")
        for _ in range(5):
            sheet.add(f"<p>{text(sheet.prose.paragraph())}</p>\n")
        sheet.add(f"<p>{citation(sheet)}</p>\n<ul>")
        for page in world.of(sheet.site.host, "money"):
            sheet.add("<li>", sheet.to(page), "</li>")
        sheet.add("</ul>\n")

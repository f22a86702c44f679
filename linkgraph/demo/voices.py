"""A sheet → the passages in which links stand: running text, comments, biographies, sponsored notes.

Promises that each passage plants the links of its own kind only. Anchors are worded as people word them: the title,
the site's name, a phrase of the matter, `here`, or the bare address.
"""

from __future__ import annotations

from linkgraph.demo.plan import DemoPage
from linkgraph.demo.roster import DEAD_HOSTS, MONEY_HOST
from linkgraph.demo.sheet import Sheet, text
from linkgraph.demo.tongues import TONGUES

_LEADS = (
    "There is a good account of this in {link}, with drawings.",
    "{name} described it years ago: {link}.",
    "The figures are from {link}; we checked three of them.",
    "Readers who want the long version should turn to {link}.",
    "Before you begin, read {link} and take notes.",
    "This was first shown in {link}, as far as we can tell.",
    "On the other side of the argument stands {link}.",
    "See {link} for the names of the parts.",
)
_SPAM_ANCHORS = ("cheap watches", "buy watches online", "best cheap watches", "watch deals", "click here")
_HOSTILE_ANCHORS = (
    "<script>alert('watches')</script>",
    '=HYPERLINK("http://best-cheap-watches.example/","refund")',
    "</a></td><td>cheap & safe",
)


def anchor_for(sheet: Sheet, target: DemoPage) -> str:
    """Return the words with which this sheet's author links to *target*."""
    luck = sheet.dice.throw()
    site = sheet.world.sites[target.host]
    if luck < 0.42:
        return target.title
    if luck < 0.64:
        return site.name
    if luck < 0.84:
        return sheet.prose.phrase()
    if luck < 0.93:
        tongue = TONGUES.get(sheet.site.language)
        return tongue.here if tongue else sheet.dice.pick(("here", "this page", "read more", "their site"))
    return target.url.removeprefix("http://").rstrip("/")


def citation(sheet: Sheet) -> str:
    """Return an editorial link in its sentence; one in thirty leads nowhere any more."""
    dice, page = sheet.dice, sheet.world.liked_page(sheet.dice, sheet.site)
    anchor = anchor_for(sheet, page)
    if dice.chance(1 / 30):
        lost = dice.pick(DEAD_HOSTS) if dice.chance(0.5) else page.host
        link = sheet.a(f"http://{lost}/lost/{1 + dice.below(9)}", anchor, "dead")
    else:
        link = sheet.a(page.url + ("#more" if dice.chance(0.05) else ""), anchor, "editorial")
    if sheet.site.language != "en":
        return f"{text(sheet.prose.sentence())} ({link})"
    return dice.pick(_LEADS).format(link=link, name=text(sheet.prose.person()))


def running_text(sheet: Sheet, paragraphs: int, citations: int, figures: int = 0) -> None:
    """Write an article's body with *citations* editorial links in its paragraphs and *figures* pictures."""
    dice = sheet.dice
    cited = sorted(dice.some(range(1, paragraphs), citations))
    for number in range(paragraphs):
        if number and number % 3 == 0:
            sheet.add(f"<h2>{text(sheet.prose.headline())}</h2>\n")
        sheet.add(f"<p>{text(sheet.prose.paragraph())}")
        if number in cited:
            sheet.add(" ", citation(sheet), " ", text(sheet.prose.sentence()))
        sheet.add("</p>\n")
        if number < figures:
            figure(sheet)


def figure(sheet: Sheet) -> None:
    """Write a picture with a caption; it links to the site that lent it."""
    page = sheet.world.liked_page(sheet.dice, sheet.site)
    sheet.add("<figure>", sheet.picture_link(page.url, sheet.prose.phrase()))
    sheet.add(f"<figcaption>{text(sheet.prose.sentence())}</figcaption></figure>\n")


def sponsored_note(sheet: Sheet) -> None:
    """Write a paragraph that a shop paid for, and one link that earns a commission."""
    dice = sheet.dice
    shop = dice.pick(sheet.world.genre("shop", "network"))
    rel = "sponsored" if dice.chance(0.7) else "sponsored nofollow"
    sheet.add('<p class="disclosure"><strong>Sponsored.</strong> This article was paid for by ')
    sheet.add(sheet.a(f"http://{shop.host}/", shop.name, "sponsored", rel), ".</p>\n")
    store = dice.pick(sheet.world.genre("shop"))
    product = dice.pick(sheet.world.of(store.host, "product"))
    sheet.add(f"<p>{text(sheet.prose.sentence())} We bought ours here: ")
    anchor = f"{product.title} at {store.name}"
    sheet.add(sheet.a(f"{product.url}?ref={sheet.site.topic}", anchor, "affiliate", "sponsored nofollow"), ".</p>\n")


def biography(sheet: Sheet, name: str, *, guest: bool = False) -> None:
    """Write the box about the author, with a link to the author's own site."""
    dice = sheet.dice
    own = dice.pick(sheet.world.genre("user", "blog"))
    sheet.add('<div class="author-bio"><h3>About the author</h3>', sheet.picture(name))
    sheet.add(f"<p>{text(name)} lives in {sheet.prose.town()} and writes at ")
    sheet.add(sheet.a(f"http://{own.host}/", own.name, "bio", "author"), ".</p>")
    if guest:
        shop = dice.pick(sheet.world.genre("network", "shop"))
        sheet.add("<p>This is a guest post. The author also works for ")
        sheet.add(sheet.a(f"http://{shop.host}/", sheet.prose.phrase(), "guest"), ".</p>")
    sheet.add("</div>\n")


def readers_link(sheet: Sheet) -> str:
    """Return what a reader links to: a page he likes, his own site, or, being a spammer, the farm."""
    dice, world = sheet.dice, sheet.world
    luck = dice.throw()
    rel = "ugc nofollow" if luck < 0.8 else "nofollow ugc external"
    if luck < 0.03:
        return sheet.a(f"http://{MONEY_HOST}/", dice.pick(_HOSTILE_ANCHORS), "hostile", rel)
    if luck < 0.3:
        host = MONEY_HOST if luck < 0.15 else dice.pick(world.genre("farm")).host
        return sheet.a(f"http://{host}/", dice.pick(_SPAM_ANCHORS), "ugc", rel)
    page = world.liked_page(dice, sheet.site)
    return sheet.a(page.url, anchor_for(sheet, page), "ugc", rel)


def comments(sheet: Sheet, count: int) -> None:
    """Write the comments under an article; half of them hold a link, and each author's name may be one."""
    tongue = TONGUES.get(sheet.site.language)
    opening = f'<section id="comments" class="comments">\n<h2>{tongue.comments if tongue else "Comments"}</h2>\n<ol>\n'
    with sheet.inside("comments", opening, "</ol>\n</section>\n"):
        for number in range(count):
            sheet.add(f'<li id="comment-{number + 1}" class="comment"><cite class="comment-author">')
            sheet.add(_commenter(sheet), f"</cite> <time>{sheet.prose.day()}</time>\n")
            sheet.add(f"<p>{text(sheet.prose.paragraph(1, 3))}")
            if sheet.dice.chance(0.5):
                sheet.add(" ", readers_link(sheet))
            sheet.add("</p></li>\n")


def _commenter(sheet: Sheet) -> str:
    name = sheet.prose.person()
    if sheet.dice.chance(0.4):
        own = sheet.dice.pick(sheet.world.genre("user", "blog"))
        return sheet.a(f"http://{own.host}/", name, "ugc", "external nofollow ugc")
    return text(name)


def form(sheet: Sheet, action: str, fields: tuple[str, ...], button: str, method: str = "get") -> None:
    """Write a form whose action is the path *action* of this site, with a link to its terms inside."""
    markup = f'<form action="{{href}}" method="{method}" class="form">'
    inputs = "".join(f'<label>{name} <input type="text" name="{name}"></label> ' for name in fields)
    opening = sheet.element("form", f"http://{sheet.site.host}{action}", "form", markup)
    with sheet.inside("form", opening + inputs, "</form>\n"):
        terms = sheet.a(f"http://{sheet.site.host}/privacy", "Terms", "internal")
        sheet.add(f'<button type="submit">{button}</button> {terms}')

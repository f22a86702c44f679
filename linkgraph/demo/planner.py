"""A site of the roster → the pages it has, before any of them is written.

Promises unique paths per host, in the order in which the site would list them. Titles come from the site's own dice,
so that a page can be named by others without being rendered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from linkgraph.demo.dice import Dice
from linkgraph.demo.plan import DemoPage, Site
from linkgraph.demo.prose import Prose
from linkgraph.demo.roster import MONEY_HOST
from linkgraph.demo.words import TOPICS

PER_LIST = 10
"""Entries of a listing before it goes on on the next page."""

COPIED_LAYOUTS = ("home", "section", "article", "author", "about")

REDIRECTS = (301, 302, 307, 308)
"""Statuses of moved articles in turn; an encyclopaedia's random entry answers 303."""

Planned = Mapping[str, Sequence[DemoPage]]
Planner = Callable[[Site, Prose, Dice, Planned], Iterator[DemoPage]]


def slug(title: str) -> str:
    """Return *title* as a path segment; letters outside ASCII stay, percent-encoded UTF-8."""
    return quote(re.sub(r"[^\w]+", "-", title.lower()).strip("-"))


def plan_site(site: Site, seed: int, planned: Planned) -> tuple[DemoPage, ...]:
    """Return the pages of *site*; *planned* holds the sites before it (a mirror copies one of them)."""
    dice = Dice(seed, site.host, "plan")
    prose = Prose(site.topic, site.language, dice)
    pages = {page.path: page for page in PLANNERS[site.genre](site, prose, dice, planned)}
    if site.robots == "sitemap" or site.sitemap != "none":
        pages |= {page.path: page for page in _sitemaps(site)}
    return tuple(pages.values())


def _page(site: Site, path: str, layout: str, title: str = "", **more: object) -> DemoPage:
    return DemoPage(host=site.host, path=path, layout=layout, title=title or site.name, **more)  # type: ignore[arg-type]  # checked by DemoPage's own signature


def _sitemaps(site: Site) -> Iterator[DemoPage]:
    if site.sitemap == "index":
        yield _page(site, "/sitemap.xml", "sitemap-index")
        yield _page(site, "/sitemap-1.xml", "sitemap", number=1)
        yield _page(site, "/sitemap-2.xml.gz", "sitemap", number=2)
    elif site.sitemap == "gzip":
        yield _page(site, "/sitemap.xml.gz", "sitemap")
    else:
        yield _page(site, "/sitemap.xml", "sitemap")


def _listing(site: Site, path: str, layout: str, title: str, entries: int) -> Iterator[DemoPage]:
    for number in range(max(1, -(-entries // PER_LIST))):
        query = f"?page={number + 1}" if number else ""
        yield _page(site, path + query, layout, title, number=number, section=path)


def _common(site: Site) -> Iterator[DemoPage]:
    yield _page(site, "/", "home")
    yield _page(site, "/about", "about", f"About {site.name}")
    yield _page(site, "/privacy", "privacy", "Privacy and terms", robots="noindex")


def _magazine(site: Site, prose: Prose, dice: Dice, _: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    sections = TOPICS[site.topic].sections
    for section in sections:
        yield from _listing(site, f"/{section}/", "section", section.title(), site.size // len(sections))
    articles = []
    for number in range(site.size):
        title = prose.headline()
        section = sections[number % len(sections)]
        path = f"/{section}/{slug(title)}-{number + 1}"
        articles.append(_page(site, path, "article", title, number=number, section=section, worth=True))
    yield from articles
    for number in range(4):
        person = prose.person()
        yield _page(site, f"/authors/{slug(person)}", "author", person, number=number)
    yield from _magazine_extras(site, articles, prose)
    yield _page(site, "/feed.xml", "feed")
    for number, article in enumerate(dice.some(articles, 4)):
        yield _page(site, f"/old/{number + 1}", "moved", status=REDIRECTS[number], to=article.url)
    yield _page(site, "/old/withdrawn", "gone", status=410)


def _magazine_extras(site: Site, articles: Sequence[DemoPage], prose: Prose) -> Iterator[DemoPage]:
    for article in articles[:3]:
        tail = article.path.rpartition("/")[2]
        yield _page(site, f"/print/{tail}", "print", article.title, to=article.url, robots="noindex")
        variant = f"{article.path}?utm_source=letter&utm_medium=mail"
        yield replace(article, path=variant, layout="variant", to=article.url, worth=False)
    for number in range(4 if site.sitemap != "none" else 0):
        title = prose.headline()
        yield _page(site, f"/archive/{slug(title)}", "article", title, number=number, section="archive", linked=False)
    for number in range(2):
        yield _page(site, f"/private/draft-{number + 1}", "article", f"Draft {number + 1}", section="private")
    yield _page(site, "/login", "register", "Sign in")
    yield _page(site, "/partners", "partners", "Our partners", robots="nofollow")
    yield _page(site, "/partners/terms", "terms", "Terms for partners", robots="noindex")
    yield _page(site, "/partners/rates", "partners", "Rates for partners", robots="none", robots_in_header=True)


def _blog(site: Site, prose: Prose, dice: Dice, _: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    posts = []
    for number in range(site.size):
        title = prose.headline()
        posts.append(
            _page(site, f"/{2010 + number % 14}/{slug(title)}-{number + 1}", "post", title, number=number, worth=True)
        )
    yield from posts
    for number in range(1, -(-site.size // PER_LIST)):
        yield _page(site, f"/page/{number + 1}", "posts", f"Page {number + 1}", number=number)
    for number, section in enumerate(TOPICS[site.topic].sections[:3]):
        yield _page(site, f"/tag/{section}", "tag", section.title(), number=number, section=section)
    yield _page(site, "/feed.xml", "feed")
    if site.genre == "blog":
        yield _page(site, "/p/1", "moved", status=301, to=dice.pick(posts).url)


def _shop(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    shelves = TOPICS[site.topic].sections
    for shelf in shelves:
        yield from _listing(site, f"/shop/{shelf}", "shelf", shelf.title(), site.size // len(shelves))
        yield _page(site, f"/shop/{shelf}?sort=price", "shelf", shelf.title(), section=f"/shop/{shelf}")
    for number in range(site.size):
        title = prose.phrase().capitalize()
        section = shelves[number % len(shelves)]
        path = f"/product/{slug(title)}-{number + 1}"
        product = _page(site, path, "product", title, number=number, section=section, worth=True)
        yield product
        if number % 6 == 0:
            yield replace(product, path=f"{path}?colour=red", layout="variant", to=product.url, worth=False)
    yield _page(site, "/search", "search", "Search", robots="noindex")
    yield _page(site, "/basket", "search", "Your basket", robots="noindex, nofollow")


def _forum(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    boards = TOPICS[site.topic].sections
    for board in boards:
        yield from _listing(site, f"/board/{board}", "board", board.title(), site.size // len(boards))
    for number in range(site.size):
        title, section = prose.headline(), boards[number % len(boards)]
        path = f"/thread/{number + 1}-{slug(title)}"
        yield _page(site, path, "thread", title, number=number, section=section, worth=number % 7 == 0)
    for number in range(24):
        person = prose.person()
        path = f"/member/{slug(person)}-{number + 1}"
        yield _page(site, path, "member", person, number=number, robots="noindex, nofollow")
    yield _page(site, "/register", "register", "Register", robots="noindex")


def _directory(site: Site, _: Prose, __: Dice, ___: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    for word in TOPICS:
        yield _page(site, f"/{word}/", "category", word.title(), section=word)
        for number in range(1, site.size):
            yield _page(site, f"/{word}/more-{number}.html", "category", word.title(), section=word, number=number)
    yield _page(site, "/submit", "submit", "Submit a site", robots="noindex")


def _reference(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    topics = list(TOPICS.values())
    for number in range(site.size):
        topic = topics[number % len(topics)]
        thing = topic.things[number // len(topics) % len(topic.things)]
        title = thing.replace("-", " ").capitalize()
        page = _page(
            site, f"/wiki/{title.replace(' ', '_')}", "term", title, number=number, section=topic.word, worth=True
        )
        yield page
        if number % 5 == 0:
            path = page.path.replace("/wiki/", "/wiki/Talk:")
            yield replace(
                page, path=path, layout="talk", robots="noindex, nofollow", robots_in_header=True, worth=False
            )
    yield _page(
        site,
        "/wiki/Special:Random",
        "moved",
        status=303,
        to=f"http://{site.host}/wiki/{prose.topic.things[0].capitalize()}",
    )


def _farm(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "home")
    for number in range(site.size):
        title = prose.headline()
        yield _page(site, f"/{slug(title)}-{number + 1}.html", "farm", title, number=number)


def _money(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    for number in range(site.size):
        title = f"Cheap watches {2016 + number}"
        yield _page(site, f"/watches/{slug(title)}", "money", title, number=number, worth=True)
    yield _page(site, "/deals", "money", f"Deals in {prose.town()}", number=site.size)


def _mirror(site: Site, _: Prose, __: Dice, planned: Planned) -> Iterator[DemoPage]:
    for page in planned[site.of]:
        if page.layout in COPIED_LAYOUTS and page.linked and page.section != "private":
            yield replace(page, host=site.host, layout="copy", to=page.url, worth=False)


def _old(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "splash", to=f"http://{site.host}/index2.htm")
    yield _page(site, "/index2.htm", "frameset")
    for name in ("menu", "welcome", "links", "guestbook", "map"):
        yield _page(site, f"/{name}.htm", f"old-{name}", name.capitalize())
    for number in range(site.size):
        title = prose.headline()
        yield _page(site, f"/pages/p{number + 1:02}.htm", "old-page", title, number=number, worth=True)
    yield _page(site, "/new.htm", "splash", to=f"http://{site.host}/welcome.htm")


def _platform(site: Site, _: Prose, __: Dice, ___: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    yield _page(site, "/users", "users", "All our users")
    yield _page(site, "/signup", "register", "Sign up", robots="noindex")


def _vendor(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    for number in range(site.size):
        title = f"{prose.phrase().title()} theme"
        yield _page(site, f"/themes/{slug(title)}-{number + 1}", "theme", title, number=number, worth=True)


def _player(site: Site, prose: Prose, _: Dice, __: Planned) -> Iterator[DemoPage]:
    yield from _common(site)
    for number in range(site.size):
        title = prose.headline()
        yield _page(site, f"/watch/{number + 1}", "watch", title, number=number, worth=True)
        yield _page(site, f"/embed/{number + 1}", "embed", title, number=number, robots="noindex")


def _shortener(site: Site, _: Prose, dice: Dice, planned: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "home")
    worthy = [page for pages in planned.values() for page in pages if page.worth and page.host != MONEY_HOST]
    for number, page in enumerate(dice.some(worthy, 40)):
        yield _page(
            site, f"/s/{number + 1}", "moved", page.title, status=REDIRECTS[number % 2], to=page.url, worth=True
        )
    root = f"http://{site.host}"
    review = next(page for page in planned["thespokereview.example"] if page.layout == "article")
    chain = (
        (f"{root}/chain/1", "http://oldwheel.example/chain/2", 301),
        (f"{root}/chain/3", f"{root}/chain/4", 307),
        (f"{root}/chain/4", f"http://www.thespokereview.example{review.path}", 302),
    )
    loop = tuple((f"{root}/loop/{step}", f"{root}/loop/{step % 3 + 1}", 302) for step in (1, 2, 3))
    lost = ((f"{root}/s/lost", "http://branchline.example/lost/4", 301),)
    for source, target, status in (*chain, *loop, *lost):
        yield _page(site, source.removeprefix(root), "moved", status=status, to=target)


def _moved(site: Site, _: Prose, __: Dice, planned: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "moved", status=301, to=f"http://{site.of}/")
    for page in [page for page in planned[site.of] if page.worth][:20]:
        yield _page(site, page.path, "moved", page.title, status=301, to=page.url, worth=True)
    if not site.host.startswith("www."):
        yield _page(site, "/chain/2", "moved", status=308, to="http://hop.test/chain/3")


def _parked(site: Site, _: Prose, __: Dice, ___: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "splash", to="http://hop.test/s/1")


def _unready(site: Site, _: Prose, __: Dice, ___: Planned) -> Iterator[DemoPage]:
    yield _page(site, "/", "home")


PLANNERS: dict[str, Planner] = {
    "magazine": _magazine,
    "blog": _blog,
    "user": _blog,
    "network": _blog,
    "shop": _shop,
    "forum": _forum,
    "directory": _directory,
    "reference": _reference,
    "farm": _farm,
    "money": _money,
    "mirror": _mirror,
    "old": _old,
    "platform": _platform,
    "vendor": _vendor,
    "player": _player,
    "shortener": _shortener,
    "moved": _moved,
    "parked": _parked,
    "unready": _unready,
}
"""How each genre of site is planned."""

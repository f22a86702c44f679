"""A planned page → the function that writes it."""

from __future__ import annotations

from collections.abc import Callable

from linkgraph.demo import homepages, lists, market, press, spam
from linkgraph.demo.sheet import Sheet

Layout = Callable[[Sheet], None]

_HOMES: dict[str, Layout] = {
    "magazine": press.magazine_home,
    "blog": press.blog_home,
    "user": press.blog_home,
    "network": press.blog_home,
    "shop": market.shop_home,
    "forum": market.forum_home,
    "directory": lists.directory_home,
    "reference": lists.reference_home,
    "farm": spam.farm_home,
    "money": spam.money,
    "platform": lists.platform_home,
    "vendor": lists.vendor_home,
    "player": lists.vendor_home,
    "shortener": lists.shortener_home,
    "unready": lists.unready_home,
}


def _home(sheet: Sheet) -> None:
    _HOMES[sheet.site.genre](sheet)


def _variant(sheet: Sheet) -> None:
    """Write the same as the canonical page; the head names that one."""
    path = sheet.page.to.removeprefix(f"http://{sheet.page.host}")
    LAYOUTS[sheet.world.pages[sheet.page.host][path].layout](sheet)


LAYOUTS: dict[str, Layout] = {
    "home": _home,
    "about": press.about,
    "privacy": press.privacy,
    "section": press.section,
    "article": press.article,
    "author": press.author,
    "partners": press.partners,
    "terms": press.privacy,
    "variant": _variant,
    "print": press.article,
    "posts": press.posts,
    "letters": press.letters,
    "post": press.post,
    "tag": press.tag,
    "shelf": market.shelf,
    "product": market.product,
    "search": market.search,
    "board": market.board,
    "thread": market.thread,
    "member": market.member,
    "register": market.register,
    "category": lists.category,
    "submit": lists.submit,
    "term": lists.term,
    "talk": lists.talk,
    "users": lists.users,
    "theme": lists.theme,
    "watch": lists.watch,
    "embed": lists.embed,
    "farm": spam.farm,
    "money": spam.money,
    "splash": homepages.splash,
    "frameset": homepages.frameset,
    "old-menu": homepages.menu,
    "old-welcome": homepages.welcome,
    "old-links": homepages.favourites,
    "old-guestbook": homepages.guestbook,
    "old-map": homepages.image_map,
    "old-page": homepages.page,
}
"""How each layout is written; `copy`, redirects and machine files are answered by `web`."""

"""The roster and a seed → every site with its pages, and who links to whom.

Promises that a writer's choice depends on the writer's dice only. Popular sites attract more links, and a writer mostly
stays with his subject, so that ranks have something to find.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from itertools import accumulate

from linkgraph.demo.dice import Dice
from linkgraph.demo.plan import DemoPage, Site
from linkgraph.demo.planner import plan_site
from linkgraph.demo.roster import roster

_UNLOVED = frozenset({"farm", "money", "mirror", "network", "parked", "unready", "shortener", "moved", "player"})
"""Genres that no honest writer links to in running text on purpose."""

_STALE_HOSTS = ("oldwheel.example", "www.thespokereview.example", "www.nightskyletter.example", "hop.test")
"""Hosts that honest writers link to because an address once was right, or to save letters."""

_BLOG_GENRES = frozenset({"blog", "user"})


class World:
    """The plan of the whole web. `sites` by host, `pages` by host and path."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.sites: dict[str, Site] = {}
        self._listed: dict[str, tuple[DemoPage, ...]] = {}
        for site in roster():
            self.sites[site.host] = site
            self._listed[site.host] = plan_site(site, seed, self._listed)
        self.pages: dict[str, dict[str, DemoPage]] = {
            host: {page.path: page for page in pages} for host, pages in self._listed.items()
        }
        self._layouts: dict[tuple[str, str], list[DemoPage]] = defaultdict(list)
        self._worth: dict[str, list[DemoPage]] = defaultdict(list)
        for page in (page for pages in self._listed.values() for page in pages):
            self._layouts[page.host, page.layout].append(page)
            if page.worth:
                self._worth[page.host].append(page)
        self._draws = self._weigh()
        self._friends: dict[str, list[Site]] = {}

    def _weigh(self) -> dict[str, tuple[list[Site], list[int]]]:
        liked = [site for site in self.sites.values() if site.genre not in _UNLOVED]
        groups: dict[str, list[Site]] = defaultdict(list)
        for site in liked:
            groups[site.topic].append(site)
            groups[""].append(site)
        return {topic: (sites, list(accumulate(site.renown for site in sites))) for topic, sites in groups.items()}

    def genre(self, *genres: str) -> list[Site]:
        """Return the sites of these genres, in roster order."""
        return [site for site in self.sites.values() if site.genre in genres]

    def about(self, topic: str) -> list[Site]:
        """Return the sites about *topic* that honest writers link to."""
        return self._draws[topic][0]

    def of(self, host: str, layout: str, section: str = "") -> list[DemoPage]:
        """Return a site's pages of one layout, of one section if given, that its own pages link to."""
        pages = self._layouts[host, layout]
        return [page for page in pages if page.linked and section in ("", page.section)] if section else pages

    def worth(self, host: str) -> list[DemoPage]:
        """Return the pages of a host that others link to."""
        return self._worth[host]

    def home(self, host: str) -> DemoPage:
        """Return the start page of a host."""
        return self.pages[host]["/"]

    def liked_site(self, dice: Dice, writer: Site) -> Site:
        """Return a site that *writer* would link to: seven times in ten about his own subject, never his own."""
        same = dice.chance(0.7) and any(site.host != writer.host for site in self.about(writer.topic))
        sites, weights = self._draws[writer.topic if same else ""]
        while True:
            found = sites[bisect(weights, dice.throw() * weights[-1])]
            if found.host != writer.host:
                return found

    def liked_page(self, dice: Dice, writer: Site) -> DemoPage:
        """Return a page that *writer* would link to; one time in twenty-five by an address that redirects."""
        if dice.chance(0.04):
            return dice.pick(self._worth[dice.pick(_STALE_HOSTS)])
        site = self.liked_site(dice, writer)
        worth = self._worth[site.host]
        return dice.early(worth) if worth and dice.chance(0.7) else self.home(site.host)

    def friends(self, host: str) -> list[Site]:
        """Return the blogs that a blog lists in its sidebar, the same on every page."""
        if host not in self._friends:
            dice = Dice(self.seed, host, "friends")
            others = [site for site in self.genre("blog", "user") if site.host != host]
            self._friends[host] = dice.some(others, 4 + dice.below(5))
        return self._friends[host]

"""A demo web that changes: what each story does in each round, and the events that a history must then tell.

Promises that round 0 is the web without stories, that the same seed and round give the same bytes, and that between two
rounds nothing changes but what the stories say. Rounds 1, 2, 3, 9 and 10 bring no event of their own, so that crawls of
them may be left half finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from linkgraph.demo.plan import DemoPage, Site
from linkgraph.demo.world import World

ROUNDS = 10
CAST_HOSTS = 3
"""Blogs that one cast of stories is spread over."""

EVERY_LINK = "*"
"""Stands for the target of an event that all links of a page to other domains have part in."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A link that a story puts on a page."""

    target: str
    anchor: str
    rel: str = ""
    zone: str = "content"
    story: str = ""
    """Names the sentence around it, which stays while the link changes."""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """What a history must tell of one link, or of every link of a page."""

    round: int
    event: str
    reason: str | None
    source: str
    target: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a story is played: two pages of one blog, and two sites to link to."""

    name: str
    page: DemoPage
    other: DemoPage
    targets: tuple[str, str]

    def letter(self, **changes: str) -> Letter:
        """Return the story's link, with some things otherwise."""
        return replace(Letter(self.targets[0], f"letter {self.name}", story=self.name), **changes)

    def event(self, at: int, event: str, reason: str | None = None, **more: str | None) -> PlannedEvent:
        """Return an event of the story's link."""
        return PlannedEvent(at, event, reason, self.page.url, self.targets[0], **more)

    def of_page(self, at: int, event: str, reason: str | None) -> PlannedEvent:
        """Return an event of every link of the story's page."""
        return PlannedEvent(at, event, reason, self.page.url, EVERY_LINK)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a story shows in one round."""

    letters: tuple[Letter, ...] = ()
    page: DemoPage | None = None
    """The page as it is, where that differs from the plan."""
    elsewhere: tuple[Letter, ...] = ()
    """Links on the other page."""
    new: DemoPage | None = None
    """A page that is there beside those of the plan, and holds the letters."""
    disallow: bool = False


Story = Callable[[_Stage, int], tuple[_Scene, tuple[PlannedEvent, ...]]]


def _steady(stage: _Stage, _: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    return _Scene((stage.letter(),)), ()


def _later(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    return _Scene((stage.letter(),) if at >= 4 else ()), (stage.event(4, "found", "later"),)


def _removed(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    return _Scene((stage.letter(),) if at < 5 else ()), (stage.event(5, "lost", "lost:removed"),)


def _restored(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    there = at < 4 or at >= 7
    told = (stage.event(4, "lost", "lost:removed"), stage.event(7, "restored"))
    return _Scene((stage.letter(),) if there else ()), told


def _anchor(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    old, new = stage.letter(), stage.letter(anchor=f"another letter {stage.name}")
    event = stage.event(6, "anchor-changed", before=old.anchor, after=new.anchor)
    return _Scene((old if at < 6 else new,)), (event,)


def _rel(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    letter = stage.letter(rel="" if at < 4 else "nofollow")
    return _Scene((letter,)), (stage.event(4, "rel-changed", before="", after="nofollow"),)


def _placement(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    letter = stage.letter(zone="content" if at < 7 else "footer")
    return _Scene((letter,)), (stage.event(7, "placement-changed", before="content", after="footer"),)


def _target(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    old, new = stage.targets
    event = stage.event(5, "target-changed", before=old, after=new)
    return _Scene((stage.letter(target=old if at < 5 else new),)), (event, replace(event, target=new))


def _moved(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    letter = (stage.letter(),)
    event = stage.event(6, "moved", before=stage.page.url, after=stage.other.url)
    scene = _Scene(letter) if at < 6 else _Scene(elsewhere=letter)
    return scene, (replace(event, source=stage.other.url),)


def _gone(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, status=410) if at >= 6 else None
    return _Scene((stage.letter(),), page), (stage.of_page(6, "lost", "lost:page-gone"),)


def _busy(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, status=503) if at == 5 else None
    told = (stage.of_page(5, "unreachable", "http:status"), stage.of_page(6, "rechecked", None))
    return _Scene((stage.letter(),), page), told


def _broken(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, status=503) if at >= 4 else None
    told = (stage.of_page(4, "unreachable", "http:status"), stage.of_page(6, "lost", "lost:page-error"))
    return _Scene((stage.letter(),), page), told


def _noindex(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, robots="noindex") if 4 <= at < 8 else None
    return _Scene((stage.letter(),), page), (
        stage.of_page(4, "lost", "lost:noindex"),
        stage.of_page(8, "restored", None),
    )


def _canonical(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, to=stage.other.url) if at >= 6 else None
    return _Scene((stage.letter(),), page), (stage.of_page(6, "lost", "lost:canonical"),)


def _redirected(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = replace(stage.page, status=301, to=stage.other.url) if at >= 7 else None
    return _Scene((stage.letter(),), page), (stage.of_page(7, "lost", "lost:redirected"),)


def _redirect_lost(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = DemoPage(host=stage.page.host, path=f"/go/{stage.name}", layout="letters", title="A way out")
    if at < 5:
        page = replace(page, status=302, to=stage.targets[0])
    way = Letter(page.url, f"way out {stage.name}", story=stage.name)
    lost = replace(stage.event(5, "lost", "lost:redirect"), source=page.url)
    return _Scene(elsewhere=(way,), new=page), (lost, PlannedEvent(5, "found", "later", page.url, EVERY_LINK))


def _blocked(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    told = (stage.of_page(5, "blocked", "robots:disallowed"), stage.of_page(7, "rechecked", None))
    return _Scene((stage.letter(),), disallow=at in (5, 6)), told


def _new_page(stage: _Stage, at: int) -> tuple[_Scene, tuple[PlannedEvent, ...]]:
    page = DemoPage(host=stage.page.host, path=f"/letters/{stage.name}", layout="letters", title="New letters")
    way = Letter(page.url, f"new letters {stage.name}", story=stage.name)
    found = PlannedEvent(4, "found", "with-page", page.url, EVERY_LINK)
    return (_Scene((stage.letter(),), elsewhere=(way,), new=page) if at >= 4 else _Scene()), (found,)


STORIES: dict[str, Story] = {
    "steady": _steady,
    "later": _later,
    "removed": _removed,
    "restored": _restored,
    "anchor": _anchor,
    "rel": _rel,
    "placement": _placement,
    "target": _target,
    "moved": _moved,
    "gone": _gone,
    "busy": _busy,
    "broken": _broken,
    "noindex": _noindex,
    "canonical": _canonical,
    "redirected": _redirected,
    "redirect-lost": _redirect_lost,
    "blocked": _blocked,
    "new-page": _new_page,
}
"""What can become of a link, each told once by every cast."""


class Rounds:
    """The stories of one world, in one round; round 0 has none."""

    def __init__(self, world: World, number: int) -> None:
        self.number = number
        self._stages = list(_stages(world)) if number else []
        self.letters: dict[str, list[Letter]] = {}
        """By the URL of the page that they stand on."""
        self.pages: dict[str, dict[str, DemoPage]] = {}
        """Pages that differ from the plan, by host and path."""
        self._disallowed: dict[str, list[str]] = {}
        for stage in self._stages:
            scene, _ = STORIES[stage.name.partition("-of-")[0]](stage, number)
            self._show(stage, scene)

    def _show(self, stage: _Stage, scene: _Scene) -> None:
        own = stage.page if scene.new is None else scene.new
        self.letters.setdefault(own.url, []).extend(scene.letters)
        self.letters.setdefault(stage.other.url, []).extend(scene.elsewhere)
        for page in (scene.page, scene.new):
            if page is not None:
                self.pages.setdefault(page.host, {})[page.path] = page
        if scene.disallow:
            self._disallowed.setdefault(own.host, []).append(own.path)

    def site(self, site: Site) -> Site:
        """Return a site as its robots.txt of this round sees it."""
        more = self._disallowed.get(site.host, ())
        return replace(site, disallow=(*site.disallow, *more)) if more else site

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The blogs on which stories are played, the first cast's first."""
        return tuple(dict.fromkeys(stage.page.host for stage in self._stages))

    def events(self) -> list[PlannedEvent]:
        """Return what a history of all rounds must tell, in the order of the rounds."""
        told = [event for stage in self._stages for event in STORIES[stage.name.partition("-of-")[0]](stage, 0)[1]]
        return sorted(told, key=lambda event: event.round)


def _stages(world: World) -> Iterator[_Stage]:
    blogs = [site for site in world.genre("blog") if site.language == "en" and site.robots in ("sitemap", "open")]
    liked = [site for site in world.genre("magazine") if site.robots != "failing"]
    for cast in range(len(blogs) // CAST_HOSTS):
        hosts = blogs[cast * CAST_HOSTS : (cast + 1) * CAST_HOSTS]
        for number, name in enumerate(STORIES):
            site = hosts[number % CAST_HOSTS]
            posts = world.of(site.host, "post")
            place = 2 + 2 * (number // CAST_HOSTS)
            first, second = (f"http://{liked[(number + step) % len(liked)].host}/" for step in (0, 5))
            yield _Stage(f"{name}-of-{cast}", posts[place], posts[place + 1], (first, second))

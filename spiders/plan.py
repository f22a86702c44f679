"""The arguments of a spider → what it is to do: seeds, scope and run. Refuses what cannot be used, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from scrapy.crawler import Crawler

from linkgraph.edges.lineage import Asked, choose, to_work_on
from linkgraph.edges.run import Run, run_name
from linkgraph.errors import UsageError
from linkgraph.frontier.revisit import RevisitRule
from linkgraph.frontier.scope import Scope
from linkgraph.frontier.seeds import Seeds, read_seeds


class Plan(NamedTuple):
    """What a spider is to do."""

    seeds: Seeds
    scope: Scope
    run: Run
    asked: Asked | None = None
    """The run whose pages are to be visited again."""


def whole_sites(crawler: Crawler, arguments: dict[str, Any]) -> Plan:
    """Return the plan of a crawl from `-a seeds=`.

    Raises:
        UsageError: an argument or setting cannot be used.
    """
    seeds = read_seeds(arguments["seeds"])
    return Plan(seeds, _scope(arguments, seeds, crawler.settings), *_run(crawler, arguments))


def given_run(crawler: Crawler, verb: str, name: str) -> Run:
    """Return the run of `LINKGRAPH_RUN`; else that of *verb* and *name* until it has ended, and then the next one."""
    root = Path(crawler.settings.get("LINKGRAPH_DATA") or "data")
    return Run(root, crawler.settings.get("LINKGRAPH_RUN") or to_work_on(root, f"{verb}-{run_name(name)}"))


def given_pages(crawler: Crawler, seeds: Seeds, run: Run) -> Plan:
    """Return the plan of a crawl that asks for its seeds and follows nothing but their redirects.

    Raises:
        UsageError: a setting cannot be used.
    """
    none = dict.fromkeys(("follow", "depth", "max_pages", "max_pages_per_domain"))
    return Plan(seeds, _scope({**none, "follow": "all", "depth": 0}, seeds, crawler.settings), run)


def due_of(arguments: dict[str, Any]) -> str:
    """Return `-a due=`.

    Raises:
        UsageError: neither now nor all.
    """
    due = arguments["due"] or "now"
    if due not in ("now", "all"):
        raise UsageError(f"-a due={due}: give now (the pages that are due) or all")
    return str(due)


def _scope(arguments: dict[str, Any], seeds: Seeds, settings: Any) -> Scope:
    follow = arguments["follow"] or "seeds"
    if follow not in ("seeds", "all"):
        raise UsageError(f"-a follow={follow}: give seeds (their domains only) or all")
    return Scope(
        follow=follow,
        domains=frozenset(seed.domain for seed in seeds.urls),
        depth=_number(arguments, "depth", 0),
        max_pages=_number(arguments, "max_pages", 1),
        max_pages_per_domain=_number(arguments, "max_pages_per_domain", 1),
        follow_nofollow=settings.getbool("LINKGRAPH_FOLLOW_NOFOLLOW"),
        max_pages_per_host=_limit(settings, "LINKGRAPH_MAX_PAGES_PER_HOST"),
        pattern_pages=_limit(settings, "LINKGRAPH_PATTERN_PAGES"),
        max_hosts_per_domain=_limit(settings, "LINKGRAPH_MAX_HOSTS_PER_DOMAIN"),
    )


def _limit(settings: Any, name: str) -> int:
    try:
        limit = int(settings.get(name, 0))
    except (TypeError, ValueError):
        limit = -1
    if limit < 0:
        raise UsageError(f"{name}={settings.get(name)}: give a whole number, 0 for no limit")
    return limit


def _number(arguments: dict[str, Any], name: str, least: int) -> int | None:
    value = arguments[name]
    if value in (None, ""):
        return None
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if number < least:
        raise UsageError(f"-a {name}={value}: give a whole number from {least}, or leave it out for no limit")
    return number


def _run(crawler: Crawler, arguments: dict[str, Any]) -> tuple[Run, Asked | None]:
    root = Path(crawler.settings.get("LINKGRAPH_DATA") or "data")
    name, by_seeds = crawler.settings.get("LINKGRAPH_RUN") or "", run_name(str(arguments["seeds"]))
    due = due_of(arguments)
    if not arguments["revisit"]:
        return Run(root, name or by_seeds), None
    name, earlier = choose(root, name, by_seeds, arguments["revisit"])
    return Run(root, name), Asked(earlier, _rule(crawler), every=due == "all")


def _rule(crawler: Crawler) -> RevisitRule:
    names = [f"LINKGRAPH_REVISIT_{name}" for name in ("FIRST", "LEAST", "MOST")]
    try:
        return RevisitRule(*(crawler.settings.getfloat(name) for name in names))
    except ValueError as error:
        raise UsageError(f"{', '.join(names)}: {error}; give days") from error

"""The demo web as a committed run, and what its plan says of owners, mirrors and kinds of link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

from linkgraph.demo import DemoWeb
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.extract import extract
from linkgraph.urls import registrable_domain

CALLED = {
    "editorial": {"editorial"}, "dead": {"editorial"}, "guest": {"placed"}, "sponsored": {"paid"},
    "affiliate": {"paid"}, "ugc": {"ugc"}, "hostile": {"ugc"}, "reference": {"ugc"}, "profile": {"profile"},
    "bio": {"profile"}, "directory": {"directory"}, "blogroll": {"editorial", "reciprocal"}, "footer": {"boilerplate"},
    "farm": {"owner"}, "owner": {"owner"}, "mirror": {"syndicated"},
}  # fmt: skip
"""Planting → the acquisitions that are right for it. Other plantings are no backlinks."""

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)

Pairs = set[frozenset[str]]


def observe(web: DemoWeb, root: Path, genres: Collection[str] = (), hosts: Collection[str] = ()) -> int:
    """Commit every HTML page of *web*, or of sites of some genres and hosts, as one run; return how many."""
    genre_of = {site.host: site.genre for site in web.sites}
    segment, pages = Segment(), 0
    for truth in web.truth.html_pages():
        if genres and genre_of[truth.page.host] not in genres and truth.page.host not in hosts:
            continue
        answer = web.write(truth.page.host, truth.page.path).answer
        page, links = extract(truth.url, dict(answer.headers), answer.body)
        segment.add(replace(page, fetched_at=MOMENT), links)
        pages += 1
    run = Run(root, "planted")
    run.create()
    commit(run, 1, segment, "")
    return pages


def owned(web: DemoWeb) -> Pairs:
    """Return the pairs of domains that one owner runs: by shared ids, and the whole farm with its money site."""
    groups: dict[str, set[str]] = {}
    for site in web.sites:
        owner = "farm" if site.genre in ("farm", "money") else site.owner
        if owner:
            groups.setdefault(owner, set()).add(registrable_domain(site.host))
    return pairs_of(groups.values())


def mirrored(web: DemoWeb) -> Pairs:
    """Return the pairs of a mirror and what it copies, and of two mirrors of the same."""
    groups: dict[str, set[str]] = {}
    for site in web.sites:
        if site.genre == "mirror":
            groups.setdefault(site.of, {site.of}).add(site.host)
    return pairs_of(groups.values())


def pairs_of(groups: Iterable[Collection[str]]) -> Pairs:
    """Return every pair within a group."""
    return {frozenset(pair) for group in groups for pair in combinations(sorted(group), 2)}


@dataclass(frozen=True)
class Counts:
    """Pairs that were found, against those that were planted."""

    right: int
    wrong: int
    missed: int

    @classmethod
    def of(cls, found: Pairs, truth: Pairs) -> Counts:
        return cls(len(found & truth), len(found - truth), len(truth - found))

    def __str__(self) -> str:
        precision, recall = self.right / max(self.right + self.wrong, 1), self.right / max(self.right + self.missed, 1)
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"{counts}; precision {precision:.3f}, recall {recall:.3f}"


def called(web: DemoWeb, rows: Iterable[dict]) -> dict[str, Counter[str]]:
    """Return for each planting of `CALLED` how often its links were called what; rows of the links table."""
    planted = {(one.source, one.target, one.anchor or (one.alt or "")): one.planting for one in web.truth.links}
    found: dict[str, Counter[str]] = {planting: Counter() for planting in CALLED}
    for row in rows:
        planting = planted.get((row["src_url"], row["dst_url"], row["anchor"] or (row["alt"] or "")))
        if planting in CALLED and row["kind"] == "a" and row["src_domain"] != row["dst_domain"]:
            found[planting][row["acquisition"]] += 1
    return found

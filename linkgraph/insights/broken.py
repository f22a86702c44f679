"""What was seen of the targets of links → which of them are broken, and which pages link to those.

Promises a state only for what was asked for, and `soft-404` only where the same host answered an address that cannot be
there in the same way. Refuses nothing: a target that nobody visited is not in the table.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.edges.dataset import Snapshot
from linkgraph.edges.targets import linked, probe_of
from linkgraph.edges.verified import landing
from linkgraph.frontier.revisit import SAME_DOCUMENT_BITS
from linkgraph.frontier.scope import MAX_REDIRECTS
from linkgraph.insights.dataset import Dataset
from linkgraph.model import CONCLUSIVE_OUTCOMES, GONE_STATUSES, is_blocked
from linkgraph.urls import domain_of, split

TARGET_STATES: dict[str, str] = {
    "live": "it answers with a page of its own",
    "redirected": "it leads to a page of another address that answers",
    "gone": "404 or 410",
    "error": "another error status",
    "unreachable": "no answer: no such name, no connection, no valid certificate",
    "soft-404": "its host answers every address in the same way, also one that cannot be there",
    "parked": "its title, or where it leads, is that of a domain that is for sale",
    "blocked": "robots.txt, the address guard or the deny-list keeps us from it",
}
"""What is known of the target of a link."""

BROKEN = ("gone", "error", "unreachable", "soft-404", "parked")
"""States of a target that a reader gets nothing of."""

TARGETS: pa.Schema = pa.schema(
    [
        pa.field("dst_url", pa.string(), nullable=False),
        pa.field("dst_domain", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("dst_status", pa.int16()),
        pa.field("reason", pa.string()),
        pa.field("final_url", pa.string()),
        pa.field("referring_domains", pa.int64()),
        pa.field("referring_pages", pa.int64()),
        pa.field("pages", pa.list_(pa.string())),
        pa.field("anchors", pa.list_(pa.string())),
        pa.field("checked_at", pa.timestamp("ms", tz="UTC")),
    ]
)
"""One row a target. `pages` are up to `SHOWN` of those that link to it, `anchors` the link's words on each."""

SHOWN = 20

_COLUMNS = ("url", "host", "fetched_at", "status", "outcome", "outcome_reason", "redirect_to", "title", "simhash")

Row = Mapping[str, Any]


def targets(
    dataset: Dataset, *, source: str | None = None, target: str | None = None, states: Iterable[str] = BROKEN
) -> pa.Table:
    """Return the checked targets of links from other domains, those with most referring domains first; see `TARGETS`.

    Args:
        dataset: the raw tables are read; no build is needed.
        source: only targets that pages of this domain, host or URL link to.
        target: only targets of this domain or host, or this URL.
        states: of `TARGET_STATES`.

    Raises:
        UsageError: *source* or *target* is no domain, host or URL.
    """
    live = dataset.snapshot
    links = _links(live, source, target)
    known = _Pages.read(live, links)
    wanted = frozenset(states)
    rows = [row for url in links if (row := known.row(url, links[url])) and row["state"] in wanted]
    rows.sort(key=lambda row: (-row["referring_domains"], -row["referring_pages"], row["dst_url"]))
    return pa.Table.from_pylist(rows, schema=TARGETS)


def _links(live: Snapshot, source: str | None, target: str | None) -> dict[str, dict[str, str]]:
    """Return for each target the pages that link to it, with the words of the link."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    columns = ["dst_url", "src_url", "anchor", "alt"]
    for batch in live.edges().to_batches(columns=columns, filter=linked(source, target)):
        values = (batch.column(name).to_pylist() for name in columns)
        for to, page, anchor, alt in zip(*values, strict=True):
            found[to].setdefault(page, anchor or alt or "")
    return found


@dataclass(frozen=True, slots=True)
class _Pages:
    """The newest row of the targets, of where they lead, and of the probes of their hosts."""

    rows: dict[str, Row]
    services: dict[str, set[str]]
    """Parking services that a page links to."""

    @classmethod
    def read(cls, live: Snapshot, urls: Iterable[str]) -> _Pages:
        rows: dict[str, Row] = {}
        wanted = {one for url in urls for one in (url, probe_of(url))}
        for _ in range(MAX_REDIRECTS + 1):
            newest = _newest(live, wanted)
            rows.update(newest)
            ends = {row["redirect_to"] for row in newest.values() if row["redirect_to"]}
            wanted = {one for url in ends for one in (url, probe_of(url))} - rows.keys()
            if not wanted:
                break
        return cls(rows, _services(live, rows))

    def row(self, url: str, links: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the row of one target; None where nobody asked for it."""
        page = self.rows.get(url)
        if page is None:
            return None
        end = landing(self.rows, url)
        pages = sorted(links)[:SHOWN]
        return {
            "dst_url": url,
            "dst_domain": domain_of(url),
            "state": self._state(url, end),
            "dst_status": page["status"],
            "reason": self.rows.get(end, page)["outcome_reason"],
            "final_url": None if end == url else end,
            "referring_domains": len(set(map(domain_of, links))),
            "referring_pages": len(links),
            "pages": pages,
            "anchors": [links[one] for one in pages],
            "checked_at": page["fetched_at"],
        }

    def _state(self, url: str, end: str) -> str:
        page = self.rows.get(end)
        if self._is_parked(end, page):
            return "parked"
        if page is None:  # it redirects to what nobody asked for
            return "redirected"
        if page["outcome"] in CONCLUSIVE_OUTCOMES:
            found = "live" if end == url else "redirected"
            return "soft-404" if self._is_soft_404(url, end, page) else found
        return _without_page(page)

    def _is_parked(self, end: str, page: Row | None) -> bool:
        known = _parking()
        if domain_of(end) in known.services:
            return True
        title = (page["title"] or "").lower() if page else ""
        return any(phrase in title for phrase in known.phrases) or bool(self.services.get(end))

    def _is_soft_404(self, url: str, end: str, page: Row) -> bool:
        """Tell whether a host answers an address that cannot be there as it answers *url*.

        Bar-Yossef, Broder, Kumar and Tomkins, "Sic Transit Gloria Telae", WWW 2004: ask the host for a random name, and
        compare. A front page is there, whatever its host answers to other names.
        """
        if url.split("/", 3)[3] == "":
            return False
        probe = probe_of(url)
        probed = landing(self.rows, probe)
        answer = self.rows.get(probed)
        if answer is None or answer["outcome"] not in CONCLUSIVE_OUTCOMES:
            return False
        if probed == end:
            return True
        if answer["simhash"] is None or page["simhash"] is None:
            return False
        differ = ((answer["simhash"] ^ page["simhash"]) & 0xFFFFFFFFFFFFFFFF).bit_count()
        return split(probed).host == split(end).host and differ <= SAME_DOCUMENT_BITS  # type: ignore[union-attr]  # both were asked for


def _without_page(page: Row) -> str:
    if is_blocked(page["outcome"], page["outcome_reason"]):
        return "blocked"
    if page["status"] in GONE_STATUSES:
        return "gone"
    return "error" if page["status"] else "unreachable"


def _newest(live: Snapshot, urls: set[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    wanted = pc.field("url").isin(pa.array(sorted(urls), pa.string()))
    for batch in live.pages().to_batches(columns=list(_COLUMNS), filter=wanted):
        for row in batch.to_pylist():
            before = found.get(row["url"])
            if before is None or before["fetched_at"] <= row["fetched_at"]:
                found[row["url"]] = row
    return found


def _services(live: Snapshot, urls: Iterable[str]) -> dict[str, set[str]]:
    known = pa.array(sorted(_parking().services))
    wanted = pc.field("dst_domain").isin(known) & pc.field("src_url").isin(pa.array(sorted(urls), pa.string()))
    found: dict[str, set[str]] = defaultdict(set)
    for batch in live.edges().to_batches(columns=["src_url", "dst_domain", "kind"], filter=wanted):
        for row in batch.to_pylist():
            if row["kind"] in ("iframe", "frame", "refresh"):  # a link in the text of a page is no sign
                found[row["src_url"]].add(row["dst_domain"])
    return found


@dataclass(frozen=True, slots=True)
class _Parking:
    phrases: tuple[str, ...]
    services: frozenset[str]


@cache
def _parking() -> _Parking:
    with (Path(__file__).parent / "parked.toml").open("rb") as file:
        read = tomllib.load(file)
    return _Parking(tuple(read["phrases"]), frozenset(read["services"]))

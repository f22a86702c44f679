"""Claims and what a run saw of their pages → what became of each claim.

Promises a row a claim, in their order, also where its page was not asked for yet; and that only an answer that was read
to its end makes a link removed. Redirects of the page are followed through the rows of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkgraph.edges.claims import Claim
from linkgraph.edges.log import live_files
from linkgraph.edges.run import Run
from linkgraph.frontier.scope import MAX_REDIRECTS
from linkgraph.model import CONCLUSIVE_OUTCOMES, GONE_STATUSES, PARTIAL_REASONS, is_blocked
from linkgraph.urls import domain_of

VERDICTS: dict[str, str] = {
    "live": "the page holds the link as claimed",
    "changed": "the page holds it with another anchor, rel or target, or it redirects to one that holds it",
    "removed": "the page does not hold it, is gone, or redirects to one that does not",
    "unreachable": "no answer, an error, or an answer that was not read to its end",
    "blocked": "robots.txt, the address guard or the deny-list keeps us from the page",
    "pending": "not asked for yet: the run was interrupted; the same command goes on",
}
"""What a check says of a claimed link."""

VERIFIED: pa.Schema = pa.schema(
    [
        pa.field("src_url", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("before", pa.string()),
        pa.field("after", pa.string()),
        pa.field("dst_url", pa.string()),
        pa.field("anchor", pa.string()),
        pa.field("rel", pa.string()),
        pa.field("nofollow", pa.bool_()),
        pa.field("checked_at", pa.timestamp("ms", tz="UTC")),
        pa.field("line", pa.int64()),
    ]
)
"""One row a claim: the link as it was found, and what differs from the claim."""

_PAGE = ("url", "outcome", "outcome_reason", "status", "redirect_to", "truncated", "fetched_at")
_LINK = ("src_url", "dst_url", "dst_host", "dst_domain", "kind", "anchor", "alt", "rel", "nofollow")

Row = Mapping[str, Any]


def pages_of(run: Run, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return columns of each page that *run* committed, by URL; `url` is one of them."""
    tables = (pq.read_table(path, columns=list(columns), partitioning=None) for path in _files(run, "pages"))
    return {row["url"]: row for table in tables for row in table.to_pylist()}


def _files(run: Run, table: str) -> Iterator[Path]:
    return (run.root / file.path for file in live_files(run.log) if file.table == table)


def _links_of(run: Run, urls: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    wanted = pa.array(list(urls), pa.string())
    found: dict[str, list[dict[str, Any]]] = {}
    for path in _files(run, "edges"):
        table = pq.read_table(path, columns=list(_LINK), partitioning=None)
        for row in table.filter(pc.is_in(table["src_url"], wanted)).to_pylist():
            found.setdefault(row["src_url"], []).append(row)
    return found


def verified(run: Run, claims: Sequence[Claim]) -> pa.Table:
    """Return what *run* saw of each claim, as `VERIFIED`."""
    pages = pages_of(run, _PAGE)
    ends = {claim.page.url: landing(pages, claim.page.url) for claim in claims}
    links = _links_of(run, {url for url in ends.values() if url} | ends.keys())
    rows = [_judged(claim, pages, ends[claim.page.url], links) for claim in claims]
    return pa.Table.from_pylist(rows, schema=VERIFIED)


def save(run: Run, claims: Sequence[Claim]) -> Counter[str]:
    """Write what `verified` returns as `verified.parquet` into the run's folder; return how often each verdict came."""
    table = verified(run, claims)
    temporary = run.folder / ".verified.tmp"
    pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
    temporary.replace(run.folder / "verified.parquet")
    return Counter(table["verdict"].to_pylist())


def landing(pages: Mapping[str, Row], url: str) -> str:
    """Return where *url* leads to by the redirects that *pages* tell of, by URL; itself where it is no redirect."""
    for _ in range(MAX_REDIRECTS):
        target = pages.get(url, {}).get("redirect_to")
        if target is None:
            break
        url = target
    return url


def _judged(claim: Claim, pages: Mapping[str, Row], end: str, links: Mapping[str, list[dict[str, Any]]]) -> Row:
    page = pages.get(end)
    fixed = {"src_url": claim.page.url, "target": claim.target, "line": claim.line}
    # A page that redirects to the target is a link to it.
    found = _best(claim, [*links.get(claim.page.url, ()), *links.get(end, ())])
    if page is None and found is None:
        return {**fixed, "verdict": "pending"}
    fixed["checked_at"] = (page or pages[claim.page.url])["fetched_at"]
    if found is None:
        return {**fixed, **_absent(page or pages[claim.page.url], moved=end != claim.page.url)}
    before, after = _difference(claim, found)
    return {
        **fixed,
        "verdict": "live" if before == after else "changed",
        "before": None if before == after else before,
        "after": None if before == after else after,
        "dst_url": found["dst_url"],
        "anchor": _shown(found),
        "rel": " ".join(found["rel"]),
        "nofollow": found["nofollow"],
    }


def _absent(page: Row, *, moved: bool) -> dict[str, str | None]:
    reason, outcome = page["outcome_reason"], page["outcome"]
    if outcome == "failed" and page["status"] in GONE_STATUSES:
        return {"verdict": "removed", "reason": "lost:page-gone"}
    if is_blocked(outcome, reason):
        return {"verdict": "blocked", "reason": reason}
    read = outcome in CONCLUSIVE_OUTCOMES and not page["truncated"] and reason not in PARTIAL_REASONS
    if read:
        return {"verdict": "removed", "reason": "lost:redirected" if moved else "lost:removed"}
    return {"verdict": "unreachable", "reason": reason}


def _shown(link: Row) -> str:
    return link["anchor"] or link["alt"] or ""


def _best(claim: Claim, links: Sequence[Row]) -> Row | None:
    """Return the link that fits a claim best: to its target, or where there is none, to the same domain instead."""
    exact = [link for link in links if link[claim.column] == claim.target]
    if not exact and claim.column == "dst_url" and claim.anchor:
        exact = [
            link for link in links if _shown(link) == claim.anchor and link["dst_domain"] == domain_of(claim.target)
        ]
    return min(exact, key=lambda link: _distance(claim, link), default=None)


def _distance(claim: Claim, link: Row) -> tuple[bool, bool, bool]:
    return (
        link["src_url"] != claim.page.url,
        claim.anchor is not None and _shown(link) != claim.anchor,
        claim.rel is not None and " ".join(link["rel"]) != claim.rel,
    )


def _difference(claim: Claim, link: Row) -> tuple[str, str]:
    """Return what was claimed and what is found, of the first thing that differs; equal where nothing does."""
    pairs = [
        (claim.page.url, link["src_url"]),
        (claim.target, link[claim.column]),
        (claim.anchor, _shown(link)),
        (claim.rel, " ".join(link["rel"])),
    ]
    return next(((old, new) for old, new in pairs if old is not None and old != new), ("", ""))

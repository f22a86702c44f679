"""Redirects, meta refreshes and canonicals → where the votes for a URL land.

A URL's own statement moves the votes for it: what its newest fetch said counts, a redirect before a refresh before a
canonical. Promises chains of at most `policy.max_hops`, and that a URL whose chain runs into a circle keeps its votes.
Refuses to believe a canonical that names another domain unless that page was fetched too and is the same document:
otherwise one injected line would give a site's votes away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.scan import Scan, Where, among, decoded, ids_of, mask, utf8
from linkgraph.graph.intern import Interner
from linkgraph.graph.policy import VotePolicy
from linkgraph.model import CONCLUSIVE_OUTCOMES

_STATED = ("src_url", "src_domain", "dst_url", "dst_host", "dst_domain", "observed_at")
_STATEMENTS = pa.schema(
    [
        *((name, pa.string()) for name in _STATED[:-1]),
        ("observed_at", pa.timestamp("ms", "UTC")),
        ("strength", pa.int8()),
    ]
)
_TARGETS = ["url", "host", "domain", "src_url", "src_domain"]
_FETCHED = ("url", "fetched_at", "outcome", "content_digest", "simhash")

SAME_DOCUMENT_BITS = 3
"""Bits in which the 64-bit simhashes of one document may differ (Manku, Jain and Sarma, WWW 2007)."""


@dataclass(frozen=True, slots=True)
class Folds:
    """Where the votes for some URLs land."""

    keys: Interner
    """The URLs whose votes land elsewhere; id i goes to row i of `targets`."""
    targets: pa.RecordBatch
    """Columns url, host, domain: where they land; src_url and src_domain: what they leave."""

    def land(self, links: pa.RecordBatch) -> NDArray[np.int32]:
        """Return for each link the row of `targets` where its votes land, -1 where they stay; shape (n,).

        Args:
            links: rows of the edges table, with `dst_url` where there are keys.
        """
        if not len(self.keys):
            return np.full(len(links), -1, np.int32)
        return ids_of(self.keys.find, links.column("dst_url"))

    def foreign(self) -> pa.RecordBatch:
        """Return the rows of `targets` that take votes from one domain to another."""
        apart = pc.not_equal(self.targets.column("domain"), self.targets.column("src_domain"))
        return self.targets.filter(apart)


def _says_canonical(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    rel = batch.column("rel")
    tokens = np.flatnonzero(among(rel.flatten(), ("canonical",)))
    rows = rel.value_parent_indices().to_numpy()[tokens]
    said = np.zeros(len(batch), bool)
    said[rows] = True
    return said


def _strength(links: pa.RecordBatch, policy: VotePolicy) -> NDArray[np.int8]:
    """Return the place of each row's kind in the policy, 0 the strongest, -1 for a row that states no fold."""
    kind, strength = links.column("kind"), np.full(len(links), -1, np.int8)
    for place, fold in enumerate(policy.folds):
        if fold != "canonical":
            strength[among(kind, [fold])] = place
        elif (linked := among(kind, ["link"])).any():
            strength[linked & _says_canonical(links)] = place
    return strength


def _statements(edges: Scan, policy: VotePolicy) -> Iterator[pa.Table]:
    """Yield the rows that state a fold, with their `strength`."""
    where = Where(("kind", "rel"), lambda links: _strength(links, policy) >= 0)
    for batch in edges.batches((*_STATED, *where.columns), where):
        stated = [decoded(batch.column(name)) for name in _STATED]
        elsewhere = pc.not_equal(stated[_STATED.index("src_url")], stated[_STATED.index("dst_url")])
        strength = pa.array(_strength(batch, policy))
        yield pa.Table.from_arrays([*stated, strength], schema=_STATEMENTS).filter(elsewhere)


def _first_of_each(table: pa.Table, column: str) -> pa.Table:
    """Return the first row of each run of equal values in a sorted table."""
    values = table.column(column).combine_chunks()
    fresh = np.ones(len(values), bool)
    fresh[1:] = mask(pc.not_equal(values[1:], values[:-1]))
    return table.filter(pa.array(fresh))


def _newest_statements(edges: Scan, policy: VotePolicy) -> pa.Table:
    stated = pa.concat_tables([_STATEMENTS.empty_table(), *_statements(edges, policy)])
    order = [
        ("src_url", "ascending"),
        ("observed_at", "descending"),
        ("strength", "ascending"),
        ("dst_url", "ascending"),
    ]
    return _first_of_each(stated.sort_by(order), "src_url")


@dataclass(frozen=True, slots=True)
class _Fetches:
    """The newest fetch of each URL that matters."""

    urls: Interner
    moment: NDArray[np.int64]
    """Milliseconds since 1970; the smallest int64 where the URL was never fetched."""
    digest: NDArray[np.int64]
    """Code of the content digest; -1 for none."""
    simhash: NDArray[np.uint64]
    has_simhash: NDArray[np.bool_]


def _newest_fetches(pages: Scan, urls: Interner) -> _Fetches:
    found = []
    for batch in pages.batches(_FETCHED):
        node = urls.find(*utf8(batch.column("url")))
        kept = (node >= 0) & among(batch.column("outcome"), CONCLUSIVE_OUTCOMES)
        rows = pa.Table.from_batches([batch.filter(pa.array(kept))]).drop_columns(["url", "outcome"])
        found.append(rows.append_column("node", pa.array(node[kept])))
    count = len(urls)
    newest = _Fetches(
        urls,
        np.full(count, np.iinfo(np.int64).min),
        np.full(count, -1),
        np.zeros(count, np.uint64),
        np.zeros(count, bool),
    )
    if found:
        order = [("node", "ascending"), ("fetched_at", "descending")]
        _fill_in(newest, _first_of_each(pa.concat_tables(found).sort_by(order), "node"))
    return newest


def _fill_in(newest: _Fetches, rows: pa.Table) -> None:
    node = rows.column("node").to_numpy()
    newest.moment[node] = rows.column("fetched_at").cast(pa.int64()).to_numpy()
    digest = rows.column("content_digest").combine_chunks().dictionary_encode()
    newest.digest[node] = pc.fill_null(digest.indices, -1).to_numpy()
    simhash = rows.column("simhash").combine_chunks().cast(pa.int64())
    newest.simhash[node] = pc.fill_null(simhash, 0).to_numpy().view(np.uint64)
    newest.has_simhash[node] = mask(pc.is_valid(simhash))


def _believed(stated: pa.Table, pages: Scan, policy: VotePolicy) -> pa.Table:
    """Drop statements that a later fetch did not repeat, and foreign canonicals of another document."""
    urls = Interner()
    source = urls.add(*utf8(stated.column("src_url").combine_chunks()))
    target = urls.add(*utf8(stated.column("dst_url").combine_chunks()))
    fetches = _newest_fetches(pages, urls)
    current = fetches.moment[source] <= stated.column("observed_at").cast(pa.int64()).to_numpy()
    same_bytes = (fetches.digest[source] >= 0) & (fetches.digest[source] == fetches.digest[target])
    apart = np.bitwise_count(fetches.simhash[source] ^ fetches.simhash[target])
    alike = fetches.has_simhash[source] & fetches.has_simhash[target] & (apart <= SAME_DOCUMENT_BITS)
    canonical = np.array([fold == "canonical" for fold in policy.folds])[stated.column("strength").to_numpy()]
    foreign = mask(pc.not_equal(stated.column("src_domain"), stated.column("dst_domain")).combine_chunks())
    return stated.filter(pa.array(current & (~(canonical & foreign) | same_bytes | alike)))


def follow(step: NDArray[np.int32], max_hops: int) -> NDArray[np.int32]:
    """Return where each node is after at most *max_hops* steps; a node whose chain never ends stays where it is.

    Args:
        step: shape (n,), the next node of each; a node that is its own next node is an end.
        max_hops: steps taken at most.
    """
    nodes = np.arange(len(step), dtype=np.int32)
    end = step
    for _ in range(len(step).bit_length()):  # each round doubles the distance: more than n steps in all
        end = end[end]
    place = nodes
    for _ in range(max_hops):
        place = step[place]
    return np.where(step[end] == end, place, nodes)


def read_folds(edges: Scan, pages: Scan, policy: VotePolicy) -> Folds:
    """Return where the votes for URLs land under *policy*.

    Args:
        edges: rows of the edges table.
        pages: rows of the pages table, for what a later fetch said and whether two pages are one document.
        policy: which statements count, and how many in a row.
    """
    if not policy.folds:
        nowhere = [pa.array([], pa.string())] * len(_TARGETS)
        return Folds(Interner(), pa.RecordBatch.from_arrays(nowhere, names=_TARGETS))
    stated = _believed(_newest_statements(edges, policy), pages, policy)
    urls = Interner()
    source = urls.add(*utf8(stated.column("src_url").combine_chunks()))
    target = urls.add(*utf8(stated.column("dst_url").combine_chunks()))
    step = np.arange(len(urls), dtype=np.int32)
    step[source] = target
    landed = follow(step, policy.max_hops)[source]
    moved = landed != source
    # Wherever a chain lands, some statement names that URL as its target: that row has its host and domain.
    row_of = np.zeros(len(urls), np.int64)
    row_of[target] = np.arange(len(target))
    rows = pa.array(row_of[landed[moved]])
    lands = [stated.column(f"dst_{name}").combine_chunks().take(rows) for name in ("url", "host", "domain")]
    leaves = [stated.column(name).combine_chunks().filter(pa.array(moved)) for name in ("src_url", "src_domain")]
    keys = Interner()
    keys.add(*utf8(leaves[0]))
    return Folds(keys, pa.RecordBatch.from_arrays([*lands, *leaves], names=_TARGETS))


def folds_of(edges: Scan, pages: Scan, policies: Sequence[VotePolicy]) -> dict[str, Folds]:
    """Return the folds under each policy, by its name; policies that fold alike share them. See `read_folds`."""
    read: dict[tuple[tuple[str, ...], int], Folds] = {}
    found: dict[str, Folds] = {}
    for policy in policies:
        key = policy.folds, policy.max_hops
        if key not in read:
            read[key] = read_folds(edges, pages, policy)
        found[policy.name] = read[key]
    return found

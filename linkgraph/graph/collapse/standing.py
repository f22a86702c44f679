"""Pages of several runs → which of the links that were ever observed still stand.

A page's links are those of the last visit that told what the page is: what it no longer holds then, or all of them
where the server says that it is gone, do not stand; a time-out, a refusal, or an answer that was not read to its end
leaves them standing. Promises that links
of pages that nobody visited again stand. Memory grows with the pages of the runs, not with links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.scan import Scan, Where, among, ids_of, mask
from linkgraph.graph.intern import Interner
from linkgraph.model import CONCLUSIVE_OUTCOMES, GONE_STATUSES, PARTIAL_REASONS

_VISIT = ("url", "fetched_at", "outcome", "status", "outcome_reason", "truncated")


@dataclass(frozen=True, slots=True)
class Standing:
    """When each page was last seen as it is."""

    urls: Interner
    moment: NDArray[np.int64]
    """Milliseconds since 1970, page by page; empty where one run saw all pages, whose links all stand."""

    @classmethod
    def read(cls, pages: Scan) -> Standing:
        """Collect them from the pages table."""
        if len(_runs(pages)) < 2:
            return cls(Interner(), np.empty(0, np.int64))
        urls, moment = Interner(), np.full(1024, np.iinfo(np.int64).min)
        for whole in pages.batches(_VISIT):
            batch = whole.filter(pa.array(is_gone(whole) | (read_at_all(whole) & ~read_in_part(whole))))
            page = ids_of(urls.add, batch.column("url"))
            if len(urls) > len(moment):
                more = np.full(2 * len(urls) - len(moment), np.iinfo(np.int64).min)
                moment = np.concatenate([moment, more])
            np.maximum.at(moment, page, batch.column("fetched_at").cast(pa.int64()).to_numpy())
        return cls(urls, moment)

    def holds(self, page: pa.Array, moment: pa.Array) -> NDArray[np.bool_]:
        """Return which links stand; shape (n,).

        Args:
            page: `src_url` of each link.
            moment: `observed_at` of each link, or when it was last observed.
        """
        if not len(self.moment):
            return np.ones(len(page), bool)
        known = ids_of(self.urls.find, page)
        seen = moment.cast(pa.int64()).to_numpy()
        stands: NDArray[np.bool_] = (known < 0) | (seen >= self.moment[known])
        return stands


def is_gone(pages: pa.RecordBatch) -> NDArray[np.bool_]:
    """Return which rows of the pages table say that there is no such page; shape (n,)."""
    gone = mask(pc.is_in(pages.column("status"), pa.array(GONE_STATUSES, pa.int16())))
    return among(pages.column("outcome"), ("failed",)) & gone


def read_at_all(pages: pa.RecordBatch) -> NDArray[np.bool_]:
    """Return which rows of the pages table say what a page is; shape (n,)."""
    return among(pages.column("outcome"), CONCLUSIVE_OUTCOMES)


def read_in_part(pages: pa.RecordBatch) -> NDArray[np.bool_]:
    """Return which rows are of answers that were not read to their end: a link may stand in the rest; shape (n,)."""
    return among(pages.column("outcome_reason"), PARTIAL_REASONS) | mask(pages.column("truncated"))


def _runs(pages: Scan) -> set[str]:
    return {run for batch in pages.batches(("run",)) for run in batch.column("run").unique().to_pylist()}


@dataclass(frozen=True, slots=True)
class StandingScan:
    """The rows of the edges table that stand."""

    edges: Scan
    standing: Standing

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        """Yield them with these columns."""
        if not len(self.standing.moment):
            yield from self.edges.batches(columns, where)
            return
        for batch in self.edges.batches(list(dict.fromkeys([*columns, "src_url", "observed_at"])), where):
            standing = self.standing.holds(batch.column("src_url"), batch.column("observed_at"))
            yield batch.filter(pa.array(standing)).select(list(columns))

"""The pages tables of all runs → every check of every page: what the visit told of the links that stood there.

A check is a visit, or the lack of one in a run that visited the page's site. Promises 24 bytes a visit beside the
names of the pages. Refuses to take an error, a refusal or an answer that was cut for the absence of a link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import PairSet, unpacked
from linkgraph.graph.collapse.scan import Scan, among, decoded, ids_of, mask
from linkgraph.graph.collapse.standing import Standing, is_gone, read_at_all, read_in_part
from linkgraph.graph.intern import Interner

HELD, GONE, REDIRECTED, PARTIAL, ERROR, UNREACHABLE, BLOCKED, SKIPPED = range(8)
"""What a check tells. The page was read; it is gone; it redirects; it was read in part; it was not found for the third
time in a row; it did not answer; robots.txt forbids it; nobody asked for it."""

NOINDEX, CANONICAL = 1, 2
"""Bits of `flags`: the page asks not to be indexed; it names another page as canonical."""

ERRORS = 3
"""Visits in a row without a page, after which its links count as lost: one is a bad hour, two a bad day."""

_COLUMNS = (
    "url", "domain", "fetched_at", "status", "outcome", "outcome_reason", "truncated", "noindex", "canonical_url",
    "redirect_to", "run",
)  # fmt: skip


class Check(NamedTuple):
    """Columns of some checks, each of shape (n,)."""

    page: NDArray[np.int32]
    moment: NDArray[np.int64]
    """Milliseconds since 1970."""
    run: NDArray[np.int32]
    verdict: NDArray[np.int8]
    reason: NDArray[np.int32]
    """Code of the outcome's reason in `Checks.reasons`; -1 for none."""
    flags: NDArray[np.int8]

    def take(self, order: NDArray[np.int64]) -> Check:
        """Return the checks at some places."""
        columns: list[NDArray[Any]] = [column[order] for column in self]
        return Check(*columns)

    @classmethod
    def joined(cls, parts: Sequence[Check]) -> Check:
        """Return all checks of several parts."""
        columns: list[NDArray[Any]] = [np.concatenate(column) for column in zip(_NONE, *parts, strict=True)]
        return cls(*columns)

    @classmethod
    def alike(cls, page: NDArray[np.int32], moment: NDArray[np.int64], run: int, verdict: int) -> Check:
        """Return checks of one run that tell the same, without reason or flags."""
        n = len(page)
        return cls(
            page,
            moment,
            np.full(n, run, np.int32),
            np.full(n, verdict, np.int8),
            np.full(n, -1, np.int32),
            np.zeros(n, np.int8),
        )


_NONE = Check.alike(np.empty(0, np.int32), np.empty(0, np.int64), -1, SKIPPED)


@dataclass
class Checks:
    """Every visit of every page, and what each run visited."""

    urls: Interner = field(default_factory=Interner)
    reasons: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    visits: Check = _NONE
    """Sorted by page and moment."""
    begins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    """Shape (pages + 1,): where the visits of each page begin."""
    domains: Interner = field(default_factory=Interner)
    covers: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))
    """Shape (runs, domains): which sites each run visited, or was to visit again."""

    @classmethod
    def read(
        cls, pages: Scan, revisits: Mapping[str, str] | None = None, narrow: AbstractSet[str] = frozenset()
    ) -> Checks:
        """Collect them from the pages table.

        Args:
            pages: the rows of every run, moments lifted where a clock had gone back.
            revisits: for each run that visits another one again, the name of that one.
            narrow: the runs that asked for given pages alone; what they did not visit is not theirs to miss.
        """
        found = cls()
        parts, seen = [], PairSet()
        for batch in pages.batches(_COLUMNS):
            part, domain = found._take(batch)
            parts.append(part)
            seen.add(part.run, domain)
        visits = _with_errors(Check.joined(parts))
        begins = np.searchsorted(visits.page, np.arange(len(found.urls) + 1))
        covers = np.zeros((len(found.runs), len(found.domains)), bool)
        run, domain = unpacked(seen.pairs())
        covers[run, domain] = np.array([name not in narrow for name in found.runs], bool)[run]
        found.visits, found.begins, found.covers = visits, begins, covers
        found._inherit(revisits or {})
        return found

    def _take(self, batch: pa.RecordBatch) -> tuple[Check, NDArray[np.int32]]:
        page = ids_of(self.urls.add, batch.column("url"))
        run = _codes(batch.column("run"), self.runs)
        reason = _codes(batch.column("outcome_reason"), self.reasons)
        moment = batch.column("fetched_at").cast(pa.int64()).to_numpy()
        check = Check(page, moment, run, _verdicts(batch), reason, _flags(batch))
        return check, ids_of(self.domains.add, batch.column("domain"))

    def _inherit(self, revisits: Mapping[str, str]) -> None:
        """Let a run that visits another one again cover what that one covered, reached or not."""
        number = {name: at for at, name in enumerate(self.runs)}
        for name in self.runs:
            seen, earlier = {name}, revisits.get(name)
            while earlier is not None and earlier not in seen:
                if earlier in number:
                    self.covers[number[name]] |= self.covers[number[earlier]]
                seen.add(earlier)
                earlier = revisits.get(earlier)

    @property
    def ends(self) -> NDArray[np.int64]:
        """The last moment of each run; shape (runs,)."""
        ends = np.full(len(self.runs), np.iinfo(np.int64).min)
        np.maximum.at(ends, self.visits.run, self.visits.moment)
        return ends

    def standing(self) -> Standing:
        """Return when each page was last seen as it is."""
        if len(self.runs) < 2:
            return Standing(Interner(), np.empty(0, np.int64))
        told = np.isin(self.visits.verdict, (HELD, GONE, REDIRECTED))
        moment = np.full(len(self.urls), np.iinfo(np.int64).min)
        np.maximum.at(moment, self.visits.page[told], self.visits.moment[told])
        return Standing(self.urls, moment)

    def of_pages(self, urls: pa.Array, domains: pa.Array) -> Check:
        """Return the checks of some pages, skipped ones too, sorted by page and moment; `page` is the place in *urls*.

        Args:
            urls: pages, each once.
            domains: their registrable domains.
        """
        known = ids_of(self.urls.find, urls)
        at = np.flatnonzero(known >= 0)
        begins, counts = self.begins[known[at]], np.diff(self.begins)[known[at]]
        visits = self.visits.take(ranges(begins, counts))._replace(page=np.repeat(at, counts).astype(np.int32))
        whole = Check.joined([visits, self._skipped(visits, domains)])
        return whole.take(np.lexsort((whole.moment, whole.page)))

    def _skipped(self, visits: Check, domains: pa.Array) -> Check:
        site = ids_of(self.domains.find, domains)
        parts, ends = [], self.ends
        for run in range(len(self.runs)):
            asked = np.zeros(len(site), bool)
            asked[visits.page[visits.run == run]] = True
            missed = np.flatnonzero((site >= 0) & self.covers[run][site] & ~asked).astype(np.int32)
            parts.append(Check.alike(missed, np.full(len(missed), ends[run]), run, SKIPPED))
        return Check.joined(parts)


def ranges(begins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return begin, begin + 1, ... of each range, one range after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - counts - begins, counts)


def _codes(column: pa.Array, words: list[str]) -> NDArray[np.int32]:
    """Return the place of each value in *words*, which grows; -1 for null."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    places = np.empty(len(encoded.dictionary) + 1, np.int32)
    places[-1] = -1
    for at, word in enumerate(encoded.dictionary.to_pylist()):
        if word not in words:
            words.append(word)
        places[at] = words.index(word)
    codes: NDArray[np.int32] = places[pc.fill_null(encoded.indices, -1).to_numpy()]
    return codes


def _verdicts(batch: pa.RecordBatch) -> NDArray[np.int8]:
    outcome, reason = batch.column("outcome"), batch.column("outcome_reason")
    told = read_at_all(batch)
    redirected = among(outcome, ("redirected",)) | ~pc.is_null(batch.column("redirect_to")).to_numpy(
        zero_copy_only=False
    )
    forbidden = among(outcome, ("refused-by-robots",)) & ~among(reason, ("robots:unreachable",))
    unasked = among(outcome, ("excluded", "refused-by-guard"))
    cases = [told & read_in_part(batch), told & redirected, told, is_gone(batch), forbidden, unasked]
    return np.select(cases, [PARTIAL, REDIRECTED, HELD, GONE, BLOCKED, SKIPPED], UNREACHABLE).astype(np.int8)


def _flags(batch: pa.RecordBatch) -> NDArray[np.int8]:
    elsewhere = mask(pc.not_equal(batch.column("canonical_url"), decoded(batch.column("url"))))
    return (mask(batch.column("noindex")) * NOINDEX + elsewhere * CANONICAL).astype(np.int8)


def _with_errors(visits: Check) -> Check:
    """Sort visits by page and moment, and mark the third visit in a row, and later ones, that found no page."""
    visits = visits.take(np.lexsort((visits.moment, visits.page)))
    failed = visits.verdict == UNREACHABLE
    neutral = np.isin(visits.verdict, (BLOCKED, SKIPPED))
    before = np.cumsum(failed)
    reset = ~failed & ~neutral
    reset |= np.diff(visits.page, prepend=-1) != 0
    base = np.maximum.accumulate(np.where(reset, before - failed * reset, 0))
    row = before - base
    visits.verdict[failed & (row >= ERRORS)] = ERROR
    return visits

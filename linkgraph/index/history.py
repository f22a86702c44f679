"""The visits of all runs → for each bucket of links, what became of them; and the events of the whole build.

Promises the columns of the links table and the rows of the events table from one and the same timeline. Where one run
saw all pages, every link is live and found with its page, without looking further.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.graph.collapse.standing import Standing
from linkgraph.index.checks import Checks
from linkgraph.index.events import EventLog, pairs_of
from linkgraph.index.states import first_moments, known_of, states, superseded


@dataclass(frozen=True, slots=True)
class Became:
    """What became of the links of one bucket, link by link."""

    columns: list[pa.Array]
    """Of `STATE_COLUMNS`."""
    first: NDArray[np.int64]
    """Milliseconds since 1970 at which each was first seen, in whatever form."""
    superseded: NDArray[np.bool_]
    """Which of them live on in another form."""


class History:
    """What became of the links of a build in the making.

    Args:
        checks: the visits of all pages.
        folder: a new folder for what does not fit into memory.
        buckets: of the build.
    """

    def __init__(self, checks: Checks, folder: Path, buckets: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.standing: Standing = checks.standing()
        self._checks = checks
        self._log = EventLog(folder, buckets, checks)

    def take(
        self, rows: pa.Table, page: NDArray[np.int64], link: NDArray[np.int64], within: NDArray[np.bool_]
    ) -> Became:
        """Return what became of the links of one bucket, and note what happened to them.

        Args:
            rows: edges in working form.
            page: number of the source page of each row, from 0 and without gaps.
            link: number of the link of each row, likewise.
            within: which rows stay within their domain.
        """
        known = known_of(rows, page, link, self._checks)
        inside = within[known.first]
        pairs = pairs_of(rows, known, inside)
        self._log.take(rows, known, pairs, inside)
        moment = rows["observed_at"].cast(pa.int64()).to_numpy()
        return Became(states(known, self._checks, pairs), first_moments(known, moment, pairs), superseded(known, pairs))

    def events(self) -> Iterator[pa.Table]:
        """Yield the rows of the events table, bucket by bucket, in working form."""
        return self._log.buckets()

"""The moments of each run, and which of them to lift where a clock had gone back.

Promises that a run that visits another one again comes after it, whatever its clock said: all its moments are lifted by
the same time, so that their order and distances stay; while a clock stays late, so does its lift. Runs that do not know
each other are taken at their clocks' word. Reads the statistics of the pages tables, not their rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from linkgraph.edges.dataset import Snapshot
from linkgraph.edges.lineage import is_narrow, revisited
from linkgraph.edges.run import Run
from linkgraph.errors import CorruptFileError

_COLUMN = "fetched_at"


class Span(NamedTuple):
    """The first and the last moment of a run's pages, in milliseconds since 1970."""

    begin: int
    end: int


def spans(live: Snapshot, lifts: Mapping[str, int] | None = None) -> dict[str, Span]:
    """Return the span of each run that has pages, as its clock said, plus its lift.

    Raises:
        CorruptFileError: a file of pages cannot be read.
    """
    found: dict[str, Span] = {}
    for path in live.page_files:
        run = path.parent.name.removeprefix("run=")
        span = _span(path)
        if span is not None:
            before = found.get(run, span)
            found[run] = Span(min(before.begin, span.begin), max(before.end, span.end))
    by = lifts or {}
    return {run: Span(*(moment + by.get(run, 0) for moment in span)) for run, span in found.items()}


def _span(path: Path) -> Span | None:
    try:
        metadata = pq.read_metadata(path)
        at = metadata.schema.names.index(_COLUMN)
        groups = [metadata.row_group(number).column(at) for number in range(metadata.num_row_groups)]
    except (OSError, ValueError, pa.ArrowException) as reason:
        raise CorruptFileError(f"{path} cannot be read ({reason}); `linkgraph doctor` sets it aside") from reason
    told = [one.statistics for one in groups if one.statistics is not None and one.statistics.has_min_max]
    ends = [_milliseconds(moment) for one in told for moment in (one.min, one.max)]
    return Span(min(ends), max(ends)) if ends else None


def _milliseconds(moment: object) -> int:
    return int(pa.scalar(moment, pa.timestamp("ms", tz="UTC")).cast(pa.int64()).as_py())


def parents(live: Snapshot) -> dict[str, str]:
    """Return for each run that visits another one again the name of that one."""
    found = {name: revisited(Run(live.root, name)) for name in _names(live)}
    return {name: before for name, before in found.items() if before is not None}


def narrow(live: Snapshot) -> frozenset[str]:
    """Return the runs that asked for given pages alone, whatever else their sites have."""
    return frozenset(name for name in _names(live) if is_narrow(Run(live.root, name)))


def _names(live: Snapshot) -> list[str]:
    return sorted({path.parent.name.removeprefix("run=") for path in live.page_files})


def lifts(live: Snapshot) -> dict[str, int]:
    """Return the milliseconds to add to the moments of each run that would begin before the run that it visits again.

    Raises:
        CorruptFileError: a log or a file of pages cannot be read.
    """
    before = parents(live)
    if not before:
        return {}
    known = spans(live)
    found: dict[str, int] = {}
    for name in sorted(before, key=lambda name: len(_ancestors(name, before))):
        earlier = next((one for one in _ancestors(name, before) if one in known), None)
        if name in known and earlier is not None:
            lift, begin = found.get(earlier, 0), known[name].begin
            late = known[earlier].end + lift + 1 - begin
            if late > 0:  # the same clock, still late, keeps its lift
                found[name] = lift if begin > known[earlier].end else late
    return found


def _ancestors(name: str, before: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while (earlier := before.get(name)) is not None and earlier not in found:
        found.append(earlier)
        name = earlier
    return found

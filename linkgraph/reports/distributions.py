"""Referring domains by their authority → a row of bars a domain, with the median marked.

Promises the same scale in every row, bars that are shares of the row's own domains, and the medians in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linkgraph.reports.markup import Markup, join, tag
from linkgraph.reports.svg import WIDTH, line, short, svg, words

_TOP = 22
_ROW = 34
_NAMES = 190
"""Width of the column of names."""

_COUNTS = 64
_MOST_BARS = 25
"""Bars in a row; with more, neighbouring bins are taken together."""

_LEAST_SHOWN = 10.0
"""Points of authority that the axis shows at least."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where the authority of one domain's referring domains lies."""

    label: str
    counts: tuple[int, ...]
    """Referring domains in bins of equal width, from authority 0 to 100."""
    median: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """What the bars share."""

    bins: int
    """Of the data that make one bar."""
    points: float
    """Authority that one bar spans."""
    bars: int
    wide: float

    def x(self, authority: float) -> float:
        return _NAMES + authority / self.points * self.wide


def _scale(rows: Sequence[Distribution]) -> _Scale:
    bins = len(rows[0].counts)
    filled = 1 + max((place for row in rows for place, count in enumerate(row.counts) if count), default=0)
    shown = min(bins, max(filled, math.ceil(_LEAST_SHOWN * bins / 100)))
    together = next(size for size in (1, 2, 5, 10, 20, bins) if shown / size <= _MOST_BARS)
    bars = math.ceil(shown / together)
    return _Scale(together, together * 100 / bins, bars, (WIDTH - _NAMES - _COUNTS) / bars)


def distributions(rows: Sequence[Distribution]) -> Markup:
    """Return the chart of at least one row; all rows have the same number of bins."""
    scale = _scale(rows)
    bottom = _TOP + _ROW * len(rows)
    said = "; ".join(f"{row.label}: median authority {row.median:.1f} of {sum(row.counts):,}" for row in rows)
    heads = [
        words(_NAMES, 12, "share of the referring domains by their authority", "axis", "start"),
        words(WIDTH, 12, "domains", "axis", "end"),
    ]
    drawn = [part for place, row in enumerate(rows) for part in _row(row, _TOP + _ROW * place, scale)]
    return svg(
        join(*heads, *_axis(scale, bottom), *drawn),
        title="Where the authority of the referring domains lies",
        description=said,
        height=bottom + 44,
    )


def _axis(scale: _Scale, bottom: float) -> Iterator[Markup]:
    for edge in range(0, scale.bars + 1, max(1, math.ceil(scale.bars / 10))):
        authority = edge * scale.points
        yield line(scale.x(authority), _TOP - 2, scale.x(authority), bottom, "grid")
        yield words(scale.x(authority), bottom + 16, f"{authority:g}")
    yield words(_NAMES + scale.wide * scale.bars / 2, bottom + 36, "authority of the referring domain", "axis")


def _row(row: Distribution, top: float, scale: _Scale) -> Iterator[Markup]:
    base = top + _ROW - 4
    counts = [sum(row.counts[start : start + scale.bins]) for start in range(0, scale.bars * scale.bins, scale.bins)]
    yield words(_NAMES - 10, base - 6, short(row.label, 26), "name", "end")
    yield words(WIDTH, base - 6, f"{sum(counts):,}", "tick", "end")
    yield line(_NAMES, base, _NAMES + scale.wide * scale.bars, base, "base")
    for place, count in enumerate(counts):
        if count:
            yield _bar(row.label, place, count, counts, base, scale)
    if any(counts):
        yield line(scale.x(row.median), top + 2, scale.x(row.median), base + 3, "median")


def _bar(label: str, place: int, count: int, counts: Sequence[int], base: float, scale: _Scale) -> Markup:
    high = max(1.5, (_ROW - 8) * count / max(counts))
    low = place * scale.points
    spoken = f"{label}, authority {low:g} to {low + scale.points:g}: {count:,} of {sum(counts):,} domains"
    return tag(
        "rect",
        tag("title", spoken),
        x=f"{scale.x(low) + 1:.1f}",
        y=f"{base - high:.1f}",
        width=f"{scale.wide - 2:.1f}",
        height=f"{high:.1f}",
        class_="bar",
    )

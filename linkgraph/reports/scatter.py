"""Domains → authority against the number of referring domains, with the line of what is usual.

Promises axes that begin and end where the data do, labels that cover neither points nor each other, and the first ten
points in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from linkgraph.reports.markup import Markup, join, tag
from linkgraph.reports.svg import WIDTH, line, short, svg, words

_FEWEST_FOR_A_TREND = 5
"""Points below which a fitted line would say more about chance than about the domains."""

_LABELS = 28
"""Names beside points at most; more would be a cloud of text."""

_CHARACTER = 6.6
"""Width of a label's character in the chart's units, at the 11 px of the style sheet."""

_TICKS = 7
_FEWEST_TICKS = 3
_STEPS = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Point:
    """One domain."""

    label: str
    count: int
    """Referring domains."""
    authority: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Least squares: authority = base + slope * log10(1 + referring domains)."""

    base: float
    slope: float

    def expects(self, count: float) -> float:
        """Return the authority that is usual for *count* referring domains."""
        return self.base + self.slope * math.log10(1 + count)


def trend(points: Sequence[Point]) -> Trend | None:
    """Return the line through *points*; None where they are too few, or all have the same count."""
    if len(points) < _FEWEST_FOR_A_TREND or len({point.count for point in points}) < 2:
        return None
    logs = np.log10([1 + point.count for point in points])
    slope, base = np.polyfit(logs, [point.authority for point in points], 1)
    return Trend(float(base), float(slope))


@dataclass(frozen=True, slots=True)
class _Span:
    """What an axis shows, and where its marks are."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class _Plane:
    """From counts and authority to places on the paper."""

    counts: _Span
    """Of log10(1 + count), its ticks counts."""
    authority: _Span
    left: float = 46
    right: float = WIDTH - 16
    upper: float = 16
    lower: float = 330

    def x(self, count: float) -> float:
        return self.left + (self.right - self.left) * self.counts.share(math.log10(1 + count))

    def y(self, authority: float) -> float:
        return self.lower - (self.lower - self.upper) * self.authority.share(authority)


def _count_span(counts: Sequence[int]) -> _Span:
    low, high = math.log10(1 + min(counts)), math.log10(1 + max(counts))
    pad = max(0.15 * (high - low), 0.2)
    low, high = max(0.0, low - pad), high + pad
    every = (0, *(factor * 10**power for power in range(9) for factor in (1, 2, 5)))
    inside = [count for count in every if low <= math.log10(1 + count) <= high]
    if len(inside) > _TICKS + 2:
        inside = [count for count in inside if str(count)[0] in "01"]
    if len(inside) < _FEWEST_TICKS:  # counts of one size: round numbers between them
        least, most = 10**low - 1, 10**high - 1
        step = next(step for step in every[1:] if (most - least) / step <= _TICKS)
        inside = [step * place for place in range(math.ceil(least / step), math.floor(most / step) + 1)]
    return _Span(low, high, tuple(inside))


def _authority_span(values: Sequence[float]) -> _Span:
    pad = max(0.1 * (max(values) - min(values)), 1.0)
    low, high = max(0.0, min(values) - pad), min(100.0, max(values) + pad)
    step = next(step for step in _STEPS if (high - low) / step <= _TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    return _Span(first * step, last * step, tuple(step * place for place in range(first, last + 1)))


def scatter(points: Sequence[Point]) -> Markup:
    """Return the chart of at least one point."""
    counts, authority = _count_span([one.count for one in points]), _authority_span([one.authority for one in points])
    plane, usual = _Plane(counts, authority), trend(points)
    ranked = sorted(points, key=lambda point: -point.authority)
    said = f"{len(points)} domains. "
    if usual is not None:
        said += "The dashed line is the authority that is usual for a number of referring domains. "
    said += "; ".join(f"{one.label}: {one.count:,} domains, {one.authority:.1f}" for one in ranked[:10])
    return svg(
        join(*_grid(plane), *_line(plane, usual, points), *_dots(plane, usual, ranked), *_names(plane, ranked)),
        title="Authority against the number of referring domains",
        description=said,
        height=376,
    )


def _grid(plane: _Plane) -> Iterator[Markup]:
    for authority in plane.authority.ticks:
        yield line(plane.left, plane.y(authority), plane.right, plane.y(authority), "grid")
        yield words(plane.left - 8, plane.y(authority) + 4, f"{authority:g}", anchor="end")
    for count in plane.counts.ticks:
        yield line(plane.x(count), plane.upper, plane.x(count), plane.lower, "grid")
        yield words(plane.x(count), plane.lower + 18, f"{count:,}")
    yield words((plane.left + plane.right) / 2, plane.lower + 38, "referring domains (logarithmic scale)", "axis")
    yield words(plane.left, plane.upper - 6, "authority", "axis", anchor="start")


def _line(plane: _Plane, usual: Trend | None, points: Sequence[Point]) -> Iterator[Markup]:
    if usual is None:
        return
    counts = [point.count for point in points]
    steps = np.linspace(math.log10(1 + min(counts)), math.log10(1 + max(counts)), 24)
    places = [(10**log - 1, usual.expects(10**log - 1)) for log in steps]
    shown = [(plane.x(count), plane.y(value)) for count, value in places if 0 <= plane.authority.share(value) <= 1]
    if len(shown) > 1:
        yield tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in shown), class_="usual")


def _dots(plane: _Plane, usual: Trend | None, points: Sequence[Point]) -> Iterator[Markup]:
    radius = 5 if len(points) <= _LABELS else 4 if len(points) <= 10 * _LABELS else 2.5
    for point in reversed(points):
        above = usual is None or point.authority >= usual.expects(point.count)
        spoken = f"{point.label}: authority {point.authority:.1f}, {point.count:,} referring domains"
        yield tag(
            "circle",
            tag("title", spoken),
            cx=f"{plane.x(point.count):.1f}",
            cy=f"{plane.y(point.authority):.1f}",
            r=radius,
            class_="dot above" if above else "dot below",
        )


Box = tuple[float, float, float, float]

_BESIDE = (
    (9, 4, "start"),
    (-9, 4, "end"),
    (0, -10, "middle"),
    (0, 18, "middle"),
    (7, -7, "start"),
    (7, 15, "start"),
    (-7, -7, "end"),
    (-7, 15, "end"),
)
"""Where a label may stand: right of its point, left, above, below, then the corners."""


def _names(plane: _Plane, points: Sequence[Point]) -> Iterator[Markup]:
    """Yield the labels that find room, those of the highest authority first."""
    taken = [_around(plane.x(point.count), plane.y(point.authority)) for point in points]
    for point in points[:_LABELS]:
        name = short(point.label, 30)
        x, y = plane.x(point.count), plane.y(point.authority)
        for right, down, anchor in _BESIDE:
            box = _label_box(x + right, y + down, anchor, len(name) * _CHARACTER)
            fits = box[0] >= plane.left and box[2] <= WIDTH and box[3] <= plane.lower
            if fits and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield words(x + right, y + down, name, "name", anchor)
                break


def _around(x: float, y: float) -> Box:
    return x - 5, y - 5, x + 5, y + 5


def _label_box(x: float, base: float, anchor: str, wide: float) -> Box:
    start = {"start": x, "end": x - wide, "middle": x - wide / 2}[anchor]
    return start, base - 10, start + wide, base + 3


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

"""Numbers → two SVG charts that stand in the page: no script, no image, no request.

Promises a title and a description in words for who cannot see them, colours that follow the page's light or dark
style, and labels that do not cover each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from linkgraph.reports.markup import Markup, join, tag

_WIDTH = 720
_FEWEST_FOR_A_TREND = 5
"""Points below which a fitted line would say more about chance than about the domains."""

_LABELS = 28
"""Names beside points at most; more would be a cloud of text."""

_CHARACTER = 6.4
"""Width of a label's character in the chart's units, at the 11 px of the style sheet."""


@dataclass(frozen=True, slots=True)
class Point:
    """A domain in the scatter chart."""

    label: str
    count: int
    """Referring domains."""
    authority: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where the authority of one domain's referring domains lies."""

    label: str
    counts: tuple[int, ...]
    """Referring domains in bins of equal width, from authority 0 to 100."""
    median: float


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
class _Plane:
    """From counts and authority to places on the paper."""

    decades: float
    top: float
    left: float = 46
    right: float = _WIDTH - 16
    upper: float = 14
    lower: float = 330

    def x(self, count: float) -> float:
        return round(self.left + (self.right - self.left) * math.log10(1 + count) / self.decades, 1)

    def y(self, authority: float) -> float:
        return round(self.lower - (self.lower - self.upper) * authority / self.top, 1)


def _plane(points: Sequence[Point]) -> _Plane:
    most = max((point.count for point in points), default=1)
    highest = max((point.authority for point in points), default=0.0)
    # A tenth of room to the right, for the label of the last point.
    return _Plane(decades=max(math.log10(1 + most) * 1.1, 0.5), top=_round_up(highest))


def _round_up(authority: float) -> float:
    return min(100.0, max(10.0, 10.0 * math.ceil((authority + 1) / 10)))


def scatter(points: Sequence[Point]) -> Markup:
    """Return the chart of authority against the number of referring domains (logarithmic), and the usual line."""
    plane, line = _plane(points), trend(points)
    title = "Authority against referring domains"
    said = f"{len(points)} domains. "
    if line is not None:
        said += "The dashed line is the authority that is usual for a number of referring domains. "
    ranked = sorted(points, key=lambda point: -point.authority)
    said += "; ".join(f"{point.label}: {point.count:,} domains, {point.authority:.1f}" for point in ranked[:10])
    return _svg(
        join(*_grid(plane), *_usual(plane, line, points), *_dots(plane, line, ranked), *_names(plane, ranked)),
        title=title,
        description=said,
        height=376,
    )


def _svg(drawing: Markup, *, title: str, description: str, height: float) -> Markup:
    box = f"0 0 {_WIDTH} {height:g}"
    words = join(tag("title", title), tag("desc", description))
    return tag("svg", words, drawing, viewBox=box, role="img", aria_label=title, class_="chart")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _words(x: float, y: float, content: str, kind: str = "tick", anchor: str = "middle") -> Markup:
    return tag("text", content, x=round(x, 1), y=round(y, 1), class_=kind, text_anchor=anchor)


def _grid(plane: _Plane) -> Iterator[Markup]:
    step = 10 if plane.top <= 50 else 20
    for authority in range(0, int(plane.top) + 1, step):
        yield _line(plane.left, plane.y(authority), plane.right, plane.y(authority), "grid")
        yield _words(plane.left - 8, plane.y(authority) + 4, str(authority), anchor="end")
    for count in _count_ticks(plane):
        yield _line(plane.x(count), plane.upper, plane.x(count), plane.lower, "grid")
        yield _words(plane.x(count), plane.lower + 18, f"{count:,}")
    yield _words((plane.left + plane.right) / 2, plane.lower + 38, "referring domains (logarithmic scale)", "axis")
    yield _words(plane.left + 4, plane.upper - 4, "authority", "axis", anchor="start")


def _count_ticks(plane: _Plane) -> list[int]:
    steps = (0, *(factor * 10**power for power in range(9) for factor in (1, 3)))
    return [count for count in steps if math.log10(1 + count) <= plane.decades]


def _usual(plane: _Plane, line: Trend | None, points: Sequence[Point]) -> Iterator[Markup]:
    if line is None:
        return
    counts = [point.count for point in points]
    steps = np.linspace(math.log10(1 + min(counts)), math.log10(1 + max(counts)), 24)
    places = [(10**log - 1, line.expects(10**log - 1)) for log in steps]
    inside = [(plane.x(count), plane.y(value)) for count, value in places if 0 <= value <= plane.top]
    if len(inside) > 1:
        yield tag("polyline", points=" ".join(f"{x},{y}" for x, y in inside), class_="usual")


def _dots(plane: _Plane, line: Trend | None, points: Sequence[Point]) -> Iterator[Markup]:
    for point in reversed(points):
        above = line is None or point.authority >= line.expects(point.count)
        spoken = f"{point.label}: authority {point.authority:.1f}, {point.count:,} referring domains"
        yield tag(
            "circle",
            tag("title", spoken),
            cx=plane.x(point.count),
            cy=plane.y(point.authority),
            r=5,
            class_="dot above" if above else "dot below",
        )


def _names(plane: _Plane, points: Sequence[Point]) -> Iterator[Markup]:
    """Yield labels where there is room, the highest authority first: right of the point, left, above, or below it."""
    taken = [_around(plane.x(point.count), plane.y(point.authority), 10, 10) for point in points]
    for point in points[:_LABELS]:
        x, y = plane.x(point.count), plane.y(point.authority)
        name = _short(point.label, 30)
        wide = len(name) * _CHARACTER
        places = ((x + 9, y + 4, "start"), (x - 9, y + 4, "end"), (x, y - 10, "middle"), (x, y + 18, "middle"))
        for left, base, anchor in places:
            box = _label_box(left, base, anchor, wide)
            if box[0] >= plane.left and box[2] <= _WIDTH and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield _words(left, base, name, "name", anchor)
                break


Box = tuple[float, float, float, float]


def _around(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _label_box(x: float, base: float, anchor: str, wide: float) -> Box:
    start = {"start": x, "end": x - wide, "middle": x - wide / 2}[anchor]
    return start, base - 10, start + wide, base + 3


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


_ROW = 34
_NAME_WIDTH = 190
_COUNT_WIDTH = 64


def distributions(rows: Sequence[Distribution]) -> Markup:
    """Return a row of bars for each domain: which share of its referring domains has which authority."""
    bins = len(rows[0].counts) if rows else 1
    points = 100 / bins
    last = max((place for row in rows for place, count in enumerate(row.counts) if count), default=0)
    shown = min(bins, max(last + 1, math.ceil(10 / points)))
    wide = (_WIDTH - _NAME_WIDTH - _COUNT_WIDTH) / shown
    height = 22 + _ROW * len(rows) + 44
    said = "; ".join(f"{row.label}: median authority {row.median:.1f} of {sum(row.counts):,}" for row in rows)
    bars = [part for place, row in enumerate(rows) for part in _bars(row, 22 + _ROW * place, wide, shown)]
    ticks = list(_authority_ticks(shown, points, wide, 22 + _ROW * len(rows)))
    heads = [
        _words(_NAME_WIDTH, 12, "share of the referring domains by their authority", "axis", "start"),
        _words(_WIDTH, 12, "domains", "axis", "end"),
    ]
    return _svg(
        join(*heads, *ticks, *bars),
        title="Where the authority of the referring domains lies",
        description=said,
        height=height,
    )


def _authority_ticks(shown: int, points: float, wide: float, bottom: float) -> Iterator[Markup]:
    each = max(1, math.ceil(shown / 10))
    for edge in range(0, shown + 1, each):
        x = _NAME_WIDTH + edge * wide
        yield _line(x, 20, x, bottom, "grid")
        yield _words(x, bottom + 16, f"{edge * points:g}")
    yield _words(_NAME_WIDTH + shown * wide / 2, bottom + 36, "authority of the referring domain", "axis")


def _bars(row: Distribution, top: float, wide: float, shown: int) -> Iterator[Markup]:
    base, room = top + _ROW - 4, _ROW - 8
    total, most = sum(row.counts), max(row.counts)
    yield _words(_NAME_WIDTH - 10, base - 6, _short(row.label, 26), "name", "end")
    yield _words(_WIDTH, base - 6, f"{total:,}", "tick", "end")
    yield _line(_NAME_WIDTH, base, _NAME_WIDTH + wide * shown, base, "base")
    if not total:
        return
    for place, count in enumerate(row.counts[:shown]):
        if count:
            high = max(1.5, room * count / most)
            start = _NAME_WIDTH + place * wide
            spoken = f"{row.label}: {count:,} of {total:,} ({count / total:.0%})"
            yield tag(
                "rect",
                tag("title", spoken),
                x=round(start + 1, 1),
                y=round(base - high, 1),
                width=round(wide - 2, 1),
                height=round(high, 1),
                class_="bar",
            )
    middle = _NAME_WIDTH + row.median / (100 / len(row.counts)) * wide
    yield _line(round(middle, 1), top + 2, round(middle, 1), base + 3, "median")

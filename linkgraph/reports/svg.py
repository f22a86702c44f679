"""Shapes and words → SVG elements that follow the page's light or dark style."""

from __future__ import annotations

from linkgraph.reports.markup import Markup, join, tag

WIDTH = 720
"""Width of a chart in its own units; it is scaled to the page."""


def svg(drawing: Markup, *, title: str, description: str, height: float) -> Markup:
    """Return a chart with its name and, for who cannot see it, what it shows in words."""
    box = f"0 0 {WIDTH} {height:g}"
    words = join(tag("title", title), tag("desc", description))
    return tag("svg", words, drawing, viewBox=box, role="img", aria_label=title, class_="chart")


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line of a kind that the style sheet knows."""
    return tag("line", x1=_place(x1), y1=_place(y1), x2=_place(x2), y2=_place(y2), class_=kind)


def words(x: float, y: float, content: str, kind: str = "tick", anchor: str = "middle") -> Markup:
    """Return a label; *anchor* tells whether it starts, ends or has its middle at *x*."""
    return tag("text", content, x=_place(x), y=_place(y), class_=kind, text_anchor=anchor)


def short(name: str, most: int) -> str:
    """Return *name*, cut to *most* characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _place(value: float) -> str:
    return f"{value:.1f}"

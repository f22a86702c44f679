"""A CSV file of page views → views by URL, and a message for each line that is none.

Promises that a junk line costs nothing but itself: it is told with its file and number, the good ones are kept. Refuses
a file without one good line.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

from linkgraph.errors import UsageError
from linkgraph.urls import resolve


def read_views(path: Path) -> tuple[dict[str, float], list[str]]:
    """Return the views of each page, added up where a URL stands twice, and the problems.

    Args:
        path: comma-separated lines of a URL and a number, with or without a header.

    Raises:
        UsageError: the file cannot be read, or no line of it is a URL and a number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a CSV file of url,views") from error
    views: dict[str, float] = {}
    problems = []
    for number, row in enumerate(csv.reader(lines), 1):
        found = _view(row)
        if found is not None:
            views[found[0]] = views.get(found[0], 0.0) + found[1]
        elif number > 1 and row:
            problems.append(f"{path}:{number}: {','.join(row)[:100]!r} is no URL and number of views")
    if not views:
        raise UsageError("\n".join([*problems[:20], f"{path} has no line of a URL and a number of views"]))
    return views, problems


def _view(row: list[str]) -> tuple[str, float] | None:
    try:
        count = float(row[1])
    except (IndexError, ValueError):
        return None
    target = resolve(row[0].strip()) if "://" in row[0] else None
    return (target.url, count) if target and math.isfinite(count) and count >= 0 else None

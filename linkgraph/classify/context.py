"""What each link of a page shows → what its page as a whole and the links beside it show.

Promises observations of other links of the same page only: kinds of page by what stands on them, and neighbours in
document order. Refuses to look at another page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from linkgraph.classify.tables import read_table
from linkgraph.jit import kernel

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_TABLE = read_table("context.toml")

PAGE_FACTS: dict[str, tuple[str, int]] = {
    f"page:{name}": (fact["shown"], fact["by"]) for name, fact in _TABLE["page"].items()
}
"""Kind of page → the feature that so many of its links show."""

BESIDE: tuple[str, ...] = tuple(_TABLE["beside"])
"""Features that a link shows of those beside it, too."""

FEATURES: tuple[str, ...] = (*PAGE_FACTS, *(f"beside:{name}" for name in BESIDE))


def observe_context(seen: Bools, names: tuple[str, ...], pages: Numbers) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        seen: what each link shows by itself, a row a link, in document order.
        names: the features that the columns of *seen* mean.
        pages: which page each link stands on.
    """
    at = {name: number for number, name in enumerate(names)}
    shown = np.array([at[name] for name, _ in PAGE_FACTS.values()])
    least = np.array([by for _, by in PAGE_FACTS.values()])
    counts = np.zeros((pages.max(initial=-1) + 1, len(shown)), dtype=np.int64)
    found = np.empty((len(pages), len(FEATURES)), dtype=bool)
    _look_around(seen, pages, shown, least, np.array([at[name] for name in BESIDE]), counts, found)
    return found


@kernel
def _look_around(seen: Any, pages: Any, shown: Any, least: Any, beside: Any, counts: Any, found: Any) -> None:
    """Write for each link whether enough links of its page show a fact, and whether one beside it shows a feature."""
    for row in range(pages.size):
        for fact in range(shown.size):
            counts[pages[row], fact] += seen[row, shown[fact]]
    for row in range(pages.size):
        page = pages[row]
        follows = row > 0 and pages[row - 1] == page
        precedes = row + 1 < pages.size and pages[row + 1] == page
        for fact in range(shown.size):
            found[row, fact] = counts[page, fact] >= least[fact]
        for number in range(beside.size):
            feature = beside[number]
            before = follows and seen[row - 1, feature]
            found[row, shown.size + number] = before or (precedes and seen[row + 1, feature])

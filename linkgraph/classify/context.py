"""What each link of a page shows → what its page as a whole and the links beside it show.

Promises observations of other links of the same page only: kinds of page by what stands on them, and neighbours in
document order. Refuses to look at another page.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linkgraph.classify.tables import read_table

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
    size = pages.max(initial=-1) + 1
    whole = [
        (np.bincount(pages, weights=seen[:, at[name]], minlength=size) >= least)[pages]
        for name, least in PAGE_FACTS.values()
    ]
    own = seen[:, [at[name] for name in BESIDE]]
    same = (pages[1:] == pages[:-1])[:, None]
    beside = np.zeros_like(own)
    beside[1:] |= own[:-1] & same
    beside[:-1] |= own[1:] & same
    return np.concatenate([np.stack(whole, axis=1), beside], axis=1)

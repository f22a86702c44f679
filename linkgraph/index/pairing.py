"""Losses and gains of links → the ones that belong together: a link that changed, moved, or leads elsewhere now.

Promises that each loss and each gain is part of one pair at most, and that a pair is made only where nothing else fits
as well. Work is done for what was lost or gained, not for what stayed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

MANNER = ("anchor", "rel", "zone")
"""Columns that may differ between two forms of one link, and the events that tell so: see `CHANGES`."""

CHANGES = {"anchor": "anchor-changed", "rel": "rel-changed", "zone": "placement-changed"}

MOST = 64
"""Links of one page with the same target that are compared with each other; more are a template, not a link."""


class Form(NamedTuple):
    """One link of one page, as it was written."""

    row: int
    """Of the event that lost or gained it."""
    place: Hashable
    """What both halves of a pair have in common."""
    anchor: str
    rel: str
    zone: str
    ordinal: int


def changed(losses: Iterable[Form], gains: Iterable[Form]) -> list[tuple[Form, Form]]:
    """Return pairs of forms of one link: the same page, check, target and kind (their *place*).

    Those that differ least go first; of equals, in the order of the page.
    """
    left, right = _by_place(losses), _by_place(gains)
    pairs = []
    for place in left.keys() & right.keys():
        old, new = left[place][:MOST], right[place][:MOST]
        ranked = sorted(
            (_difference(one, other), one.ordinal, other.ordinal, i, j)
            for i, one in enumerate(old)
            for j, other in enumerate(new)
        )
        used_old, used_new = set[int](), set[int]()
        for _, _, _, i, j in ranked:
            if i not in used_old and j not in used_new:
                used_old.add(i)
                used_new.add(j)
                pairs.append((old[i], new[j]))
    return sorted(pairs, key=lambda pair: pair[1].row)


def _difference(one: Form, other: Form) -> int:
    return (one.anchor != other.anchor) * 4 + (one.zone != other.zone) * 2 + (one.rel != other.rel)


def _by_place(forms: Iterable[Form]) -> dict[Hashable, list[Form]]:
    found: dict[Hashable, list[Form]] = defaultdict(list)
    for form in forms:
        found[form.place].append(form)
    return found


def differences(old: Form, new: Form) -> list[tuple[str, str, str]]:
    """Return (event, before, after) for each thing in which two forms of a link differ."""
    found = [(name, getattr(old, name), getattr(new, name)) for name in MANNER]
    return [(CHANGES[name], before, after) for name, before, after in found if before != after]


def only_pairs(
    losses: Sequence[tuple[int, Hashable]],
    gains: Sequence[tuple[int, Hashable]],
    fits: Callable[[int, int], bool] = lambda _loss, _gain: True,
) -> list[tuple[int, int]]:
    """Return the pairs of a loss and a gain whose key no other loss and no other gain has.

    Args:
        losses: (row, key) of each.
        gains: (row, key) of each.
        fits: asked about each pair.
    """
    left, right = _rows_of(losses), _rows_of(gains)
    both = [(left[key], right[key]) for key in left.keys() & right.keys()]
    found = [(loss[0], gain[0]) for loss, gain in both if len(loss) == len(gain) == 1]
    return sorted(pair for pair in found if fits(*pair))


def _rows_of(keyed: Sequence[tuple[int, Hashable]]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for row, key in keyed:
        found[key].append(row)
    return found


def spot(values: Sequence[object], ordinal: int) -> bytes:
    """Return a digest of the place of a link on its page, the same when only its target differs.

    Args:
        values: kind, anchor, path, and the text on both sides, in this order.
        ordinal: among the links of the page; counts where no text tells the place.
    """
    told = any(values[-2:])
    words = [str(value) for value in (*values, None if told else ordinal)]
    return hashlib.blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()

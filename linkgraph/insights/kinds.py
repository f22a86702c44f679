"""The kinds of link that are asked for → the links of these kinds.

Promises the words of the classification and no others. Refuses a word that is no placement or acquisition, naming those
that are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.vocabulary import ACQUISITIONS, NO_HYPERLINK, PLACEMENTS
from linkgraph.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which placements and acquisitions are wanted; None for all."""

    placement: tuple[str, ...] | None
    acquisition: tuple[str, ...] | None

    @classmethod
    def of(cls, placement: Sequence[str] | None, acquisition: Sequence[str] | None) -> Kinds:
        """Check the words that a user gave.

        Raises:
            UsageError: an unknown word.
        """
        return cls(
            _known("placement", placement, (*PLACEMENTS, *NO_HYPERLINK)),
            _known("acquisition", acquisition, ACQUISITIONS),
        )

    def of_links(self, links: pa.Table) -> pa.Table:
        """Return the rows of the links table that are wanted; rows of a build without classes never are."""
        for column in ("placement", "acquisition"):
            words = getattr(self, column)
            if words is not None:
                links = links.filter(pc.is_in(links[column].cast(pa.string()), value_set=pa.array(words, pa.string())))
        return links


def _known(axis: str, words: Sequence[str] | None, allowed: Iterable[str]) -> tuple[str, ...] | None:
    if not words:
        return None
    for word in words:
        if word not in allowed:
            raise UsageError(f"{axis} {word!r} is unknown; choose one of {', '.join(allowed)}")
    return tuple(words)

"""Rows of the summary table → frozen dataclasses, for those who render one domain at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One row of `linkgraph.insights.summary.SUMMARY`; what is null there is None, 0 or empty here."""

    domain: str
    status: str
    authority: float | None = None
    rank: int = 0
    referring_domains: int = 0
    referring_domains_followed: int = 0
    independent_owners: int | None = None
    backlinks: int = 0
    backlinks_followed: int = 0
    followed_share: float | None = None
    referring_authority_median: float | None = None
    referring_by_authority: tuple[int, ...] = ()
    top_anchors: tuple[str, ...] = ()
    top_anchor_domains: tuple[int, ...] = ()
    top_anchor_backlinks: tuple[int, ...] = ()
    quality_median: float | None = None
    best_pages: tuple[str, ...] = ()
    best_anchors: tuple[str, ...] = ()
    best_qualities: tuple[float, ...] = ()
    acquisitions: tuple[str, ...] = ()
    acquisition_domains: tuple[int, ...] = ()
    acquisition_backlinks: tuple[int, ...] = ()
    top_referring_domains: tuple[str, ...] = ()
    top_referring_authority: tuple[float, ...] = ()
    top_referring_backlinks: tuple[int, ...] = ()
    top_referring_pages: tuple[str, ...] = ()
    near_names: tuple[str, ...] = ()


def rows_of(table: pa.Table) -> list[Summary]:
    """Return the rows of *table*, in its order."""
    names = {field.name for field in fields(Summary)} & set(table.column_names)
    return [
        Summary(**{name: _value(row[name]) for name in names if row[name] is not None}) for row in table.to_pylist()
    ]


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

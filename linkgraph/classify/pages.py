"""Extracted pages → the table of their links that `classify` reads.

Promises the columns of the edges table, in memory, and the declared language of each link's page. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from linkgraph.classify.answer import LANGUAGE_COLUMN
from linkgraph.edges.segment import Segment
from linkgraph.model import Links, Page


def table_of_pages(pages: Iterable[tuple[Page, Links]]) -> pa.Table:
    """Return the links of *pages* as edges, with a column `page_language`."""
    segment = Segment()
    for page, links in pages:
        segment.add(page, links)
    of_page = np.repeat(np.arange(len(segment), dtype=np.int32), segment.counts)
    languages = pa.array([page.language for page in segment.pages], pa.string()).take(pa.array(of_page))
    return segment.edges_table().append_column(LANGUAGE_COLUMN, languages)

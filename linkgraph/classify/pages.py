"""Extracted pages → the table of their links that `classify` reads.

Promises the columns of the edges table, in memory, and language, title and generator of each link's page.
Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from linkgraph.classify.answer import LANGUAGE_COLUMN, classify
from linkgraph.classify.distinct import GENERATOR_COLUMN, TITLE_COLUMN
from linkgraph.edges.segment import Segment
from linkgraph.extract import extract
from linkgraph.model import Links, Page


def table_of_pages(pages: Iterable[tuple[Page, Links]]) -> pa.Table:
    """Return the links of *pages* as edges, with the columns `page_language page_title page_generator`."""
    segment = Segment()
    for page, links in pages:
        segment.add(page, links)
    of_page = np.repeat(np.arange(len(segment), dtype=np.int32), segment.counts)
    table = segment.edges_table()
    for column, name in ((LANGUAGE_COLUMN, "language"), (TITLE_COLUMN, "title"), (GENERATOR_COLUMN, "generator")):
        of_pages = pa.array([getattr(page, name) for page in segment.pages], pa.string())
        table = table.append_column(column, of_pages.take(pa.array(of_page)))
    return table


def prepare() -> None:
    """Compile the loops, or load those compiled before: a quarter of a minute, once an installation."""
    body = b"<div class=a><a href=/b>c</a><a href=http://d.example/>e</a></div>"
    classify(table_of_pages([extract("http://localhost/", (), body)]))

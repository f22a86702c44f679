"""`-O links.parquet`: observations → one Parquet file with the edges table; dictionary-like items → one with theirs."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from scrapy.exporters import BaseItemExporter

from linkgraph.edges.segment import Segment
from linkgraph.errors import UsageError
from linkgraph.model import Observation

logger = logging.getLogger(__name__)

_ROWS_IN_MEMORY = 100_000


class ParquetItemExporter(BaseItemExporter):
    """Writes a row group whenever enough rows have come together; memory does not grow with the crawl."""

    def __init__(self, file: BytesIO, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._file = file
        self._segment = Segment()
        self._rows: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None

    def export_item(self, item: Any) -> None:
        """Take in one item."""
        if isinstance(item, Observation):
            self._segment.add(item.page, item.links)
        else:
            self._rows.append(dict(self.get_serialized_fields(item, include_empty=True)))
        if len(self._segment.links) + len(self._rows) >= _ROWS_IN_MEMORY:
            self._flush()

    def finish_exporting(self) -> None:
        """Write the rest and the footer; an empty crawl gives an empty edges table."""
        if self._writer is None or len(self._segment) or self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        if self._rows and len(self._segment):
            raise UsageError("links and other items cannot share one Parquet file; give each its own feed")
        table = self._items_table() if self._rows else self._segment.edges_table()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd", write_page_checksum=True)
        self._writer.write_table(table)
        self._segment, self._rows = Segment(), []

    def _items_table(self) -> pa.Table:
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        if self._writer is None:
            # Arrow would take the columns of the first row for those of all.
            return pa.table({name: [row.get(name) for row in self._rows] for name in names})
        if late := set(names) - set(self._writer.schema.names):
            logger.warning("Parquet columns are settled by then: %s left out", ", ".join(sorted(late)))
        return pa.Table.from_pylist(self._rows, schema=self._writer.schema)

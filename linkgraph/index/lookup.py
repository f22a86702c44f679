"""A finished build → the rows that a question needs, and no others.

Promises that a question about one domain opens one file of links and decodes the row groups that can hold it. Refuses
a build that is damaged or of a newer format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from linkgraph.errors import CorruptFileError, StateError
from linkgraph.graph.names import Names, load_array
from linkgraph.index.layout import (
    GROUP_ROWS,
    Reader,
    backlinks_file,
    bucket_of,
    current_build,
    entities_file,
    events_file,
    folds_file,
    graph_stem,
    internal_file,
    lost_file,
    nodes_file,
    sites_file,
)
from linkgraph.index.record import BuildResult, read_record
from linkgraph.index.schema import FOLDS, LINKS, SITES
from linkgraph.model import RESOURCE_KINDS

if TYPE_CHECKING:
    from linkgraph.graph.collapse.entities import Entities
    from linkgraph.graph.csr import LinkGraph


@dataclass(frozen=True, slots=True)
class Build:
    """A build on disk."""

    record: BuildResult
    reader: Reader | None = field(default=None, repr=False, compare=False)
    """Keeps builders from removing it."""

    @classmethod
    def current(cls, root: Path) -> Build:
        """Open the build that readers of the data folder *root* use.

        Raises:
            StateError: there is none yet.
            CorruptFileError: its record cannot be read, or is of a newer linkgraph.
        """
        while True:
            folder = current_build(root)
            try:
                reader = Reader(folder)
            except FileNotFoundError:  # removed since: another build is current by now
                continue
            return cls(read_record(folder), reader)

    def _stem(self, level: str, policy: str | None) -> Path:
        ranking = self.record.ranking(policy)
        # Format 1 knew one policy, and kept its arrays where those of all policies lie now.
        return graph_stem(self.record.folder, level, ranking.policy if self.record.format > 1 else "")

    def graph(self, level: str, policy: str | None = None) -> LinkGraph:
        """Map the graph of one level (`domain`, `host` or `entity`) under one policy, by default the first."""
        from linkgraph.graph.csr import LinkGraph  # it takes numba along, a second that a look-up need not wait

        return LinkGraph.load(self._stem(level, policy), self.names(level))

    def names(self, level: str) -> Names:
        """Map the names of one level, in byte order."""
        return Names.load(graph_stem(self.record.folder, level))

    def _first(self, level: str, policy: str | None) -> int:
        """Return the row where a policy's rows begin in the table of one level."""
        return self.record.policies.index(self.record.ranking(policy).policy) * self.record.nodes[level]

    def rows_of(self, level: str, nodes: NDArray[np.int64], policy: str | None = None) -> pa.Table:
        """Return the rows of some nodes in the table of one level, in the order of *nodes*."""
        row = load_array(self._stem(level, policy), "row", np.int32)
        return self._rows(level, row[nodes] + self._first(level, policy))

    def values(self, level: str, column: str, policy: str | None = None) -> NDArray[np.float64]:
        """Return one column of numbers of the table of one level, node by node; shape (n,)."""
        row = load_array(self._stem(level, policy), "row", np.int32)
        path, first = nodes_file(self.record.folder, level), self._first(level, policy)
        column_of_all = _read_groups(path, None, columns=[column])[column]
        values: NDArray[np.float64] = column_of_all.slice(first, len(row)).to_numpy()[row]
        return values

    def best(self, level: str, count: int | None, policy: str | None = None) -> pa.Table:
        """Return the first *count* rows of one policy in the table of one level, best rank first; None for all."""
        total = self.record.nodes[level]
        return self._rows(level, self._first(level, policy) + np.arange(total if count is None else min(count, total)))

    def _rows(self, level: str, rows: NDArray[np.int64]) -> pa.Table:
        path = nodes_file(self.record.folder, level)
        groups = np.unique(rows // GROUP_ROWS)
        # Every group but the file's last is full, so that the k-th group read begins at k full groups.
        place = np.searchsorted(groups, rows // GROUP_ROWS) * GROUP_ROWS + rows % GROUP_ROWS
        return _read_groups(path, groups.tolist()).take(pa.array(place))

    def entities(self) -> Entities:
        """Return what the entities of the build cover.

        Raises:
            StateError: the build has no entities.
        """
        from linkgraph.graph.collapse.entities import Entities  # it takes numba along too

        path = entities_file(self.record.folder)
        if not path.exists():
            raise StateError(
                f"build {self.record.name} has no entities; `linkgraph build --entities FILE` makes one that has"
            )
        return Entities.read(path)

    def sites(self) -> pa.Table:
        """Return the table of domains that share an owner or mirror another; empty for an older build."""
        path = sites_file(self.record.folder)
        return _read_groups(path, None) if path.exists() else SITES.empty_table()

    def owners(self) -> dict[str, str]:
        """Return the owner of each domain that shares one with another; none for an older build."""
        rows = self.sites().select(["domain", "owner"]).to_pylist()
        return {row["domain"]: row["owner"] for row in rows if row["owner"]}

    def links_to(self, domain: str, column: str, value: str) -> pa.Table:
        """Return the links from other domains to *domain* whose *column* is *value*, in the order of the file.

        Args:
            domain: the registrable domain of the target: it decides which file is opened.
            column: `dst_domain`, `dst_host` or `dst_url`.
            value: what stands there.
        """
        path = backlinks_file(self.record.folder, bucket_of(domain, self.record.buckets))
        links = _links(path, domain, (column, value))
        return links.filter(pc.equal(links[column], value))

    def links_landing(self, domain: str, policy: str | None = None) -> pa.Table:
        """Return the links from other domains whose votes land on *domain* under *policy*, if they are votes.

        Those to its pages, but for the pages that send votes elsewhere, and those to pages of other domains that send
        theirs here, by redirect, refresh or canonical. A build from before these were kept gives the former whole.
        """
        folds = self._folds(policy)
        away = folds.filter(pc.equal(folds["domain"], domain))["url"]
        links = self.links_to(domain, "dst_domain", domain)
        found = [links.filter(pc.invert(_among(links["dst_url"], away)))]
        here = folds.filter(pc.equal(folds["landing_domain"], domain))
        for between in here["domain"].unique().to_pylist():
            urls = here.filter(pc.equal(here["domain"], between))["url"]
            bucket = bucket_of(between, self.record.buckets)
            for path in (backlinks_file(self.record.folder, bucket), internal_file(self.record.folder, bucket)):
                links = _links(path, between)
                apart = pc.not_equal(links["src_domain"].cast(pa.string()), domain)
                found.append(links.filter(pc.and_(_among(links["dst_url"], urls), apart)))
        return unified(found)

    def _folds(self, policy: str | None) -> pa.Table:
        path, chosen = folds_file(self.record.folder), self.record.ranking(policy).policy
        table = _read_groups(path, None) if path.exists() else FOLDS.empty_table()
        return table.filter(pc.equal(table["policy"], chosen))

    def events_of(self, domain: str | None) -> pa.Table:
        """Return the rows of the events table whose target domain is *domain*; of all domains where it is None.

        Raises:
            StateError: the build was made by a linkgraph that kept no history.
        """
        folder = self.record.folder
        if not events_file(folder, 0).exists():
            raise StateError(f"build {self.record.name} holds no history; run `linkgraph build` again")
        tables = [_read_groups(events_file(folder, number), None, _named(domain)) for number in self._buckets(domain)]
        return _of(unified(tables), domain)

    def histories(self, domain: str | None, columns: Sequence[str]) -> pa.Table:
        """Return columns of every link from another domain to *domain* that was ever seen, lost ones included.

        Raises:
            StateError: the build was made by a linkgraph that kept no history.
        """
        tables = []
        for number in self._buckets(domain):
            paths = (backlinks_file(self.record.folder, number), lost_file(self.record.folder, number))
            for path in (path for path in paths if path.exists()):
                if "state" not in pq.read_schema(path).names:
                    raise StateError(f"build {self.record.name} holds no history; run `linkgraph build` again")
                tables.append(_read_groups(path, None, _named(domain), ["dst_domain", "internal", *columns]))
        whole = _of(unified(tables), domain)
        return whole.filter(pc.invert(whole["internal"])).select(list(columns))

    def _buckets(self, domain: str | None) -> Sequence[int]:
        return range(self.record.buckets) if domain is None else [bucket_of(domain, self.record.buckets)]


def _links(path: Path, domain: str, also: tuple[str, str] | None = None) -> pa.Table:
    """Return the links of a file to one domain, but for resources; groups that *also* rules out are not read."""
    table = _read_groups(path, None, (("dst_domain", domain), *((also,) if also else ())))
    chosen = pc.equal(table["dst_domain"], domain)
    kind = table["kind"].cast(pa.string())
    for resource in RESOURCE_KINDS:
        chosen = pc.and_(chosen, pc.not_equal(kind, resource))
    return _complete(table.filter(chosen))


def _among(column: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=values.combine_chunks())


def _complete(links: pa.Table) -> pa.Table:
    """Return links of an older build with the columns that it does not have yet, null in every row."""
    for place, column in enumerate(LINKS):
        if column.name not in links.column_names:
            links = links.add_column(place, column.with_nullable(True), pa.nulls(links.num_rows, column.type))
    return links


def unified(tables: Sequence[pa.Table]) -> pa.Table:
    """Return one table of several, whose dictionaries may differ."""
    return pa.concat_tables(tables).unify_dictionaries()


def _named(domain: str | None) -> tuple[tuple[str, str], ...]:
    return () if domain is None else (("dst_domain", domain),)


def _of(table: pa.Table, domain: str | None) -> pa.Table:
    return table if domain is None else table.filter(pc.equal(table["dst_domain"], domain))


def _read_groups(
    path: Path, groups: list[int] | None, wanted: Iterable[tuple[str, str]] = (), columns: list[str] | None = None
) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if groups is None:
                groups = [group for group in range(file.num_row_groups) if _may_hold(file.metadata, group, wanted)]
            return file.read_row_groups(groups, columns)
    except (OSError, pa.ArrowException) as reason:
        raise CorruptFileError(f"{path} cannot be read ({reason}); run `linkgraph build` again") from reason


def _may_hold(metadata: pq.FileMetaData, group: int, wanted: Iterable[tuple[str, str]]) -> bool:
    """Return whether a row group's statistics leave room for all the wanted values."""
    columns = metadata.row_group(group)
    index = {columns.column(at).path_in_schema: at for at in range(columns.num_columns)}
    for name, value in wanted:
        statistics = columns.column(index[name]).statistics
        if statistics is not None and statistics.has_min_max and not statistics.min <= value <= statistics.max:
            return False
    return True

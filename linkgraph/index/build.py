"""A data folder → one build: ranked domains and hosts, their graphs, and every link sorted by its target.

Promises that readers see the old build until the new one is whole and on the disk; the same scores, bit for bit, for
the same data; and memory that grows with distinct names, not with links. Refuses a data folder in which another build
runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from linkgraph import __version__
from linkgraph.authority.pagerank import DAMPING, TOLERANCE, PageRank, pagerank
from linkgraph.authority.score import DECADES, authority
from linkgraph.edges.clock import lifts, narrow, parents
from linkgraph.edges.dataset import Snapshot, snapshot
from linkgraph.edges.schema import SCHEMA_VERSION
from linkgraph.errors import StorageError, UsageError
from linkgraph.graph.collapse import collapse_each
from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.collapse.fold import folds_of
from linkgraph.graph.collapse.scan import NAMES, FileScan, Scan, Where
from linkgraph.graph.collapse.standing import StandingScan
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.names import Names, array_path
from linkgraph.graph.policy import BUILT, VotePolicy, policies_named
from linkgraph.index.checks import Checks
from linkgraph.index.classified import ClassifiedScan
from linkgraph.index.compact import Sorter, Spilled, bucket_count, compact, spill
from linkgraph.index.files import write_folds, write_nodes, write_sites
from linkgraph.index.history import History
from linkgraph.index.layout import (
    FORMAT,
    KEEP,
    entities_file,
    folds_file,
    graph_stem,
    make_current,
    new_name,
    nodes_file,
    remove_old,
    sites_file,
    sole_builder,
    unfinished,
)
from linkgraph.index.links import Domains
from linkgraph.index.measures import Lists, measures
from linkgraph.index.record import LEVELS, BuildResult, Ranking, record_text
from linkgraph.index.tables import Counts, Measured, counts_of_entities, ranked_nodes
from linkgraph.index.tally import Addresses, Tally
from linkgraph.urls import CANONICALISER_VERSION, suffix_list_version

Progress = Callable[[str, int, int], None]
"""Told (step, done, total); called often, and with done = total when a step ends."""


_Graphs = dict[str, dict[str, LinkGraph]]
_Ranks = dict[str, dict[str, PageRank]]
"""By the name of the policy, and the level."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """A scan that tells how far it is."""

    scan: Scan
    rows: int
    progress: Progress
    step: str

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        if where:  # few rows, of which nobody knows how many
            yield from self.scan.batches(columns, where)
            return
        done = 0
        for batch in self.scan.batches(columns):
            yield batch
            done += len(batch)
            self.progress(self.step, done, self.rows)


@dataclass(frozen=True, slots=True)
class _Work:
    """One build in the making."""

    folder: Path
    live: Snapshot
    policies: list[VotePolicy]
    lists: Lists
    progress: Progress
    lifts: dict[str, int]
    """Of the runs whose clock had gone back."""
    entities: Entities | None = None
    """What the user's file says; None without one."""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[str, ...]:
        return LEVELS if self.entities is None else (*LEVELS, "entity")

    @property
    def buckets(self) -> int:
        return bucket_count(self.live.rows("edges"))

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - began, 3)

    def edges(self, step: str) -> Scan:
        return self._watched(FileScan(self.live.edge_files, self.lifts, NAMES), step)

    def classified(self, step: str) -> Scan:
        return self._watched(ClassifiedScan(self.live.edge_files, self.live.page_files, self.lifts), step)

    def _watched(self, scan: Scan, step: str) -> Scan:
        return _Watched(scan, self.live.rows("edges"), self.progress, step)

    @property
    def pages(self) -> Scan:
        return FileScan(self.live.page_files, self.lifts)

    def graphs(self, checks: Checks) -> tuple[_Graphs, dict[str, Names], Spilled]:
        """Return the graphs, the names of their nodes, and the rows of the build by bucket.

        Owners are found in the pass that classifies links and sorts them into buckets: it comes when all names are
        known and before any vote is weighed.
        """
        spilled: list[Spilled] = []
        names: dict[str, Names] = {}

        def owners(found: Mapping[str, Names]) -> dict[str, str]:
            names.update(found)
            self._keep(names)
            spilled.append(self._spilled(names, checks))
            return spilled[0].sites.owner_names(names["domain"])

        with self.timed("collapse"):
            edges = StandingScan(self.edges("collapsing links"), checks.standing())
            folds = folds_of(edges, self.pages, self.policies)
            write_folds(folds_file(self.folder), folds)
            graphs = collapse_each(edges, self.pages, self.policies, self.levels, self.entities, folds, owners)
            for policy, levels in graphs.items():
                for level, graph in levels.items():
                    stem = graph_stem(self.folder, level, policy)
                    stem.parent.mkdir(parents=True, exist_ok=True)
                    graph.save(stem, named=False)
        self.seconds["collapse"] = round(self.seconds["collapse"] - self.seconds["classify"], 3)
        return graphs, names, spilled[0]

    def _keep(self, names: dict[str, Names]) -> None:
        for level, of_level in names.items():
            stem = graph_stem(self.folder, level)
            stem.parent.mkdir(parents=True, exist_ok=True)
            of_level.save(stem)
        if self.entities is not None:
            self.entities.check_known(names["entity"])
            entities_file(self.folder).write_text(self.entities.text(), encoding="utf-8")

    def _spilled(self, names: dict[str, Names], checks: Checks) -> Spilled:
        with self.timed("classify"):
            history = History(checks, self.folder / ".spill", self.buckets)
            found = spill(self.classified("classifying links"), self.pages, names, history, buckets=self.buckets)
            write_sites(sites_file(self.folder), found.sites.table(names["domain"]))
        return found

    def ranks(self, graphs: _Graphs) -> _Ranks:
        with self.timed("rank"):
            found: _Ranks = {policy: {} for policy in graphs}
            pairs = [(policy, level) for policy in graphs for level in self.levels]
            for done, (policy, level) in enumerate(pairs, 1):
                found[policy][level] = pagerank(graphs[policy][level], alpha=DAMPING, tol=TOLERANCE)
                self.progress("ranking", done, len(pairs))
        return found

    def compact(self, names: Names, spilled: Spilled, ranks: PageRank) -> tuple[dict[str, Tally], int]:
        with self.timed("sort"):
            ids = {"domain": spilled.domains, "host": spilled.hosts}
            tallies = {level: Tally(level, ids[level]) for level in LEVELS}
            domains = Domains.of(names, spilled.domains, authority(ranks))
            popularity = spilled.sites.popularity(ranks.scores)
            sorter = Sorter(domains, Addresses.read(self.pages), tuple(tallies.values()), popularity)
            links = compact(
                spilled,
                sorter,
                build=self.folder,
                buckets=self.buckets,
                done=lambda number: self.progress("writing links", number, self.buckets),
            )
        return tallies, links

    def measures(self, names: dict[str, Names], graphs: _Graphs, ranks: _Ranks) -> dict[tuple[str, str], Measured]:
        with self.timed("measure"):
            seeds = {
                level: self.lists.nodes(of_level, self.entities if level == "entity" else None)
                for level, of_level in names.items()
            }
            found: dict[tuple[str, str], Measured] = {}
            for policy, levels in graphs.items():
                for level, graph in levels.items():
                    found[policy, level] = measures(graph, ranks[policy][level], seeds[level])
                    self.progress("measuring", len(found), len(graphs) * len(self.levels))
        return found

    def tables(
        self,
        names: dict[str, Names],
        graphs: _Graphs,
        tallies: dict[str, Tally],
        ranks: _Ranks,
        measured: dict[tuple[str, str], Measured],
    ) -> None:
        with self.timed("tables"):
            for level in self.levels:
                tables = []
                for policy, found in ranks.items():
                    counts = self._counts(level, names, graphs[policy], tallies)
                    ranked = ranked_nodes(level, names[level], counts, found[level], measured[policy, level], policy)
                    np.save(array_path(graph_stem(self.folder, level, policy), "row"), ranked.row)
                    tables.append(ranked.table)
                write_nodes(nodes_file(self.folder, level), pa.concat_tables(tables), [level])

    def _counts(
        self, level: str, names: dict[str, Names], graphs: dict[str, LinkGraph], tallies: dict[str, Tally]
    ) -> Counts:
        if level in tallies or self.entities is None:
            return tallies[level].counts
        return counts_of_entities(names[level], graphs[level], self.entities)


def _ranking(policy: VotePolicy, graphs: dict[str, LinkGraph], ranks: dict[str, PageRank]) -> Ranking:
    return Ranking(
        policy=policy.name,
        version=policy.version,
        votes={level: graph.number_of_edges() for level, graph in graphs.items()},
        iterations={level: found.iterations for level, found in ranks.items()},
        errors={level: found.error for level, found in ranks.items()},
    )


def _make(work: _Work, name: str, final: Path) -> BuildResult:
    checks = Checks.read(work.pages, parents(work.live), narrow(work.live))
    graphs, names, spilled = work.graphs(checks)
    ranks = work.ranks(graphs)
    measured = work.measures(names, graphs, ranks)
    tallies, links = work.compact(names["domain"], spilled, ranks[work.policies[0].name]["domain"])
    work.tables(names, graphs, tallies, ranks, measured)
    return BuildResult(
        name=name,
        folder=final,
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        linkgraph=__version__,
        schema=SCHEMA_VERSION,
        canonicaliser=CANONICALISER_VERSION,
        suffix_list=suffix_list_version(),
        snapshot=work.live.digest,
        rankings=tuple(_ranking(policy, graphs[policy.name], ranks[policy.name]) for policy in work.policies),
        alpha=DAMPING,
        tolerance=TOLERANCE,
        decades=DECADES,
        buckets=work.buckets,
        edges=work.live.rows("edges"),
        pages=work.live.rows("pages"),
        links=links,
        nodes={level: len(of_level) for level, of_level in names.items()},
        lists=work.lists.record(names["domain"]),
        entities=work.entities.record(names["entity"]) if work.entities else {},
        seconds=work.seconds,
    )


def build(
    data: Path | str,
    *,
    policy: str | Sequence[str] = BUILT,
    trusted: Sequence[str] = (),
    spam: Sequence[str] = (),
    entities: Path | str | None = None,
    progress: Progress | None = None,
    keep: int = KEEP,
) -> BuildResult:
    """Build from every committed row of a data folder, and let readers use the result.

    Args:
        data: the data folder. One without rows gives an empty build.
        policy: the name of a vote policy, or of several that are ranked side by side; an answer that names none uses
            the first.
        trusted: registrable domains that a person has reviewed and found good: the columns trust and spam_mass.
        spam: registrable domains known for spam: the column distrust.
        entities: a CSV file of entities and the domains, hosts and URL prefixes that they cover; they are ranked too,
            as the level `entity`.
        progress: told (step, done, total) on the way.
        keep: how many builds are kept, this one included; older ones are removed unless somebody reads them.

    Raises:
        UsageError: *data* is no folder, no policy has this name or one stands twice, *keep* is below 1, none of the
            domains of a list or of the entities is in the data, or the file of entities cannot be used.
        StateError: another process is building here.
        CorruptFileError: a file cannot be read; it is named.
        StorageError: the disk refused a write; the build before is still in use.
    """
    root, chosen = Path(data), policies_named([policy] if isinstance(policy, str) else policy)
    if keep < 1:
        raise UsageError(f"keep is {keep}; give 1 or more builds")
    units = None if entities is None else Entities.read(Path(entities))
    live = snapshot(root)
    try:
        with sole_builder(root) as folder:
            name = new_name(folder, live.digest)
            with unfinished(folder, name) as hidden:
                lists, told = Lists(trusted, spam), progress or (lambda *_: None)
                work = _Work(hidden, live, chosen, lists, told, lifts(live), units)
                result = _make(work, name, folder / name)
                (hidden / "build.json").write_text(record_text(result), encoding="utf-8")
            make_current(folder, name)
            remove_old(folder, keep)
    except OSError as reason:
        raise StorageError(
            f"{root / 'builds'}: {reason.strerror or reason} while building; free space or make the folder writable, "
            "then build again; readers still use the build before"
        ) from reason
    return result

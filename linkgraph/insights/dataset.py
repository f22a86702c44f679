"""A data folder → its tables, its graphs, and the answers of its current build.

Promises that opening is instant and that a question reads what it needs. Refuses a question about a domain that no
page or link names, with near names, and a question that needs a build where there is none.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.edges.clock import lifts
from linkgraph.edges.dataset import Snapshot, snapshot
from linkgraph.errors import StateError, UnknownDomainError, UsageError
from linkgraph.graph.names import Names
from linkgraph.graph.policy import BUILT, LEVELS, policies_named
from linkgraph.index.lookup import Build
from linkgraph.index.record import BuildResult
from linkgraph.insights.kinds import Kinds
from linkgraph.insights.quality import ORDERS, collapsed, trust_in, with_quality
from linkgraph.insights.target import target_of

if TYPE_CHECKING:
    import pyarrow.dataset as ds

    from linkgraph.graph.csr import LinkGraph

_NEAR_BEST = 5_000
_NEAR_AROUND = 500
"""Names that a misspelt one is compared with: the best ranked, and those beside it in the alphabet. difflib takes
20 us a name, so an answer comes in 0.1 s whatever the size of the data set."""


@dataclass(frozen=True)
class Dataset:
    """What `linkgraph.open` returns: one data folder."""

    root: Path

    @property
    def snapshot(self) -> Snapshot:
        """The files that are live now."""
        return snapshot(self.root)

    def edges(self) -> ds.Dataset:
        """Return the edges table, every link as observed, as an Arrow dataset."""
        return self.snapshot.edges()

    def pages(self) -> ds.Dataset:
        """Return the pages table as an Arrow dataset."""
        return self.snapshot.pages()

    @cached_property
    def _build(self) -> Build:
        return Build.current(self.root)

    @property
    def build(self) -> BuildResult:
        """What the current build holds and how it was made.

        Raises:
            StateError: there is no build yet; it says how to make one.
        """
        return self._build.record

    @property
    def is_stale(self) -> bool:
        """Whether rows were committed or set aside since the build was made."""
        return self.build.snapshot != self.snapshot.digest

    def graph(self, level: str = "domain", policy: str | None = None) -> LinkGraph:
        """Return the graph of votes between domains, hosts, pages or entities.

        NetworkX functions accept it; `.to_networkx()` gives a networkx.DiGraph. Graphs of the build are mapped from
        disk; the graph of pages, and that of a policy that the build has not, is collapsed from the edges now.

        Args:
            level: `domain`, `host`, `page` or `entity`.
            policy: the name of a vote policy; the build's first by default, or that of the default without a build.

        Raises:
            UsageError: an unknown level or policy.
            StateError: no build where one is needed, or one without entities.
        """
        return self.graphs(level, [policy])[0]

    def graphs(self, level: str, policies: Sequence[str | None]) -> list[LinkGraph]:
        """Return the graph of one level under each policy; one id is one node in all of them. See `graph`."""
        if level not in LEVELS:
            raise UsageError(f"level {level!r} is unknown; choose one of {', '.join(LEVELS)}")
        entities = self._build.entities() if level == "entity" else None
        built = self._built_policies(level)
        if None in policies and level != "page":
            built = self.build.policies
        names = [name or (built or BUILT)[0] for name in policies]
        chosen = policies_named(list(dict.fromkeys(names)))
        if {policy.name for policy in chosen} <= set(built):
            return [self._build.graph(level, name) for name in names]
        from linkgraph.graph.collapse import collapse_each  # it takes numba along; the other answers do not need it
        from linkgraph.graph.collapse.scan import NAMES, FileScan
        from linkgraph.graph.collapse.standing import Standing, StandingScan
        from linkgraph.index.classified import ClassifiedScan
        from linkgraph.index.sites import Sites

        live = self.snapshot
        late = lifts(live)
        pages = FileScan(live.page_files, late)
        standing = Standing.read(pages)
        edges = StandingScan(FileScan(live.edge_files, late, NAMES), standing)
        # Owners are those of the build; where there is none, they have to be found, among all domains and hosts.
        alone = level != "page" and not built and any(policy.weighing for policy in chosen)
        levels = list(dict.fromkeys([level, "domain", "host"])) if alone else [level]

        def owners(names: Mapping[str, Names]) -> dict[str, str]:
            if not alone:
                return self._build.owners() if built else {}
            links = ClassifiedScan(live.edge_files, live.page_files, late)
            return Sites.read(links, pages, names, standing).owner_names(names["domain"])

        graphs = collapse_each(edges, pages, chosen, levels, entities, owners=owners)
        return [graphs[name][level] for name in names]

    def _built_policies(self, level: str) -> list[str]:
        try:
            return self.build.policies if level in self.build.nodes else []
        except StateError:
            return []

    def authority(
        self,
        domains: Sequence[str] | None = None,
        top: int | None = None,
        policy: str | None = None,
        level: str = "domain",
    ) -> pa.Table:
        """Return rows of the table of domains, or of hosts or entities.

        Args:
            domains: domains, hosts or URLs, each answered with its registrable domain, host or entity, in this order,
                or names of entities; None for all, best rank first.
            top: rows at most.
            policy: under which policy of the build; by default its first.
            level: `domain`, `host` or `entity`.

        Raises:
            UnknownDomainError: a domain, host or entity that no page or link names.
            UsageError: a text that is no domain, an unknown policy or level, or *top* below 0.
            StateError: no build yet, none under this policy, or one without entities.
        """
        if top is not None and top < 0:
            raise UsageError(f"top is {top}; give 0 or more rows")
        self._names(level)
        if domains is None:
            return self._build.best(level, top, policy)
        return self._build.rows_of(level, np.array(self.nodes(domains, level), np.int64)[:top], policy)

    def nodes(self, domains: Sequence[str], level: str = "domain") -> list[int]:
        """Return the nodes of domains, hosts or URLs, or of entities by name, in the build's graph of one level.

        Raises:
            UnknownDomainError: a domain, host or entity that no page or link names.
            UsageError: a text that is no domain, or a level that no build keeps.
            StateError: no build yet, or one without entities.
        """
        names = self._names(level)
        return [self._known(names, self._name_of(text, level, names), level) for text in domains]

    def _names(self, level: str) -> Names:
        if level not in LEVELS or level == "page":
            raise UsageError(f"level {level!r} has no table; choose domain, host or entity")
        if level == "entity":
            self._build.entities()
        return self._build.names(level)

    def _name_of(self, text: str, level: str, names: Names) -> str:
        """Return the name of the node that *text* means."""
        if level == "entity" and names.find(text) >= 0:
            return text
        target = target_of(text)
        if level == "entity":
            return self._build.entities().of_url(target.url)
        return target.host if level == "host" else target.domain

    def values(self, level: str, column: str, policy: str | None = None) -> NDArray[np.float64]:
        """Return a column of the domains or hosts table (`level`) under one policy, node by node."""
        return self._build.values(level, column, policy)

    def sites(self) -> pa.Table:
        """Return the domains that share an owner with others or mirror one: domain, owner, evidence, mirror_of.

        `owner` is the first domain by name of those that one owner probably runs, `evidence` what joins the domain to
        which of them. A build that did not look for owners gives an empty table.

        Raises:
            StateError: no build yet.
        """
        return self._build.sites()

    def backlinks(
        self,
        domain: str,
        limit: int | None = None,
        *,
        placement: Sequence[str] | None = None,
        acquisition: Sequence[str] | None = None,
        sort: str = "authority",
        collapse: bool = False,
        views: Mapping[str, float] | None = None,
    ) -> pa.Table:
        """Return the links to a domain, host or URL from other registrable domains, strongest first.

        Rows are ordered by `src_authority` (or what *sort* says) descending, then by src_url, dst_url and ordinal.

        Args:
            domain: a domain (`example.org`), a host of it (`www.example.org`), or a URL.
            limit: rows at most.
            placement: words of `linkgraph.classify.PLACEMENTS`, or head, redirect, canonical; None for all links.
            acquisition: words of `linkgraph.classify.ACQUISITIONS`; None for all links.
            sort: `authority` of the source's domain, `quality` of the link, or its `referral` value.
            collapse: one row, the first, for each site-wide link.
            views: page views of source pages by URL, for the referral value; None for a proxy.

        Returns:
            Every column of the links table, and those of `linkgraph.insights.quality.QUALITY`. What an older build
            does not have yet is null.

        Raises:
            UnknownDomainError: a domain or host that no page or link names.
            UsageError: a text that is none of these, a word that is no placement, acquisition or order, or *limit*
                below 0.
            StateError: no build yet.
        """
        if limit is not None and limit < 0:
            raise UsageError(f"limit is {limit}; give 0 or more rows")
        if sort not in ORDERS:
            raise UsageError(f"sort {sort!r} is unknown; choose one of {', '.join(ORDERS)}")
        kinds = Kinds.of(placement, acquisition)
        target = target_of(domain)
        level = "host" if target.column == "dst_host" else "domain"
        self._known(self._build.names(level), target.value if level == "host" else target.domain, level)
        links = kinds.of_links(self._build.links_to(target.domain, target.column, target.value))
        links = with_quality(links, views, self._trust_in(links["src_domain"]))
        order = [(ORDERS[sort], "descending"), ("src_url", "ascending"), ("dst_url", "ascending")]
        links = links.sort_by([*order, ("ordinal", "ascending")])
        return (collapsed(links) if collapse else links).slice(0, limit)

    def _trust_in(self, domains: pa.ChunkedArray) -> dict[str, float] | None:
        """Return how far each domain is trusted by the lists of the build; None for a build without lists."""
        record, names = self.build, domains.unique().to_pylist()
        if not record.lists or not names:
            return None
        known = self._build.names("domain")
        rows = self._build.rows_of("domain", np.array([known.find(name) for name in names]))
        mass = rows["spam_mass"].to_numpy() if "trusted" in record.lists else None
        leads = None
        if "spam" in record.lists:  # a surfer against the votes restarts at each domain of the list with this chance
            restarts = (1 - record.alpha) / int(record.lists["spam"]["found"])
            leads = rows["distrust"].to_numpy() / restarts
        return dict(zip(names, np.asarray(trust_in(mass, leads)).tolist(), strict=True))

    def links_landing(self, domain: str, policy: str | None = None) -> pa.Table:
        """Return the links, rows of the links table, whose votes land on a registrable domain if they are votes.

        Unlike `backlinks`, with redirects, refreshes and canonicals followed as the policy says.

        Raises:
            UnknownDomainError: a domain that no page or link names.
            StateError: no build yet, or none under *policy*.
        """
        (node,) = self.nodes([domain])
        return self._build.links_landing(self._build.names("domain")[node], policy)

    def events(self, domain: str | None = None) -> pa.Table:
        """Return the rows of the events table about links to a registrable domain; to all where it is None.

        Raises:
            StateError: no build yet, or one without history.
        """
        return self._build.events_of(domain)

    def histories(self, domain: str | None, columns: Sequence[str]) -> pa.Table:
        """Return columns of the links table for every link from another domain that was ever seen, lost ones included.

        Raises:
            StateError: no build yet, or one without history.
        """
        return self._build.histories(domain, columns)

    def _known(self, names: Names, name: str, level: str) -> int:
        node = names.find(name)
        if node < 0:
            raise UnknownDomainError(name, self._near(names, name, level))
        return node

    def _near(self, names: Names, name: str, level: str) -> list[str]:
        best = self._build.best(level, _NEAR_BEST)[level].to_pylist()
        candidates = dict.fromkeys([*names.around(name, _NEAR_AROUND), *best])
        return difflib.get_close_matches(name, candidates, n=3, cutoff=0.7)


def open_dataset(data: Path | str = "data") -> Dataset:
    """Open a data folder: `linkgraph.open("data")`.

    Raises:
        UsageError: it is no folder.
    """
    root = Path(data)
    if not root.is_dir():
        raise UsageError(f"{root} is no folder; name the data folder with --data or LINKGRAPH_DATA")
    return Dataset(root)

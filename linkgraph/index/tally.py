"""Distinct links and pages, bucket after bucket → the counts of every domain or host.

Promises exact counts: whatever is counted for a target lies in one bucket, so that buckets only add up. A backlink is
a link from another registrable domain that is no part of the page's own rendering (image, script, style).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse import votes
from linkgraph.graph.collapse.pairs import distinct, packed, unpacked
from linkgraph.graph.collapse.scan import Scan, among, ids_of
from linkgraph.graph.intern import Interner
from linkgraph.graph.policy import FOLLOWED
from linkgraph.model import RESOURCE_KINDS

COUNTS = (
    "crawled_pages",
    "known_pages",
    "referring_domains",
    "referring_domains_followed",
    "independent_owners",
    "backlinks",
    "backlinks_followed",
    "referring_ips",
    "linked_domains",
)
"""What is counted for each node; columns of the domains and hosts tables."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The links and pages of one bucket, with what every tally needs of them as arrays."""

    links: pa.Table
    pages: pa.Table
    source: NDArray[np.int32]
    """Domain node of each link's source."""
    within: NDArray[np.bool_]
    """Links from a domain to itself."""
    address: NDArray[np.int32]
    """Code of the address of each link's source host; -1 where it is unknown."""
    owner: NDArray[np.int32]
    """Who runs each link's source, -1 where the same one runs its target."""
    backlink: NDArray[np.bool_]
    followed: NDArray[np.bool_]
    """Backlinks that are votes under the policy `followed`: whatever a build ranks, the counts mean the same."""

    @classmethod
    def of(
        cls,
        links: pa.Table,
        pages: pa.Table,
        domains: Interner,
        addresses: Addresses,
        owners: NDArray[np.int32],
    ) -> Bucket:
        """Read the arrays off the tables of one bucket, both in working form; *owners* tells who runs each domain."""
        source = ids_of(domains.find, links["src_domain"].combine_chunks())
        target = ids_of(domains.find, links["dst_domain"].combine_chunks())
        whole = links.combine_chunks().to_batches()
        counted = votes(whole[0], FOLLOWED) if whole else np.zeros(0, bool)
        within = source == target
        backlink = ~within & ~among(links["kind"].combine_chunks(), RESOURCE_KINDS)
        address = addresses.of_hosts(links["src_host"].combine_chunks())
        owner = np.where(owners[source] == owners[target], np.int32(-1), owners[source])
        return cls(links, pages, source, within, address, owner, backlink, backlink & counted)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The newest address that each host answered from."""

    hosts: Interner
    code: NDArray[np.int32]
    """Code of the address of each host; -1 for none."""

    @classmethod
    def read(cls, pages: Scan) -> Addresses:
        """Collect them from the pages table."""
        hosts, ips = Interner(), Interner()
        code, moment = np.full(1024, -1, np.int32), np.full(1024, np.iinfo(np.int64).min)
        for whole in pages.batches(("host", "ip", "fetched_at")):
            batch = whole.filter(pc.is_valid(whole.column("ip")))
            host, ip = ids_of(hosts.add, batch.column("host")), ids_of(ips.add, batch.column("ip"))
            when = batch.column("fetched_at").cast(pa.int64()).to_numpy()
            code = padded(code, len(hosts), -1)
            moment = padded(moment, len(hosts), np.iinfo(np.int64).min)
            order = np.argsort(when, kind="stable")
            host, ip, when = host[order], ip[order], when[order]
            newer = when >= moment[host]  # of equal indices NumPy keeps the last assignment: the newest
            code[host[newer]], moment[host[newer]] = ip[newer], when[newer]
        return cls(hosts, code)

    def of_hosts(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the code of each host's address, -1 where it is unknown."""
        host = ids_of(self.hosts.find, column)
        return np.where(host >= 0, self.code[host], np.int32(-1))


def padded(array: NDArray[Any], length: int, fill: int) -> NDArray[Any]:
    """Return an array of at least *length* entries, with room to grow where it had to be made longer."""
    if length <= len(array):
        return array
    return np.concatenate([array, np.full(2 * length - len(array), fill, array.dtype)])


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of the nodes of one level.

    Args:
        column: `domain` or `host`: what the nodes are.
        nodes: their ids.
    """

    column: str
    nodes: Interner
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts.update({name: np.zeros(len(self.nodes), np.int64) for name in COUNTS})

    def _find(self, table: pa.Table, column: str) -> NDArray[np.int32]:
        return ids_of(self.nodes.find, table[column].combine_chunks())

    def _add(self, name: str, nodes: NDArray[np.int32]) -> None:
        self.counts[name] += np.bincount(nodes, minlength=len(self.nodes))

    def _add_distinct(self, name: str, nodes: NDArray[np.int32], what: NDArray[np.int32]) -> None:
        self._add(name, unpacked(distinct(packed(nodes, what)))[0])

    def add(self, bucket: Bucket) -> None:
        """Count one bucket."""
        target = self._find(bucket.links, f"dst_{self.column}")
        for chosen, suffix in ((bucket.backlink, ""), (bucket.followed, "_followed")):
            self._add(f"backlinks{suffix}", target[chosen])
            self._add_distinct(f"referring_domains{suffix}", target[chosen], bucket.source[chosen])
        foreign = bucket.backlink & (bucket.owner >= 0)
        self._add_distinct("independent_owners", target[foreign], bucket.owner[foreign])
        located = bucket.backlink & (bucket.address >= 0)
        self._add_distinct("referring_ips", target[located], bucket.address[located])
        self._add_linked(bucket)
        self._add_pages(bucket, target)

    def _add_linked(self, bucket: Bucket) -> None:
        """Count the other domains that a node links to: the domain of a link's target lies in this bucket alone."""
        links = bucket.links.filter(pa.array(bucket.backlink)).select([f"src_{self.column}", "dst_domain"])
        domains = Interner()
        target = ids_of(domains.add, links["dst_domain"].combine_chunks())
        self._add_distinct("linked_domains", self._find(links, f"src_{self.column}"), target)

    def _add_pages(self, bucket: Bucket, target: NDArray[np.int32]) -> None:
        fetched = among(bucket.pages["outcome"].combine_chunks(), ("fetched", "not-modified"))
        node = self._find(bucket.pages, self.column)
        self._add("crawled_pages", node[fetched])
        urls = Interner()
        shown = ~among(bucket.links["kind"].combine_chunks(), RESOURCE_KINDS)
        linked = ids_of(urls.add, bucket.links["dst_url"].filter(pa.array(shown)).combine_chunks())
        visited = ids_of(urls.add, bucket.pages["url"].combine_chunks())
        of_url = np.empty(len(urls), np.int32)
        of_url[linked], of_url[visited] = target[shown], node
        self._add("known_pages", of_url)

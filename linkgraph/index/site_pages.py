"""The pages table → what site-level evidence needs of it: pages by site and host, fingerprints, ids and addresses.

Promises that a page counts once however often it was fetched, by its newest row. Memory grows with the pages that were
fetched, their URLs included.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import packed, unpacked
from linkgraph.graph.collapse.scan import Scan, among, utf8
from linkgraph.graph.intern import Interner
from linkgraph.graph.sites.owners import ID_SHARE, Shared
from linkgraph.index.tally import padded
from linkgraph.urls import domain_of

COLUMNS = (
    "url", "host", "domain", "fetched_at", "outcome", "simhash", "canonical_url", "owner_ids", "ip",
    "links_internal", "links_external",
)  # fmt: skip

_FIELDS: dict[str, Any] = {
    "site": np.int32,
    "host": np.int32,
    "moment": np.int64,
    "simhash": np.int64,
    "canonical": np.int32,
}


@dataclass(slots=True)
class SitePages:
    """The fetched pages that have links, row by row, and what their sites share."""

    urls: Interner
    sites: int
    hosts: int
    _room: dict[str, NDArray[Any]]
    _held: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    _things: dict[str, Interner] = field(default_factory=dict)

    @classmethod
    def read(cls, pages: Scan, domains: Interner, hosts: Interner) -> SitePages:
        """Collect them from the pages table; *domains* and *hosts* number every name in it."""
        room = {name: np.empty(0, kind) for name, kind in _FIELDS.items()}
        found = cls(Interner(), len(domains), len(hosts), room)
        for batch in pages.batches(COLUMNS):
            linking = pc.greater(pc.add(batch.column("links_internal"), batch.column("links_external")), 0)
            chosen = pc.and_(pc.fill_null(linking, False), pa.array(among(batch.column("outcome"), ("fetched",))))
            found._take(batch.filter(chosen), domains, hosts)
        return found

    def column(self, name: str) -> NDArray[Any]:
        """Return `site` and `host` (nodes), `simhash` (0 for none) or `canonical` (the other site named, or -1)."""
        return self._room[name][: len(self.urls)]

    def _take(self, batch: pa.RecordBatch, domains: Interner, hosts: Interner) -> None:
        site = domains.find(*utf8(batch.column("domain")))
        row = self.urls.add(*utf8(batch.column("url")))
        for name, kind in _FIELDS.items():
            self._room[name] = padded(self._room[name], len(self.urls), np.iinfo(kind).min)
        moment = batch.column("fetched_at").cast(pa.int64()).to_numpy()
        order = np.argsort(moment, kind="stable")
        newer = order[moment[order] >= self._room["moment"][row[order]]]
        values = {
            "site": site,
            "host": hosts.find(*utf8(batch.column("host"))),
            "moment": moment,
            "simhash": pc.fill_null(batch.column("simhash"), 0).to_numpy(),
            "canonical": _canonical(batch.column("canonical_url"), site, domains),
        }
        for name, value in values.items():
            self._room[name][row[newer]] = value[newer]
        self._share(batch, site)

    def _share(self, batch: pa.RecordBatch, site: NDArray[np.int32]) -> None:
        ids = batch.column("owner_ids")
        owner = site[ids.value_parent_indices().to_numpy()] if len(ids) else site[:0]
        self._hold("shared account id", ids.flatten(), owner)
        known = batch.column("ip").is_valid()
        place, address = site[known.to_numpy(zero_copy_only=False)], batch.column("ip").filter(known)
        self._hold("shared address", address, place)
        encoded = address.dictionary_encode()
        nets = pa.array([_subnet(text) for text in encoded.dictionary.to_pylist()], pa.string())
        self._hold("shared subnet", nets.take(encoded.indices), place)

    def _hold(self, word: str, things: pa.Array, site: NDArray[np.int32]) -> None:
        thing = self._things.setdefault(word, Interner()).add(*utf8(things))
        held = self._held.setdefault(word, [])
        held.append(packed(thing, site))
        if word != "shared account id":
            held[-1] = np.unique(held[-1])

    def pages_of(self, level: str) -> NDArray[np.int64]:
        """Return how many of the pages each node of a level (`site` or `host`) has."""
        nodes = self.sites if level == "site" else self.hosts
        return np.bincount(self.column(level), minlength=nodes)

    def shared(self) -> dict[str, Shared]:
        """Return which site has which account id, address and subnet."""
        pages = np.maximum(self.pages_of("site"), 1)
        found = {}
        for word, held in self._held.items():
            pairs, count = np.unique(np.concatenate(held), return_counts=True)
            thing, site = unpacked(pairs)
            often = count >= ID_SHARE * pages[site] if word == "shared account id" else np.ones(len(pairs), bool)
            found[word] = Shared(thing[often], site[often])
        return found


@lru_cache(maxsize=1 << 14)
def _subnet(text: str) -> str:
    """Return the /24 of an IPv4 address, the /48 of an IPv6 address: what one customer of a hoster usually has."""
    try:
        version = ipaddress.ip_address(text).version
    except ValueError:
        return text
    return str(ipaddress.ip_network(f"{text}/{24 if version == 4 else 48}", strict=False))


def _canonical(urls: pa.Array, site: NDArray[np.int32], domains: Interner) -> NDArray[np.int32]:
    """Return the other site that each canonical URL names, -1 for none."""
    encoded = urls.dictionary_encode()
    named = domains.find(*utf8(pa.array([domain_of(url) for url in encoded.dictionary.to_pylist()], pa.string())))
    if not len(named):
        return np.full(len(urls), -1, np.int32)
    code = pc.fill_null(encoded.indices, 0).to_numpy()
    known = urls.is_valid().to_numpy(zero_copy_only=False) & (named[code] != site)
    return np.where(known, named[code], np.int32(-1))

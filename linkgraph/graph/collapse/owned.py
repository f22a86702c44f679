"""Which domains have one owner → the owner of each node of a level, by number.

Promises that a host belongs to the owner of its domain, and an entity to that of the domains it covers whole: they are
one owner's by the user's own word. Refuses to guess for an entity of hosts or prefixes alone: those may be customers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.names import Names
from linkgraph.urls import registrable_domain

NOBODY = -1


def owners_of(level: str, names: Names, owner: Mapping[str, str], entities: Entities) -> NDArray[np.int32]:
    """Return a number for the owner of each node, `NOBODY` where no other node can have the same; shape (n,).

    Args:
        level: what the nodes are: `domain`, `host` or `entity`.
        names: of the nodes.
        owner: the name of its owner for each domain that shares one with another.
        entities: what the nodes of the level `entity` cover.
    """
    if level == "host":
        domains = (registrable_domain(host) for host in names)
        return _numbered(owner.get(domain, domain) for domain in domains)
    if level == "entity":
        joined = _of_entities(owner, entities)
        return _numbered(joined.get(name) for name in names)
    numbers = np.full(len(names), NOBODY, np.int32)
    nodes = [names.find(domain) for domain in owner]
    known = np.array(nodes, np.int64) >= 0
    numbers[np.array(nodes, np.int64)[known]] = _numbered(owner.values())[known]
    return numbers


def _numbered(labels: Iterable[Hashable | None]) -> NDArray[np.int32]:
    seen: dict[Hashable, int] = {}
    return np.array([NOBODY if label is None else seen.setdefault(label, len(seen)) for label in labels], np.int32)


def _of_entities(owner: Mapping[str, str], entities: Entities) -> dict[str, Hashable]:
    """Return the owner of each entity that covers a domain, and of each domain that shares one."""
    covered = sorted((name, cover.host) for cover, name in entities.covers.items() if cover.kind == "domain")
    stands_for: dict[Hashable, Hashable] = {}

    def leader(label: Hashable) -> Hashable:
        while label in stands_for:
            label = stands_for[label]
        return label

    for name, domain in covered:
        mine, theirs = leader(("entity", name)), leader(owner.get(domain, domain))
        if mine != theirs:
            stands_for[theirs] = mine
    found = {domain: leader(label) for domain, label in owner.items()}
    return found | {name: leader(("entity", name)) for name, _ in covered}

"""Labelled links → folds of sites whose markup is alike, and what is seen of a fold by lists that never met it.

Rules, names of parts and known hosts were written with the training sites in view, so that held-out folds drawn by
chance are easier than sites of software that nobody looked at. Here the sites of a fold resemble each other more than
the rest (k-means over the names on the paths of their links), and a name or host that stands on a fold's sites only
is taken out of the lists before the fold is judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from labelled import Labelled

from linkgraph.classify import hosts, steps
from linkgraph.classify.evidence import observe
from linkgraph.classify.names import names_on
from linkgraph.classify.texts import texts_of

DIMENSIONS = 20
RARE = 3
"""Sites that a name must stand on to count for likeness."""

Support = dict[tuple[str, str], frozenset[str]]
"""A list and one of its entries → the sites that it stands on."""


def alike(data: Labelled, number: int, seed: int) -> np.ndarray:
    """Return the fold of each label; sites of one fold have like names on the paths to their links."""
    names = _names(data)
    sites = sorted(set(data.hosts))
    counts = defaultdict(int)
    for site in sites:
        for name in names[site]:
            counts[name] += 1
    words = sorted(name for name, count in counts.items() if count >= RARE)
    rarity = np.log(len(sites) / np.array([counts[word] for word in words]))
    table = np.array([[word in names[site] for word in words] for site in sites]) * rarity
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    left, strength, _ = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    fold = dict(zip(sites, _clusters(left[:, :DIMENSIONS] * strength[:DIMENSIONS], number, seed), strict=True))
    return np.array([fold[site] for site in data.hosts])


def _names(data: Labelled) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    pairs = zip(data.links["src_domain"].to_pylist(), data.links["dom_path"].to_pylist(), strict=True)
    for site, path in set(pairs):
        found[site].update(re.sub(r"\d+", "0", name.lower()) for name in re.findall(r"[#.]([^#.>]+)", path))
    return found


def _clusters(points: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Return the cluster of each point by k-means; none takes many more than its share."""
    chosen = np.random.default_rng(seed).choice(len(points), number, replace=False)
    centres, most = points[chosen], len(points) // number + 8
    for _ in range(30):
        far = ((points[:, None] - centres[None]) ** 2).sum(axis=-1)
        of, size = np.full(len(points), -1), np.zeros(number, int)
        for row in np.argsort(far.min(axis=1) - np.sort(far, axis=1)[:, 1]):
            of[row] = next(one for one in np.argsort(far[row]) if size[one] < most)
            size[of[row]] += 1
        centres = np.stack([points[of == one].mean(axis=0) if size[one] else centres[one] for one in range(number)])
    return of


class Lists:
    """The names of parts and the known hosts, and the training sites that each entry stands on."""

    def __init__(self, data: Labelled) -> None:
        self.data = data
        self.parts, self.kinds = dict(steps.LANDMARKS), dict(hosts.KINDS)
        self.named, self.known = self._named(), self._known()

    def seen(self, sites: set[str]) -> np.ndarray:
        """Return what is observed of the labelled links by lists without the entries of *sites* alone."""
        with self._without(sites):
            return observe(self.data.links)[self.data.rows]

    @contextmanager
    def _without(self, sites: set[str]) -> Iterator[None]:
        def kept(entry: frozenset[str]) -> bool:
            return not entry or bool(entry - sites)

        for part, pattern in self.parts.items():
            left = [one for one in alternatives(pattern) if kept(self.named[part, one])]
            steps.LANDMARKS[part] = "|".join(left) or r"^\b$"
        for kind, names in self.kinds.items():
            hosts.KINDS[kind] = frozenset(name for name in names if kept(self.known[kind, name]))
        hosts.kinds_of.cache_clear()
        try:
            yield
        finally:
            steps.LANDMARKS.update(self.parts)
            hosts.KINDS.update(self.kinds)
            hosts.kinds_of.cache_clear()

    def _named(self) -> Support:
        sites = np.array(self.data.links["src_domain"].to_pylist())
        paths = self.data.links["dom_path"].combine_chunks().cast(pa.string()).dictionary_encode()
        split = pc.split_pattern(paths.dictionary, ">")
        flat = split.flatten().dictionary_encode()
        of_path: dict[int, set[str]] = defaultdict(set)
        for path, site in set(zip(paths.indices.to_pylist(), sites.tolist(), strict=True)):
            of_path[path].add(site)
        of_step: dict[int, set[str]] = defaultdict(set)
        for step, path in zip(flat.indices.to_pylist(), pc.list_parent_indices(split).to_pylist(), strict=True):
            of_step[step] |= of_path[path]
        names = names_on(texts_of(flat.dictionary))
        found = {}
        for part, pattern in self.parts.items():
            for one in alternatives(pattern):
                hits = np.flatnonzero(pc.match_substring_regex(names, one).to_numpy(zero_copy_only=False))
                found[part, one] = frozenset(site for hit in hits.tolist() for site in of_step[hit])
        return found

    def _known(self) -> Support:
        on: dict[str, set[str]] = defaultdict(set)
        columns = [self.data.links[name].to_pylist() for name in ("dst_host", "dst_domain", "src_domain")]
        for host, domain, site in zip(*columns, strict=True):
            on[host].add(site)
            on[domain].add(site)
        return {(kind, name): frozenset(on[name]) for kind, names in self.kinds.items() for name in names}


def alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a pattern, but not those within parentheses."""
    found, depth, part = [], 0, ""
    for token in re.findall(r"\\.|.", pattern):
        depth += (token in "([") - (token in ")]")
        if token == "|" and not depth:
            found.append(part)
            part = ""
        else:
            part += token
    return [*found, part]

"""What a build holds ↔ `build.json` beside it.

Promises that a build can be made again: the data it read, the policy, and every setting and version that a score
depends on are recorded.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from linkgraph.errors import CorruptFileError, StateError
from linkgraph.graph.policy import policy_named
from linkgraph.index.layout import FORMAT

LEVELS = ("domain", "host")
"""Levels whose graphs and ranks every build keeps; pages are collapsed when they are asked for."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a build holds under one policy."""

    policy: str
    version: int
    votes: dict[str, int]
    """Edges of each level's graph."""
    iterations: dict[str, int]
    errors: dict[str, float]
    """Certified L1 error of the ranks of each level."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build holds, as `build.json` records it."""

    name: str
    folder: Path
    format: int
    made_at: str
    linkgraph: str
    schema: int
    canonicaliser: str
    suffix_list: str
    snapshot: str
    """Digest of the live files that were read."""
    rankings: tuple[Ranking, ...]
    """One a policy; answers that name no policy use the first."""
    alpha: float
    tolerance: float
    decades: int
    """Factors of 10 in rank from authority 0 to 100."""
    buckets: int
    edges: int
    """Rows read."""
    pages: int
    links: int
    """Distinct links."""
    nodes: dict[str, int] = field(default_factory=dict)
    """Of each level that the build keeps."""
    lists: dict[str, dict[str, int | str]] = field(default_factory=dict)
    """Of the lists of trusted and spam domains that were given: how many they name, how many are known, a digest."""
    entities: dict[str, int | str] = field(default_factory=dict)
    """The same of the file of entities; empty where none was given."""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def policies(self) -> list[str]:
        """The names of the policies, the one first that answers use."""
        return [ranking.policy for ranking in self.rankings]

    def ranking(self, policy: str | None = None) -> Ranking:
        """Return what there is under *policy*, by default the first.

        Raises:
            StateError: the build was made without this policy.
            UsageError: there is no such policy.
        """
        if policy is None:
            return self.rankings[0]
        wanted = policy_named(policy).name
        for ranking in self.rankings:
            if ranking.policy == wanted:
                return ranking
        raise StateError(
            f"build {self.name} has no policy {wanted!r}, only {', '.join(self.policies)}; "
            f"`linkgraph build --policy {wanted}` makes one that has"
        )


def record_text(result: BuildResult) -> str:
    """Return what `build.json` holds."""
    entries = asdict(result)
    del entries["folder"]  # a data folder may be moved
    return json.dumps(entries, indent=1) + "\n"


def _rankings(entries: dict[str, Any]) -> tuple[Ranking, ...]:
    """Take the rankings out of what a record holds; format 1 had one, its fields among the others."""
    if entries["format"] > 1:
        return tuple(Ranking(**each) for each in entries.pop("rankings"))
    only = {name: entries.pop(name) for name in ("votes", "iterations", "errors")}
    return (Ranking(policy=entries.pop("policy"), version=entries.pop("policy_version"), **only),)


def read_record(folder: Path) -> BuildResult:
    """Return what `build.json` in a build's folder says.

    Raises:
        CorruptFileError: it cannot be read, or was written by a newer linkgraph.
    """
    path = folder / "build.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if (made := int(entries["format"])) > FORMAT:
            raise CorruptFileError(f"{folder} has format {made}, this linkgraph reads {FORMAT}; upgrade linkgraph")
        return BuildResult(folder=folder, rankings=_rankings(entries), **entries)
    except (OSError, ValueError, TypeError, KeyError) as reason:
        raise CorruptFileError(f"{path} cannot be read ({reason}); run `linkgraph build` again") from reason

"""What a build holds ↔ `build.json` beside it.

Promises that a build can be made again: the data it read, the policy, and every setting and version that a score
depends on are recorded.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from linkgraph.errors import CorruptFileError
from linkgraph.index.layout import FORMAT

LEVELS = ("domain", "host")
"""Levels whose graphs and ranks a build keeps; pages are collapsed when they are asked for."""


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
    policy: str
    policy_version: int
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
    votes: dict[str, int] = field(default_factory=dict)
    iterations: dict[str, int] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    """Certified L1 error of the ranks of each level."""
    seconds: dict[str, float] = field(default_factory=dict)


def record_text(result: BuildResult) -> str:
    """Return what `build.json` holds."""
    entries = asdict(result)
    del entries["folder"]  # a data folder may be moved
    return json.dumps(entries, indent=1) + "\n"


def read_record(folder: Path) -> BuildResult:
    """Return what `build.json` in a build's folder says.

    Raises:
        CorruptFileError: it cannot be read, or was written by a newer linkgraph.
    """
    path = folder / "build.json"
    try:
        result = BuildResult(folder=folder, **json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as reason:
        raise CorruptFileError(f"{path} cannot be read ({reason}); run `linkgraph build` again") from reason
    if result.format > FORMAT:
        raise CorruptFileError(f"{folder} has format {result.format}, this linkgraph reads {FORMAT}; upgrade linkgraph")
    return result

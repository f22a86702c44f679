"""The runs that visit the same pages again: which one comes next, what it visits, and what it was told at its start.

Promises that the same command resumes the run that was interrupted, and begins the next one when it had ended. Reads
logs only. Refuses to visit again what a run without an end would still have seen.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from linkgraph.edges.log import Entry, read, summarise
from linkgraph.edges.run import Run
from linkgraph.errors import UsageError
from linkgraph.frontier.revisit import RevisitRule

LATEST = "latest"
_NUMBER = re.compile(r"(.*)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asked for: visit again what the run *earlier* saw."""

    earlier: str
    rule: RevisitRule
    every: bool = False
    """Also what is not due."""


def choose(root: Path, run: str, by_seeds: str, asked: str) -> tuple[str, str]:
    """Return the name of the run to work on and of the run whose pages it visits again.

    Runs of one family are called `name`, `name.2`, `name.3` and so on.

    Args:
        root: the data folder.
        run: the name that the user gave; empty for none. With `latest` it names the family.
        by_seeds: the name that the seeds give.
        asked: `latest`, or the name of an earlier run.

    Raises:
        UsageError: there is no such run, or it has not come to its end.
    """
    name = _newest(root, run or by_seeds) if asked == LATEST else asked
    if not _entries(Run(root, name)):
        raise UsageError(f"{root} holds no run {name!r} that could be visited again; crawl without --revisit first")
    if asked == LATEST:
        before = revisited(Run(root, name))
        if _has_ended(Run(root, name)):
            return _next(root, name), name
        if before is not None:
            return name, before
        raise UsageError(
            f"run {name!r} has not come to its end: finish it with the same command without --revisit, "
            f"or visit again what it saw so far with --revisit {name}"
        )
    return run or _unfinished(root, name) or _next(root, name), name


def to_work_on(root: Path, name: str) -> str:
    """Return the name of the newest run of a family while it has not ended, else of the next one."""
    newest = _newest(root, name)
    if not _entries(Run(root, newest)):
        return name
    return _next(root, name) if _has_ended(Run(root, newest)) else newest


def is_narrow(run: Run) -> bool:
    """Tell whether *run* asked for given pages alone (depth 0), so that it says nothing of the rest of their sites."""
    first = _first(run)
    scope = {} if first is None else first.options.get("scope", {})
    return bool(scope.get("depth") == 0)


def _family(name: str) -> str:
    match = _NUMBER.fullmatch(name)
    return match[1] if match else name


def _members(root: Path, name: str) -> dict[int, str]:
    """Return the runs of the family of *name* by number, lowest first."""
    family = _family(name)
    found = {}
    for folder in (root / "runs").glob("*/log"):
        match = _NUMBER.fullmatch(folder.parent.name)
        if folder.parent.name == family:
            found[1] = family
        elif match and match[1] == family:
            found[int(match[2])] = folder.parent.name
    return dict(sorted(found.items()))


def _newest(root: Path, name: str) -> str:
    return ([name, *_members(root, name).values()])[-1]


def _next(root: Path, name: str) -> str:
    return f"{_family(name)}.{max(_members(root, name), default=1) + 1}"


def _unfinished(root: Path, earlier: str) -> str | None:
    for name in reversed(_members(root, earlier).values()):
        if revisited(Run(root, name)) == earlier and not _has_ended(Run(root, name)):
            return name
    return None


def _entries(run: Run) -> list[Path]:
    return sorted(run.log.glob("[0-9]*.json"))


def _has_ended(run: Run) -> bool:
    last = _entries(run)[-1]
    return next(read(run.log, int(last.stem) - 1)).kind == "finish"


def _first(run: Run) -> Entry | None:
    return next(read(run.log), None)


def revisited(run: Run) -> str | None:
    """Return the name of the run whose pages *run* visits again; None for a run that began from its seeds alone."""
    first = _first(run)
    before = None if first is None else first.options.get("revisit")
    return None if before is None else str(before["run"])


def ancestry(run: Run, upto: int) -> list[tuple[Run, int]]:
    """Return *run* and the runs that it visited again, oldest first, each with the number of its last entry.

    Args:
        run: the newest of them.
        upto: the number of its last entry that counts.

    Raises:
        CorruptFileError: a log cannot be read.
    """
    found = [(run, upto)]
    while (first := _first(found[0][0])) is not None and (before := first.options.get("revisit")) is not None:
        found.insert(0, (Run(run.root, before["run"]), int(before["sequence"])))
    return found


def settle(run: Run, asked: Asked | None, last: Entry | None) -> dict[str, Any] | None:
    """Return what the start entry of *run* says about visiting again; None where nothing is visited again.

    What was settled when the run began stays: the run that it visits again, up to which entry, and the moment by which
    pages are due. What the user may change is which pages are due.

    Raises:
        UsageError: the run began otherwise.
    """
    before = None if last is None else last.options.get("revisit")
    if asked is None:
        return before
    if last is not None and (before is None or before["run"] != asked.earlier):
        began = "from its seeds alone" if before is None else f"with --revisit {before['run']}"
        raise UsageError(
            f"run {run.name!r} began {began}; choose another name for the run that revisits {asked.earlier!r}"
        )
    if before is None:
        ended = summarise(Run(run.root, asked.earlier).log).sequence
        before = {"run": asked.earlier, "sequence": ended, "at": round(datetime.now(UTC).timestamp(), 3)}
    return {**before, "every": asked.every, "rule": asdict(asked.rule)}

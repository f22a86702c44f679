"""The data folder → what is wrong with it, by the invariants that the commit promises.

Promises to change nothing: it reads beside a running crawl. The crash tests and `linkgraph doctor` share it.
"""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linkgraph.edges.dataset import foreign_files, verify
from linkgraph.edges.log import live_files, read
from linkgraph.edges.run import Run, runs
from linkgraph.errors import StateError
from linkgraph.frontier.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant, checked on one run or on the data folder."""

    subject: str
    check: str
    problems: tuple[str, ...] = ()
    remedy: str = ""


def examine(root: Path) -> Iterator[Finding]:
    """Yield every invariant with what breaks it; no problems means that it holds.

    Raises:
        UsageError: *root* is no data folder.
    """
    foreign = tuple(f"{path} is in no log entry" for path in foreign_files(root) if not _at_work(root, path))
    yield Finding(str(root), "only files that a log names", foreign, "move them out, or resume their run")
    for run in runs(root):
        yield from examine_run(run)


def examine_run(run: Run) -> Iterator[Finding]:
    """Yield the invariants of one run."""
    try:
        live = tuple(live_files(run.log))
    except StateError as error:
        yield Finding(run.name, "the log has no gap", (str(error),), "restore the entry, or start a new run")
        return
    yield Finding(run.name, "the log has no gap")
    broken = tuple(str(error) for error in verify(run.root, live))
    remedy = "resume the run with -s LINKGRAPH_VERIFY=all: it quarantines and fetches again"
    yield Finding(run.name, "live files match their digests", broken, remedy)
    if run.ledger.exists():
        yield from _examine_ledger(run, {file.path for file in live})


def _examine_ledger(run: Run, live: set[str]) -> Iterator[Finding]:
    remedy = f"delete {run.ledger} and resume: the log rebuilds it"
    try:
        ledger = Ledger(run.ledger)
    except StateError as error:
        yield Finding(run.name, "the ledger can be read", (str(error),), remedy)
        return
    try:
        entries = list(read(run.log))
        pages = Counter(
            url
            for entry in entries
            if entry.kind == "segment" and all(file.path in live for file in entry.files)
            for url, _host in entry.pages
        )
        behind = () if ledger.sequence <= len(entries) else (f"ledger at {ledger.sequence}, log at {len(entries)}",)
        yield Finding(run.name, "the ledger is not ahead of the log", behind, remedy)
        twice = tuple(f"{url} is in {count} live entries" for url, count in pages.items() if count > 1)
        yield Finding(run.name, "no page is published twice", twice[:20], "report this as a bug")
        if ledger.sequence == len(entries):
            visited = {url for url, _ in ledger.visited()}
            lost = tuple(f"{url} is done, but in no live entry" for url in sorted(visited - pages.keys()))
            yield Finding(run.name, "every done page is in a live entry", lost[:20], remedy)
    finally:
        ledger.close()


def is_locked(run: Run) -> bool:
    """Tell whether a process works on *run* now."""
    path = run.folder / "lock"
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _at_work(root: Path, path: Path) -> bool:
    name = path.parent.name.removeprefix("run=")
    return any(run.name == name and is_locked(run) for run in runs(root))

"""Where a run's files lie, what it is called, and who may work on it.

Promises that at most one process works on a run: the lock is held for the process's life and dies with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from linkgraph.errors import RunLockedError, StorageError, UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def run_name(seeds: str) -> str:
    """Return a readable name for the crawl of the *seeds* argument: the same argument, the same run.

    That is what lets the same command resume. The digest tells apart arguments that read alike.
    """
    first = re.split(r"[,\s]", seeds.strip())[0].rpartition("/")[2] or "crawl"
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", first).strip("-.")[:40] or "crawl"
    return f"{slug}-{hashlib.sha256(seeds.encode()).hexdigest()[:6]}"


@dataclass(frozen=True, slots=True)
class Run:
    """The folders of one run under the data folder *root*."""

    root: Path
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"LINKGRAPH_RUN {self.name!r}: a run's name has 1 to 100 letters, digits, '.', '_' and '-', "
                "and begins with a letter or digit"
            )

    @property
    def folder(self) -> Path:
        """`data/runs/<run>`."""
        return self.root / "runs" / self.name

    @property
    def log(self) -> Path:
        """`data/runs/<run>/log`, one JSON file a commit."""
        return self.folder / "log"

    @property
    def ledger(self) -> Path:
        """`data/runs/<run>/frontier.sqlite`."""
        return self.folder / "frontier.sqlite"

    def table(self, name: str) -> Path:
        """Return the folder of this run's files of table *name* (`edges` or `pages`)."""
        return self.root / name / f"run={self.name}"

    def create(self) -> None:
        """Make the folders.

        Raises:
            StorageError: the data folder cannot be written.
        """
        try:
            for folder in (self.log, self.table("edges"), self.table("pages")):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / ".writable"
            probe.write_bytes(b"")
            probe.unlink(missing_ok=True)  # another process may have probed at the same moment
        except OSError as error:
            raise StorageError(
                f"{self.root} cannot be written ({error.strerror}); choose another folder with LINKGRAPH_DATA"
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process.

        Raises:
            RunLockedError: another process holds it; names that process.
        """
        descriptor = self._take_lock()
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)  # a run that is left alone keeps its bytes
            os.close(descriptor)

    def _take_lock(self) -> int:
        path = self.folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise RunLockedError(
                f"run {self.name!r} in {self.root} is worked on by {holder}; wait for it, stop it, "
                "or choose another LINKGRAPH_RUN"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        return descriptor


def runs(root: Path) -> list[Run]:
    """Return the runs that the data folder *root* holds, by name."""
    folder = root / "runs"
    if not folder.is_dir():
        return []
    return [Run(root, entry.name) for entry in sorted(folder.iterdir()) if (entry / "log").is_dir()]

"""The data folder → where builds lie, which one readers use, and who may make one.

Promises that a build appears whole or not at all and that `CURRENT` names a whole one at every moment, through a
crash too. Refuses a second builder in the same data folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from linkgraph.edges.log import sync_folder, write_durably
from linkgraph.errors import StateError

FORMAT = 2
"""Raised when readers of an older linkgraph could not use a build: 2 since a build holds several policies."""

GROUP_ROWS = 131_072
"""128k rows in a group of every Parquet file: a look-up decodes one or two; smaller ones bloat the footer."""

KEEP = 2
"""Builds that are kept: the one that readers use, and the one before, to go back to."""

_UNFINISHED = ".unfinished-"


def builds_folder(root: Path) -> Path:
    """Return `data/builds`."""
    return root / "builds"


def bucket_folder(build: Path, bucket: int) -> Path:
    """Return the folder of the links whose target domain falls into *bucket*."""
    return build / "links" / f"bucket={bucket:03d}"


def bucket_of(domain: str, buckets: int) -> int:
    """Return the bucket of a target domain: CRC-32 of its UTF-8 bytes, which every engine has, modulo the buckets."""
    return zlib.crc32(domain.encode()) % buckets


def backlinks_file(build: Path, bucket: int) -> Path:
    """Return the file of the links that come from another domain: what is looked up."""
    return bucket_folder(build, bucket) / "backlinks.parquet"


def internal_file(build: Path, bucket: int) -> Path:
    """Return the file of the links within a domain, kept apart so that no look-up reads past them."""
    return bucket_folder(build, bucket) / "internal.parquet"


def lost_file(build: Path, bucket: int) -> Path:
    """Return the file of the links that their page no longer holds; there is none in a bucket that lost none."""
    return bucket_folder(build, bucket) / "lost.parquet"


def events_file(build: Path, bucket: int) -> Path:
    """Return the file of what happened to the links whose target domain falls into *bucket*."""
    return build / "events" / f"bucket={bucket:03d}" / "events.parquet"


def sites_file(build: Path) -> Path:
    """Return the file of the domains that share an owner with others or mirror one."""
    return build / "sites.parquet"


def folds_file(build: Path) -> Path:
    """Return the file of the URLs whose votes land on another domain."""
    return build / "folds.parquet"


_TABLES = {"domain": "domains.parquet", "host": "hosts.parquet", "entity": "entities.parquet"}


def nodes_file(build: Path, level: str) -> Path:
    """Return the file of the ranked nodes of one level."""
    return build / _TABLES[level]


def entities_file(build: Path) -> Path:
    """Return the file of what the entities of a build cover; there is none in a build without entities."""
    return build / "entities.csv"


def graph_stem(build: Path, level: str, policy: str = "") -> Path:
    """Return what the file names of one level's arrays begin with: those of one policy, or of all."""
    return build / "graph" / policy.replace("/", "-") / level


def current_build(root: Path) -> Path:
    """Return the folder of the build that readers use.

    Raises:
        StateError: there is none yet, or `CURRENT` names one that is not there.
    """
    pointer = builds_folder(root) / "CURRENT"
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except OSError:
        raise StateError(f"{root} has no build yet; run `linkgraph build --data {root}`") from None
    folder = builds_folder(root) / name
    if not name or not (folder / "build.json").is_file():
        raise StateError(f"{pointer} names {name!r}, which is no build; run `linkgraph build --data {root}`")
    return folder


class Reader:
    """A build that is being read: until this is forgotten, no builder removes it.

    Raises:
        FileNotFoundError: it was removed before it could be held.
    """

    def __init__(self, build: Path) -> None:
        record = build / "build.json"
        descriptor = os.open(record, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, descriptor)
        with contextlib.suppress(OSError):  # a file system without locks keeps no builder away, and no reader out
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        record.stat()


def remove_old(folder: Path, keep: int) -> list[str]:
    """Remove all builds but the newest *keep*, the one that `CURRENT` names, and those that are being read.

    The caller holds the folder as its sole builder.

    Returns:
        the names of the removed builds.
    """
    current = (folder / "CURRENT").read_text(encoding="utf-8").strip()
    records = sorted(folder.glob("[!.]*/build.json"), key=lambda record: record.stat().st_mtime_ns)
    old = [record.parent for record in records if record.parent.name != current][: len(records) - keep]
    return [build.name for build in old if _remove(build)]


def _remove(build: Path) -> bool:
    with (build / "build.json").open("rb") as record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        hidden = build.with_name(f"{_UNFINISHED}{build.name}")  # what a crash leaves of it, the next builder removes
        build.rename(hidden)
        shutil.rmtree(hidden)
        return True


@contextmanager
def sole_builder(root: Path) -> Iterator[Path]:
    """Hold the lock of `data/builds`, remove what a crashed builder left, and yield the folder.

    Raises:
        StateError: another process is building here.
    """
    folder = builds_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StateError(
                f"process {lock.read().strip() or 'unknown'} is building in {folder}; wait for it, or stop it"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        for leftover in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover)
        yield folder


def new_name(folder: Path, digest: str) -> str:
    """Return a name for a build of the snapshot *digest* that no build in *folder* has; names sort by time."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}"
    taken = 1
    while (folder / (numbered := name if taken == 1 else f"{name}.{taken}")).exists():
        taken += 1
    return numbered


@contextmanager
def unfinished(folder: Path, name: str) -> Iterator[Path]:
    """Yield a hidden folder to build in; publish it as *name* if the block succeeds, remove it if not."""
    hidden = folder / f"{_UNFINISHED}{name}"
    hidden.mkdir()
    try:
        yield hidden
        _sync_tree(hidden)
        hidden.rename(folder / name)
        sync_folder(folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path, _, files in os.walk(folder):
        for file in files:
            with (Path(path) / file).open("rb") as written:
                os.fsync(written.fileno())
        sync_folder(Path(path))


def make_current(folder: Path, name: str) -> None:
    """Let readers use the build *name* from now on."""
    temporary = folder / ".CURRENT"
    temporary.unlink(missing_ok=True)
    write_durably(temporary, f"{name}\n".encode())
    temporary.replace(folder / "CURRENT")
    sync_folder(folder)

"""The log of a run: numbered JSON entries, each linked into place once and never changed.

Promises that an entry is either wholly there or not, that numbers have no gap, and that an entry is durable when
`append` returns. The link is the commit: readers believe the log and nothing else.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from linkgraph.errors import CorruptFileError, RunLockedError, StorageError

REMEDY = "free space or make the folder writable, then run the same command again"
"""What to do when the disk refuses a write."""

_ENTRY_NAME = "{:08d}.json"
_IS_ENTRY = re.compile(r"[0-9]{8}\.json").fullmatch


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A Parquet file that an entry published."""

    path: str
    """Relative to the data folder."""
    table: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a run's log."""

    sequence: int
    kind: str
    """`start`: seeds and options; `segment`: files and the pages in them; `quarantine`: files that are no longer
    live and the pages to fetch again; `nearer`: the links of pages that were found nearer to the seeds after their
    visit are judged anew; `finish`: nothing was left to do."""
    written_at: str
    files: tuple[LiveFile, ...] = ()
    pages: tuple[tuple[str, str], ...] = ()
    """(URL, host) of the pages that the files hold, or that quarantine lost."""
    removed: tuple[str, ...] = ()
    """Paths that quarantine took out."""
    seeds: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    exhausted: tuple[str, ...] = ()
    """Domains whose page budget was used up at the finish."""
    run_budget: bool = False
    schema_version: int = 1
    settings_digest: str = ""


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes) -> None:
    """Write *data* to *path*, which is not there yet, and fsync it; nothing is left behind on failure."""
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def entry_path(folder: Path, sequence: int) -> Path:
    """Return where entry *sequence* of the log *folder* lies."""
    return folder / _ENTRY_NAME.format(sequence)


def append(folder: Path, entry: Entry) -> None:
    """Publish *entry*; when this returns it is durable.

    Raises:
        RunLockedError: an entry of this number exists, so another process wrote to the same run.
        StorageError: the disk refused; the entry may be there all the same, if only its durability failed.
    """
    path = entry_path(folder, entry.sequence)
    temporary = folder / f".{entry.sequence:08d}.{os.getpid()}.tmp"
    data = json.dumps(asdict(entry), ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        temporary.unlink(missing_ok=True)
        write_durably(temporary, data)
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(folder)
    except FileExistsError:
        raise RunLockedError(f"{path} exists: another process wrote it") from None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}; {REMEDY}") from error


def remove_unfinished(folder: Path) -> None:
    """Remove what crashed processes wrote of entries that they did not publish; the caller holds the run's lock."""
    for path in folder.glob(".[0-9]*.tmp"):
        path.unlink(missing_ok=True)


def read(folder: Path, after: int = 0, *, pages: bool = True) -> Iterator[Entry]:
    """Yield the entries numbered above *after*, in order.

    Args:
        folder: the log.
        after: a number.
        pages: false leaves `pages` empty, where that saves the time to read them.

    Raises:
        CorruptFileError: an entry cannot be read, or a number is missing.
    """
    expected = after + 1
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    for name in sorted(filter(_IS_ENTRY, names)):
        if int(name[:8]) <= after:
            continue
        if int(name[:8]) != expected:
            raise CorruptFileError(f"{entry_path(folder, expected)} is missing; restore it or start a new run")
        yield _read_entry(folder / name, pages=pages)
        expected += 1


def _read_entry(path: Path, *, pages: bool) -> Entry:
    try:
        data = path.read_bytes()
        raw = json.loads(data if pages else _without_pages(data))
        raw["files"] = tuple(LiveFile(**file) for file in raw["files"])
        for name in ("pages", "removed", "seeds", "exhausted"):
            raw[name] = tuple(tuple(item) if isinstance(item, list) else item for item in raw[name])
        return Entry(**raw)
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptFileError(f"{path} is no log entry ({error}); restore it or start a new run") from error


def _without_pages(data: bytes) -> bytes:
    """Return an entry with an empty list of pages; they are nine tenths of it.

    Within a JSON string a quotation mark is escaped, so what is looked for can only be these keys.
    """
    begin, end = data.find(b'"pages": ['), data.find(b', "removed": ')
    return data[:begin] + b'"pages": []' + data[end:] if 0 <= begin < end else data


@dataclass(slots=True)
class Summary:
    """What the entries of a log add up to, less the pages."""

    sequence: int = 0
    """Number of the last entry; 0 for an empty log."""
    starts: list[Entry] = field(default_factory=list)
    finished: bool = False
    """Whether the last entry is a `finish`."""
    live: dict[str, LiveFile] = field(default_factory=dict)
    """By path, in the order of their commits."""
    published: dict[str, Entry] = field(default_factory=dict)
    """By path of a live file: the entry that published it, without its pages."""
    removed: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Take in the next entry."""
        self.sequence, self.finished = entry.sequence, entry.kind == "finish"
        if entry.kind == "start":
            self.starts.append(entry)
        for file in entry.files:
            self.live[file.path], self.published[file.path] = file, entry
        for path in entry.removed:
            self.removed.add(path)
            self.live.pop(path, None)
            self.published.pop(path, None)


def summarise(folder: Path) -> Summary:
    """Read the log in *folder* once and return what it adds up to.

    Raises:
        CorruptFileError: an entry cannot be read, or a number is missing.
    """
    total = Summary()
    for entry in read(folder, pages=False):  # of a large run they would fill the memory
        total.add(entry)
    return total


def live_files(folder: Path) -> list[LiveFile]:
    """Return the files that the log in *folder* says are live, in the order of their commits."""
    return list(summarise(folder).live.values())

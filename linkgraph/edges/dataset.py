"""The logs of all runs → the files that readers see; what is wrong with them; and how a broken one is set aside.

Promises that a snapshot holds exactly the committed rows, and that a flipped byte is found. Refuses to read a file
that no log entry names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pyarrow.dataset as ds

from linkgraph.edges.log import Entry, LiveFile, Summary, append, live_files, read, sync_folder
from linkgraph.edges.run import Run, runs
from linkgraph.edges.schema import EDGES, PAGES, TABLES, check_schema
from linkgraph.edges.segment import is_segment, now
from linkgraph.errors import CorruptFileError, UsageError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that were live at one moment."""

    root: Path
    files: tuple[LiveFile, ...]

    @property
    def edge_files(self) -> tuple[Path, ...]:
        """The live files of the edges table."""
        return self._paths("edges")

    @property
    def page_files(self) -> tuple[Path, ...]:
        """The live files of the pages table."""
        return self._paths("pages")

    def _paths(self, table: str) -> tuple[Path, ...]:
        return tuple(self.root / file.path for file in self.files if file.table == table)

    @property
    def digest(self) -> str:
        """SHA-256 over the live files' digests: equal digests, equal rows."""
        total = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: file.path):
            total.update(f"{file.path}\0{file.sha256}\n".encode())
        return total.hexdigest()

    def rows(self, table: str) -> int:
        """Return how many rows the live files of *table* hold, by the log."""
        return sum(file.rows for file in self.files if file.table == table)

    def edges(self) -> ds.Dataset:
        """Return the edges table, `run` included, as an Arrow dataset."""
        return self._dataset(self.edge_files, EDGES)

    def pages(self) -> ds.Dataset:
        """Return the pages table, `run` included, as an Arrow dataset."""
        return self._dataset(self.page_files, PAGES)

    def _dataset(self, paths: tuple[Path, ...], schema: pa.Schema) -> ds.Dataset:
        # Imported here: it takes pandas along where that is installed, and a crawl needs neither.
        import pyarrow.dataset as ds

        whole = schema.append(pa.field("run", pa.string()))
        return ds.dataset(
            [str(path) for path in paths],
            schema=whole,
            format="parquet",
            partitioning=ds.partitioning(pa.schema([pa.field("run", pa.string())]), flavor="hive"),
            partition_base_dir=str(self.root),
        )


def snapshot(root: Path) -> Snapshot:
    """Return the live files of the data folder *root*, of all runs.

    Raises:
        UsageError: *root* is no folder.
        CorruptFileError: a log cannot be read.
    """
    return Snapshot(root, tuple(file for run in _runs(root) for file in live_files(run.log)))


def _runs(root: Path) -> list[Run]:
    if not root.is_dir():
        raise UsageError(f"{root} is no folder; name the data folder with --data or LINKGRAPH_DATA")
    return runs(root)


def foreign_files(root: Path) -> list[Path]:
    """Return Parquet files below the raw tables that no log entry names: left by others, or copied in.

    Files of a run whose log cannot be read are not judged: they may be live.

    Raises:
        UsageError: *root* is no folder.
    """
    live, unknown = set(), set()
    for run in _runs(root):
        try:
            live |= {root / file.path for file in live_files(run.log)}
        except CorruptFileError:
            unknown |= {run.table(table) for table in TABLES}
    found = (path for table in TABLES for path in sorted((root / table).rglob("*.parquet")))
    return [path for path in found if path not in live and path.parent not in unknown]


def verify(root: Path, files: tuple[LiveFile, ...]) -> Iterator[CorruptFileError]:
    """Yield an error for each live file that is missing, altered, or no table of ours."""
    for file in files:
        try:
            verify_file(root, file)
        except CorruptFileError as error:
            yield error


def verify_file(root: Path, file: LiveFile) -> None:
    """Check one live file against its log entry.

    Raises:
        CorruptFileError: missing, another digest, another number of rows, or another schema.
    """
    path = root / file.path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorruptFileError(f"{path} cannot be read ({error.strerror})") from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise CorruptFileError(f"{path} differs from the digest in its log entry")
    metadata = pq.read_metadata(pa.BufferReader(data))
    check_schema(metadata.schema.to_arrow_schema(), str(path))
    if metadata.num_rows != file.rows:
        raise CorruptFileError(f"{path} has {metadata.num_rows} rows, its log entry says {file.rows}")


_CLOCK_STEP = timedelta(milliseconds=2)
"""An entry's moment is cut to milliseconds, a file's is not."""


def _is_as_published(root: Path, file: LiveFile, entry: Entry) -> bool:
    """Tell whether a file still has its size and was not written to since its entry."""
    try:
        found = (root / file.path).stat()
    except OSError:
        return False
    latest = datetime.fromisoformat(entry.written_at) + _CLOCK_STEP
    return found.st_size == file.bytes and datetime.fromtimestamp(found.st_mtime, UTC) <= latest


def broken_entries(run: Run, log: Summary, *, every: bool = False) -> list[tuple[Entry, list[str]]]:
    """Return the live entries of *run* that hold a broken file, each with what is wrong.

    Args:
        run: whose files.
        log: what its log adds up to.
        every: read every file. Else only those that were written to after their commit: a run of 100 GB resumes in
            seconds, and the decay of a disk is left to the doctor and to the checksum of each page.
    """
    found: dict[int, list[str]] = {}
    for path, file in log.live.items():
        entry = log.published[path]
        if every or not _is_as_published(run.root, file, entry):
            problems = [str(error) for error in verify(run.root, (file,))]
            found.setdefault(entry.sequence, []).extend(problems)
    return [(next(read(run.log, number - 1)), problems) for number, problems in found.items() if problems]


def strangers(run: Run, live: Collection[str]) -> list[Path]:
    """Return foreign files in the tables, seen from one run.

    Another run's process may be between rename and log entry: its folder is its own to clean. What *run* itself left
    unfinished is no stranger either.
    """
    own = [run.table(table) for table in TABLES]
    others = {f"run={one.name}" for one in runs(run.root)} - {folder.name for folder in own}
    found = []
    for folder in (entry for table in TABLES for entry in sorted((run.root / table).iterdir())):
        if folder.is_file():
            found += [folder] if folder.suffix == ".parquet" else []
        elif folder.name not in others:
            found += sorted(folder.rglob("*.parquet"))
    return [
        path
        for path in found
        if str(path.relative_to(run.root)) not in live and not (path.parent in own and is_segment(path))
    ]


def quarantine(run: Run, entry: Entry, sequence: int) -> Entry:
    """Set aside all files of *entry* and log it as entry *sequence*, so that its pages are fetched again.

    The whole entry goes: its edges without its pages, or the reverse, would be half a commit. The caller holds the
    run's lock. Files are moved under `data/quarantine/`, never deleted.
    """
    record = Entry(
        sequence=sequence,
        kind="quarantine",
        written_at=now(),
        removed=tuple(file.path for file in entry.files),
        pages=entry.pages,
    )
    append(run.log, record)
    for file in entry.files:
        source = run.root / file.path
        if source.exists():
            target = run.root / "quarantine" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            sync_folder(source.parent)
    return record


def set_aside(root: Path, path: Path) -> Path:
    """Move a foreign file out of the tables, so that readers that glob the folder do not meet it; return where to."""
    target = root / "quarantine" / path.relative_to(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    return target

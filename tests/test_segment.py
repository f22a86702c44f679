"""The commit: all of a segment or nothing, whatever the disk does and whatever stands in the text."""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.edges import log as log_module
from linkgraph.edges import segment as segment_module
from linkgraph.edges.dataset import snapshot, verify
from linkgraph.edges.log import Entry, append, live_files, read
from linkgraph.edges.run import Run, run_name, runs
from linkgraph.edges.segment import Segment, commit, remove_unlisted
from linkgraph.errors import CorruptFileError, RunLockedError, StorageError, UsageError
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.model import Links, Page
from linkgraph.urls import resolve

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


@pytest.fixture
def run(tmp_path) -> Run:
    made = Run(tmp_path / "data", "r")
    made.create()
    return made


def a_page(path: str = "", **fields) -> Page:
    return replace(bare_page(f"http://a.test/{path}"), fetched_at=NOW, status=200, **fields)


def a_segment(*paths: str, links: int = 2, **fields) -> Segment:
    made = Segment()
    for path in paths:
        page = a_page(path, **fields)
        targets = [resolve(f"http://b.test/{path}/{number}#part") for number in range(links)]
        made.add(page, links_to(page, targets, "a", "html"))
    return made


def table(run: Run, name: str) -> list[dict]:
    paths = [run.root / file.path for file in live_files(run.log) if file.table == name]
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def test_a_commit_publishes_what_went_in(run):
    entry = commit(run, 1, a_segment("1", "2", title="A title"), "digest")

    assert [(row["url"], row["title"], row["status"]) for row in table(run, "pages")] == [
        ("http://a.test/1", "A title", 200),
        ("http://a.test/2", "A title", 200),
    ]
    assert [(row["src_url"], row["dst_url"], row["dst_fragment"], row["rel"]) for row in table(run, "edges")] == [
        (f"http://a.test/{path}", f"http://b.test/{path}/{number}", "part", []) for path in "12" for number in range(2)
    ]
    assert {row["observed_at"] for row in table(run, "edges")} == {NOW.replace(microsecond=678_000)}
    assert entry.pages == (("http://a.test/1", "a.test"), ("http://a.test/2", "a.test"))
    assert list(read(run.log)) == [entry]


def test_links_that_wait_for_the_commit_are_not_looked_through_for_garbage():
    segment = a_segment("1", "2", links=50)

    gc.collect()

    assert [gc.is_tracked(column) for columns in segment.waiting for column in columns] == [False] * 2 * 23
    assert len(segment.links) == len(segment.links) == 100
    assert segment.waiting == []


def test_an_entry_tells_the_digest_size_and_rows_of_each_file(run):
    entry = commit(run, 1, a_segment("1", "2"), "")

    for file in entry.files:
        data = (run.root / file.path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file.sha256, file.bytes)
        assert pq.read_metadata(run.root / file.path).num_rows == file.rows
    assert {file.table: file.rows for file in entry.files} == {"edges": 4, "pages": 2}


def test_pages_without_links_make_a_readable_empty_table(run):
    commit(run, 1, a_segment("1", links=0), "")

    assert table(run, "edges") == []
    assert len(table(run, "pages")) == 1


def test_files_carry_page_checksums_and_versions(run):
    commit(run, 1, a_segment("1"), "")
    path = run.root / live_files(run.log)[0].path

    metadata = pq.read_schema(path).metadata
    assert metadata[b"linkgraph.schema"] == b"1"
    assert set(metadata) >= {b"linkgraph.table", b"linkgraph.canonicaliser", b"linkgraph.suffix_list"}
    pq.ParquetFile(path, page_checksum_verification=True).read()


@pytest.mark.row("D4")
def test_only_the_entry_makes_files_visible(run, monkeypatch):
    class Stopped(Exception):  # noqa: N818 - a stand-in for a process that ends
        pass

    for step in segment_module.COMMIT_STEPS[:3]:

        def stop(reached: str, step: str = step) -> None:
            if reached == step:
                raise Stopped

        monkeypatch.setattr(segment_module, "reached", stop)
        with pytest.raises(Stopped):
            commit(run, 1, a_segment("1"), "")
        assert snapshot(run.root).files == ()

    removed = remove_unlisted(run, keep=set())
    assert removed
    assert [path for table in ("edges", "pages") for path in run.table(table).iterdir()] == []


FAULTY = [("os", "fsync"), ("os", "link"), ("os", "open"), ("Path", "rename"), ("Path", "open")]


def failing(monkeypatch, place: str, name: str, call: int) -> None:
    """Let call number *call* of a function of the system fail as a full disk does."""
    home = os if place == "os" else Path
    real = getattr(home, name)
    calls = iter(range(1, 1000))

    def fails(*args, **kwargs):
        if next(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    monkeypatch.setattr(home, name, fails)


@pytest.mark.row("D3")
@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize(("place", "name"), FAULTY)
def test_a_disk_that_fails_at_any_call_leaves_all_or_nothing(run, monkeypatch, place, name, call):
    commit(run, 1, a_segment("before"), "")
    with monkeypatch.context() as patched:
        failing(patched, place, name, call)
        told = None
        try:
            commit(run, 2, a_segment("after"), "")
        except StorageError as error:
            told = str(error)

    whole = snapshot(run.root)
    urls = {row["url"] for row in table(run, "pages")}
    assert urls in ({"http://a.test/before"}, {"http://a.test/before", "http://a.test/after"})
    assert len(urls) == 2 if told is None else "No space left" in told and "free space" in told
    assert list(verify(run.root, whole.files)) == []
    live = {run.root / file.path for file in whole.files}
    assert {path for table in ("edges", "pages") for path in run.table(table).iterdir()} == live


class Durable:
    """What a power cut would leave of a folder: bytes that were synced, under names that were or that came early."""

    def __init__(self, root: Path, monkeypatch) -> None:
        self.root, self.cuts = root, []
        self._bytes = {one.stat().st_ino: one.read_bytes() for one in root.rglob("*") if one.is_file()}
        self._names = {one: self._listed(one) for one in (root, *root.rglob("*")) if one.is_dir()}
        for home, name in ((os, "fsync"), (os, "link"), (Path, "rename"), (Path, "unlink")):
            monkeypatch.setattr(home, name, self._watched(getattr(home, name), synced=name == "fsync"))

    @staticmethod
    def _listed(folder: Path) -> dict[str, int]:
        return {one.name: one.stat().st_ino for one in folder.iterdir() if one.is_file()}

    def _watched(self, real, *, synced: bool):
        def call(*args, **kwargs):
            found = real(*args, **kwargs)
            if synced:
                path = Path(f"/proc/self/fd/{args[0]}").readlink()
                if path.is_dir():
                    self._names[path] = self._listed(path)
                else:
                    self._bytes[path.stat().st_ino] = path.read_bytes()
            self.cuts.append((dict(self._names), dict(self._bytes)))
            self.cuts.append(({one: self._listed(one) for one in self._names}, dict(self._bytes)))
            return found

        return call

    def write(self, folder: Path, cut: int) -> None:
        names, data = self.cuts[cut]
        for place, entries in names.items():
            (folder / place.relative_to(self.root)).mkdir(parents=True, exist_ok=True)
            for name, number in entries.items():
                (folder / place.relative_to(self.root) / name).write_bytes(data.get(number, b""))


@pytest.mark.row("D4")
def test_a_power_cut_at_any_moment_leaves_whole_segments(run, tmp_path, monkeypatch):
    commit(run, 1, a_segment("before"), "")
    with monkeypatch.context() as patched:
        disk = Durable(run.root, patched)
        commit(run, 2, a_segment("after"), "")

    seen = []
    for cut in range(len(disk.cuts)):
        folder = tmp_path / f"cut{cut}"
        disk.write(folder, cut)
        whole = snapshot(folder)
        assert list(verify(folder, whole.files)) == []
        seen.append(len(whole.page_files))
    assert len(seen) > 20
    assert set(seen) == {1, 2}
    assert seen[-2:] == [2, 2], "what was committed when commit returned stays"


@pytest.mark.row("D3")
def test_an_entry_that_is_linked_keeps_its_files_when_the_folder_cannot_be_synced(run, monkeypatch):
    def refuse(folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(log_module, "sync_folder", refuse)
    with pytest.raises(StorageError):
        commit(run, 1, a_segment("1"), "")

    assert len(table(run, "pages")) == 1


def test_two_writers_of_one_entry_do_not_overwrite_each_other(run):
    first = commit(run, 1, a_segment("mine"), "")

    with pytest.raises(RunLockedError):
        commit(run, 1, a_segment("theirs"), "")

    assert list(read(run.log)) == [first]


def test_files_that_are_not_ours_are_left_alone(run):
    theirs = [
        run.table("edges") / name for name in ("20260101-export.parquet", "notes.txt", "12345678.parquet", "x.tmp")
    ]
    ours = [run.table("edges") / name for name in ("00000009-0123456789ab.parquet", ".00000009-0123456789ab.tmp")]
    for path in [*theirs, *ours]:
        path.write_bytes(b"")

    remove_unlisted(run, keep=set())

    assert [path.exists() for path in theirs] == [True] * 4
    assert [path.exists() for path in ours] == [False] * 2


TEXT = st.text(max_size=20) | st.sampled_from(
    ["\ud800", "a\udfffb", "\ud83d\ude00", "\x00", "\u202eevil", "\ufeff", "\x1b[31m"]
)
HOSTILE = [
    "lone \ud800 surrogate",
    "pair \ud83d\ude00 apart",
    "NUL \x00 byte",
    "bidi \u202e override",
    "escape \x1b[2J",
    "\uffff",
]


@pytest.mark.row("H6")
@settings(max_examples=40)
@given(text=TEXT, rel=st.lists(TEXT, max_size=3), links=st.integers(0, 3))
def test_any_text_in_any_column_is_stored(text, rel, links):
    segment = a_segment("1", links=links, title=text, etag=text, owner_ids=(text,), outcome_reason=text, generator=text)
    for name in (
        "anchor",
        "alt",
        "title",
        "text_before",
        "text_after",
        "heading",
        "dom_path",
        "kind",
        "zone",
        "dst_url",
    ):
        setattr(segment.links, name, [text] * links)
    segment.links.rel = [tuple(rel)] * links

    edges, pages = segment.edges_table(), segment.pages_table()

    assert (edges.num_rows, pages.num_rows) == (links, 1)
    stored = pages.column("title")[0].as_py()
    if not any(0xD800 <= ord(one) < 0xE000 for one in text):
        assert stored == text
        assert edges.column("anchor").to_pylist() == [text] * links
    stored.encode()


@pytest.mark.row("H6")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_does_not_cost_the_segment(run, text):
    segment = a_segment("1", "2", title=text)
    segment.links.anchor = [text] * 4

    commit(run, 1, segment, "")

    found = {row["anchor"] for row in table(run, "edges")}
    assert found == {text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}


@pytest.mark.row("D8")
def test_a_log_with_a_gap_or_half_an_entry_is_named(run):
    for number in (1, 2, 3):
        append(run.log, Entry(number, "finish", "now"))
    (run.log / "notes.json").write_text("{}")
    (run.log / ".00000004.1.tmp").write_text("{")
    assert [entry.sequence for entry in read(run.log)] == [1, 2, 3]
    assert [entry.sequence for entry in read(run.log, after=2)] == [3]

    (run.log / "00000003.json").write_text('{"sequence": 3,')
    with pytest.raises(CorruptFileError, match=r"00000003\.json is no log entry"):
        list(read(run.log))

    for wrong in ("[]", "null", "{}", json.dumps({"sequence": 3, "kind": "x", "written_at": "", "files": [{}]})):
        (run.log / "00000003.json").write_text(wrong)
        with pytest.raises(CorruptFileError):
            list(read(run.log))

    (run.log / "00000002.json").unlink()
    with pytest.raises(CorruptFileError, match=r"00000002\.json is missing"):
        list(read(run.log))


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3), st.lists(st.text(), max_size=3))
def test_an_entry_is_read_as_it_was_written(tmp_path_factory, pages, seeds):
    folder = tmp_path_factory.mktemp("log")
    entry = Entry(1, "start", "now", pages=tuple(pages), seeds=tuple(seeds), options={"scope": {"depth": None}})

    append(folder, entry)

    assert list(read(folder)) == [entry]


@pytest.mark.row("D6")
def test_a_run_is_worked_on_by_one_at_a_time(run):
    with run.locked():
        with pytest.raises(RunLockedError, match=f"process {os.getpid()} on "), Run(run.root, "r").locked():
            pass
        with_other = Run(run.root, "other")
        with_other.create()
        with with_other.locked():
            pass
    with run.locked():
        pass
    assert (run.folder / "lock").read_bytes() == b""


@pytest.mark.row("O4")
@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "x" * 101, "ü", "a\n", "../x"])
def test_a_run_cannot_be_called_what_is_no_folder_name(tmp_path, name):
    with pytest.raises(UsageError, match="LINKGRAPH_RUN"):
        Run(tmp_path, name)


@pytest.mark.row("O4")
@given(st.text())
def test_the_name_of_a_crawl_is_readable_unique_and_the_same_for_the_same_seeds(text):
    name = run_name(text)

    assert Run(Path(), name).name == name == run_name(text)
    assert name != run_name(text + "x")


def test_a_name_begins_with_the_first_seed():
    assert run_name("example.org,b.org").startswith("example.org-")
    assert run_name("/home/me/seeds.txt").startswith("seeds.txt-")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")

    with pytest.raises(StorageError, match="LINKGRAPH_DATA"):
        Run(tmp_path / "data", "r").create()


def test_runs_are_listed_by_name(tmp_path):
    assert runs(tmp_path) == []
    for name in ("b", "a"):
        Run(tmp_path, name).create()
    (tmp_path / "runs" / "not a run").mkdir()

    assert [run.name for run in runs(tmp_path)] == ["a", "b"]


def test_a_segment_gives_each_page_its_own_links():
    segment = a_segment("1", links=3)
    segment.add(a_page("2"), Links())
    segment.add(*((found := a_page("3")), links_to(found, [resolve("http://b.test/")], "a", "html")))

    assert [(page.url[-1], segment.links.dst_url[where]) for page, where in segment.by_page()] == [
        ("1", [f"http://b.test/1/{number}" for number in range(3)]),
        ("2", []),
        ("3", ["http://b.test/"]),
    ]

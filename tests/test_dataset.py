"""What readers see: the committed rows, the same in every library, and every flipped byte."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkgraph.edges import schema as schema_module
from linkgraph.edges.dataset import foreign_files, quarantine, set_aside, snapshot, verify
from linkgraph.edges.invariants import examine
from linkgraph.edges.log import live_files, read
from linkgraph.edges.run import Run
from linkgraph.edges.schema import EDGES, PAGES, SCHEMA_VERSION, TABLES, check_schema
from linkgraph.edges.segment import encode
from linkgraph.edges.session import PlainSession, Session
from linkgraph.errors import CorruptFileError, UsageError
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.frontier.scope import Scope
from linkgraph.urls import resolve

SEEDS = [resolve("http://a.test/")]
SCOPE = Scope(domains=frozenset({"a.test"}))
GOLDEN = Path(__file__).parent / "golden" / "schema-v1.json"


def record(session: Session | PlainSession, path: str, *targets: str) -> None:
    page = replace(bare_page(f"http://a.test/{path}"), fetched_at=datetime.now(UTC), status=200, title=f"\u202e{path}")
    session.record(page, links_to(page, [resolve(target) for target in targets], "a", "html"))


def write(root: Path, name: str, *commits: dict[str, list[str]]) -> Run:
    run = Run(root, name)
    session = Session(run, SEEDS, SCOPE, {})
    session.start()
    for pages in commits:
        for path, targets in pages.items():
            record(session, path, *targets)
        session.commit(session.swap())
    session.close()
    return run


FIRST = ({"": ["http://a.test/1", "http://a.test/2", "http://b.test/"]}, {"1": ["http://a.test/2"], "2": []})
SECOND = ({"": ["http://a.test/3"]}, {"3": ["http://c.test/"]})


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("written") / "data"
    write(root, "first", *FIRST)
    write(root, "second", *SECOND)
    return root


@pytest.fixture
def root(written, tmp_path) -> Path:
    return shutil.copytree(written, tmp_path / "data")


def test_a_snapshot_holds_the_committed_rows_of_all_runs(written):
    whole = snapshot(written)

    assert (whole.rows("edges"), whole.rows("pages")) == (6, 5)
    assert (whole.edges().count_rows(), whole.pages().count_rows()) == (6, 5)
    edges = whole.edges().to_table(columns=["run", "src_url", "dst_url"])
    assert edges.group_by("run").aggregate([([], "count_all")]).to_pylist() == [
        {"run": "first", "count_all": 4},
        {"run": "second", "count_all": 2},
    ]


def test_a_snapshot_is_known_by_its_digest(root):
    before = snapshot(root).digest

    assert snapshot(root).digest == before
    write(root, "third", *SECOND)
    assert snapshot(root).digest != before


def test_an_empty_data_folder_gives_readable_empty_tables(tmp_path):
    whole = snapshot(tmp_path)

    assert whole.edges().count_rows() == whole.pages().count_rows() == 0
    assert set(whole.edges().schema.names) == {*EDGES.names, "run"}


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        snapshot(tmp_path / "nowhere")


def test_pandas_reads_the_folder_as_it_is(written):
    edges = pd.read_parquet(written / "edges")

    assert len(edges) == 6
    assert set(edges["run"]) == {"first", "second"}
    assert edges["observed_at"].dt.tz is not None
    assert len(pd.read_parquet(written / "pages")) == 5


def test_polars_reads_the_folder_as_it_is(written):
    edges = pl.scan_parquet(f"{written}/edges/**/*.parquet", hive_partitioning=True).collect()

    assert edges.height == 6
    assert set(edges["run"]) == {"first", "second"}
    assert edges.filter(pl.col("internal"))["dst_domain"].unique().to_list() == ["a.test"]


def test_duckdb_reads_the_folder_as_it_is(written):
    edges = f"read_parquet('{written}/edges/**/*.parquet', hive_partitioning=true)"

    counts = duckdb.sql(f"SELECT run, count(*) FROM {edges} GROUP BY 1 ORDER BY 1").fetchall()
    assert counts == [("first", 4), ("second", 2)]
    assert duckdb.sql(f"SELECT len(rel) FROM '{written}/edges/**/*.parquet'").fetchall() == [(0,)] * 6


@pytest.mark.spark
@pytest.mark.soak  # the JVM alone takes a minute to start on a busy machine; run it with -m spark
def test_spark_reads_the_folder_as_it_is(written):
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: pip install linkgraph[spark]")
    if shutil.which("java") is None:
        pytest.skip("no java on the path: PySpark needs a JVM")
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        edges = spark.read.parquet(str(written / "edges"))
        assert edges.count() == 6
        assert {row["run"] for row in edges.select("run").distinct().collect()} == {"first", "second"}
        assert set(edges.columns) == {*EDGES.names, "run"}
    finally:
        spark.stop()
    assert pyspark.__version__


def test_temporary_files_are_hidden_from_readers(root):
    (root / "edges" / "run=first" / ".00000009-0123456789ab.tmp").write_bytes(b"half")

    assert len(pd.read_parquet(root / "edges")) == 6
    assert snapshot(root).edges().count_rows() == 6


def described(schema: pa.Schema) -> list[list[object]]:
    return [[column.name, str(column.type), column.nullable] for column in schema]


@pytest.mark.row("D9")
def test_version_1_of_the_contract_is_kept():
    golden = json.loads(GOLDEN.read_text("utf-8"))

    assert SCHEMA_VERSION == 1
    for name, schema in TABLES.items():
        known = len(golden[name])
        assert described(schema)[:known] == golden[name]
        assert all(column.nullable for column in list(schema)[known:]), "columns may be added, if they are nullable"


def test_files_have_the_columns_of_the_contract(written):
    for file in live_files(Run(written, "first").log):
        found = pq.read_schema(written / file.path)
        # Parquet calls the value of a list `element`, Arrow `item`.
        on_disk = [[name, kind.replace("<element:", "<item:"), null] for name, kind, null in described(found)]
        assert on_disk == described(TABLES[file.table])
        check_schema(found, file.path)


@pytest.mark.row("D9")
def test_a_file_of_a_newer_version_or_without_a_column_is_refused(monkeypatch):
    check_schema(PAGES, "x")
    with pytest.raises(CorruptFileError, match="lacks the columns simhash"):
        check_schema(PAGES.remove(PAGES.get_field_index("simhash")), "x")
    with pytest.raises(CorruptFileError, match="no linkgraph file"):
        check_schema(pa.schema([("a", pa.int32())]), "x")
    with pytest.raises(CorruptFileError, match="no linkgraph file"):
        check_schema(EDGES.with_metadata({b"linkgraph.table": b"edges"}), "x")
    monkeypatch.setattr(schema_module, "SCHEMA_VERSION", 0)
    with pytest.raises(CorruptFileError, match="upgrade linkgraph"):
        check_schema(PAGES, "x")


@pytest.mark.row("D9")
def test_a_column_that_a_later_version_added_is_no_obstacle():
    check_schema(PAGES.append(pa.field("later", pa.string())), "x")


@pytest.mark.row("D8")
def test_a_flipped_byte_is_always_found(root):
    whole = snapshot(root)
    chance = random.Random(7)
    assert list(verify(root, whole.files)) == []
    for file in whole.files:
        path = root / file.path
        data = path.read_bytes()
        for at in sorted(chance.sample(range(len(data)), 40)):
            flipped = bytearray(data)
            flipped[at] ^= 1 << chance.randrange(8)
            path.write_bytes(flipped)
            assert [str(path) in str(error) for error in verify(root, (file,))] == [True]
        path.write_bytes(data)


@pytest.mark.row("D8")
def test_a_reader_that_asks_for_checksums_does_not_read_flipped_rows(root):
    path = root / snapshot(root).files[0].path
    data = path.read_bytes()
    rows = pq.ParquetFile(path).read()
    chance = random.Random(7)
    wrong = 0
    for at in sorted(chance.sample(range(len(data)), 200)):
        flipped = bytearray(data)
        flipped[at] ^= 0xFF
        try:
            wrong += (
                not pq.ParquetFile(pa.BufferReader(bytes(flipped)), page_checksum_verification=True).read().equals(rows)
            )
        except (OSError, ValueError, pa.ArrowException):
            continue

    # Headers and the footer carry no checksum: the log's digest is what finds all.
    assert wrong <= 20


@pytest.mark.row("D8")
@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "another file"])
def test_a_damaged_file_is_named(root, damage):
    file = snapshot(root).files[0]
    path = root / file.path
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"cut": path.read_bytes()[:-100], "empty": b"", "another file": encode(PAGES.empty_table())}[damage]
        )

    assert [str(path) in str(error) for error in verify(root, snapshot(root).files)] == [True]


def strange(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"a": [1]}), path)
    return path


@pytest.mark.row("D8")
def test_files_that_no_log_names_are_told_and_set_aside(root):
    found = [
        strange(root / "edges" / "export.parquet"),
        strange(root / "edges" / "run=first" / "20260101-mine.parquet"),
        strange(root / "pages" / "run=unknown" / "x.parquet"),
    ]
    assert sorted(foreign_files(root)) == sorted(found)

    moved = set_aside(root, found[0])

    assert moved == root / "quarantine" / "edges" / "export.parquet"
    assert moved.exists()
    assert foreign_files(root) == sorted(found[1:])


@pytest.mark.row("D8")
def test_starting_a_run_sets_foreign_files_aside_and_says_so(root):
    found = [
        strange(root / "edges" / "export.parquet"),
        strange(root / "edges" / "20260101-mine.parquet"),
        strange(root / "edges" / "run=first" / "20260101-mine.parquet"),
    ]
    elsewhere = strange(root / "edges" / "run=second" / "x.parquet")

    session = Session(Run(root, "first"), SEEDS, SCOPE, {})
    started = session.start()
    session.close()

    assert [path.exists() for path in found] == [False] * 3
    assert elsewhere.exists()
    for path in found:
        moved = root / "quarantine" / path.relative_to(root)
        assert moved.exists()
        assert any(str(moved) in note for note in started.notes)


def test_a_quarantined_entry_is_gone_whole_and_its_files_are_kept(root):
    run = Run(root, "first")
    entry = next(entry for entry in read(run.log) if entry.kind == "segment")

    quarantine(run, entry, 4)

    whole = snapshot(root)
    assert whole.rows("pages") == 4
    assert {path.exists() for file in entry.files for path in [root / "quarantine" / file.path]} == {True}
    assert foreign_files(root) == []
    assert list(verify(root, whole.files)) == []


@pytest.mark.row("D8")
def test_a_corrupt_file_is_quarantined_at_the_next_start_and_its_pages_wait_again(root):
    run = Run(root, "first")
    file = live_files(run.log)[0]
    data = bytearray((root / file.path).read_bytes())
    data[len(data) // 2] ^= 1
    (root / file.path).write_bytes(data)

    session = Session(run, SEEDS, SCOPE, {})
    started = session.start()
    pending = [row[1] for row in session.ledger.rows() if row[2] == 0]
    record(session, "", "http://a.test/1", "http://a.test/2", "http://b.test/")
    session.commit(session.swap())
    session.close()

    assert pending == ["http://a.test/"]
    assert [file.path in note and "1 pages will be fetched again" in note for note in started.notes] == [True]
    assert snapshot(root).rows("edges") == 6
    assert [finding for finding in examine(root) if finding.problems] == []


@pytest.mark.row("D7")
def test_a_start_that_changed_nothing_writes_nothing(root):
    def bytes_of(folder: Path) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    before = bytes_of(root)
    session = Session(Run(root, "first"), SEEDS, SCOPE, {})
    session.start()
    session.close()

    assert bytes_of(root) == before


def test_another_projects_run_is_a_run_like_any_other(tmp_path):
    for number in range(2):
        session = PlainSession(Run(tmp_path, "plain"))
        session.start()
        record(session, str(number), "http://b.test/")
        session.close()

    assert snapshot(tmp_path).rows("edges") == 2
    assert [finding for finding in examine(tmp_path) if finding.problems] == []


@pytest.mark.row("D13")
def test_changed_seeds_and_options_are_recorded_and_told(root):
    wider = Scope(follow="all", domains=frozenset({"a.test", "b.test"}))
    session = Session(Run(root, "first"), [*SEEDS, resolve("http://b.test/")], wider, {})
    started = session.start()
    session.close()

    assert any("1 added, 0 removed" in note for note in started.notes)
    assert any("options changed" in note for note in started.notes)
    last = list(read(Run(root, "first").log))[-1]
    assert (last.kind, last.seeds) == ("start", ("http://a.test/", "http://b.test/"))

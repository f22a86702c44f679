"""`linkgraph doctor` on data folders that are well, and on each way of being broken."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from linkgraph.cli.doctor import doctor
from linkgraph.edges.invariants import examine, examine_run, is_locked
from linkgraph.edges.log import live_files
from linkgraph.edges.run import Run
from linkgraph.edges.session import Session
from linkgraph.errors import UsageError
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.frontier.scope import Scope
from linkgraph.urls import resolve

SEEDS = [resolve("http://a.test/")]


@pytest.fixture
def run(tmp_path) -> Run:
    made = Run(tmp_path / "data", "r")
    session = Session(made, SEEDS, Scope(domains=frozenset({"a.test"})), {})
    session.start()
    for path in ("", "1"):
        page = replace(bare_page(f"http://a.test/{path}"), fetched_at=datetime.now(UTC), status=200)
        session.record(page, links_to(page, [resolve("http://a.test/1")], "a", "html"))
        session.commit(session.swap())
    session.finish([], run_budget=False)
    session.close()
    return made


def problems(root: Path) -> dict[str, str]:
    """What is wrong, by the invariant that is broken."""
    return {finding.check: " ".join(finding.problems) for finding in examine(root) if finding.problems}


def told(root: Path):
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, ["--data", str(root)], terminal_width=200)


def test_a_folder_that_is_well_is_told_to_be(run):
    result = told(run.root)

    assert result.exit_code == 0
    assert "broken" not in result.stdout
    assert "holds" in result.stdout
    assert result.stderr == ""


def test_an_empty_folder_is_well(tmp_path):
    assert told(tmp_path).exit_code == 0


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path):
    assert isinstance(told(tmp_path / "nowhere").exception, UsageError)


def test_the_doctor_changes_nothing(run):
    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}

    before = contents()
    told(run.root)

    assert contents() == before


def flip(run: Run) -> str:
    path = run.root / live_files(run.log)[0].path
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    return "live files match their digests"


def lose(run: Run) -> str:
    (run.root / live_files(run.log)[0].path).unlink()
    return "live files match their digests"


def gap(run: Run) -> str:
    (run.log / "00000002.json").unlink()
    return "the log has no gap"


def garble(run: Run) -> str:
    (run.log / "00000002.json").write_text("{")
    return "the log has no gap"


def stray(run: Run) -> str:
    pq.write_table(pa.table({"a": [1]}), run.table("edges") / "export.parquet")
    return "only files that a log names"


def no_ledger(run: Run) -> str:
    run.ledger.write_bytes(b"not a database" * 100)
    return "the ledger can be read"


def ahead(run: Run) -> str:
    with sqlite3.connect(run.ledger) as database:
        database.execute("UPDATE applied SET sequence = 99")
    database.close()
    return "the ledger is not ahead of the log"


def invented(run: Run) -> str:
    with sqlite3.connect(run.ledger) as database:
        database.execute(
            "INSERT INTO urls (host, url, state, depth, hops) VALUES (1, 'http://a.test/\x1b[31mnever', 2, 0, 0)"
        )
    database.close()
    return "every done page is in a live entry"


@pytest.mark.parametrize("damage", [flip, lose, gap, garble, stray, no_ledger, ahead, invented])
def test_every_damage_is_named_with_what_to_do(run, damage):
    check = damage(run)

    assert check in problems(run.root)
    result = told(run.root)
    assert result.exit_code == 3
    assert "broken" in result.stdout
    assert "what to do: " in result.stderr
    assert "\x1b[31mnever" not in result.stderr


def test_a_page_in_two_live_entries_is_found(run):
    session = Session(run, SEEDS, Scope(domains=frozenset({"a.test"})), {})
    session.start()
    page = replace(bare_page("http://a.test/1"), fetched_at=datetime.now(UTC))
    session.record(page, links_to(page, [], "a", "html"))
    session.commit(session.swap())
    session.close()

    assert "http://a.test/1 is in 2 live entries" in problems(run.root)["no page is published twice"]


def test_one_broken_run_does_not_hide_the_others(run):
    other = Run(run.root, "other")
    session = Session(other, SEEDS, Scope(domains=frozenset({"a.test"})), {})
    session.start()
    session.close()
    gap(run)

    found = {(finding.subject, finding.check): bool(finding.problems) for finding in examine(run.root)}

    assert found["r", "the log has no gap"]
    assert not found["other", "the log has no gap"]


def test_a_run_at_work_is_seen_and_its_new_files_are_not_called_strange(run):
    assert not is_locked(run)
    path = run.table("edges") / "00000009-0123456789ab.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with run.locked():
        assert is_locked(run)
        assert problems(run.root) == {}
    assert "only files that a log names" in problems(run.root)


def test_a_run_without_a_ledger_is_judged_by_its_log(run):
    run.ledger.unlink()

    assert [finding.check for finding in examine_run(run) if finding.problems] == []

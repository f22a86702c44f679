"""No string from the web becomes a formula or a terminal command, and no file is half written."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from linkgraph.errors import StorageError, UsageError
from linkgraph.reports import formats
from linkgraph.reports.formats import choose_format, unformula, write_table
from linkgraph.reports.terminal import print_table, readable, safe

texts = st.text(max_size=20) | st.sampled_from(
    ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"]
)
MOMENT = datetime(2025, 11, 1, 12, 30, 0, 5000, tzinfo=UTC)


@pytest.fixture
def table():
    return pa.table(
        {
            "text": ["plain", '=HYPERLINK("http://evil.example")', "\x1b[31mred\x1b[0m [bold]\u202egnp"],
            "whole": [1, None, -1234567],
            "real": [0.5, float("nan"), 1e-9],
            "flag": [True, False, None],
            "words": [["nofollow", "ugc"], [], None],
            "moment": pa.array([MOMENT, None, MOMENT], pa.timestamp("ms", "UTC")),
        }
    )


def written(table, form, tmp_path):
    path = tmp_path / f"out.{form}"
    write_table(table, form, path, title="a title")
    return path.read_bytes()


def csv_rows(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.row("O1")
@settings(max_examples=120)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_no_csv_cell_begins_like_a_formula_and_nothing_else_is_lost(tmp_path_factory, rows):
    table = pa.table({"a": [row[0] for row in rows], "b": [[row[1]] for row in rows]})
    _, *cells = csv_rows(written(table, "csv", tmp_path_factory.mktemp("csv")))

    assert len(cells) == len(rows)
    for found, expected in zip(cells, rows, strict=True):
        for cell, text in zip(found, expected, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
            assert cell == (text if cell == text else f"'{text}")


@pytest.mark.row("O1")
@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"])
def test_a_formula_is_quoted(text):
    assert unformula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "'=1", " =1", "1-2"])
def test_other_text_is_left_alone(text):
    assert unformula(text) == text


@pytest.mark.row("O1")
def test_csv_is_rfc_4180(table, tmp_path):
    content = written(table, "csv", tmp_path)

    assert content.count(b"\r\n") == 4
    assert csv_rows(content)[1] == ["plain", "1", "0.5", "true", "nofollow ugc", "2025-11-01T12:30:00.005Z"]
    assert csv_rows(content)[2][0] == '\'=HYPERLINK("http://evil.example")'
    assert csv_rows(content)[3][1] == "-1234567"


def test_json_is_one_array_of_objects(table, tmp_path):
    content = written(table, "json", tmp_path)
    rows = json.loads(content)

    assert [row["text"] for row in rows] == table["text"].to_pylist()
    assert rows[1]["real"] is rows[1]["whole"] is None
    assert rows[0]["words"] == ["nofollow", "ugc"]
    assert rows[0]["moment"] == "2025-11-01T12:30:00.005Z"
    assert json.loads(written(table.slice(0, 0), "json", tmp_path)) == []


@pytest.mark.row("O3")
@settings(max_examples=100)
@given(texts)
def test_json_holds_no_character_that_a_terminal_obeys(tmp_path_factory, text):
    content = written(pa.table({"a": [text]}), "json", tmp_path_factory.mktemp("json")).decode()

    assert json.loads(content) == [{"a": text}]
    assert safe(content.replace("\n", "")) == content.replace("\n", "")


def test_parquet_is_the_table(table, tmp_path):
    written(table.slice(0, 1), "parquet", tmp_path)

    assert pq.read_table(tmp_path / "out.parquet").equals(table.slice(0, 1))


@pytest.mark.row("O3")
@settings(max_examples=120)
@given(st.text())
def test_no_text_reaches_a_terminal_as_a_command(text):
    console = Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    print_table(pa.table({"a": [text]}), title=text, console=console)
    shown = console.file.getvalue()

    for line in shown.split("\n"):
        plain = line.replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert safe(plain) == plain


@pytest.mark.row("O3")
def test_markup_in_a_cell_is_shown_and_not_obeyed(table, tmp_path):
    shown = written(table, "table", tmp_path).decode()

    assert "[bold]" in shown
    assert "a title" in shown
    assert "␛[31mred␛[0m" in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (37.302, "37.3"),
        (0.0, "0.0"),
        (0.01234, "0.0123"),
        (["a", "b\x07"], "a b␇"),
        (MOMENT, "2025-11-01 12:30"),
    ],
)
def test_cells_are_shown_as_people_read_them(value, shown):
    assert readable(value) == shown


def test_the_format_is_the_asked_for_or_the_suffix_or_a_table(tmp_path):
    assert choose_format("json", tmp_path / "a.csv") == "json"
    assert choose_format(None, tmp_path / "a.CSV") == "csv"
    assert choose_format(None, tmp_path / "a.txt") == choose_format(None, None) == "table"
    with pytest.raises(UsageError, match=r"'xml'.*csv, json, parquet"):
        choose_format("xml", None)


def test_a_failed_write_leaves_the_file_before(table, tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("before")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"out\.csv: No space left"):
        write_table(table, "csv", path, title="")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text() == "before"


def test_a_path_that_cannot_be_written_is_named(table, tmp_path):
    with pytest.raises(UsageError, match=r"no/out\.csv"):
        write_table(table, "csv", tmp_path / "no" / "out.csv", title="")


def test_parquet_is_not_poured_onto_a_terminal(table, monkeypatch):
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    with pytest.raises(UsageError, match="-o"):
        formats._WRITERS["parquet"](table, Terminal())

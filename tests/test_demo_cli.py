"""`linkgraph demo`: which folders it takes, what it serves, and the whole of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset
import pytest

from linkgraph.cli.demo import MARKER, claim, command
from linkgraph.demo import ServedWeb, serve
from linkgraph.errors import UsageError


@pytest.fixture
def environment(root):
    scripts = Path(sys.executable).parent
    return {**os.environ, "PYTHONPATH": str(root), "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


def test_a_new_an_empty_and_an_earlier_demo_folder_are_taken(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "new" / "deep", tmp_path / "empty"):
        claim(folder, seed=5)
        assert capsys.readouterr().err == ""
        claim(folder, seed=5)
        assert "Taking up the demo" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["thesis.txt", "edges"])
def test_a_folder_of_anything_else_is_left_alone(tmp_path, content):
    (tmp_path / content).touch()
    with pytest.raises(UsageError, match="holds no demo"):
        claim(tmp_path, seed=5)
    assert [path.name for path in tmp_path.iterdir()] == [content]


def test_a_demo_of_another_seed_is_left_alone(tmp_path):
    claim(tmp_path, seed=5)
    with pytest.raises(UsageError, match="holds a demo of seed 5"):
        claim(tmp_path, seed=6)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="--data"):
        claim(tmp_path / "file", seed=5)
    with pytest.raises(UsageError, match="--data"):
        claim(tmp_path / "file" / "below", seed=5)


def test_a_damaged_marker_is_named(tmp_path):
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(UsageError, match=MARKER):
        claim(tmp_path, seed=5)


def test_the_command_that_serve_prints_crawls_the_served_web_from_any_folder(tmp_path, environment):
    with serve() as web:
        line = f"{command(web)} -a max_pages=25"
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    pages = pyarrow.dataset.dataset(tmp_path / "data" / "pages", format="parquet").to_table()
    assert pages.num_rows >= 25
    assert set(pages["status"].to_pylist()) >= {200}


def test_serve_prints_one_command_on_stdout_and_ends_with_ctrl_c(environment):
    served = subprocess.Popen(
        [sys.executable, "-c", "from linkgraph.cli.demo import demo; import typer; typer.run(demo)", "--serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with served:
        line = served.stdout.readline()
        port = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert line == command(ServedWeb("127.0.0.1", int(port[1]))) + "\n"
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=10) == 0
        assert served.stdout.read() == ""


@pytest.mark.soak
def test_the_whole_demo_shows_two_tables_and_says_where_the_parquet_lies(tmp_path, environment):
    folder = tmp_path / "here"
    shown = subprocess.run(
        [sys.executable, "-m", "linkgraph", "demo", "--data", str(folder)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    assert "highest authority" in shown.stdout
    assert "Ten of the links to" in shown.stdout
    assert str(folder / "edges") in shown.stderr
    assert pyarrow.dataset.dataset(folder / "pages", format="parquet").count_rows() > 4000

"""What a crash may do to a crawl: nothing that the next start does not mend.

Every test crawls a part of the demo web in a process of its own, ends that process in some way, runs the same command
again, and compares all rows with those of an uninterrupted crawl.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow.dataset as ds
import pytest
from support.driver import Plan, run, start
from support.trial import broken, differences, entries, leftovers

from linkgraph.demo import serve
from linkgraph.edges.dataset import snapshot, verify
from linkgraph.edges.log import live_files
from linkgraph.edges.run import Run
from linkgraph.edges.segment import COMMIT_STEPS
from linkgraph.frontier.ledger import Ledger

SEEDS = "thespokereview.example,hop.test,gearsandgravel.example"
RUN = "trial"
KILLED = -signal.SIGKILL
UNPUBLISHED = COMMIT_STEPS[: COMMIT_STEPS.index("entry-linked")]
"""Steps after which files lie there that no reader may see, and that the next start removes."""


@pytest.fixture(scope="module")
def web():
    with serve() as served:
        yield served


@pytest.fixture(scope="module")
def plan(web, tmp_path_factory):
    """A crawl that commits often, so that there is much to interrupt."""

    def make(folder, **changes):
        settings = {
            "LINKGRAPH_DATA": str(folder / "data"),
            "LINKGRAPH_RUN": RUN,
            "LINKGRAPH_RESOLVE": web.resolve,
            "LINKGRAPH_HOST_DELAY": 0,
            "LINKGRAPH_COMMIT_PAGES": 30,
            "LINKGRAPH_COMMIT_SECONDS": 0.2,
        }
        return replace(Plan(settings, {"seeds": SEEDS}, folder / "stderr.txt"), **changes)

    return make


@pytest.fixture(scope="module")
def reference(plan, tmp_path_factory):
    """The data folder of an uninterrupted crawl."""
    folder = tmp_path_factory.mktemp("reference")
    assert run(plan(folder)) == 0
    assert snapshot(folder / "data").rows("pages") > 100
    assert not broken(folder / "data")
    return folder / "data"


@pytest.fixture
def ends_like_the_reference(plan, reference, tmp_path):
    """Run the same command again and compare."""

    def check(plan_again=None):
        assert run(plan_again or plan(tmp_path)) == 0, (tmp_path / "stderr.txt").read_text()
        found = differences(reference, tmp_path / "data")
        assert found.none, found
        assert not broken(tmp_path / "data")

    return check


def readers_see_whole_segments(root):
    live = snapshot(root)
    return not list(verify(root, live.files)) and len(live.edge_files) == len(live.page_files)


def test_a_kill_before_the_first_commit_loses_no_sitemap_that_a_robots_txt_named(
    plan, tmp_path, ends_like_the_reference
):
    assert run(plan(tmp_path, kill_at=(COMMIT_STEPS[0], 1))) == KILLED
    assert not entries(tmp_path / "data") or snapshot(tmp_path / "data").rows("pages") == 0

    ends_like_the_reference()


@pytest.mark.row("D1")
@pytest.mark.parametrize("step", COMMIT_STEPS)
def test_a_kill_at_each_step_of_the_commit_loses_and_doubles_nothing(step, plan, tmp_path, ends_like_the_reference):
    assert run(plan(tmp_path, kill_at=(step, 2))) == KILLED
    assert readers_see_whole_segments(tmp_path / "data")
    left = leftovers(tmp_path / "data")
    assert bool(left) == (step in UNPUBLISHED), left

    ends_like_the_reference()


@pytest.mark.row("D1")
def test_kills_at_random_moments_lose_and_double_nothing(plan, tmp_path, ends_like_the_reference):
    chance = random.Random(2)
    killed = 0
    for _ in range(5):
        process = start(plan(tmp_path))
        process.join(chance.uniform(0.1, 0.7))
        killed += process.is_alive()
        process.kill()
        process.join()
        assert not (tmp_path / "data/runs").exists() or readers_see_whole_segments(tmp_path / "data")

    assert killed
    ends_like_the_reference()


@pytest.mark.row("D10")
def test_a_deleted_ledger_is_rebuilt_from_the_log_row_by_row(plan, tmp_path, ends_like_the_reference):
    run(plan(tmp_path, kill_at=("entry-linked", 3)))
    ends_like_the_reference()
    where = Run(tmp_path / "data", RUN)
    before = rows(where)
    for path in where.folder.glob("frontier.sqlite*"):
        path.unlink()

    assert run(plan(tmp_path)) == 0

    assert rows(where) == before


def rows(where):
    ledger = Ledger(where.ledger)
    found = list(ledger.rows())
    ledger.close()
    return found


@pytest.mark.row("D2")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_crawl_cleanly_and_it_resumes(number, plan, tmp_path, ends_like_the_reference):
    process = begun(plan(tmp_path))
    os.kill(process.pid, number)
    process.join(30)

    assert process.exitcode == 130
    assert "the same command resumes" in (tmp_path / "stderr.txt").read_text()
    assert not leftovers(tmp_path / "data")
    assert json.loads((tmp_path / "data/runs/trial/run.json").read_text())["status"] == "stopped"

    ends_like_the_reference()


def begun(one):
    """Start a crawl and return its process as soon as it has committed something."""
    process = start(one)
    waited = time.monotonic() + 30
    while entries(one.stderr.parent / "data") < 3:
        assert process.is_alive(), one.stderr.read_text()
        assert time.monotonic() < waited, "nothing was committed in 30 s"
        time.sleep(0.01)
    return process


@pytest.mark.row("D6")
def test_a_second_process_on_the_same_run_is_refused_and_told_of_the_first(plan, tmp_path, ends_like_the_reference):
    first = begun(plan(tmp_path))
    os.kill(first.pid, signal.SIGSTOP)
    command = [sys.executable, "-m", "linkgraph", "crawl", SEEDS, "--data", str(tmp_path / "data"), "--run", RUN]
    try:
        spider = run(plan(tmp_path, stderr=tmp_path / "second.txt"))
        verb = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    finally:
        os.kill(first.pid, signal.SIGCONT)
    first.join(30)

    assert (spider, verb.returncode) == (3, 3)
    for message in ((tmp_path / "second.txt").read_text(), verb.stderr):
        assert f"process {first.pid} on " in message
        assert RUN in message
        assert "Traceback" not in message
    assert first.exitcode == 0
    ends_like_the_reference()


@pytest.mark.row("D3")
@pytest.mark.parametrize(
    "largest_file",
    [
        pytest.param(4_000, id="no room for the ledger"),
        pytest.param(20_000, id="no room for a segment"),
        pytest.param(100_000, id="no room for the write-ahead log"),
    ],
)
def test_a_full_disk_ends_the_crawl_in_words_and_tears_nothing(largest_file, plan, tmp_path, ends_like_the_reference):
    code = run(plan(tmp_path, largest_file=largest_file))

    message = (tmp_path / "stderr.txt").read_text()
    assert code == 3, message
    assert "free space" in message
    assert "Traceback" not in message
    if (tmp_path / "data/runs").exists():
        assert readers_see_whole_segments(tmp_path / "data")
        assert not leftovers(tmp_path / "data")

    ends_like_the_reference()


@pytest.mark.row("D1")
@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_a_hundred_kills_over_the_demo_web_and_the_mini_web(root):
    done = subprocess.run([sys.executable, str(root / "benchmarks/crash.py"), "100"], check=False)
    assert done.returncode == 0


@pytest.mark.row("D1")
@pytest.mark.parametrize("step", ["pages-written", "entry-linked"])
def test_a_kill_in_a_run_that_visits_again_loses_and_doubles_no_link_that_was_kept(step, plan, reference, tmp_path):
    again = {"seeds": SEEDS, "revisit": "latest", "due": "all"}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        shutil.copytree(reference, folder / "data")
    assert run(plan(whole, arguments=again)) == 0, (whole / "stderr.txt").read_text()
    assert run(plan(killed, arguments=again, kill_at=(step, 2))) == KILLED

    assert run(plan(killed, arguments=again)) == 0, (killed / "stderr.txt").read_text()

    found = differences(whole / "data", killed / "data")
    assert replace(found, urls_twice=0).none, found  # a URL of both runs; that none is twice in one, `broken` tells
    assert not broken(killed / "data")
    assert snapshot(killed / "data").pages().count_rows(filter=ds.field("status") == 304) > 100
    first, second = (live_files(Run(killed / "data", name).log) for name in (RUN, f"{RUN}.2"))
    # Nothing has changed meanwhile, so that every link of the first run is one of the second.
    assert sum(file.rows for file in first) == sum(file.rows for file in second) > 1000

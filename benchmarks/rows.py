"""The list of hostile inputs, row by row: the tests of each, with outcome, processor time and memory.

    python benchmarks/rows.py [--quick] [ROW ...]

Each file of tests with `@pytest.mark.row(...)` runs in a process of its own; processor seconds count the test, its
fixtures and its children, memory is the most that the file's process or one of its children held. `--quick` leaves out
files that crawl. Fails where a test failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Recorder:
    """Notes rows, outcome and processor seconds of each test."""

    def __init__(self) -> None:
        self.tests: list[dict] = []
        self._before = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if rows_of(item)]

    def pytest_runtest_logstart(self) -> None:
        self._before = used()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item):
        report = (yield).get_result()
        if report.when == "call" or report.outcome != "passed":
            name = item.nodeid.partition("::")[2].partition("[")[0]
            self.tests.append({"rows": rows_of(item), "test": name, "outcome": report.outcome})
        if report.when == "teardown" and self.tests:
            self.tests[-1]["seconds"] = used() - self._before


def rows_of(item: pytest.Item) -> list[str]:
    return [row for mark in item.iter_markers("row") for row in mark.args]


def used() -> float:
    return sum(os.times()[:4])


def record(path: str, into: str) -> None:
    recorder = Recorder()
    pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", path], plugins=[recorder])
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    Path(into).write_text(json.dumps({"tests": recorder.tests, "peak": peak / 1024}))


def run(path: Path) -> dict:
    """Run the marked tests of one file in a process of its own."""
    with tempfile.NamedTemporaryFile("r") as told:
        command = [sys.executable, __file__, "--record", str(path), told.name]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=900, check=False)
        return json.loads(told.read() or '{"tests": [], "peak": 0}')


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("rows", nargs="*")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--record", nargs=2)
    chosen = options.parse_args()
    if chosen.record:
        record(*chosen.record)
        return 0
    lines: dict[tuple[str, str], list[tuple[str, float, float]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.row(" not in text or (chosen.quick and "from crawling import" in text):
            continue
        done = run(path)
        for test in done["tests"]:
            for row in test["rows"]:
                lines[row, test["test"]].append((test["outcome"], test.get("seconds", 0.0), done["peak"]))
    return show(lines, set(chosen.rows))


def show(lines: dict[tuple[str, str], list[tuple[str, float, float]]], chosen: set[str]) -> int:
    bad = 0
    print(f"{'row':5}{'outcome':14}{'CPU s':>8}{'MiB':>7}  test")
    for (row, name), found in sorted(lines.items(), key=lambda line: (line[0][0][0], int(line[0][0][1:]), line[0][1])):
        if chosen and row not in chosen:
            continue
        outcomes = [outcome for outcome, _, _ in found]
        bad += outcomes.count("failed")
        outcome = "passed" if set(outcomes) == {"passed"} else ", ".join(sorted(set(outcomes)))
        seconds, peak = sum(one[1] for one in found), max(one[2] for one in found)
        times = f" x{len(found)}" if len(found) > 1 else ""
        words = re.sub("_", " ", name.removeprefix("test_"))
        print(f"{row:5}{outcome + times:14}{seconds:8.2f}{peak:7.0f}  {words}")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())

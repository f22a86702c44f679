"""A command → its exit code, and what it cost in seconds and memory; the crawl's own command line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took, from its start to its end."""

    code: int
    wall: float
    cpu: float
    """User and system seconds of the process and its threads, imports included."""


def environment() -> dict[str, str]:
    """Return an environment without settings of ours, in which the project can be imported."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LINKGRAPH_", "SCRAPY_"))}
    return {**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"}


def run(command: Sequence[str], output: Path, timeout: float = 900) -> Cost:
    """Run *command* to its end; what it says goes to the file *output*."""
    started = time.perf_counter()
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment())
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - started > timeout:
                process.kill()
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(process.returncode, time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


def crawl_command(
    seeds: str,
    data: Path,
    settings: Mapping[str, object],
    *,
    run: str = "bench",
    program: Sequence[str] = (),
    **options: object,
) -> list[str]:
    """Return the command line of one of our crawls; *options* such as `follow="all"` become `--follow all`."""
    command = [sys.executable, *(program or ("-m", "linkgraph", "crawl")), seeds, "--data", str(data), "--run", run]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    return command


def held(root: int, what: str = "Pss") -> float:
    """Return MiB that a process and all below it hold; what several share is divided (proportional set size).

    *what* is a line of `smaps_rollup`: `Pss_Anon` leaves out files, whose share changes as other processes map them.
    """
    return sum(_proportional(one, what) for one in _below(root)) / 1024


def _below(root: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [root]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _proportional(process: int, what: str) -> int:
    """Return a process's share of memory in KiB, 0 when it is gone."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{what}:")), 0)

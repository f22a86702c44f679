"""A command that can be resumed → killed at random moments, and at last run to its end."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.process import environment

LIMIT = 1800.0
"""Seconds; a crawl that takes longer has hung."""


@dataclass(frozen=True)
class Attempt:
    """One process: killed, or come to its end before that."""

    killed: bool
    code: int
    seconds: float


def attempt(command: Sequence[str], output: Path, kill_after: float | None) -> Attempt:
    """Run *command* and SIGKILL it after some seconds, or let it end; it speaks to the end of the file *output*."""
    started = time.perf_counter()
    with output.open("ab") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment())
        try:
            process.wait(LIMIT if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    seconds = time.perf_counter() - started
    return Attempt(process.returncode == -9, process.returncode, seconds)


def moments(chance: random.Random, kills: int, startup: float, crawl: float) -> list[float]:
    """Return after how many seconds each of *kills* processes of one crawl is killed.

    The moments are uniform from the process's start to a share of the *crawl* that leaves something to the next: most
    kills meet a crawl at work, some a start, a replay of the log, or the end.
    """
    return [chance.uniform(0, startup + 1.5 * crawl / kills) for _ in range(kills)]

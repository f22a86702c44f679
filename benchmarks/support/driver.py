"""One of our crawls in a forked process that stops where it is told to: at a step of the commit, or at a file size.

The crash tests start dozens of crawls; forked from a server that has imported everything, each starts at once.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["scrapy.core.engine", "linkgraph.cli.running", "linkgraph.fetch.middleware", "spiders.site"]
)


@dataclass(frozen=True)
class Plan:
    """A crawl, and what happens to it."""

    settings: dict[str, Any]
    arguments: dict[str, Any]
    stderr: Path
    kill_at: tuple[str, int] | None = None
    """A step of `COMMIT_STEPS`, and at which time that it is reached the process is killed."""
    largest_file: int | None = None
    """Bytes; a longer file cannot be written, as on a full disk."""
    environment: dict[str, str] = field(default_factory=dict)


def start(plan: Plan) -> Any:
    """Start the crawl of *plan* and return its process, a `multiprocessing.Process`."""
    process = _CONTEXT.Process(target=_crawl, args=(plan,))
    process.start()
    return process


def run(plan: Plan, timeout: float = 60) -> int:
    """Run the crawl of *plan* and return its exit code; negative for the signal that ended it."""
    process = start(plan)
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"the crawl did not end within {timeout} s:\n{plan.stderr.read_text()[-3000:]}")
    code = process.exitcode
    process.close()
    return code


def _crawl(plan: Plan) -> None:
    descriptor = os.open(plan.stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    if plan.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (plan.largest_file, plan.largest_file))
    if plan.kill_at is not None:
        _kill_at(*plan.kill_at)
    from linkgraph.cli.running import run_spider
    from linkgraph.errors import LinkgraphError

    try:
        sys.exit(run_spider(plan.settings, plan.arguments))
    except LinkgraphError as error:
        sys.stderr.write(f"linkgraph: {error}\n")
        sys.exit(error.exit_code)


def _kill_at(step: str, times: int) -> None:
    from linkgraph.edges import segment, session

    left = {step: times}

    def reached(name: str) -> None:
        left[name] = left.get(name, 0) - 1
        if name == step and left[name] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for module in (segment, session):  # the session has imported the name
        module.reached = reached

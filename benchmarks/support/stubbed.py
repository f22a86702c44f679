"""`linkgraph crawl` with the commit's steps timed or left out: `python -m support.stubbed VARIANT RESULT ARGUMENT...`.

`whole`: nothing is left out. `undurable`: rows are encoded and written, but there is no fsync, rename, digest, log
entry or ledger transaction. `none`: what is recorded is dropped. The last two suit a crawl whose URLs are all seeds:
nothing that they find enters the frontier.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import typer

from linkgraph.cli.crawl import crawl
from linkgraph.edges import log, segment, session
from linkgraph.frontier.ledger import Ledger

SECONDS: Counter[str] = Counter()


def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            SECONDS[step] += time.perf_counter() - started

    return call


def watch() -> None:
    """Time each step of the commit, on the thread that takes it."""
    segment.Segment.edges_table = timed("columns", segment.Segment.edges_table)
    segment.Segment.pages_table = timed("columns", segment.Segment.pages_table)
    segment.encode = timed("encode", segment.encode)
    segment.write_durably = timed("write and fsync", segment.write_durably)
    segment.hashlib = SimpleNamespace(sha256=timed("digest", hashlib.sha256))
    segment._publish = timed("rename", segment._publish)
    segment.sync_folder = timed("fsync of folders", segment.sync_folder)
    segment.append = timed("log entry", segment.append)
    Ledger.apply_segment = timed("ledger transaction", Ledger.apply_segment)
    session.Session.commit = timed("all of the commit", session.Session.commit)


def leave_out_durability() -> None:
    numbers = itertools.count()
    segment.write_durably = timed("write and fsync", lambda path, data: path.write_bytes(data))
    segment.hashlib = SimpleNamespace(sha256=lambda _: SimpleNamespace(hexdigest=lambda: f"{next(numbers):064d}"))
    segment._publish = lambda _run, _temporary, file: file
    segment.sync_folder = lambda _: None
    segment.append = lambda *_: None
    Ledger.apply_segment = lambda *_: []


def main(variant: str, result: str, arguments: list[str]) -> None:
    watch()
    if variant == "undurable":
        leave_out_durability()
    if variant == "none":
        session.Session.commit = lambda *_: []
    assert log.append is session.append, "the start and the finish are logged in every variant"
    sys.argv = ["linkgraph crawl", *arguments]
    try:
        typer.run(crawl)
    finally:
        Path(result).write_text(json.dumps(SECONDS), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

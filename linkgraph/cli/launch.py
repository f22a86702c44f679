"""`linkgraph.crawl(...)` → a crawl in a process of its own, and its summary."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkgraph.edges.lineage import choose
from linkgraph.edges.run import Run, run_name
from linkgraph.errors import LinkgraphError, StateError, UsageError


@dataclass(frozen=True, slots=True)
class CrawlSummary:
    """What one crawl did; a resumed run's earlier pages are not counted again."""

    run: str
    pages: int
    links: int
    outcomes: Mapping[str, int]
    seconds: float
    finished: bool


def crawl(
    seeds: Sequence[str] | str | Path,
    *,
    data: str | Path = "data",
    run: str | None = None,
    follow: str = "seeds",
    depth: int | None = None,
    max_pages: int | None = None,
    max_pages_per_domain: int | None = None,
    revisit: str | None = None,
    due: str = "now",
    render: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> CrawlSummary:
    """Crawl the *seeds* and return what came of it; progress goes to stderr.

    The crawl runs in a process of its own: Twisted's reactor cannot be started twice in one.

    Args:
        seeds: domains and URLs, or the path of a file with one a line.
        data: the data folder.
        run: the run's name; by default made from the seeds, so that the same call resumes.
        follow: `seeds` or `all`.
        depth: most link hops from a seed.
        max_pages: page budget of the run.
        max_pages_per_domain: page budget of each domain.
        revisit: `latest`, or a run: visit again what it saw, as a run of its own, with conditional requests.
        due: with *revisit*, `now` for the pages that are due, or `all`.
        render: `never`, `auto` or `always`: which pages a browser looks at.
        settings: Scrapy settings, ours included.

    Raises:
        UsageError: an argument cannot be used.
        StateError: the run is locked, or the disk refused.
        LinkgraphError: the crawl failed otherwise.
    """
    argument = str(seeds) if isinstance(seeds, str | Path) else ",".join(seeds)
    name, earlier = run or run_name(argument), None
    if revisit:
        name, earlier = choose(Path(data), run or "", run_name(argument), revisit)
    options = {
        "--follow": follow,
        "--depth": depth,
        "--max-pages": max_pages,
        "--max-pages-per-domain": max_pages_per_domain,
        "--revisit": earlier,
        "--due": due,
        "--render": render,
    }
    command = [sys.executable, "-m", "linkgraph", "crawl", argument, "--data", str(data), "--run", name]
    for option, value in options.items():
        command += [] if value is None else [option, str(value)]
    for key, setting in (settings or {}).items():
        command += ["--set", f"{key}={setting}"]
    code = _run(command)
    if code not in (0, 1):
        kind = {2: UsageError, 3: StateError}.get(code, LinkgraphError)
        raise kind(f"the crawl ended with exit code {code}; the lines above say why")
    return _summary(Run(Path(data), name))


def _run(command: list[str]) -> int:
    """Run *command* to its end and return its exit code; Ctrl-C reaches it too, and it is given time to commit."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:  # noqa: S603 - our own program
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def _summary(run: Run) -> CrawlSummary:
    path = run.folder / "run.json"
    if not path.exists():
        raise LinkgraphError(f"the crawl ended before it wrote {path}; the lines above say why")
    record = json.loads(path.read_text(encoding="utf-8"))
    return CrawlSummary(
        run=run.name,
        pages=record["pages"],
        links=record["links"],
        outcomes=record["outcomes"],
        seconds=record["seconds"],
        finished=record["status"] == "finished",
    )

"""What the verbs share that ask for given pages: their options, and the crawl that does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.crawl import pair, refuse_early
from linkgraph.edges.lineage import to_work_on
from linkgraph.edges.run import Run, run_name

Contact = Annotated[
    str, typer.Option(envvar="LINKGRAPH_CONTACT", help="How a webmaster reaches you; required off this machine")
]
HostDelay = Annotated[
    float | None, typer.Option(envvar="LINKGRAPH_HOST_DELAY", help="Seconds between requests to one host")
]
Setting = Annotated[list[str] | None, typer.Option("--set", "-s", help="NAME=VALUE, any Scrapy setting")]


def ask(
    spider: str,
    name: str,
    arguments: dict[str, object],
    data: Path,
    contact: str,
    host_delay: float | None,
    setting: list[str] | None,
) -> tuple[int, Run]:
    """Let *spider* work on the run of *name* that has not ended, or on the next; return its exit code and the run."""
    settings: dict[str, object] = {"LINKGRAPH_DATA": str(data), **dict(pair(text) for text in setting or [])}
    settings |= {"LINKGRAPH_CONTACT": contact} if contact else {}
    settings |= {} if host_delay is None else {"LINKGRAPH_HOST_DELAY": host_delay}
    root = Path(str(settings["LINKGRAPH_DATA"]))
    run = Run(root, str(settings.get("LINKGRAPH_RUN") or to_work_on(root, f"{spider}-{run_name(name)}")))
    refuse_early(root, run.name)
    from linkgraph.cli.running import run_spider

    code = run_spider({**settings, "LINKGRAPH_RUN": run.name}, arguments, spider)
    return code, run

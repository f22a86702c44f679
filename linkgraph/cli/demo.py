"""`linkgraph demo`: serve the small web of our own, crawl it with the real spider, build, and show what came of it."""

from __future__ import annotations

import json
import shlex
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linkgraph.errors import UsageError

if TYPE_CHECKING:
    from linkgraph.cli.launch import CrawlSummary
    from linkgraph.demo import ServedWeb

MARKER = "demo.json"
"""Says that a data folder is a demo's, and of which seed."""

RUN = "demo"

_RANKED = ["rank", "domain", "authority", "referring_domains", "backlinks"]
_LINKED = ["src_authority", "src_url", "anchor", "rel", "zone"]


def demo(
    data: Annotated[Path, typer.Option(help="Where the demo writes; an earlier demo there is taken up again")] = Path(
        "linkgraph-demo"
    ),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one", min=0, max=65535)] = 0,
    serve_only: Annotated[
        bool, typer.Option("--serve", help="Only serve the small web, for a crawl of your own")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Another number gives other pages on the same sites")] = None,
) -> None:
    """Crawl a small made-up web on this machine, rank its domains, and show the backlinks of one.

    Nothing leaves this machine. Examples:

      linkgraph demo

      linkgraph demo --serve --port 8000
    """
    from linkgraph.demo import DEFAULT_SEED, serve

    number = DEFAULT_SEED if seed is None else seed
    if serve_only:
        with serve(number, port) as web:
            _wait(web)
        return
    started = time.monotonic()
    claim(data, number)
    with serve(number, port) as web:
        summary = _crawl(web, data)
    if not summary.finished:
        _say("The crawl was interrupted; the same command takes it up again.")
        raise typer.Exit(130)
    _answer(data)
    seconds = time.monotonic() - started
    _say(f"{summary.pages:,} pages and {summary.links:,} links; this run took {seconds:.0f} s.")
    _next_steps(data)


def claim(data: Path, seed: int) -> None:
    """Make *data* the folder of a demo of *seed*: a new or empty folder, or that of an earlier demo of the same seed.

    Raises:
        UsageError: the folder holds something else, or a demo of another seed, or cannot be written.
    """
    marker = data / MARKER
    try:
        if marker.is_file():
            if (earlier := _earlier_seed(marker)) != seed:
                raise UsageError(f"{data} holds a demo of seed {earlier}; name another folder with --data")
            _say(f"Taking up the demo in {data}; delete that folder to begin anew.")
            return
        if data.exists() and (not data.is_dir() or any(data.iterdir())):
            raise UsageError(f"{data} is not empty and holds no demo; name another folder with --data")
        data.mkdir(parents=True, exist_ok=True)
        marker.write_text(json.dumps({"seed": seed}) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{data} cannot be used ({error.strerror}); name another folder with --data") from error


def _earlier_seed(marker: Path) -> object:
    try:
        recorded = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{marker} is damaged; name another folder with --data, or delete {marker.parent}") from error
    return recorded.get("seed") if isinstance(recorded, dict) else None


def _crawl(web: ServedWeb, data: Path) -> CrawlSummary:
    import linkgraph
    from linkgraph.demo import SEEDS

    _say(f"A small web waits on {web.address}:{web.port}. Crawling it from {len(SEEDS)} seeds.")
    settings = {"LINKGRAPH_RESOLVE": web.resolve, "LINKGRAPH_HOST_DELAY": 0}
    return linkgraph.crawl(SEEDS, data=data, run=RUN, follow="all", settings=settings)


def _answer(data: Path) -> None:
    import linkgraph
    from linkgraph.reports.terminal import print_table

    linkgraph.build(data)
    dataset = linkgraph.open(data)
    top = dataset.authority(top=10)
    print_table(top.select(_RANKED), title="The ten domains of the highest authority")
    if top.num_rows:
        best = top.column("domain")[0].as_py()
        print_table(dataset.backlinks(best, limit=10).select(_LINKED), title=f"Ten of the links to {best}")


def _next_steps(data: Path) -> None:
    shown = shlex.quote(str(data))
    _say(
        f"The links lie in {data / 'edges'} as Parquet, the pages in {data / 'pages'}, the ranks in {data / 'builds'}."
    )
    parquet = str(data / "edges")
    _say("Try next:")
    _say(f"  linkgraph backlinks best-cheap-watches.example --data {shown}    # a link farm's money site")
    _say(f"  linkgraph report --domains thespokereview.example --data {shown} -o report.html")
    _say(f"  python -c \"import pandas; print(pandas.read_parquet({parquet!r}).groupby('zone').size())\"")


def _wait(web: ServedWeb) -> None:
    try:
        _say("The small web is served until you press Ctrl-C. This crawls it:")
        sys.stdout.write(command(web) + "\n")
        sys.stdout.flush()
        threading.Event().wait()
    except KeyboardInterrupt:
        _say("Stopped.")


def command(web: ServedWeb) -> str:
    """Return the shell command that crawls *web* from its seeds with Scrapy, in whatever folder it is run."""
    from linkgraph.demo import SEEDS

    return (
        f"SCRAPY_SETTINGS_MODULE=linkgraph.settings scrapy crawl site -a seeds={','.join(SEEDS)} -a follow=all "
        f"-s LINKGRAPH_RESOLVE='{web.resolve}' -s LINKGRAPH_HOST_DELAY=0"
    )


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")

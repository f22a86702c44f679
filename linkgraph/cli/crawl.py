"""`linkgraph crawl`: the spider without a Scrapy project around it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.edges.lineage import choose
from linkgraph.edges.run import Run, run_name


def crawl(
    seeds: Annotated[str, typer.Argument(help="A file with a seed a line, or a.com,b.org")],
    data: Annotated[Path, typer.Option(envvar="LINKGRAPH_DATA", help="Where runs, edges and builds lie")] = Path(
        "data"
    ),
    run: Annotated[str, typer.Option(envvar="LINKGRAPH_RUN", help="Name; default: made from the seeds")] = "",
    follow: Annotated[str, typer.Option(help="seeds: only the seeds' domains; all: every domain")] = "seeds",
    depth: Annotated[int | None, typer.Option(help="Most link hops from a seed")] = None,
    max_pages: Annotated[int | None, typer.Option(help="Page budget of the run")] = None,
    max_pages_per_domain: Annotated[int | None, typer.Option(help="Page budget of each domain")] = None,
    revisit: Annotated[str, typer.Option(help="latest, or a run: visit again what it saw, as a run of its own")] = "",
    due: Annotated[str, typer.Option(help="With --revisit: now (pages that are due) or all")] = "now",
    render: Annotated[
        str | None, typer.Option(envvar="LINKGRAPH_RENDER", help="never, auto or always; needs the extra js")
    ] = None,
    mentions: Annotated[str, typer.Option(metavar="FILE", help="Names whose unlinked mentions are looked for")] = "",
    contact: Annotated[
        str, typer.Option(envvar="LINKGRAPH_CONTACT", help="How a webmaster reaches you; required off this machine")
    ] = "",
    host_delay: Annotated[
        float | None, typer.Option(envvar="LINKGRAPH_HOST_DELAY", help="Seconds between requests to one host")
    ] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", "-s", help="NAME=VALUE, any Scrapy setting")] = None,
) -> None:
    """Crawl the sites that SEEDS names and keep every link as Parquet.

    Run the same command again to resume. Examples:

      linkgraph crawl example.org --contact you@example.org

      linkgraph crawl seeds.txt --follow all --max-pages 10000 --contact https://example.org/bot

      linkgraph crawl example.org --revisit latest --contact you@example.org
    """
    settings: dict[str, object] = {"LINKGRAPH_DATA": str(data), "LINKGRAPH_RUN": run}
    settings |= dict(pair(text) for text in setting or [])
    if contact:
        settings["LINKGRAPH_CONTACT"] = contact
    if host_delay is not None:
        settings["LINKGRAPH_HOST_DELAY"] = host_delay
    root, name = Path(str(settings["LINKGRAPH_DATA"])), str(settings["LINKGRAPH_RUN"])
    refuse_early(root, choose(root, name, run_name(seeds), revisit)[0] if revisit else name or run_name(seeds))
    from linkgraph.cli.running import run_spider

    limits = {"depth": depth, "max_pages": max_pages, "max_pages_per_domain": max_pages_per_domain}
    chosen = {"seeds": seeds, "follow": follow, "revisit": revisit, "due": due, "render": render, "mentions": mentions}
    raise typer.Exit(run_spider(settings, {**chosen, **limits}))


def refuse_early(data: Path, name: str) -> None:
    """Refuse a run that another process works on.

    Raises:
        RunLockedError: there is one.
    """
    # The spider asks again; but importing Scrapy takes longer than a user should wait for a no.
    run = Run(data, name)
    if (run.folder / "lock").exists():
        with run.locked():
            pass


def pair(text: str) -> tuple[str, str]:
    """Return name and value of `NAME=VALUE`.

    Raises:
        BadParameter: it is none.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r}: give NAME=VALUE")
    return name, value

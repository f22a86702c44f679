"""`linkgraph build`: from the links of every run to ranks, graphs and the links sorted by target."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linkgraph.index.record import BuildResult


def build(
    data: Annotated[Path, typer.Option(envvar="LINKGRAPH_DATA", help="The data folder")] = Path("data"),
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="What counts as a vote; again for more, side by side. Default: editorial, followed, everything"
        ),
    ] = None,
    trusted: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Reviewed good domains, a file of them or one: trust and spam_mass"),
    ] = None,
    spam: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Known spam, a file of domains or one: distrust")
    ] = None,
    entities: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV `entity,covers`: rank these too, see docs/authority.md")
    ] = None,
    keep: Annotated[int, typer.Option(help="Builds to keep, this one included; one that is read stays")] = 2,
) -> None:
    """Rank every domain and sort every link by its target. Run it after a crawl; readers switch when it is whole.

    Examples:
      linkgraph build

      linkgraph build --data /srv/crawl --policy editorial/evaporate --policy followed

      linkgraph build --trusted reviewed.txt --spam known-spam.txt

      linkgraph build --entities groups.csv
    """
    from rich.console import Console

    from linkgraph.graph.policy import BUILT
    from linkgraph.index.build import build as make

    messages = Console(stderr=True, highlight=False)
    lists = {word: _domains(asked) for word, asked in (("trusted", trusted), ("spam", spam))}
    with _progress() as progress:
        result = make(data, policy=policy or BUILT, progress=progress, keep=keep, entities=entities, **lists)
    messages.print(_summary(result))


def _domains(asked: list[str] | None) -> list[str]:
    from linkgraph.insights.asked import read_domains

    if not asked:
        return []
    domains, problems = read_domains(asked)
    sys.stderr.writelines(f"linkgraph: {problem}\n" for problem in problems)
    return domains


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def show(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step)
        bars.update(tasks[step], completed=done, total=total)

    with bars:
        yield show


def _summary(result: BuildResult) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"build {result.name}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = {
        "pages": f"{result.pages:,}",
        "edges read": f"{result.edges:,}",
        "distinct links": f"{result.links:,}",
        "domains": f"{result.nodes['domain']:,}",
    } | {
        f"votes of domains, {ranking.policy} {ranking.version}": f"{ranking.votes['domain']:,}, ranks within "
        f"{ranking.errors['domain']:.1e} after {ranking.iterations['domain']} steps"
        for ranking in result.rankings
    }
    rows |= {
        f"{word} domains that are known": f"{counts['found']:,} of {counts['named']:,}"
        for word, counts in result.lists.items()
    }
    if result.entities:
        rows["entities that have pages or links"] = f"{result.entities['found']:,} of {result.entities['named']:,}"
    rows |= {
        "seconds": f"{sum(result.seconds.values()):,.1f}",
        "folder": str(result.folder),
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table

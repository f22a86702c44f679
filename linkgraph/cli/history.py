"""`linkgraph history`: what became of the backlinks of a domain, from run to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out
from linkgraph.errors import UsageError

_SHOWN = ("at", "event", "reason", "src_url", "dst_url", "anchor", "before", "after")


def history(
    domain: Annotated[
        str, typer.Argument(metavar="DOMAIN", help="example.org, www.example.org or https://example.org/page")
    ],
    since: Annotated[str | None, typer.Option(metavar="DATE|RUN", help="After this date or run")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE|RUN", help="Up to this date or run")] = None,
    only: Annotated[str, typer.Option(help="all, new, lost or changed")] = "all",
    survival: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="How long links live, by kind, zone or nofollow")
    ] = None,
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """List what happened to the backlinks of DOMAIN: found, changed, moved, lost and why, not re-checked, restored.

    docs/history.md defines the words. Examples:

      linkgraph history example.org

      linkgraph history example.org --only lost --since 2026-01-01 --until 2026-03-31 --format csv

      linkgraph history example.org --only new --since crawl --until crawl.2

      linkgraph history example.org --survival zone
    """
    from linkgraph.cli.answers import opened
    from linkgraph.insights import history as asked
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    if survival is not None:
        if since or until or only != "all":
            raise UsageError("--survival looks at all of the history; leave out --since, --until and --only")
        table = asked.survival(opened(data), domain, survival)
        write_answer(
            table, form, out, shown=tuple(table.column_names), title=f"links to {domain} that stand after so many days"
        )
        return
    table = asked.history(opened(data), domain, since=since, until=until, only=only)
    write_answer(table, form, out, shown=_SHOWN, title=f"history of the links to {domain}")

"""`linkgraph doctor`: checks what the commit promises, and says what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    data: Annotated[Path, typer.Option(envvar="LINKGRAPH_DATA", help="The data folder")] = Path("data"),
) -> None:
    """Check every log, file, ledger and build in the data folder. Changes nothing; exit code 3 if anything is wrong.

    Example: linkgraph doctor --data data
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from linkgraph.edges.invariants import examine
    from linkgraph.reports.terminal import safe

    console = Console()
    table = Table("where", "invariant", "state")
    findings = list(examine(data))
    for finding in findings:
        state = "[red]broken[/red]" if finding.problems else "[green]holds[/green]"
        table.add_row(escape(safe(finding.subject)), finding.check, state)
    console.print(table)
    broken = [finding for finding in findings if finding.problems]
    for finding in broken:
        for problem in finding.problems:
            typer.echo(f"linkgraph: {safe(finding.subject)}: {safe(problem)}", err=True)
        typer.echo(f"linkgraph: what to do: {finding.remedy}", err=True)
    raise typer.Exit(3 if broken else 0)

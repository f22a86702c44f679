"""`linkgraph verify`: do the backlinks that somebody claims, or that we know, still stand?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out
from linkgraph.cli.asking import Contact, HostDelay, Setting
from linkgraph.errors import UsageError

_SHOWN = ("verdict", "src_url", "target", "reason", "before", "after")


def verify(
    links: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A line a link: page,target,anchor,rel; only page is needed")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="DOMAIN", help="Every known backlink of it; with FILE: where a line has none"),
    ] = None,
    form: Form = None,
    out: Out = None,
    contact: Contact = "",
    host_delay: HostDelay = None,
    setting: Setting = None,
    data: Data = Path("data"),
) -> None:
    """Ask for the page of each claimed or known backlink: live, changed, removed, unreachable or blocked.

    As polite as a crawl; run the same command again to resume, and after its end to check anew. Lines that are no
    links are told with their number; the exit code is then 1. Examples:

      linkgraph verify claimed.csv --target example.org --contact you@example.org

      linkgraph verify --target example.org --contact you@example.org --format csv
    """
    from linkgraph.cli.asking import ask
    from linkgraph.edges.claims import known_claims, read_claims
    from linkgraph.edges.dataset import snapshot
    from linkgraph.edges.verified import verified
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    if links is None and target is None:
        raise UsageError("nothing to verify: give a file, or --target example.org")
    arguments: dict[str, object] = {"links": str(links) if links else None, "target": target}
    code, run = ask("verify", str(links or target), arguments, data, contact, host_delay, setting)
    if run.log.is_dir():
        known = known_claims(snapshot(data), str(target), run.name) if links is None else read_claims(links, target)
        write_answer(verified(run, known.claims), form, out, shown=_SHOWN, title=f"{len(known.claims)} backlinks")
    raise typer.Exit(code)

"""`linkgraph targets`: which targets of links are broken, and which pages link to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out
from linkgraph.cli.asking import Contact, HostDelay, Setting
from linkgraph.errors import SeedsError

_SHOWN = ("state", "dst_status", "dst_url", "referring_domains", "referring_pages", "pages")


def targets(
    source: Annotated[
        str | None, typer.Option(metavar="DOMAIN", help="Only what pages of this domain, host or URL link to")
    ] = None,
    target: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only targets of this domain or host")] = None,
    due: Annotated[str, typer.Option(help="now: what nobody looked at yet; all: again what was looked at")] = "now",
    check: Annotated[bool, typer.Option(help="Ask for them; without, only report what is known")] = True,
    every: Annotated[bool, typer.Option("--every", help="Report all states, not only broken targets")] = False,
    form: Form = None,
    out: Out = None,
    contact: Contact = "",
    host_delay: HostDelay = None,
    setting: Setting = None,
    data: Data = Path("data"),
) -> None:
    """Ask for the targets of links to other domains, each once, and list the broken ones with who links to them.

    Broken: 404 and 410, other errors, no answer, soft 404 and parked domains. The next build has their status as
    dst_status. Examples:

      linkgraph targets --source example.org --contact you@example.org

      linkgraph targets --target rival.example --no-check --format csv
    """
    from linkgraph.cli.asking import ask
    from linkgraph.insights.broken import BROKEN, TARGET_STATES
    from linkgraph.insights.broken import targets as known
    from linkgraph.insights.dataset import open_dataset
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    code = 0
    if check:
        arguments: dict[str, object] = {"source": source, "target": target, "due": due}
        name = f"{source or 'all'}-{target or 'all'}"
        try:
            _something_to_check(data, source, target, due)
            code, _ = ask("targets", name, arguments, data, contact, host_delay, setting)
        except SeedsError as error:
            sys.stderr.write(f"linkgraph: {error}\n")
    table = known(open_dataset(data), source=source, target=target, states=TARGET_STATES if every else BROKEN)
    write_answer(table, form, out, shown=_SHOWN, title="targets of links" if every else "broken targets of links")
    raise typer.Exit(code)


def _something_to_check(data: Path, source: str | None, target: str | None, due: str) -> None:
    from linkgraph.edges.dataset import snapshot
    from linkgraph.edges.targets import to_check

    to_check(snapshot(data), source, target, again=due == "all")

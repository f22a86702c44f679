"""`linkgraph sites`: which domains one owner probably runs, and which are mirrors of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out

_SHOWN = ("domain", "owner", "joined_by", "mirror_of")


def sites(
    domains: Annotated[
        list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="Their owners' sites; default: all that are known")
    ] = None,
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """List domains that share an owner with others, or mirror one, with what speaks for it.

    An owner is named by the first of its domains. docs/classification.md tells what counts as evidence. Examples:

      linkgraph sites

      linkgraph sites example.org --format json
    """
    from linkgraph.cli.answers import opened
    from linkgraph.insights.kin import kin
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    table = kin(opened(data), domains)
    write_answer(table, form, out, shown=_SHOWN, title="sites of one owner, and mirrors")

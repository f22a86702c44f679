"""`linkgraph mentions`: where a name stands in the text of pages without being a link."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out
from linkgraph.cli.extract import read_source
from linkgraph.errors import UsageError

_SHOWN = ("url", "name", "before", "text", "after", "page_links")


def mentions(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|URL]...", help="Pages to look at; without any, what crawls have met"),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="A name, a domain, NAME,DOMAIN, or a file of those; may be repeated"),
    ] = None,
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """List unlinked mentions of names or domains in the text of pages, with the words around them.

    A crawl looks for them with --mentions FILE: the text of pages is not kept. Examples:

      linkgraph mentions page.html --names "Harbour Gazette,harbourgazette.example"

      linkgraph crawl seeds.txt --mentions names.txt --contact you@example.org

      linkgraph mentions --format csv
    """
    from linkgraph.edges.mentions import read_mentions, table_of
    from linkgraph.extract.mentions import mentions as mentioned
    from linkgraph.extract.mentions import read_names
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    if not sources:
        if names:
            raise UsageError("--names looks at pages: name files or addresses; a crawl takes --mentions FILE")
        table = read_mentions(data)
    else:
        wanted = read_names(names or [])
        pages = (read_source(source, "") for source in sources)
        table = table_of(one for url, headers, body in pages for one in mentioned(url, headers, body, wanted))
    write_answer(table, form, out, shown=_SHOWN, title="unlinked mentions")

"""The command line: one verb a file. Errors of ours end it in words and with their exit code, never in a traceback."""

from __future__ import annotations

import importlib
import sys

import typer

from linkgraph.errors import LinkgraphError

VERBS = (
    "crawl", "extract", "classify", "robots", "build", "authority", "backlinks", "sites", "history", "verify",
    "targets", "mentions", "report", "doctor", "demo",
)  # fmt: skip


def application() -> typer.Typer:
    """Return the typer application with every verb."""
    app = typer.Typer(
        name="linkgraph",
        help="An open backlink index: crawl, keep every link, and see who links to whom and what it is worth.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for verb in VERBS:
        app.command(verb)(getattr(importlib.import_module(f"linkgraph.cli.{verb}"), verb))
    return app


def main() -> None:
    """Run the command line."""
    try:
        application()()
    except LinkgraphError as error:
        sys.stderr.write(f"linkgraph: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        sys.stderr.close()
        sys.exit(141)

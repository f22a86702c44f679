# ruff: noqa: INP001 - a script, run by `make docs`
"""The code → the parts of docs/ that repeat it: settings, reasons, commands.

Each part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; all else in a page is written by hand. A test
fails when a part is not what this script would write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from linkgraph.classify.vocabulary import ACQUISITIONS, NO_HYPERLINK, PLACEMENTS, backlink_words
from linkgraph.cli import application
from linkgraph.edges.verified import VERDICTS
from linkgraph.graph.sites.owners import POINTS
from linkgraph.insights.broken import TARGET_STATES
from linkgraph.model import EVENTS, LOST_REASONS, REASONS, STATES

DOCS = Path(__file__).resolve().parent
SETTINGS = DOCS.parent / "linkgraph" / "settings.py"


def settings() -> str:
    """Return a table of linkgraph's own settings with the reasons that stand beside them."""
    rows = []
    for line in SETTINGS.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"(LINKGRAPH_\w+)(?:: [^=]+)? = (.*?)  # (.*)", line):
            name, default, reason = match.groups()
            rows.append(f"| `{name}` | `{default}` | {_sentence(reason)} |")
    return "\n".join(["| setting | default | what it is for |", "|---|---|---|", *rows])


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    # A word that is syntax stays as it is.
    text = text if re.search(r"\w:\w", first) else f"{text[0].upper()}{text[1:]}"
    return text.rstrip(",;.")


def reasons() -> str:
    """Return a table of the closed list of reasons."""
    return _words("reason", REASONS)


def _words(head: str, words: dict[str, str]) -> str:
    rows = [f"| `{word}` | {meaning} |" for word, meaning in words.items()]
    return "\n".join([f"| {head} | meaning |", "|---|---|", *rows])


def events() -> str:
    """Return a table of what can happen to a link."""
    return _words("event", EVENTS)


def lost() -> str:
    """Return a table of why a link is lost."""
    return _words("reason", LOST_REASONS)


def states() -> str:
    """Return a table of what is known of a link."""
    return _words("state", STATES)


def owner_points() -> str:
    """Return a table of what speaks for one owner of two domains."""
    return "\n".join(
        ["| evidence | points |", "|---|---|", *(f"| {word} | {points} |" for word, points in POINTS.items())]
    )


def verdicts() -> str:
    """Return a table of what a check says of a claimed link."""
    return _words("verdict", VERDICTS)


def targets() -> str:
    """Return a table of what is known of the target of a link."""
    return _words("state", TARGET_STATES)


def placements() -> str:
    """Return a table of where a link can stand."""
    rows = [f"| `{word}` | {meaning} |" for word, meaning in (*PLACEMENTS.items(), *NO_HYPERLINK.items())]
    return "\n".join(["| placement | where the link stands |", "|---|---|", *rows])


def acquisitions() -> str:
    """Return a table of how a link can have come about, with the words of backlink texts."""
    rows = [
        f"| `{word}` | {meaning} | {', '.join(backlink_words(word)) or '-'} |" for word, meaning in ACQUISITIONS.items()
    ]
    return "\n".join(["| acquisition | how it came about | in backlink texts |", "|---|---|---|", *rows])


def commands() -> str:
    """Return a section for each verb: what it does, its arguments, options and examples."""
    group: Any = typer.main.get_command(application())
    return "\n\n".join(section for name, command in group.commands.items() for section in _command(name, command))


def _command(name: str, command: Any) -> Iterator[str]:
    says, _, examples = (command.help or "").partition("Example")
    yield f"## linkgraph {name}"
    yield " ".join(says.split())
    rows = [_parameter(one) for one in command.params if one.name != "help"]
    if rows:
        yield "\n".join(["| argument or option | default | meaning |", "|---|---|---|", *rows])
    lines = [line.strip() for line in examples.partition(":")[2].splitlines() if line.strip()]
    if lines:
        yield "\n".join(["```console", *(f"$ {line}" for line in lines), "```"])


def _parameter(one: Any) -> str:
    written = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
    if one.param_type_name == "argument":
        written = f"`{one.metavar or one.name.upper()}`"
    default = "" if one.default in (None, "", False, ()) or callable(one.default) else f"`{one.default}`"
    help_text = " ".join((one.help or "").split()).replace("|", r"\|")
    if one.envvar:
        help_text += f" (or `{one.envvar}`)"
    return f"| {written} | {default} | {help_text} |"


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("settings.md", settings),
    "reasons": ("data.md", reasons),
    "events": ("history.md", events),
    "lost": ("history.md", lost),
    "states": ("history.md", states),
    "verdicts": ("checking.md", verdicts),
    "targets": ("checking.md", targets),
    "commands": ("commands.md", commands),
    "placements": ("classification.md", placements),
    "acquisitions": ("classification.md", acquisitions),
    "owner-points": ("classification.md", owner_points),
}


def rewritten(name: str) -> tuple[Path, str, str]:
    """Return the page that holds part *name*, its present text, and what it should be."""
    file, render = PARTS[name]
    path = DOCS / file
    text = path.read_text(encoding="utf-8")
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in text:
        raise SystemExit(f"{path}: the marks {begin} and {end} are not there")
    return path, text, f"{before}{begin}\n\n{render()}\n\n{end}{after}"


def main() -> None:
    """Rewrite the pages."""
    for name in PARTS:
        path, text, wanted = rewritten(name)
        if text != wanted:
            path.write_text(wanted, encoding="utf-8")
            sys.stderr.write(f"{path.relative_to(DOCS.parent)}: {name}\n")


if __name__ == "__main__":
    main()

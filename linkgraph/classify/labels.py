"""A file of hand-labelled links → labels that use the closed words, or an error that names the line.

Promises that every label's placement and acquisition is a word of `vocabulary`. Refuses lines that are no JSON, lack a
field, or use another word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from linkgraph.classify.vocabulary import ACQUISITIONS, INTERNAL, PLACEMENTS
from linkgraph.errors import UsageError

CERTAINTIES = ("sure", "likely", "guess")


@dataclass(frozen=True, slots=True)
class Label:
    """One link of a real page as a person judged it."""

    page: str
    """The page's file."""
    url: str
    href: str
    anchor: str
    nth: int
    """Which `a` or `area` of the page it is, from 0."""
    placement: str
    acquisition: str
    certainty: str


def read_labels(path: Path) -> list[Label]:
    """Return the labels of a JSON-lines file.

    Raises:
        UsageError: the file cannot be read, or a line is malformed or uses an unknown word; names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text ({error}); give a file of labels") from error
    return [_label(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _label(path: Path, number: int, line: str) -> Label:
    where = f"{path}, line {number}"
    try:
        fields = json.loads(line)
        label = Label(**{name: fields[name] for name in Label.__dataclass_fields__})
    except (ValueError, TypeError) as error:
        raise UsageError(f"{where} is no JSON object: {error}") from error
    except KeyError as error:
        raise UsageError(f"{where} lacks the field {error}") from error
    for word, words, name in (
        (label.placement, (*PLACEMENTS,), "placement"),
        (label.acquisition, (*ACQUISITIONS, INTERNAL), "acquisition"),
        (label.certainty, CERTAINTIES, "certainty"),
    ):
        if word not in words:
            raise UsageError(f"{where}: {name} {str(word)[:60]!r} is not one of {', '.join(words)}")
    return label

"""The words in and around a link, and its address → what they say.

Promises patterns that RE2 runs in linear time over whole columns. The word lists are short and in a few languages
(`LANGUAGES`); what is markup or an address speaks in any. Refuses nothing: no match is no evidence.
"""

from __future__ import annotations

from typing import NamedTuple

from linkgraph.classify.software import ADDRESSES, addresses
from linkgraph.classify.tables import read_table

LANGUAGES = frozenset({"en", "de", "fr", "es", "it", "pt", "nl", "ja"})
"""Primary language subtags for which the word lists were written; how well is measured for the first two only."""


class Phrase(NamedTuple):
    """A pattern over one column."""

    name: str
    column: str
    pattern: str


def _patterns() -> dict[str, dict[str, str]]:
    """Return the patterns of each column: what is written for it, and for addresses what is known of software."""
    patterns = read_table("phrases.toml")
    for name, each in ADDRESSES.items():
        patterns[each["column"]][name] = addresses(each["of"])
    return patterns


PHRASES: tuple[Phrase, ...] = tuple(
    Phrase(name, column, pattern) for column, patterns in _patterns().items() for name, pattern in patterns.items()
)

"""Links as observed → what kind of link each is: placement, acquisition, probability, and the rules that fired.

Promises answers derived from the raw columns alone, so that rules improve without a new crawl; see
`docs/classification.md` for what the words mean and how often the answers are right. Refuses a bare label: every
answer carries its evidence and the version of the rules.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from linkgraph.classify.schema import CLASSES
from linkgraph.classify.vocabulary import ACQUISITIONS, PLACEMENTS, RULES_VERSION, backlink_words

if TYPE_CHECKING:
    from linkgraph.classify.answer import classify, classify_batches
    from linkgraph.classify.pages import prepare

__all__ = [
    "ACQUISITIONS",
    "CLASSES",
    "PLACEMENTS",
    "RULES_VERSION",
    "backlink_words",
    "classify",
    "classify_batches",
    "prepare",
]

_HOMES = {"classify": "answer", "classify_batches": "answer", "prepare": "pages"}


def __getattr__(name: str) -> Any:
    """Import what classifies when it is asked for: who reads answers need not wait a second for the compiler."""
    if name not in _HOMES:
        raise AttributeError(f"module 'linkgraph.classify' has no attribute {name!r}")
    return getattr(import_module(f"linkgraph.classify.{_HOMES[name]}"), name)

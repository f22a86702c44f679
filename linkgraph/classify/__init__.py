"""Links as observed → what kind of link each is: placement, acquisition, probability, and the rules that fired.

Promises answers derived from the raw columns alone, so that rules improve without a new crawl; see
`docs/classification.md` for what the words mean and how often the answers are right. Refuses a bare label: every
answer carries its evidence and the version of the rules.
"""

from linkgraph.classify.answer import CLASSES, classify, classify_batches
from linkgraph.classify.vocabulary import ACQUISITIONS, PLACEMENTS, RULES_VERSION, backlink_words

__all__ = [
    "ACQUISITIONS",
    "CLASSES",
    "PLACEMENTS",
    "RULES_VERSION",
    "backlink_words",
    "classify",
    "classify_batches",
]

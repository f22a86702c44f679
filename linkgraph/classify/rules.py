"""Features of a link → the first rule of a list that fits, which names the link's probable placement.

Promises a decision list that can be read from top to bottom: each rule names what must be seen and what must not. The
rule that fired is evidence like any other: the model weighs it by how often it was right. Refuses to look at anything
but the features of `evidence`.
"""

from __future__ import annotations

from typing import NamedTuple

from linkgraph.classify.tables import read_table


class Rule(NamedTuple):
    """One line of the list; alternatives of a need are separated by `|`."""

    name: str
    answer: str
    """The placement that the rule speaks for."""
    needs: tuple[str, ...]
    unless: tuple[str, ...] = ()


def _rules(axis: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(line["name"], line["answer"], tuple(line.get("all", ())), tuple(line.get("none", ())))
        for line in read_table("rules.toml")[axis]
    )


PLACEMENT_RULES: tuple[Rule, ...] = _rules("placement")
"""Where a link stands. The first rule that fits is the one that fired; the last one always fits."""

ACQUISITION_RULES: tuple[Rule, ...] = _rules("acquisition")
"""How a link to another site came about; `placement:` is the answer of the placement model."""

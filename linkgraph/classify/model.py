"""Features of links → the probability of each class, by weights that a person can read.

Promises multinomial logistic regression over named yes-or-no features: a class's score is its bias plus the weights of
the features seen, and nothing else. The weights lie in `weights.json`; `benchmarks/train_classifier.py` writes them.
Refuses weights of features that this version does not know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from linkgraph.classify.evidence import FEATURES
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES, Rule
from linkgraph.classify.vocabulary import ACQUISITIONS, PLACEMENTS, RULES_VERSION
from linkgraph.errors import CorruptFileError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

WEIGHTS = "weights.json"

PLACEMENT_INPUTS = (
    *FEATURES,
    *(f"rule:{rule.name}" for rule in PLACEMENT_RULES),
    *(f"says:{word}" for word in PLACEMENTS),
)
"""What the placement model reads: every feature, the rule that fired, and the placement that it speaks for."""

SEEN = (*FEATURES, *(f"placement:{word}" for word in PLACEMENTS))
"""What acquisition rules read: every feature, and the answer of the placement model."""

ACQUISITION_INPUTS = (
    *SEEN,
    *(f"rule:{rule.name}" for rule in ACQUISITION_RULES),
    *(f"says:{word}" for word in ACQUISITIONS),
)


@dataclass(frozen=True, slots=True)
class Model:
    """One classifier: the probability of class c is softmax((bias + inputs @ weights) / temperature)."""

    classes: tuple[str, ...]
    weights: Floats
    """A row an input, a column a class."""
    bias: Floats
    temperature: float
    """Found by cross-validation on the training labels (Guo et al. 2017, On Calibration of Modern Neural Networks)."""

    def probabilities(self, inputs: Bools) -> Floats:
        """Return a row a link and a column a class."""
        scores = (inputs.astype(np.float32) @ self.weights + self.bias) / np.float32(self.temperature)
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        # Rounded, so that a sum in another order does not change an answer's last digit.
        return np.asarray(np.round(odds / odds.sum(axis=1, keepdims=True), 4), dtype=np.float32)


@cache
def models() -> tuple[Model, Model]:
    """Return the placement and the acquisition model of this version.

    Raises:
        CorruptFileError: `weights.json` is of another version of the rules.
    """
    stored = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    if stored["rules_version"] != RULES_VERSION:
        raise CorruptFileError(
            f"{WEIGHTS} is of rules version {stored['rules_version']}, this is {RULES_VERSION}; "
            "run benchmarks/train_classifier.py"
        )
    return (
        _model(stored["placement"], PLACEMENT_INPUTS, tuple(PLACEMENTS)),
        _model(stored["acquisition"], ACQUISITION_INPUTS, tuple(ACQUISITIONS)),
    )


def _model(stored: dict[str, Any], inputs: tuple[str, ...], classes: tuple[str, ...]) -> Model:
    if strange := set(stored["weights"]) - set(inputs):
        raise CorruptFileError(f"{WEIGHTS} has weights of unknown features: {', '.join(sorted(strange)[:5])}")
    weights = np.zeros((len(inputs), len(classes)), dtype=np.float32)
    for name, by_class in stored["weights"].items():
        for word, weight in by_class.items():
            weights[inputs.index(name), classes.index(word)] = weight
    bias = np.array([stored["bias"].get(word, 0.0) for word in classes], dtype=np.float32)
    return Model(classes, weights, bias, stored["temperature"])


def fired(seen: Bools, names: tuple[str, ...], rules: tuple[Rule, ...]) -> Numbers:
    """Return the number of the first rule that fits each row; the last rule of a list fits always.

    Args:
        seen: a row a link, a column a feature.
        names: the features' names.
        rules: the decision list.
    """
    at = {name: number for number, name in enumerate(names)}
    columns = np.ascontiguousarray(seen.T)
    first = np.full(len(seen), len(rules) - 1, dtype=np.int64)
    unfired = np.ones(len(seen), dtype=bool)
    for number, rule in enumerate(rules[:-1]):
        fits = unfired.copy()
        for need in rule.needs:
            fits &= _any(columns, at, need)
        for bar in rule.unless:
            fits &= ~_any(columns, at, bar)
        first[fits] = number
        unfired &= ~fits
    return first


def _any(columns: Bools, at: dict[str, int], alternatives: str) -> Bools:
    return np.asarray(np.logical_or.reduce([columns[at[name]] for name in alternatives.split("|")]))


def placement_inputs(observed: Bools) -> Bools:
    """Return the columns of `PLACEMENT_INPUTS` from those of `FEATURES`."""
    first = fired(observed, FEATURES, PLACEMENT_RULES)
    return np.concatenate([observed, *_said(first, PLACEMENT_RULES, tuple(PLACEMENTS))], axis=1)


def acquisition_inputs(observed: Bools, placements: Numbers) -> Bools:
    """Return the columns of `ACQUISITION_INPUTS` from those of `FEATURES` and the number of each placement."""
    seen = np.concatenate([observed, _one_hot(placements, len(PLACEMENTS))], axis=1)
    first = fired(seen, SEEN, ACQUISITION_RULES)
    return np.concatenate([seen, *_said(first, ACQUISITION_RULES, tuple(ACQUISITIONS))], axis=1)


def _said(first: Numbers, rules: tuple[Rule, ...], classes: tuple[str, ...]) -> tuple[Bools, Bools]:
    answers = np.array([classes.index(rule.answer) for rule in rules])
    return _one_hot(first, len(rules)), _one_hot(answers[first], len(classes))


def _one_hot(numbers: Numbers, width: int) -> Bools:
    return np.asarray(numbers[:, None] == np.arange(width))

"""Features of links → the class and its probability, by rules that decide and by weights that a person can read.

Promises that a rule which was right often enough answers by itself, with the share in which it was right, and that
multinomial logistic regression over named yes-or-no features answers the rest: a class's score is its bias plus the
weights of the features seen, and nothing else. Both lie in `weights.json`; `benchmarks/train_classifier.py` writes
them. Refuses weights and rules that this version does not know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from linkgraph.classify.evidence import FEATURES, NAMED
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES, Rule
from linkgraph.classify.vocabulary import ACQUISITIONS, PLACEMENTS, RULES_VERSION
from linkgraph.errors import CorruptFileError
from linkgraph.jit import kernel, leaf, word_at

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

WEIGHTS = "weights.json"

WORD = 8
"""Inputs that are asked at once whether any of them is shown."""

PLACEMENT_INPUTS = (
    *FEATURES,
    *(f"rule:{rule.name}" for rule in PLACEMENT_RULES),
    *(f"says:{word}" for word in PLACEMENTS),
)
"""What the placement model reads: every feature, the rule that fired, and the placement that it speaks for."""

SEEN = (*NAMED, *(f"placement:{word}" for word in PLACEMENTS))
"""What acquisition rules read: every feature that is no measure, and the answer of the placement model. Measures made
acquisition worse on held-out sites."""

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
    decides: Floats
    """A number a rule: of one that decides, the share of labels on which it was right; else 0."""

    def probabilities(self, inputs: Bools) -> Floats:
        """Return a row a link and a column a class."""
        scores = (_sums(inputs, self.weights) + self.bias) / np.float32(self.temperature)
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        # Rounded, so that a sum in another order does not change an answer's last digit.
        return np.asarray(np.round(odds / odds.sum(axis=1, keepdims=True), 4), dtype=np.float32)

    def answers(self, inputs: Bools) -> tuple[Floats, Bools]:
        """Return the probabilities, a row a link and a column a class, and which rows a rule decided.

        What a deciding rule leaves of a probability of one is shared among the other classes as the weights have it.
        """
        found = self.probabilities(inputs)
        end = inputs.shape[1] - len(self.classes)
        sure = self.decides[inputs[:, end - len(self.decides) : end].argmax(axis=1)]
        ruled = sure > 0
        said = inputs[ruled, -len(self.classes) :]
        others = np.where(said, 0, found[ruled]) + np.float32(1e-6) * ~said
        left = (1 - sure[ruled, None]) * others / others.sum(axis=1, keepdims=True)
        found[ruled] = np.where(said, sure[ruled, None], left)
        return found, ruled


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
    decides = {f"rule:{name}": share for name, share in stored["decides"].items()}
    if strange := {*stored["weights"], *decides} - set(inputs):
        raise CorruptFileError(f"{WEIGHTS} has weights of unknown features: {', '.join(sorted(strange)[:5])}")
    weights = np.zeros((len(inputs), len(classes)), dtype=np.float32)
    for name, by_class in stored["weights"].items():
        for word, weight in by_class.items():
            weights[inputs.index(name), classes.index(word)] = weight
    bias = np.array([stored["bias"].get(word, 0.0) for word in classes], dtype=np.float32)
    shares = np.array([decides.get(name, 0.0) for name in inputs if name.startswith("rule:")], dtype=np.float32)
    return Model(classes, weights, bias, stored["temperature"], shares)


def fired(seen: Bools, names: tuple[str, ...], rules: tuple[Rule, ...]) -> Numbers:
    """Return the number of the first rule that fits each row; the last rule of a list fits always.

    Args:
        seen: a row a link, a column a feature.
        names: the features' names.
        rules: the decision list.
    """
    first = np.empty(len(seen), dtype=np.int64)
    _fire(np.ascontiguousarray(seen), *_clauses(names, rules), first)
    return first


@lru_cache(maxsize=8)
def _clauses(names: tuple[str, ...], rules: tuple[Rule, ...]) -> tuple[Numbers, Numbers, Bools, Numbers]:
    """Return where the clauses of each rule begin, where their features do, whether one is to be seen, and these."""
    at = {name: number for number, name in enumerate(names)}
    each = [[*((need, True) for need in rule.needs), *((bar, False) for bar in rule.unless)] for rule in rules[:-1]]
    clauses = [clause for one in each for clause in one]
    features = [[at[name] for name in alternatives.split("|")] for alternatives, _ in clauses]
    return (
        np.array([0, *accumulate(map(len, each))]),
        np.array([0, *accumulate(map(len, features))]),
        np.array([wanted for _, wanted in clauses], dtype=bool),
        np.array([feature for one in features for feature in one]),
    )


@kernel
def _fire(seen: Any, clause_of: Any, feature_of: Any, wanted: Any, features: Any, first: Any) -> None:
    """Write the number of the first rule whose clauses all hold for each row, or of the one after the last."""
    for row in range(seen.shape[0]):
        rule, holds = np.int64(-1), False
        while not holds and rule < clause_of.size - 1:
            rule += 1
            holds = rule == clause_of.size - 1 or _fits(seen, row, clause_of, feature_of, wanted, features, rule)
        first[row] = rule


@leaf
def _fits(seen: Any, row: Any, clause_of: Any, feature_of: Any, wanted: Any, features: Any, rule: Any) -> Any:
    for clause in range(clause_of[rule], clause_of[rule + 1]):
        some = False
        for each in range(feature_of[clause], feature_of[clause + 1]):
            some = some or seen[row, features[each]]
        if some != wanted[clause]:
            return False
    return True


def _sums(inputs: Bools, weights: Floats) -> Floats:
    """Return the sum of the weights of the inputs that each row shows, for each class.

    They are added in the order of the inputs, whatever the machine and the other rows. A product of matrices, of which
    19 numbers in 20 are zero, takes four times as long.
    """
    sums = np.zeros((len(inputs), weights.shape[1]), dtype=np.float32)
    _add(np.ascontiguousarray(inputs).view(np.uint8).reshape(-1), weights, sums)
    return sums


@kernel
def _add(shown: Any, weights: Any, sums: Any) -> None:
    width, classes = weights.shape
    for row in range(sums.shape[0]):
        begin, number = row * width, np.int64(0)
        while number < width:
            if number + WORD <= width and word_at(shown, begin + number) == 0:
                number += WORD
                continue
            if shown[begin + number]:
                for each in range(classes):
                    sums[row, each] += weights[number, each]
            number += 1


def placement_inputs(observed: Bools) -> Bools:
    """Return the columns of `PLACEMENT_INPUTS` from those of `FEATURES`."""
    first = fired(observed, FEATURES, PLACEMENT_RULES)
    return _with_ones(observed, len(PLACEMENT_INPUTS), *_said(first, PLACEMENT_RULES, tuple(PLACEMENTS)))


def acquisition_inputs(observed: Bools, placements: Numbers) -> Bools:
    """Return the columns of `ACQUISITION_INPUTS` from those of `FEATURES` and the number of each placement."""
    seen = _with_ones(observed[:, : len(NAMED)], len(SEEN), placements)
    first = fired(seen, SEEN, ACQUISITION_RULES)
    return _with_ones(seen, len(ACQUISITION_INPUTS), *_said(first, ACQUISITION_RULES, tuple(ACQUISITIONS)))


def _said(first: Numbers, rules: tuple[Rule, ...], classes: tuple[str, ...]) -> tuple[Numbers, Numbers]:
    """Return the rule that fired and the class that it speaks for, as a column of those for rules and then classes."""
    answers = np.array([classes.index(rule.answer) for rule in rules])
    return first, len(rules) + answers[first]


def _with_ones(observed: Bools, width: int, *columns: Numbers) -> Bools:
    """Return a matrix with more columns, all false but those numbered, one of each array a row."""
    found = np.zeros((len(observed), width), dtype=bool)
    found[:, : observed.shape[1]] = observed
    for column in columns:
        found[np.arange(len(found)), observed.shape[1] + column] = True
    return found

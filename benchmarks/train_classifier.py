"""The training labels, the given ones and our own → `linkgraph/classify/weights.json`.

    LINKGRAPH_PAGES=FOLDER python benchmarks/train_classifier.py [--check]

First the rules: one that was right on a large enough share of the labels decides by itself, with that share as its
probability. The rest is multinomial logistic regression over named yes-or-no features with an L2 penalty, fitted by
L-BFGS (scipy) on the labels that no rule decides, on the same links on pages cut down or of fewer names, and on demo
webs (`pieces.py`). What labels weigh was chosen on held-out sites, and the temperature is fitted on the given labels of
such; what is made from a page is held out with it, and the test labels are never read. The acquisition model learns
from placements that were predicted for sites that the placement model had not seen. `--check` prints the
cross-validation and writes nothing.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from labelled import Labelled, training
from pieces import cuts, demo, strangers
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar

from linkgraph.classify.evidence import observe
from linkgraph.classify.model import (
    ACQUISITION_INPUTS,
    PLACEMENT_INPUTS,
    WEIGHTS,
    acquisition_inputs,
    placement_inputs,
)
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES, Rule
from linkgraph.classify.vocabulary import ACQUISITIONS, PLACEMENTS, RULES_VERSION

TARGET = Path(__file__).resolve().parents[1] / "linkgraph" / "classify" / WEIGHTS
FOLDS = 8
SEEDS = (0, 1)
"""The folds are drawn anew; a single draw of sites moves macro F1 by up to two points."""

PENALTY = {"placement": 4.0, "acquisition": 8.0}

RARE = 0.5
"""A class weighs (mean rows / its rows) ** RARE: macro F1 counts classes, not rows."""

OWN_WEIGHT = {"placement": 0.6, "acquisition": 0.2}
"""What our own labels weigh: they are 35 times as many, and few of the rarer classes turned up among them."""

CUT_WEIGHT, DEMO_WEIGHT, STRANGER_WEIGHT = 0.3, 0.3, 0.1
"""What a cut and a stranger weigh beside their label, and a link of the demo web beside a given label."""

CERTAINTY = {"sure": 1.0, "likely": 1.0, "guess": 0.6}

MARK = "mark:"
"""A rule that needs a feature named so knows the software of the page and what its templates call the place."""

GOOD, KNOWN, ENOUGH = 0.92, 0.85, 20
"""A rule decides that was right on so large a share of so many labels; of one that knows the software, the second share
is enough, since its table was read from templates and not from pages."""

UNSEEN, BELIEF = 5, 0.7
"""Each rule is counted as if it had met so many more labels, and been right on that share of them; one that knows the
software on a share of `KNOWN`, until labels tell otherwise."""

TRUST = 4.0
"""The weight towards which the penalty draws a rule's own word: drawn to nought, a rule that never fired in training
would count for nothing."""

LEAST = 10
"""Labels that a class needs to count."""

SMALLEST = 0.04
"""Weights below are left out of the file."""

STEPS = 150
"""Of L-BFGS at most."""


@dataclass(frozen=True)
class Task:
    """What is to be learnt from which rows."""

    name: str
    classes: tuple[str, ...]
    rules: tuple[Rule, ...]
    names: tuple[str, ...]
    """Of the inputs."""
    inputs: sparse.csr_array
    fired: np.ndarray
    """The rule of each row."""
    answers: np.ndarray
    """-1 where there is none."""
    weights: np.ndarray
    folds: np.ndarray
    """-1 for rows that are never held out."""
    kinds: np.ndarray
    """0 for given labels, 1 for our own, 2 for cuts, 3 for the demo web, 4 for strangers."""

    @property
    def says(self) -> np.ndarray:
        """The class that each rule names."""
        return np.array([self.classes.index(rule.answer) for rule in self.rules])


@dataclass(frozen=True)
class Fitted:
    """What was learnt: how good each rule is, which decide, and the weights for what is left."""

    good: np.ndarray
    decides: np.ndarray
    weights: np.ndarray
    bias: np.ndarray


def learnt(task: Task, rows: np.ndarray) -> Fitted:
    """Return what *rows*, a mask, tell."""
    rows = rows & (task.answers >= 0)
    counted = rows & (task.kinds < 2)
    fired, size = task.fired[counted], len(task.rules)
    right = task.weights[counted] * (task.answers[counted] == task.says[fired])
    met = np.bincount(fired, task.weights[counted], size) + UNSEEN
    known = np.array([_knows(rule) for rule in task.rules])
    good = (np.bincount(fired, right, size) + UNSEEN * np.where(known, KNOWN, BELIEF)) / met
    decides = (good >= GOOD) & (np.bincount(fired, minlength=size) >= ENOUGH) | (good >= KNOWN) & known
    return Fitted(good, decides, *fit(task, np.flatnonzero(rows & ~decides[task.fired]), trusted(task)))


def _knows(rule: Rule) -> bool:
    return any(all(one.startswith(MARK) for one in need.split("|")) for need in rule.needs)


def trusted(task: Task) -> np.ndarray:
    """Return the weights that the penalty draws to: `TRUST` from each `says:` to its word, else 0."""
    prior = np.zeros((len(task.names), len(task.classes)))
    for number, word in enumerate(task.classes):
        prior[task.names.index(f"says:{word}"), number] = TRUST
    return prior


def fit(task: Task, rows: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and bias that minimise the weighted cross-entropy of *rows* plus the penalty."""
    x, y, classes, penalty = task.inputs[rows], task.answers[rows], len(task.classes), PENALTY[task.name]
    turned, width, each = x.T.tocsr(), x.shape[1] * classes, np.arange(len(y))
    counts = np.bincount(y, task.weights[rows], classes)
    share = task.weights[rows] * ((counts[counts > 0].mean() / np.maximum(counts, 1)) ** RARE)[y]
    share *= task.weights[rows].sum() / share.sum()
    truth = np.eye(classes)[y]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w, b = flat[:width].reshape(-1, classes), flat[width:]
        scores = x @ w + b
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        total = odds.sum(axis=1)
        gradient = (odds / total[:, None] - truth) * share[:, None]
        value = (share * (np.log(total) - scores[each, y])).sum() + penalty * ((w - prior) ** 2).sum() / 2
        return value, np.concatenate([(turned @ gradient + penalty * (w - prior)).ravel(), gradient.sum(axis=0)])

    start = np.concatenate([prior.ravel(), np.zeros(classes)])
    flat = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return flat[:width].reshape(-1, classes), flat[width:]


@dataclass(frozen=True)
class HeldOut:
    """What was said of each row by a model that saw no site of its fold."""

    scores: np.ndarray
    sure: np.ndarray
    """The share of right answers of the rule that decides a row, else 0."""


def held_out(task: Task) -> HeldOut:
    scores, sure = np.zeros((len(task.answers), len(task.classes))), np.zeros(len(task.answers))
    for fold in range(FOLDS):
        rows, model = task.folds == fold, learnt(task, task.folds != fold)
        scores[rows] = task.inputs[np.flatnonzero(rows)] @ model.weights + model.bias
        sure[rows] = (model.good * model.decides)[task.fired[rows]]
    return HeldOut(scores, sure)


def temperature(task: Task, said: HeldOut) -> float:
    """Return the temperature that fits the given labels that no rule decided."""
    rows = (task.kinds == 0) & (said.sure == 0) & (task.answers >= 0)
    scores, answers = said.scores[rows], task.answers[rows]

    def loss(logarithm: float) -> float:
        return -np.log(softmax(scores / np.exp(logarithm))[np.arange(len(answers)), answers] + 1e-12).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def answered(task: Task, said: HeldOut, heat: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer to each row, never `unknown`, and its probability."""
    odds = softmax(said.scores / heat) * np.array([word != "unknown" for word in task.classes])
    ruled = said.sure > 0
    return np.where(ruled, task.says[task.fired], odds.argmax(axis=1)), np.where(ruled, said.sure, odds.max(axis=1))


def softmax(scores: np.ndarray) -> np.ndarray:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


class Examples:
    """The labelled links, their cuts and the demo web, and what is seen of them."""

    def __init__(self, data: Labelled) -> None:
        self.data = data
        whole, parts = observe(data.links)[data.rows], [cuts(data), demo(), strangers(data)]
        self.observed = np.concatenate([whole, *(part.observed for part in parts)])
        self.placements = [label.placement for label in data.labels] + [word for p in parts for word in p.placements]
        self.ways = [label.acquisition for label in data.labels] + [word for p in parts for word in p.acquisitions]
        self.of = np.concatenate([np.arange(len(data.labels)), *(part.of for part in parts)])
        kinds = [np.where(data.own, 1, 0), *(np.full(len(p.of), number) for number, p in enumerate(parts, 2))]
        self.kinds = np.concatenate(kinds)

    def folds(self, seed: int) -> np.ndarray:
        """Return the fold of each row, by lot of its site."""
        sites = sorted(set(self.data.hosts))
        lot = np.random.default_rng(seed).permutation(len(sites)) % FOLDS
        of_site = dict(zip(sites, lot.tolist(), strict=True))
        return self._of_label([of_site[site] for site in self.data.hosts], -1)

    def weights(self, axis: str) -> np.ndarray:
        own = np.where(self.data.own, OWN_WEIGHT[axis], 1.0)
        each = own * [CERTAINTY[label.certainty] for label in self.data.labels]
        kinds = np.array([1.0, 1.0, CUT_WEIGHT, 1.0, STRANGER_WEIGHT])
        return self._of_label(each.tolist(), DEMO_WEIGHT) * kinds[self.kinds]

    def _of_label(self, values: list, other: float) -> np.ndarray:
        return np.array([*values, other])[self.of]

    def where(self, seed: int) -> Task:
        inputs = placement_inputs(self.observed)
        return self._task("placement", tuple(PLACEMENTS), PLACEMENT_RULES, PLACEMENT_INPUTS, inputs, seed)

    def how(self, seed: int, places: np.ndarray) -> Task:
        inputs = acquisition_inputs(self.observed, places)
        return self._task("acquisition", tuple(ACQUISITIONS), ACQUISITION_RULES, ACQUISITION_INPUTS, inputs, seed)

    def _task(
        self,
        name: str,
        classes: tuple[str, ...],
        rules: tuple[Rule, ...],
        names: tuple[str, ...],
        inputs: np.ndarray,
        seed: int,
    ) -> Task:
        words = self.placements if name == "placement" else self.ways
        numbers = {word: number for number, word in enumerate(classes)}
        answers = np.array([numbers.get(word, -1) for word in words])
        first = names.index(f"rule:{rules[0].name}")
        fired = inputs[:, first : first + len(rules)].argmax(axis=1)
        table = sparse.csr_array(inputs.astype(float))
        return Task(
            name, classes, rules, names, table, fired, answers, self.weights(name), self.folds(seed), self.kinds
        )


def stored(task: Task, heat: float) -> dict[str, Any]:
    """Return what the file says of one model, fitted to all rows."""
    model = learnt(task, np.ones(len(task.answers), dtype=bool))
    weights = {
        name: {word: round(float(v), 2) for word, v in zip(task.classes, row, strict=True) if abs(v) >= SMALLEST}
        for name, row in zip(task.names, model.weights, strict=True)
    }
    return {
        "temperature": round(heat, 3),
        "decides": {rule.name: round(float(model.good[n]), 3) for n, rule in enumerate(task.rules) if model.decides[n]},
        "bias": {word: round(float(v), 2) for word, v in zip(task.classes, model.bias, strict=True)},
        "weights": {name: row for name, row in weights.items() if row},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="print the cross-validation, write nothing")
    options = parser.parse_args()
    data = training()
    print(f"{len(data.labels)} labels of {len(set(data.hosts))} sites, {data.lost} not found")
    learn(Examples(data), write=not options.check)


def learn(examples: Examples, *, write: bool) -> None:
    """Cross-validate both models; write them with the mean temperature."""
    heats = []
    for seed in SEEDS:
        where = examples.where(seed)
        said = held_out(where)
        heat = report(where, said)
        places = np.where(where.folds >= 0, answered(where, said, heat)[0], np.maximum(where.answers, 0))
        how = examples.how(seed, places)
        heats.append((heat, report(how, held_out(how))))
    if write:
        models = {
            task.name: stored(task, float(heat))
            for task, heat in zip((where, how), np.mean(heats, axis=0), strict=True)
        }
        text = json.dumps({"rules_version": RULES_VERSION} | models, indent=1, ensure_ascii=False)
        TARGET.write_text(text + "\n", encoding="utf-8")


def report(task: Task, said: HeldOut) -> float:
    """Print the cross-validation of one model; return its temperature."""
    heat = temperature(task, said)
    answers, sure = answered(task, said, heat)
    print(f"{task.name}: temperature {heat:.2f}")
    for kind, name in ((0, "given"), (1, "our own"), (2, "cut"), (4, "stranger")):
        rows = (task.kinds == kind) & (task.answers >= 0)
        print(f"  {rows.sum():5d} {name:7s} {summary(task, task.answers[rows], answers[rows], sure[rows])}", flush=True)
    return heat


def summary(task: Task, truth: np.ndarray, said: np.ndarray, sure: np.ndarray) -> str:
    """Return macro F1 over the classes with ten labels or more, and the F1 of each."""
    counts = np.bincount(truth, minlength=len(task.classes))
    counted = [n for n, word in enumerate(task.classes) if counts[n] >= LEAST and word != "unknown"]
    each = [2 * ((said == n) & (truth == n)).sum() / ((said == n).sum() + counts[n]) for n in counted]
    told = " ".join(f"{task.classes[n]} {value:.2f}" for n, value in zip(counted, each, strict=True))
    error = error_of_calibration(sure, said == truth)
    return (
        f"macro F1 {np.mean(each):.3f}, accuracy {(said == truth).mean():.3f}, calibration error {error:.3f} | {told}"
    )


def error_of_calibration(sure: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error of the answers (Guo et al. 2017, equation 3)."""
    number = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[number == b].mean() - right[number == b].mean()) * (number == b).mean() for b in set(number)]
    return float(sum(gaps))


if __name__ == "__main__":
    main()

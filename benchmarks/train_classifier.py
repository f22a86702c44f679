"""The training labels → `linkgraph/classify/weights.json`.

    python benchmarks/train_classifier.py [--check]

Two multinomial logistic regressions over named yes-or-no features, with an L2 penalty, fitted by L-BFGS (scipy). The
class weighting was chosen by cross-validation grouped by site, penalty and trust on folds of sites with like markup and
lists that never met them (`unseen.py`), on which the temperature is fitted, too; the test labels are never read. The
acquisition model is trained on placements that were predicted for links of sites that the placement model had not seen.
`--check` prints the cross-validation and writes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelled import Labelled, read
from scipy.optimize import minimize, minimize_scalar
from unseen import Lists, alike

from linkgraph.classify.evidence import observe
from linkgraph.classify.model import (
    ACQUISITION_INPUTS,
    PLACEMENT_INPUTS,
    WEIGHTS,
    acquisition_inputs,
    placement_inputs,
)
from linkgraph.classify.vocabulary import ACQUISITIONS, INTERNAL, PLACEMENTS, RULES_VERSION

TARGET = Path(__file__).resolve().parents[1] / "linkgraph" / "classify" / WEIGHTS
FOLDS = 8
PENALTY = 4.0
"""L2 penalty. On unseen markup 2 is 0.2 and 0.8 points of macro F1 worse at its best trust."""

TRUST = 4.0
"""The weight towards which the penalty draws a rule's own word. Rules know software that the training pages do not
show; drawn to zero, a rule that never fired in training would count for nothing. On unseen markup macro F1 of placement
and acquisition is 0.672 and 0.631 with a trust of 2, 0.683 and 0.656 with 3, 0.694 and 0.671 with 4 (penalty 2); with a
penalty of 4 and a trust of 4 it is 0.696 and 0.679."""

RARE = 0.5
"""A class weighs (mean rows / its rows) ** RARE: macro F1 counts classes, not rows."""

CERTAINTY = {"sure": 1.0, "likely": 1.0, "guess": 0.6}
SEEDS = (0, 1)
"""The folds are drawn anew; a single draw of hosts moves macro F1 by up to two points."""

SMALLEST = 0.04
"""Weights below are left out of the file."""


@dataclass(frozen=True)
class Task:
    inputs: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    folds: np.ndarray
    classes: int
    prior: np.ndarray
    """The weights that the penalty draws to."""


def fit(task: Task, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and bias that minimise the weighted cross-entropy of *rows* plus the penalty."""
    x, y = task.inputs[rows].astype(float), task.answers[rows]
    counts = np.bincount(y, minlength=task.classes)
    share = task.weights[rows] * ((counts[counts > 0].mean() / np.maximum(counts, 1)) ** RARE)[y]
    truth, width = np.eye(task.classes)[y], x.shape[1] * task.classes

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w, b = flat[:width].reshape(x.shape[1], -1), flat[width:]
        p = softmax(x @ w + b)
        gradient = (p - truth) * share[:, None]
        value = -(share * np.log(p[np.arange(len(y)), y] + 1e-12)).sum() + PENALTY * ((w - task.prior) ** 2).sum() / 2
        return value, np.concatenate([(x.T @ gradient + PENALTY * (w - task.prior)).ravel(), gradient.sum(axis=0)])

    start = np.concatenate([task.prior.ravel(), np.zeros(task.classes)])
    flat = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return flat[:width].reshape(x.shape[1], -1), flat[width:]


def softmax(scores: np.ndarray) -> np.ndarray:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def held_out(tasks: Sequence[Task]) -> np.ndarray:
    """Return the score of each row by a model that saw no link of its fold; each fold has a task of its own."""
    scores = np.zeros((len(tasks[0].answers), tasks[0].classes))
    for fold, task in enumerate(tasks):
        rows = task.folds == fold
        w, b = fit(task, ~rows)
        scores[rows] = task.inputs[rows] @ w + b
    return scores


def temperature(scores: np.ndarray, answers: np.ndarray) -> float:
    def loss(logarithm: float) -> float:
        return -np.log(softmax(scores / np.exp(logarithm))[np.arange(len(answers)), answers] + 1e-12).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def folds(hosts: list[str], seed: int) -> np.ndarray:
    names = sorted(set(hosts))
    number = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % FOLDS, strict=True))
    return np.array([number[host] for host in hosts])


def f1(answers: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    right = np.array([((predicted == c) & (answers == c)).sum() for c in range(classes)])
    total = np.bincount(predicted, minlength=classes) + np.bincount(answers, minlength=classes)
    return 2 * right / np.maximum(total, 1)


def error_of_calibration(probabilities: np.ndarray, answers: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error of the top answer (Guo et al. 2017, equation 3)."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == answers
    number = np.minimum((sure * bins).astype(int), bins - 1)
    return float(
        sum(abs(sure[number == b].mean() - right[number == b].mean()) * (number == b).mean() for b in set(number))
    )


def stored(inputs: tuple[str, ...], classes: tuple[str, ...], task: Task, heat: float) -> dict:
    w, b = fit(task, np.ones(len(task.answers), dtype=bool))
    weights = {
        name: {word: round(float(value), 2) for word, value in zip(classes, row, strict=True) if abs(value) >= SMALLEST}
        for name, row in zip(inputs, w, strict=True)
    }
    return {
        "temperature": round(float(heat), 3),
        "bias": {word: round(float(value), 2) for word, value in zip(classes, b, strict=True)},
        "weights": {name: row for name, row in weights.items() if row},
    }


def trusted(inputs: tuple[str, ...], words: list[str]) -> np.ndarray:
    """Return prior weights: `TRUST` from each `says:` to its word, else 0."""
    prior = np.zeros((len(inputs), len(words)))
    for number, word in enumerate(words):
        prior[inputs.index(f"says:{word}"), number] = TRUST
    return prior


def placement_task(data: Labelled, observed: np.ndarray, fold: np.ndarray) -> Task:
    words = list(PLACEMENTS)
    return Task(
        placement_inputs(observed),
        np.array([words.index(label.placement) for label in data.labels]),
        np.array([CERTAINTY[label.certainty] for label in data.labels]),
        fold,
        len(words),
        trusted(PLACEMENT_INPUTS, words),
    )


def acquisition_task(data: Labelled, observed: np.ndarray, places: np.ndarray, fold: np.ndarray) -> Task:
    words = list(ACQUISITIONS)
    outside = np.array([label.acquisition != INTERNAL for label in data.labels])
    labels = [label for label in data.labels if label.acquisition != INTERNAL]
    return Task(
        acquisition_inputs(observed, places)[outside],
        np.array([words.index(label.acquisition) for label in labels]),
        np.array([CERTAINTY[label.certainty] for label in labels]),
        fold[outside],
        len(words),
        trusted(ACQUISITION_INPUTS, words),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="print the cross-validation, write nothing")
    options = parser.parse_args()
    data = read("train")
    observed = observe(data.links)[data.rows]
    for seed in SEEDS:
        place, how, _ = validated("", data, [observed] * FOLDS, folds(data.hosts, seed))
    lists = Lists(data)
    heats = []
    for seed in SEEDS:
        fold = alike(data, FOLDS, seed)
        sites = [{host for host, of in zip(data.hosts, fold, strict=True) if of == one} for one in range(FOLDS)]
        heats.append(validated("unseen markup, ", data, [lists.seen(one) for one in sites], fold)[2])
    if not options.check:
        heat = np.mean(heats, axis=0)
        weights = {
            "rules_version": RULES_VERSION,
            "placement": stored(PLACEMENT_INPUTS, tuple(PLACEMENTS), place, heat[0]),
            "acquisition": stored(ACQUISITION_INPUTS, tuple(ACQUISITIONS), how, heat[1]),
        }
        TARGET.write_text(json.dumps(weights, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def validated(
    name: str, data: Labelled, observed: Sequence[np.ndarray], fold: np.ndarray
) -> tuple[Task, Task, tuple[float, float]]:
    """Print the cross-validation of both models, given what is observed for each fold; return tasks, temperatures."""
    places = [placement_task(data, seen, fold) for seen in observed]
    scores = held_out(places)
    hows = [acquisition_task(data, seen, scores.argmax(axis=1), fold) for seen in observed]
    heats = (
        report(f"{name}placement", places[0], scores, list(PLACEMENTS)),
        report(f"{name}acquisition", hows[0], held_out(hows), list(ACQUISITIONS)),
    )
    return places[0], hows[0], heats


def report(name: str, task: Task, scores: np.ndarray, words: list[str]) -> float:
    """Print the cross-validation of one model and return its temperature."""
    heat = temperature(scores, task.answers)
    known = [number for number, word in enumerate(words) if word != "unknown"]
    probabilities = softmax(scores / heat) * np.isin(np.arange(len(words)), known)
    each = f1(task.answers, probabilities.argmax(axis=1), len(words))
    accuracy = (probabilities.argmax(axis=1) == task.answers).mean()
    print(
        f"{name}: macro F1 {each[known].mean():.3f}, accuracy {accuracy:.3f}, "
        f"calibration error {error_of_calibration(probabilities, task.answers):.3f}, temperature {heat:.2f} | "
        + " ".join(f"{word} {value:.2f}" for word, value in zip(words, each, strict=True))
    )
    return heat


if __name__ == "__main__":
    main()

"""Classification against hand-labelled links of hosts that it never saw, against two baselines.

    python benchmarks/classify.py [--part test|train|own]

Prints precision, recall and F1 of each class, the confusion matrix and the expected calibration error, and the same
F1 for `rel` attributes alone and zone tags alone. Macro F1 is over the classes with at least ten rows. Asserts that
every baseline is beaten. `classify_speed.py` tells how fast it is.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from labelled import Labelled, own, read

from linkgraph.classify import classify

LEAST = 10
"""Rows that a class needs to count."""

ZONE_PLACEMENT = {
    "nav": "nav", "header": "header", "footer": "footer", "aside": "sidebar", "comments": "comment",
    "form": "technical", "content": "content", "head": "technical",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="accepted, and changes nothing: this takes seconds")
    parser.add_argument("--part", choices=("test", "train", "own"), default="test")
    options = parser.parse_args()
    data = own() if options.part == "own" else read(options.part)
    print(f"{len(data.labels)} labels of {options.part}, {data.lost} not found on their page")
    if not data.labels:
        sys.exit("skipped: no page of these labels is there; see docs/classification.md")
    answers = classify(data.links).take(pa.array(data.rows))
    found = data.links.take(pa.array(data.rows))
    for axis, baselines in (("placement", placement_baselines(found)), ("acquisition", acquisition_baselines(found))):
        evaluate(axis, data, answers, baselines)


def evaluate(axis: str, data: Labelled, answers: pa.Table, baselines: dict[str, list[str]]) -> None:
    truth = [getattr(label, axis) for label in data.labels]
    said = answers[axis].to_pylist()
    sure = answers[f"{axis}_probability"].to_numpy()
    counted = [word for word, number in Counter(truth).most_common() if number >= LEAST]
    print(f"\n{axis:12s}  rows  precision  recall    F1   taken for")
    for word in [word for word, _ in Counter(truth).most_common()]:
        precision, recall, f1 = scores(truth, said, word)
        wrong = Counter(s for t, s in zip(truth, said, strict=True) if t == word != s)
        taken = ", ".join(f"{other} {number}" for other, number in wrong.most_common(4))
        print(f"{word:12s}  {truth.count(word):4d}  {precision:9.2f}  {recall:6.2f}  {f1:4.2f}   {taken}")
    confusion(truth, said)
    ours = macro(truth, said, counted)
    print(f"macro F1 over {len(counted)} classes {ours:.3f}, accuracy {share(truth, said):.3f}")
    outside = [number for number, word in enumerate(truth) if word != "internal"]
    for name, rows in (("all", range(len(truth))), ("external", outside)):
        print(f"calibration error, {name:8s} {calibration(truth, said, sure, list(rows)):.3f}")
    for name, guess in baselines.items():
        theirs = macro(truth, guess, counted)
        right = share(truth, guess)
        print(f"baseline {name:10s} macro F1 {theirs:.3f}, accuracy {right:.3f}; ours is {ours / theirs:.1f} x")
        assert ours > theirs


def scores(truth: Sequence[str], said: Sequence[str], word: str) -> tuple[float, float, float]:
    right = sum(t == s == word for t, s in zip(truth, said, strict=True))
    precision, recall = right / max(said.count(word), 1), right / max(truth.count(word), 1)
    return precision, recall, 2 * right / max(said.count(word) + truth.count(word), 1)


def macro(truth: Sequence[str], said: Sequence[str], words: Sequence[str]) -> float:
    return float(np.mean([scores(truth, said, word)[2] for word in words]))


def share(truth: Sequence[str], said: Sequence[str]) -> float:
    return sum(t == s for t, s in zip(truth, said, strict=True)) / len(truth)


def calibration(truth: Sequence[str], said: Sequence[str], sure: np.ndarray, rows: list[int]) -> float:
    """Return the expected calibration error in ten bins of equal width (Guo et al. 2017, equation 3)."""
    right = np.array([truth[row] == said[row] for row in rows])
    number = np.minimum((sure[rows] * 10).astype(int), 9)
    gaps = [abs(right[number == b].mean() - sure[rows][number == b].mean()) * (number == b).mean() for b in set(number)]
    return float(sum(gaps))


def confusion(truth: Sequence[str], said: Sequence[str]) -> None:
    words = sorted({*truth, *said})
    pairs = Counter(zip(truth, said, strict=True))
    print("rows: label, columns: answer\n" + " " * 12 + " ".join(f"{word[:5]:>5s}" for word in words))
    for word in words:
        print(f"{word:12s}" + " ".join(f"{pairs[word, other] or '.':>5}" for other in words))


def placement_baselines(links: pa.Table) -> dict[str, list[str]]:
    rels, zones = links["rel"].to_pylist(), links["zone"].to_pylist()
    by_rel = [
        "comment" if "ugc" in rel or "external" in rel
        else "advert" if "sponsored" in rel
        else "bio" if "author" in rel
        else "pagination" if {"next", "prev", "tag"} & set(rel)
        else "content"
        for rel in rels
    ]  # fmt: skip
    return {"rel": by_rel, "zone": [ZONE_PLACEMENT[zone] for zone in zones]}


def acquisition_baselines(links: pa.Table) -> dict[str, list[str]]:
    internal, rels = links["internal"].to_pylist(), links["rel"].to_pylist()
    by_zone = {"comments": "ugc", "footer": "owner", "nav": "owner", "header": "owner", "aside": "owner", "form": "ugc"}
    by_rel = [
        "ugc" if "ugc" in rel or "external" in rel
        else "paid" if "sponsored" in rel
        else "boilerplate" if "license" in rel or "nofollow" in rel
        else "profile" if "me" in rel or "author" in rel
        else "editorial"
        for rel in rels
    ]  # fmt: skip
    zoned = [by_zone.get(zone, "editorial") for zone in links["zone"].to_pylist()]
    return {
        name: ["internal" if inside else word for inside, word in zip(internal, words, strict=True)]
        for name, words in (("rel", by_rel), ("zone", zoned))
    }


if __name__ == "__main__":
    main()

"""Labelled links → the same links on pages cut down, and links of the demo web, as more examples to train on.

Labels stand on whole pages of well-known sites; rows of an index also come from pages of a few links. A cut keeps a few
links around a labelled one, and sometimes only the inner steps of their paths: where the link stands is still the same.
A stranger is a whole page of which half or all of the ids and classes are gone, as if an unknown program had made it.
A cut belongs to the site of its page, so that it is held out with it. The demo web's plan is its truth; the webs here
are of other seeds than the one that tests read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from labelled import Labelled
from support.planted import CALLED

from linkgraph.classify.evidence import FEATURES, observe
from linkgraph.classify.pages import table_of_pages
from linkgraph.classify.vocabulary import INTERNAL
from linkgraph.demo import DemoWeb
from linkgraph.extract import extract

KEPT = (1, 2, 3, 4, 6)
"""Links that a cut page keeps, one of these by lot."""

INNER = (3, 4, 5)
"""Steps that a shortened path keeps below the body; every other cut's paths are shortened."""

DROPPED = (0.5, 1.0)
"""Share of a page's ids and classes that a stranger lacks, one of these by lot."""

NAME = re.compile(r"[.#][^.#>]+")

SEEDS = (1, 2)
"""Of the demo webs that are learnt from."""

EVERY = 31
"""One page in so many of them is read."""

STANDS = {
    "directory": "list", "reference": "list", "blogroll": "sidebar", "bio": "bio", "footer": "footer",
    "owner": "footer", "profile": "profile", "farm": "footer",
}  # fmt: skip
"""Planting → where its links stand on every page that has them."""


@dataclass(frozen=True)
class Pieces:
    """More rows to train on."""

    observed: np.ndarray
    placements: list[str]
    """An empty word where the plan does not tell."""
    acquisitions: list[str]
    of: np.ndarray
    """The label that each row is cut from; -1 for rows of the demo web."""


def cuts(data: Labelled, seed: int = 0) -> Pieces:
    """Return one cut of the page around each label."""
    dice = np.random.default_rng(seed)
    found = np.zeros((len(data.labels), len(FEATURES)), dtype=bool)
    for labels, rows, links in _rounds(data, dice):
        found[labels] = observe(links)[rows]
    return _of_each(data, found)


def _of_each(data: Labelled, found: np.ndarray) -> Pieces:
    """Return a piece of each label: what was seen there, and the label's words."""
    placements, ways = ([getattr(label, axis) for label in data.labels] for axis in ("placement", "acquisition"))
    return Pieces(found, placements, ways, np.arange(len(data.labels), dtype=np.int64))


def _rounds(data: Labelled, dice: np.random.Generator) -> Iterator[tuple[list[int], list[int], pa.Table]]:
    """Yield labels, the row of each, and a table with one cut of each page; a page's labels take a round each."""
    pages = data.links["src_url"].combine_chunks().dictionary_encode().indices.to_numpy()
    starts = np.flatnonzero(np.r_[True, pages[1:] != pages[:-1]])
    ends = np.r_[starts[1:], len(pages)]
    queues: dict[int, list[int]] = defaultdict(list)
    for label, row in enumerate(data.rows):
        queues[int(np.searchsorted(starts, row, side="right")) - 1].append(label)
    while queues := {page: queue for page, queue in queues.items() if queue}:
        labels = [queue.pop() for queue in queues.values()]
        taken, at, counts = [], [], []
        for page, label in zip(queues, labels, strict=True):
            row, many = data.rows[label], int(dice.choice(KEPT))
            first = max(starts[page], min(row - dice.integers(many), ends[page] - many))
            kept = np.arange(first, min(first + many, ends[page]))
            at.append(len(taken) + int(row - first))
            taken += kept.tolist()
            counts.append(len(kept))
        yield labels, at, _cut(data.links.take(pa.array(taken)), np.array(counts), dice)


def _cut(links: pa.Table, counts: np.ndarray, dice: np.random.Generator) -> pa.Table:
    """Return the links counted from nought on each page, every other page's paths shortened."""
    ordinal = np.arange(len(links)) - np.repeat(np.cumsum(counts) - counts, counts)
    shorter = np.repeat(np.where(dice.random(len(counts)) < 0.5, dice.choice(INNER, len(counts)), 0), counts)
    paths = [_inner(path, keep) for path, keep in zip(links["dom_path"].to_pylist(), shorter.tolist(), strict=True)]
    names = links.column_names
    links = links.set_column(names.index("ordinal"), "ordinal", pa.array(ordinal, pa.int32()))
    return links.set_column(names.index("dom_path"), "dom_path", pa.array(paths))


def _inner(path: str, keep: int) -> str:
    steps = path.split(">")
    return ">".join(["html", "body", *steps[2:][-keep:]]) if keep else path


def strangers(data: Labelled, seed: int = 0) -> Pieces:
    """Return every labelled link on its page as an unknown program might have made it: with fewer ids and classes."""
    dice, known = np.random.default_rng(seed), {}
    paths = []
    for page, path in zip(data.links["src_url"].to_pylist(), data.links["dom_path"].to_pylist(), strict=True):
        if page not in known:
            known[page] = float(dice.choice(DROPPED)), {}
        paths.append(_renamed(path, *known[page], dice))
    links = data.links.set_column(data.links.column_names.index("dom_path"), "dom_path", pa.array(paths))
    return _of_each(data, observe(links)[data.rows])


def _renamed(path: str, share: float, kept: dict[str, bool], dice: np.random.Generator) -> str:
    """Return a path without those ids and classes that the page's lot drops, *share* of them."""
    names = NAME.findall(path)
    for name in names:
        if name not in kept:
            kept[name] = bool(dice.random() >= share)
    return NAME.sub(lambda found: found[0] if kept[found[0]] else "", path)


def demo() -> Pieces:
    """Return the links of demo webs whose planting says where they stand or how they came about."""
    parts = [_demo(seed) for seed in SEEDS]
    return Pieces(
        np.concatenate([part.observed for part in parts]),
        [word for part in parts for word in part.placements],
        [word for part in parts for word in part.acquisitions],
        np.full(sum(len(part.placements) for part in parts), -1),
    )


def _demo(seed: int) -> Pieces:
    web, planted, pages = DemoWeb.build(seed), {}, []
    for truth in list(web.truth.html_pages())[seed::EVERY]:
        rendered = web.write(truth.page.host, truth.page.path)
        pages.append(extract(truth.url, dict(rendered.answer.headers), rendered.answer.body))
        planted |= {(truth.url, one.target, one.anchor): one.planting for one in rendered.links if one.kind == "a"}
    links = table_of_pages(pages)
    columns = [links[name].to_pylist() for name in ("src_url", "dst_url", "anchor", "dom_path", "internal")]
    told = [
        (row, *_planted(planted.get((source, target, anchor), ""), path, inside=inside))
        for row, (source, target, anchor, path, inside) in enumerate(zip(*columns, strict=True))
    ]
    told = [one for one in told if one[1] or one[2] not in ("", INTERNAL)]
    rows = [row for row, *_ in told]
    return Pieces(
        observe(links)[rows], [place for _, place, _ in told], [way for *_, way in told], np.full(len(rows), -1)
    )


def _planted(planting: str, path: str, *, inside: bool) -> tuple[str, str]:
    """Return placement and acquisition of a planted link, empty words where they are not certain."""
    way = INTERNAL if inside else next(iter(sorted(CALLED.get(planting, ()))), "")
    if planting in ("ugc", "hostile"):
        place = "signature" if "signature" in path else "forum" if "posts" in path else "comment"
        return place if "comments" in path else "", way
    if planting in ("editorial", "dead", "guest", "affiliate") and path.endswith(">p>a"):
        return "content", way
    return STANDS.get(planting, ""), way

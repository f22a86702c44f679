"""Hand-labelled links and their pages → the raw links that the labels mean, as tables and feature matrices.

Finds the labels under `../shared/labels` (or LINKGRAPH_SHARED) and the mini-web's pages in its archive there. A label
whose link cannot be found on its page is counted, not guessed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pyarrow as pa

from linkgraph.classify.labels import Label, read_labels
from linkgraph.classify.pages import table_of_pages
from linkgraph.extract import extract
from linkgraph.model import Links, Page
from linkgraph.urls import registrable_domain, resolve

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class Labelled:
    """The labels whose links were found, and all the links of their pages."""

    labels: list[Label]
    links: pa.Table
    rows: np.ndarray
    """The row of `links` that each label means."""
    lost: int

    @property
    def hosts(self) -> list[str]:
        return [registrable_domain(resolve(label.url).host) for label in self.labels]


def read(part: str) -> Labelled:
    """Return `train` or `test`."""
    folder = SHARED / "labels"
    if not (folder / f"{part}.jsonl").exists():
        sys.exit(f"skipped: {folder} is absent")
    labels = read_labels(folder / f"{part}.jsonl")
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(["tar", "-xJf", SHARED / "miniweb" / "pages.tar.xz", "-C", temporary], check=True)
        bodies = {label.url: _body(label, folder, Path(temporary)) for label in labels}
    pages = {url: extract(url, HTML, body) for url, body in bodies.items() if body is not None}
    return _joined(labels, pages)


def _body(label: Label, folder: Path, miniweb: Path) -> bytes | None:
    if label.page.startswith("pages/"):
        return (folder / label.page).read_bytes()
    return next(
        (path.read_bytes() for path in (miniweb / label.page, miniweb / "www" / label.page) if path.is_file()), None
    )


def _joined(labels: list[Label], pages: dict[str, tuple[Page, Links]]) -> Labelled:
    start, at = {}, 0
    for url, (_, links) in pages.items():
        start[url] = at
        at += len(links)
    found: list[tuple[Label, int]] = []
    for label in labels:
        row = _row_of(label, pages[label.url][1]) if label.url in pages else None
        if row is not None:
            found.append((label, start[label.url] + row))
    return Labelled(
        [label for label, _ in found],
        table_of_pages(pages.values()),
        np.array([row for _, row in found]),
        len(labels) - len(found),
    )


def _row_of(label: Label, links: Links) -> int | None:
    """Return the link that a label means: by target and anchor, else by target, the nearest in document order first."""
    target = resolve(label.href, label.url)
    rows = [row for row, kind in enumerate(links.kind) if kind in ("a", "area")]
    same = [row for row in rows if target and links.dst_url[row] == target.url]
    candidates = (
        [row for row in same if links.dst_fragment[row] == target.fragment and _reads(label.anchor, links, row)]
        or same
        or [
            row
            for row in rows
            if label.href.rpartition("/")[2] in links.dst_url[row] and _reads(label.anchor, links, row)
        ]
    )
    return min(candidates, key=lambda row: abs(links.ordinal[row] - label.nth), default=None)


def _folded(text: str) -> str:
    return re.sub(r"[\s\u00ad]+", "", normalize("NFC", text))


def _reads(anchor: str, links: Links, row: int) -> bool:
    wanted = _folded(re.sub(r"\[image: ?(.*?)\]", r"\1", anchor))[:300]
    text, alt = _folded(links.anchor[row]), _folded(links.alt[row] or "")
    return wanted in (text[:300], alt[:300], (text + alt)[:300], (alt + text)[:300])

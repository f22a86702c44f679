"""Hand-labelled links and their pages → the raw links that the labels mean, as tables and feature matrices.

Finds the labels under `../shared/labels` (or LINKGRAPH_SHARED) and the mini-web's pages in its archive there, and our
own labels in `labels.jsonl`, whose pages are in that archive and in public corpora (LINKGRAPH_PAGES, see
docs/classification.md). A label whose link cannot be found on its page is counted, not guessed.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
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
OWN = Path(__file__).with_name("labels.jsonl")
"""Our own labels, a page a line: its file, its address, its encoding where it is known, and of each link the first
eight digits of the SHA-256 of its target, its number in document order, placement, acquisition and certainty."""

NAMED = tomllib.loads(Path(__file__).with_name("corpora.toml").read_text(encoding="utf-8"))["corpora"]
"""Folder of `CORPORA` → the repository and commit that it is."""

CORPORA_OF_OWN = tuple(f"{name}/" for name in (*NAMED, "miniweb"))
"""What the files of `OWN` begin with."""

CORPORA = Path(os.environ.get("LINKGRAPH_PAGES", Path(__file__).resolve().parents[2] / "pages"))
"""A folder with the corpora of `OWN`; those that are absent are counted as lost."""


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

    @property
    def own(self) -> np.ndarray:
        """Which labels are of `OWN`."""
        return np.array([label.page.startswith(CORPORA_OF_OWN) for label in self.labels])


Pages = dict[str, tuple[Page, Links]]
Found = list[tuple[Label, int]]
"""Labels and the row of their page that each means."""


def read(part: str) -> Labelled:
    """Return the labels of `train` or `test`."""
    return _joined(*_shared(part))


def own() -> Labelled:
    """Return our own labels, as far as their pages are there; none of a site of `test`."""
    return _joined(*_own())


def training() -> Labelled:
    """Return the labels of `train`, and our own of other pages."""
    labels, found, pages = _shared("train")
    more, found_there, others = _own()
    fresh = [(label, row) for label, row in found_there if label.url not in pages]
    return _joined(labels + more, found + fresh, others | pages)


def _shared(part: str) -> tuple[list[Label], Found, Pages]:
    folder = SHARED / "labels"
    if not (folder / f"{part}.jsonl").exists():
        sys.exit(f"skipped: {folder} is absent")
    labels = read_labels(folder / f"{part}.jsonl")
    with miniweb() as sites:
        bodies = {
            label.url: _body(folder if label.page.startswith("pages/") else sites, label.page) for label in labels
        }
    pages = {url: extract(url, HTML, body) for url, body in bodies.items() if body is not None}
    return labels, _found(labels, pages, _row_of), pages


def _own() -> tuple[list[Label], Found, Pages]:
    labels, pages = [], {}
    with miniweb() as sites:
        for line in OWN.read_text(encoding="utf-8").splitlines():
            page = json.loads(line)
            labels += [Label(page["page"], page["url"], target, "", *rest) for target, *rest in page["links"]]
            corpus, _, path = page["page"].partition("/")
            body = _body(sites, path) if corpus == "miniweb" else _body(CORPORA, page["page"])
            if body is not None:
                encoding = f"; charset={page['charset']}" if "charset" in page else ""
                pages[page["url"]] = extract(page["url"], {"Content-Type": "text/html" + encoding}, body)
    return labels, _found(labels, pages, _numbered), pages


@contextmanager
def miniweb() -> Iterator[Path]:
    """Unpack the mini-web for a while."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(["tar", "-xJf", SHARED / "miniweb" / "pages.tar.xz", "-C", temporary], check=True)
        yield Path(temporary)


def _body(folder: Path, page: str) -> bytes | None:
    if not (path := folder / page).is_file():
        return None
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(body)["html"].encode() if path.name.removesuffix(".gz").endswith(".json") else body


def _found(labels: list[Label], pages: Pages, row_of: Callable[[Label, Links], int | None]) -> Found:
    rows = ((label, row_of(label, pages[label.url][1])) for label in labels if label.url in pages)
    return [(label, row) for label, row in rows if row is not None]


def _joined(labels: list[Label], found: Found, pages: Pages) -> Labelled:
    start, at = {}, 0
    for url, (_, links) in pages.items():
        start[url] = at
        at += len(links)
    rows = np.array([start[label.url] + row for label, row in found], dtype=np.int64)
    return Labelled([label for label, _ in found], table_of_pages(pages.values()), rows, len(labels) - len(found))


def _numbered(label: Label, links: Links) -> int | None:
    """Return the link whose number and target a label gives."""
    rows = (row for row, number in enumerate(links.ordinal) if number == label.nth)
    return next((row for row in rows if sha256(links.dst_url[row].encode()).hexdigest()[:8] == label.href), None)


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

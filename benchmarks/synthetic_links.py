"""A seed → a heavy-tailed table of page links with every column of the edges schema, for the build's benchmarks.

Domain popularity falls as 1 / rank; seven links in ten are internal, as on the real web; text columns have the
lengths that the mini-web's links have on average, so that a row weighs what a real row weighs.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from linkgraph.edges.log import Entry, LiveFile, append
from linkgraph.edges.run import Run
from linkgraph.edges.schema import EDGES, PAGES
from linkgraph.edges.segment import encode, now

_WORDS = np.array(
    ["link", "graph", "index", "crawl", "page", "site", "rank", "anchor", "domain", "seed", "host", "edge"]
)


def _texts(random: np.random.Generator, rows: int, words: int, choices: int) -> pa.Array:
    pool = [" ".join(random.choice(_WORDS, words)) + f" {number}" for number in range(choices)]
    return pa.array(pool).take(pa.array(random.integers(0, choices, rows)))


def _words(values: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))


def edges_table(rows: int, *, domains: int = 20_000, links_a_page: int = 50, seed: int = 1) -> pa.Table:
    """Return *rows* links between pages of *domains* domains, grouped by page as a crawl writes them."""
    random = np.random.default_rng(seed)
    pages = max(rows // links_a_page, 1)
    weight = 1.0 / np.arange(1, domains + 1)
    page_domain = random.choice(domains, pages, p=weight / weight.sum())
    page = np.sort(random.integers(0, pages, rows))
    src = page_domain[page]
    internal = random.random(rows) < 0.7
    dst = np.where(internal, src, random.choice(domains, rows, p=weight / weight.sum()))
    name = np.array([f"d{number:06d}.example" for number in range(domains)])
    target = random.integers(0, 200, rows)
    src_url = [
        f"https://www.{name[domain]}/articles/2025/page-{number}.html" for number, domain in enumerate(page_domain)
    ]
    moment = pa.scalar(datetime(2025, 11, 1, tzinfo=UTC), pa.timestamp("ms", "UTC"))
    host = pa.array([f"www.{domain}" for domain in name])
    columns = {
        "observed_at": pa.repeat(moment, rows),
        "src_url": pa.array(src_url).take(pa.array(page)),
        "src_host": host.take(pa.array(src)),
        "src_domain": pa.array(name).take(pa.array(src)),
        "dst_url": pa.array(
            [
                f"https://www.{name[domain]}/articles/2025/page-{number}.html"
                for domain, number in zip(dst, target, strict=True)
            ]
        ),
        "dst_host": host.take(pa.array(dst)),
        "dst_domain": pa.array(name).take(pa.array(dst)),
        "dst_fragment": pa.nulls(rows, pa.string()),
        "kind": _words(["a", "link", "form"], random.choice(3, rows, p=[0.94, 0.05, 0.01])),
        "rel": pa.ListArray.from_arrays(
            pa.array(np.arange(rows + 1, dtype=np.int32)), _words(["noopener", "nofollow"], random.integers(0, 2, rows))
        ),
        "nofollow": pa.array(random.random(rows) < 0.15),
        "internal": pa.array(src == dst),
        "anchor": _texts(random, rows, 3, 50_000),
        "text_before": _texts(random, rows, 10, 100_000),
        "text_after": _texts(random, rows, 10, 100_000),
        "heading": _texts(random, rows, 4, 5_000),
        "zone": _words(["content", "nav", "footer"], random.choice(3, rows, p=[0.5, 0.3, 0.2])),
        "dom_path": _texts(random, rows, 6, 2_000),
        "link_density": pa.array(random.random(rows).astype(np.float32)),
        "ordinal": pa.array((np.arange(rows) % links_a_page).astype(np.int32)),
        "instances": pa.array(np.ones(rows, np.int32)),
        "origin": _words(["html"], np.zeros(rows)),
    }
    no = pa.array(np.zeros(rows, bool))
    empty = {field.name: no if pa.types.is_boolean(field.type) else pa.nulls(rows, field.type) for field in EDGES}
    return pa.table([columns.get(field.name, empty[field.name]) for field in EDGES], schema=EDGES)


def pages_table(edges: pa.Table) -> pa.Table:
    """Return one fetched page for each source URL of *edges*."""
    sources = edges.group_by(["src_url", "src_host", "src_domain"], use_threads=False).aggregate([])
    rows = sources.num_rows
    columns = {
        "url": sources["src_url"],
        "host": sources["src_host"],
        "domain": sources["src_domain"],
        "fetched_at": pa.repeat(edges["observed_at"][0], rows),
        "status": pa.repeat(pa.scalar(200, pa.int16()), rows),
        "outcome": _words(["fetched"], np.zeros(rows)),
        "ip": pa.array([f"198.51.{number % 100}.{number % 250}" for number in range(rows)]),
    }

    def blank(field: pa.Field) -> pa.Array:
        if pa.types.is_boolean(field.type):
            return pa.array(np.zeros(rows, bool))
        if field.nullable:
            return pa.nulls(rows, field.type)
        return (
            pa.array([[]] * rows, field.type) if pa.types.is_list(field.type) else pa.array(np.zeros(rows), field.type)
        )

    return pa.table([columns[field.name] if field.name in columns else blank(field) for field in PAGES], schema=PAGES)


def commit(root: Path, run: str, edges: pa.Table, pages: pa.Table, sequence: int = 1) -> None:
    """Publish two tables as one segment of a run, as a crawl does."""
    files = []
    for name, table in (("edges", edges), ("pages", pages)):
        data = encode(table)
        digest = hashlib.sha256(data).hexdigest()
        path = root / name / f"run={run}" / f"{sequence:08d}-{digest[:12]}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        files.append(LiveFile(str(path.relative_to(root)), name, table.num_rows, data.size, digest))
    log = Run(root, run).log
    log.mkdir(parents=True, exist_ok=True)
    append(log, Entry(sequence=sequence, kind="segment", written_at=now(), files=tuple(files)))

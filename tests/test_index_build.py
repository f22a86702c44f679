"""A build: what it counts, how it is published, and what a look-up finds, against brute force over the edges."""

from __future__ import annotations

import errno
import fcntl
import random
import shutil
from collections import defaultdict
from itertools import groupby, product
from operator import itemgetter

import duckdb
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkgraph
from linkgraph.errors import CorruptFileError, StateError, StorageError, UsageError
from linkgraph.graph.collapse.scan import utf8
from linkgraph.graph.intern import Interner
from linkgraph.index import build as build_module
from linkgraph.index import compact, spill
from linkgraph.index.build import build
from linkgraph.index.layout import bucket_of, current_build, sole_builder
from linkgraph.index.record import read_record
from linkgraph.index.tally import COUNTS
from linkgraph.urls import split

KINDS = ("a", "a", "a", "area", "form", "link", "img")


def random_web(observed, seed=1, pages=120, domains=15):
    """A small web with every kind of row that is counted: one of each run is fetched twice."""
    dice = random.Random(seed)
    hosts = [f"{sub}d{number}.example" for number in range(domains) for sub in ("", "www.")]
    urls = sorted({f"http://{dice.choice(hosts)}/{dice.randrange(4)}" for _ in range(pages)})
    for hours, sample in ((0, urls), (5, dice.sample(urls, len(urls) // 3))):
        for url in sample:
            links = []
            for number in range(dice.randrange(12)):
                flags = {flag: dice.random() < 0.2 for flag in ("nofollow", "ugc", "sponsored")}
                words = {"anchor": f"word {number % 3}", "kind": dice.choice(KINDS), "rel": ("x", f"r{number % 2}")}
                links.append((f"http://{dice.choice(hosts)}/{dice.randrange(6)}", flags | words))
            distinct = {(to, what["kind"], what["rel"], what["anchor"]): (to, what) for to, what in links}
            ip = f"192.0.2.{hash_of(split(url).host) % 9}"
            observed.page(url, *distinct.values(), hours=hours, ip=ip, status=dice.choice([200, 404]))
    return observed


def hash_of(text):
    return sum(text.encode())


def rows_of(observed):
    return observed.edges.to_pylist(), observed.pages.to_pylist()


@pytest.fixture
def small_buckets(monkeypatch):
    """Many buckets, and a spill that goes to the disk at once."""
    monkeypatch.setattr(compact, "BUCKET_ROWS", 40)
    monkeypatch.setattr(spill.Spill.__init__, "__defaults__", (4096,))


def domain_rows(folder, level="domain", policy="editorial"):
    table = pq.read_table(folder / f"{level}s.parquet")
    return {row[level]: row for row in table.to_pylist() if row["policy"] == policy}


def brute_force(edges, pages, level):
    """Count everything with sets, straight from the definitions."""
    ip = {page["host"]: page["ip"] for page in sorted(pages, key=lambda page: page["fetched_at"])}
    identity = ("src_url", "dst_url", "dst_fragment", "kind", "anchor", "alt", "zone")
    newest = {}
    for edge in sorted(edges, key=lambda edge: edge["observed_at"]):
        newest[(*(edge[name] for name in identity), *edge["rel"])] = edge
    found = defaultdict(lambda: defaultdict(set))
    for key, edge in newest.items():
        target, source = found[edge[f"dst_{level}"]], found[edge[f"src_{level}"]]
        if edge["kind"] != "img":
            target["known_pages"].add(edge["dst_url"])
        if edge["src_domain"] == edge["dst_domain"] or edge["kind"] == "img":
            continue
        source["linked_domains"].add(edge["dst_domain"])
        target["backlinks"].add(key)
        target["referring_domains"].add(edge["src_domain"])
        target["independent_owners"].add(edge["src_domain"])  # no two of these sites have an owner in common
        target["referring_ips"].add(ip[edge["src_host"]])
        if edge["kind"] in {"a", "area"} and not (edge["nofollow"] or edge["ugc"] or edge["sponsored"]):
            target["backlinks_followed"].add(key)
            target["referring_domains_followed"].add(edge["src_domain"])
    for page in pages:
        found[page[level]]["known_pages"].add(page["url"])
        found[page[level]]["crawled_pages"].add(page["url"])
    return {name: {what: len(values) for what, values in counts.items()} for name, counts in found.items()}


@pytest.mark.parametrize("level", ["domain", "host"])
def test_every_count_is_what_sets_over_the_edges_say(observed, small_buckets, level):
    edges, pages = rows_of(random_web(observed))
    result = build(observed.commit())

    expected = brute_force(edges, pages, level)
    rows = domain_rows(result.folder, level)
    assert result.buckets >= 8
    assert set(rows) == set(expected)
    for name, counts in expected.items():
        for what in COUNTS:
            assert rows[name][what] == counts.get(what, 0), (name, what)
        assert rows[name]["coverage"] == pytest.approx(counts.get("crawled_pages", 0) / counts["known_pages"])


def test_a_look_up_finds_what_a_scan_of_all_edges_finds(observed, small_buckets):
    random_web(observed)
    wanted = {}
    for edge in sorted(observed.edges.to_pylist(), key=lambda edge: edge["observed_at"]):
        key = (edge["src_url"], edge["dst_url"], edge["kind"], tuple(edge["rel"]), edge["anchor"])
        wanted[key] = edge
    root = observed.commit()
    result = build(root)
    data = linkgraph.open(root)

    assert result.links == len(wanted)
    for domain in domain_rows(result.folder):
        found = data.backlinks(domain).to_pylist()
        keys = [(row["src_url"], row["dst_url"], row["kind"], tuple(row["rel"]), row["anchor"]) for row in found]
        expected = [
            key
            for key, edge in wanted.items()
            if edge["dst_domain"] == domain != edge["src_domain"] and edge["kind"] != "img"
        ]
        assert sorted(keys) == sorted(expected)
        for key, row in zip(keys, found, strict=True):
            assert {name: row[name] for name in wanted[key]} == wanted[key]


def test_two_builds_of_the_same_data_are_the_same_bytes(observed, small_buckets):
    root = random_web(observed).commit()
    one, two = build(root), build(root)

    assert one.folder != two.folder
    files = sorted(path.relative_to(one.folder) for path in one.folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two.folder) for path in two.folder.rglob("*") if path.is_file())
    different = [str(name) for name in files if (one.folder / name).read_bytes() != (two.folder / name).read_bytes()]
    assert different == ["build.json"]


def test_buckets_and_memory_change_no_answer(observed, monkeypatch):
    root = random_web(observed).commit()
    plain = build(root)
    monkeypatch.setattr(compact, "BUCKET_ROWS", 30)
    monkeypatch.setattr(spill.Spill.__init__, "__defaults__", (2000,))
    spilled = build(root)

    assert plain.buckets == 1 < spilled.buckets
    for table in ("domains.parquet", "hosts.parquet"):
        assert (plain.folder / table).read_bytes() == (spilled.folder / table).read_bytes()
    assert not (spilled.folder / ".spill").exists()


def test_links_stand_in_the_order_of_their_targets(observed, small_buckets):
    result = build(random_web(observed).commit())

    def turned(domain):
        return ".".join(reversed(domain.split(".")))

    for path in result.folder.glob("links/*/*.parquet"):
        bucket = int(path.parent.name.removeprefix("bucket="))
        rows = pq.read_table(path, partitioning=None).to_pylist()
        keys = [
            (turned(r["dst_domain"]), r["dst_url"], turned(r["src_domain"]), r["src_url"], r["ordinal"]) for r in rows
        ]
        assert keys == sorted(keys)
        assert {bucket_of(row["dst_domain"], result.buckets) for row in rows} <= {bucket}
        assert {row["src_domain"] == row["dst_domain"] for row in rows} <= {path.name == "internal.parquet"}


def test_a_link_seen_twice_is_one_row_with_its_span(observed):
    observed.page("http://a.example/", ("http://b.example/", {"anchor": "one", "ordinal": 4}), hours=0)
    root = observed.commit("first")
    observed.page(
        "http://a.example/", ("http://b.example/", {"anchor": "one", "ordinal": 7}), "http://c.example/", hours=9
    )
    observed.commit("second")
    build(root)
    (row,) = linkgraph.open(root).backlinks("b.example").to_pylist()

    assert (row["run"], row["ordinal"]) == ("second", 7)
    assert (row["last_seen"] - row["first_seen"]).total_seconds() == 9 * 3600
    assert row["observed_at"] == row["last_seen"]


def test_links_that_differ_in_rel_or_anchor_stay_apart(observed):
    same = {"anchor": "x", "rel": ("a", "b")}
    for hours in (0, 1):
        observed.page(
            "http://a.example/",
            ("http://b.example/", same),
            ("http://b.example/", same | {"rel": ("a",)}),
            ("http://b.example/", same | {"anchor": "y"}),
            ("http://b.example/#top", same),
            hours=hours,
        )
    root = observed.commit()

    assert build(root).links == 4


def test_a_link_tells_the_newest_status_of_its_target(observed):
    observed.page("http://a.example/", "http://b.example/gone", "http://b.example/never")
    observed.page("http://b.example/gone", status=200, hours=1)
    observed.page("http://b.example/gone", status=404, hours=2)
    root = observed.commit()
    build(root)

    rows = linkgraph.open(root).backlinks("b.example").to_pylist()
    assert {row["dst_url"]: row["dst_status"] for row in rows} == {
        "http://b.example/gone": 404,
        "http://b.example/never": None,
    }


def test_a_link_carries_the_authority_of_its_source(observed):
    root = random_web(observed).commit()
    rows = domain_rows(build(root).folder)

    for link in linkgraph.open(root).backlinks("d3.example").to_pylist():
        assert link["src_authority"] == rows[link["src_domain"]]["authority"]


def test_stored_ranks_agree_with_networkx_on_the_graph(observed):
    root = random_web(observed).commit()
    result = build(root)
    for policy, level in product(("followed", "everything"), ("domain", "host")):
        rows = domain_rows(result.folder, level, policy)
        graph = linkgraph.open(root).graph(level, policy)
        theirs = nx.pagerank(graph.to_networkx(), tol=1e-14, max_iter=1000, backend="networkx")
        assert {name: row["pagerank"] for name, row in rows.items()} == pytest.approx(theirs, abs=1e-9)
        assert graph.number_of_edges() == result.ranking(policy).votes[level]


def test_tables_are_ranked_best_first(observed):
    result = build(random_web(observed).commit())
    for level in ("domain", "host"):
        table = pq.read_table(result.folder / f"{level}s.parquet").to_pylist()
        assert list(dict.fromkeys(row["policy"] for row in table)) == ["editorial", "followed", "everything"]
        for _, of_policy in groupby(table, key=itemgetter("policy")):
            rows = list(of_policy)
            assert rows == sorted(rows, key=lambda row: (row["rank"], row[level]))
            assert [row["rank"] for row in rows] == [
                1 + sum(other["pagerank"] > row["pagerank"] for other in rows) for row in rows
            ]


def test_analysts_read_the_links_with_their_own_tools(observed, small_buckets):
    result = build(random_web(observed).commit())
    links = result.folder / "links"

    assert len(pd.read_parquet(links)) == result.links
    assert pl.scan_parquet(links / "**/*.parquet").select(pl.len()).collect().item() == result.links
    assert duckdb.sql(f"select count(*) from '{links}/**/*.parquet'").fetchall() == [(result.links,)]
    columns = pq.read_schema(next(links.rglob("backlinks.parquet")))
    raw = observed.edges.schema
    assert [columns.field(name).type for name in raw.names] == [field.type for field in raw]
    assert columns.metadata[b"linkgraph.canonicaliser"] == raw.metadata[b"linkgraph.canonicaliser"]


def test_bloom_filters_and_page_indexes_are_written(observed):
    result = build(random_web(observed).commit())
    path = next(path for path in result.folder.rglob("backlinks.parquet"))
    columns = duckdb.sql(f"select path_in_schema, bloom_filter_offset from parquet_metadata('{path}')").fetchall()

    assert {name for name, offset in columns if offset is not None} == {"dst_domain", "dst_url"}
    group = pq.read_metadata(path).row_group(0)
    assert all(group.column(at).has_offset_index for at in range(group.num_columns))


@pytest.mark.row("O5")
def test_an_empty_crawl_gives_an_empty_build(observed):
    root = observed.commit()
    result = build(root)
    data = linkgraph.open(root)

    assert (result.nodes, result.links, result.buckets) == ({"domain": 0, "host": 0}, 0, 1)
    assert data.authority().num_rows == 0
    assert "authority" in data.authority().column_names
    assert len(data.graph()) == 0
    assert len(pd.read_parquet(result.folder / "links")) == 0


@pytest.mark.row("O5")
def test_a_data_folder_without_runs_gives_an_empty_build(tmp_path):
    assert build(tmp_path).edges == 0


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        build(tmp_path / "nowhere")


def test_the_record_tells_what_a_score_depends_on(observed):
    root = random_web(observed).commit()
    result = build(root)

    assert read_record(current_build(root)) == result
    assert result.snapshot == linkgraph.open(root).snapshot.digest
    assert [(each.policy, each.version) for each in result.rankings] == [
        ("editorial", 3),
        ("followed", 1),
        ("everything", 1),
    ]
    assert result.alpha == 0.85
    assert all(each.errors["domain"] <= result.tolerance == 1e-10 for each in result.rankings)
    assert result.edges == sum(pq.read_metadata(path).num_rows for path in (root / "edges").rglob("*.parquet"))


def test_progress_is_told_to_the_end_of_each_step(observed):
    told = {}
    build(random_web(observed).commit(), progress=lambda step, done, total: told.update({step: (done, total)}))

    assert set(told) == {"collapsing links", "ranking", "measuring", "classifying links", "writing links"}
    assert all(done == total for done, total in told.values())


def test_a_full_disk_leaves_the_build_before_in_use(observed, monkeypatch):
    root = random_web(observed).commit()
    before = build(root)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compact, "write_links", full)
    with pytest.raises(StorageError, match=r"No space left.*build before"):
        build(root)

    assert current_build(root) == before.folder
    assert sorted(path.name for path in (root / "builds").iterdir()) == sorted([".lock", "CURRENT", before.name])


@pytest.mark.parametrize("step", ["collapse_each", "pagerank", "ranked_nodes", "record_text", "make_current"])
def test_whatever_step_fails_readers_have_a_whole_build(observed, monkeypatch, step):
    root = random_web(observed).commit()
    before = build(root)

    def fails(*_args, **_options):
        raise RuntimeError(step)

    monkeypatch.setattr(build_module, step, fails)
    with pytest.raises(RuntimeError, match=step):
        build(root)

    assert current_build(root) == before.folder
    assert linkgraph.open(root).authority().num_rows == before.nodes["domain"]


def test_what_a_killed_builder_left_is_removed_by_the_next(observed):
    root = random_web(observed).commit()
    leftover = root / "builds" / ".unfinished-20200101T000000Z-00000000" / "links"
    leftover.mkdir(parents=True)
    build(root)

    assert not leftover.parent.exists()


def test_a_second_builder_is_refused_and_told_who_the_first_is(observed):
    root = observed.commit()
    with sole_builder(root) as folder, pytest.raises(StateError, match=r"process \d+ is building"):
        build(root)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_corrupt_edge_file_is_named_and_nothing_is_published(observed):
    root = random_web(observed).commit()
    path = next((root / "edges").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(CorruptFileError, match=path.name):
        build(root)
    assert sorted(found.name for found in (root / "builds").iterdir()) == [".lock"]


@pytest.mark.parametrize("damage", ["gone", "junk", "newer"])
def test_a_damaged_record_is_named(observed, damage):
    root = observed.commit()
    record = build(root).folder / "build.json"
    match damage:
        case "gone":
            record.unlink()
        case "junk":
            record.write_text("{")
        case "newer":
            record.write_text(record.read_text().replace('"format": 2', '"format": 3'))

    with pytest.raises(StateError, match="build"):
        _ = linkgraph.open(root).build


def test_a_data_folder_can_be_moved(observed, tmp_path):
    root = random_web(observed).commit()
    build(root)
    moved = tmp_path / "elsewhere"
    shutil.move(root, moved)

    assert linkgraph.open(moved).backlinks("d3.example").num_rows > 0
    assert linkgraph.open(moved).build.folder.is_relative_to(moved)


def test_rows_of_a_bucket_come_back_in_the_order_they_came(tmp_path):
    schema = pa.schema([("n", pa.int64()), ("s", pa.large_string())])
    dice = np.random.default_rng(3)
    for budget in (1, 500, 1 << 30):
        kept = spill.Spill(tmp_path, f"x{budget}", schema, 5, budget)
        expected = defaultdict(list)
        for start in range(0, 300, 30):
            bucket = dice.integers(0, 5, 30).astype(np.int32)
            kept.add(pa.table({"n": range(start, start + 30), "s": [f"row {start}"] * 30}), bucket)
            for row, number in enumerate(bucket, start):
                expected[int(number)].append(row)
        for number in range(5):
            assert kept.bucket(number)["n"].to_pylist() == expected[number]
        kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_words_of_a_bucket_come_back_whatever_dictionary_they_came_in(tmp_path):
    word = pa.dictionary(pa.int32(), pa.large_string())
    schema = pa.schema([("kind", word), ("domain", word)])
    known = Interner()
    known.add(*utf8(pa.array(["a.example", "unused.example", "b.example"])))
    dice = np.random.default_rng(5)
    for budget in (1, 1 << 30):
        kept = spill.Spill(tmp_path, f"x{budget}", schema, 3, budget, named={"domain": known})
        expected = defaultdict(list)
        for _ in range(8):
            rows = [
                {"kind": f"kind {kind}", "domain": f"{'abcd'[domain]}.example"}
                for kind, domain in dice.integers(0, 4, (20, 2)).tolist()
            ]
            bucket = dice.integers(0, 3, 20).astype(np.int32)
            kept.add(pa.Table.from_pylist(rows, schema), bucket)
            for row, number in zip(rows, bucket.tolist(), strict=True):
                expected[number].append(row)
        for number in range(3):
            found = kept.bucket(number)
            assert found.to_pylist() == expected[number]
            assert {*found["domain"].combine_chunks().dictionary.to_pylist()} == {
                row["domain"] for row in expected[number]
            }
    assert len(known) == 3


@pytest.mark.parametrize(
    ("rows", "buckets"), [(0, 1), (1, 1), (2**18, 1), (2**18 + 1, 2), (2**20, 4), (10**6, 4), (10**12, 4096)]
)
def test_the_number_of_buckets_is_a_power_of_two_that_fits_the_rows(rows, buckets):
    assert compact.bucket_count(rows) == buckets

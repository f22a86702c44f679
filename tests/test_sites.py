"""Owners, mirrors, copies and templates: what joins sites, and what must not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkgraph
from linkgraph.graph.sites.copies import BITS, MOST_SITES, copies, mirrors, near, originals
from linkgraph.graph.sites.owners import ID_SITES, Shared, owners
from linkgraph.graph.sites.pairs import PairCounts
from linkgraph.graph.sites.templates import Templates
from linkgraph.index.build import build
from linkgraph.index.columns import to_working
from linkgraph.index.site_links import template_pages
from linkgraph.insights.summary import summarise

NONE = np.empty(0, np.int64)


def ints(*values, kind=np.int64):
    return np.array(values, kind)


words = st.integers(0, 2**64 - 1).map(lambda value: value - 2**63)


flips = st.lists(st.tuples(st.integers(0, 29), st.sets(st.integers(0, 63), max_size=5)))


@given(st.lists(words, min_size=1, max_size=30), flips)
@settings(max_examples=60)
def test_near_simhashes_are_those_that_a_comparison_of_all_pairs_finds(values, flips):
    for number, bits in flips:
        changed = np.uint64(values[number % len(values)] & 2**64 - 1)
        for bit in bits:
            changed ^= np.uint64(1) << np.uint64(bit)
        values.append(int(changed.astype(np.int64)))
    distinct = np.unique(ints(*values))
    found = set(zip(*(side.tolist() for side in near(distinct)), strict=True))
    pairs = combinations(range(len(distinct)), 2)

    assert found == {(i, j) for i, j in pairs if (int(distinct[i] ^ distinct[j]) & 2**64 - 1).bit_count() <= BITS}


TEXTS = np.random.default_rng(3).integers(1, 2**63, 6)


def test_a_mirror_and_its_original_are_told_apart_by_canonical_then_by_who_is_known():
    simhash, site = np.concatenate([TEXTS, TEXTS]), ints(*[0] * 6, *[1] * 6, kind=np.int32)
    found = copies(simhash, site)
    nobody = np.full(12, -1, np.int32)

    assert [pair.tolist() for pair in mirrors(found, site)] == [[0], [1]]
    assert originals(found, site, nobody, ints(0, 5)).tolist() == [1] * 6 + [-1] * 6
    assert originals(found, site, nobody, ints(5, 0)).tolist() == [-1] * 6 + [0] * 6
    canonical = np.where(site == 0, 1, -1).astype(np.int32)
    assert originals(found, site, canonical, ints(5, 0)).tolist() == [1] * 6 + [-1] * 6


def test_one_common_text_is_a_default_page_and_two_are_copies():
    one = copies(ints(*TEXTS[:2], TEXTS[0], TEXTS[3]), ints(0, 0, 1, 1, kind=np.int32))
    two = copies(ints(*TEXTS[:2], *TEXTS[:2]), ints(0, 0, 1, 1, kind=np.int32))

    assert len(one.one) == 0
    assert sorted(zip(two.one.tolist(), two.other.tolist(), strict=True)) == [(0, 2), (1, 3)]


def test_a_default_page_in_several_wordings_is_one_text():
    simhash = ints(TEXTS[0], TEXTS[0] ^ 1, TEXTS[0] ^ 2, TEXTS[0] ^ 4)

    assert len(copies(simhash, ints(0, 0, 1, 1, kind=np.int32)).one) == 0


def test_a_text_on_very_many_sites_is_nobodys_copy():
    sites = MOST_SITES + 1
    simhash, site = np.tile(TEXTS[:2], sites), np.repeat(np.arange(sites, dtype=np.int32), 2)

    assert len(copies(simhash, site).one) == 0
    assert len(copies(simhash[:-2], site[:-2]).one) == 2 * (sites - 1) * (sites - 2) // 2


def test_copies_within_one_site_are_not_copies():
    assert len(copies(ints(*TEXTS, *TEXTS), np.zeros(12, np.int32)).one) == 0


def linked(*pairs, pages=10, frame=True):
    """Sites that link to each other from the frame of ten pages."""
    counts = PairCounts()
    for src, dst in pairs:
        here, there = np.full(pages, src, np.int32), np.full(pages, dst, np.int32)
        counts.add(np.arange(pages) + 1000 * src, here, there, np.full(pages, frame), np.full(pages, frame))
    return counts.found()


def joined(pairs, sites=6, ids=(), addresses=(), templates=None, names=NONE, copied=NONE):
    shared = {
        word: Shared(*np.array(things, np.int32).reshape(-1, 2).T)
        for word, things in (("shared account id", ids), ("shared address", addresses))
    }
    found = owners(pairs, np.full(sites, 10), shared, templates or Templates(sites), names, copied)
    return {pair for pair in combinations(range(sites), 2) if found.cluster[pair[0]] == found.cluster[pair[1]]}


def test_mutual_site_wide_links_join_and_one_way_ones_do_not():
    assert joined(linked((0, 1), (1, 0), (2, 3))) == {(0, 1)}
    assert joined(linked((0, 1), (1, 0), pages=3)) == set()
    assert joined(linked((0, 1), (1, 0), frame=False)) == set()


def test_an_account_id_joins_unless_it_is_a_services_or_came_with_a_copied_text():
    ids = [(0, 1), (0, 2)]
    assert joined(linked(), ids=ids) == {(1, 2)}
    assert joined(linked(), ids=ids, copied=ints(1 << 32 | 2)) == set()
    assert joined(linked(), sites=ID_SITES + 1, ids=[(0, site) for site in range(ID_SITES + 1)]) == set()


def test_weak_signs_join_only_together():
    templates = Templates(6)
    templates.add(ints(0, 1, kind=np.int32), ints(7, 7, kind=np.uint32))
    address = [(0, 0), (0, 1)]

    assert joined(linked((0, 1)), addresses=address) == set()
    assert joined(linked(), addresses=address, templates=templates) == set()
    assert joined(linked((0, 1)), addresses=address, templates=templates) == {(0, 1)}


def test_a_site_that_everybody_credits_joins_nobody():
    address, templates = [(0, site) for site in range(6)], Templates(6)
    templates.add(np.arange(6, dtype=np.int32), np.full(6, 7, np.uint32))
    credited = linked(*((site, 0) for site in range(1, 6)))

    assert joined(credited, addresses=address, templates=templates) == set()


def test_pair_counts_do_not_depend_on_batches():
    random = np.random.default_rng(5)
    page = np.sort(random.integers(0, 40, 400))
    src, dst = (page % 5).astype(np.int32), random.integers(5, 9, 400).astype(np.int32)
    frame = random.random(400) < 0.3
    whole, parts = PairCounts(), PairCounts()
    whole.add(page, src, dst, frame, frame)
    for first in range(0, 40, 7):
        rows = (page >= first) & (page < first + 7)
        parts.add(page[rows], src[rows], dst[rows], frame[rows], frame[rows])
    one, other = whole.found(), parts.found()
    brute = {(s, d): len(set(page[(src == s) & (dst == d)])) for s in range(5) for d in range(5, 9)}

    for name in ("src", "dst", "pages", "frame", "listed"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    keys = zip(one.src.tolist(), one.dst.tolist(), strict=True)
    assert dict(zip(keys, one.pages.tolist(), strict=True)) == {key: count for key, count in brute.items() if count}


def test_likeness_of_templates_estimates_the_share_of_common_paths():
    templates = Templates(3)
    paths = np.random.default_rng(1).integers(0, 2**32, 300, dtype=np.uint32)
    for site, (begin, end) in enumerate(((0, 200), (50, 250), (200, 300))):
        templates.add(np.full(end - begin, site, np.int32), paths[begin:end])
    like = templates.likeness(ints(0, 0, 1), ints(1, 2, 1))

    assert like == pytest.approx([150 / 250, 0, 1], abs=0.15)


def test_a_link_of_a_template_is_counted_by_pages_whatever_numbers_its_path_has(observed):
    for number in range(4):
        again = {"anchor": "Theme", "dom_path": f"html>body>div.post-{number}>footer>a"}
        once = {"anchor": f"A study {number}", "dom_path": "html>body>p>a"}
        observed.page(f"http://a.test/{number}", ("http://b.test/", again), ("http://c.test/", once))
    observed.page("http://other.test/", ("http://b.test/", {"anchor": "Theme", "dom_path": "html>body>footer>a"}))
    edges = observed.edges
    rows = pa.table([to_working(column.combine_chunks()) for column in edges.columns], names=edges.column_names)

    assert template_pages(rows).tolist() == [4, 1] * 4 + [1]


FRAMED = {"zone": "footer", "dom_path": "html>body>footer>p>a", "anchor": "Sister site"}


def test_a_build_counts_owners_and_not_the_sites_of_one(observed):
    family = ("one.example", "two.example", "three.example")
    for host in family:
        sisters = [(f"http://{other}/", FRAMED) for other in family if other != host]
        for number in range(6):
            observed.page(f"http://{host}/{number}", *sisters, "http://target.example/", links_external=3)
    observed.page("http://stranger.example/", "http://target.example/", links_external=1)
    data = linkgraph.open(observed.commit())
    build(data.root)
    (row,) = data.authority(["target.example"]).to_pylist()

    assert (row["referring_domains"], row["independent_owners"]) == (4, 2)
    assert data.authority(["one.example"]).to_pylist()[0]["independent_owners"] == 0
    assert summarise(data, ["target.example"])["independent_owners"].to_pylist() == [2]
    assert data.sites()["domain"].to_pylist() == sorted(family)
    sister = data.backlinks("one.example").to_pylist()[0]
    assert (sister["same_owner"], sister["sitewide"], sister["sitewide_pages"]) == (True, True, 6)
    assert (sister["sitewide_share"], sister["acquisition"]) == (1.0, "owner")
    assert sister["evidence"].endswith("; site: mutual site-wide links, like templates, common site-wide target")
    stranger = data.backlinks("target.example").to_pylist()[-1]
    assert (stranger["same_owner"], stranger["sitewide"]) == (False, False)


def test_votes_between_the_sites_of_one_owner_are_discounted_with_a_build_and_without_one(observed):
    for host, friend, marked in (("one.example", "two.example", 1), ("two.example", "one.example", 0)):
        for number in range(6):
            links = [(f"http://{friend}/", FRAMED), "http://target.example/"]
            observed.page(f"http://{host}/{number}", *links[: 1 + marked], links_external=2)
    data = linkgraph.open(observed.commit())
    without = [data.graph(level, "editorial") for level in ("domain", "host")]
    build(data.root)

    assert data.sites()["domain"].to_pylist() == ["one.example", "two.example"]
    for level, found in zip(("domain", "host"), without, strict=True):
        graph = data.graph(level, "editorial")
        weights = {(graph.names[src], graph.names[dst]): weight for src, dst, weight in edges_of(graph)}
        # In a footer, on every page, and of one owner.
        assert weights["one.example", "two.example"] == pytest.approx(0.1 * 0.2 * 0.1)
        assert weights["two.example", "one.example"] == pytest.approx(0.1 * 0.2 * 0.1)
        # Without words, on every page, at the second place.
        assert weights["one.example", "target.example"] == pytest.approx(0.5 * 0.2 * 500 / 501)
        assert list(edges_of(found)) == list(edges_of(graph))


def edges_of(graph):
    rows = graph.links
    sources = np.repeat(np.arange(len(graph)), rows.counts())
    return zip(sources.tolist(), rows.indices.tolist(), rows.weights.tolist(), strict=True)


def test_an_id_on_few_pages_of_a_site_is_not_the_sites(observed):
    for host, marked in (("one.example", 6), ("two.example", 6), ("quoting.example", 1)):
        for number in range(6):
            ids = ("UA-1234567-1",) if number < marked else ()
            observed.page(f"http://{host}/{number}", f"http://{host}/", owner_ids=ids, links_internal=1)
    data = linkgraph.open(observed.commit())
    build(data.root)

    assert data.sites()["domain"].to_pylist() == ["one.example", "two.example"]
    assert data.sites()["evidence"].to_pylist()[0][0].startswith("shared account id")

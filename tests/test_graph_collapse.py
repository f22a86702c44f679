"""What counts as a vote, where it lands, and that no order of rows changes the graph."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.errors import CorruptFileError, UsageError
from linkgraph.graph.collapse import collapse, collapse_each, scan
from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.collapse.fold import follow
from linkgraph.graph.collapse.pairs import PairSet, cast, packed
from linkgraph.graph.collapse.scan import NAMES, FileScan, TableScan, Where, among, decoded, ids_of, looked_up, utf8
from linkgraph.graph.intern import Interner
from linkgraph.graph.policy import FOLLOWED, LEVELS, policy_named

CANONICAL = {"kind": "link", "rel": ("canonical",)}
REDIRECT = {"kind": "redirect", "origin": "http-header"}
REFRESH = {"kind": "refresh"}


def graph_of(observed, level="domain"):
    return collapse(TableScan(observed.edges), TableScan(observed.pages), FOLLOWED, [level])[level]


def votes(observed, level="domain"):
    return set(graph_of(observed, level).to_networkx().edges)


def test_many_links_of_many_pages_are_one_vote_of_the_domain(observed):
    observed.page("http://a.example/1", "http://b.example/x", "http://b.example/y")
    observed.page("http://www.a.example/2", "http://www.b.example/x")

    assert votes(observed) == {("a.example", "b.example")}


@pytest.mark.parametrize("mark", ["nofollow", "ugc", "sponsored"])
def test_a_link_that_its_author_disowns_is_no_vote(observed, mark):
    observed.page("http://a.example/", ("http://b.example/", {mark: True}), "http://c.example/")

    assert votes(observed) == {("a.example", "c.example")}


def test_one_followed_link_among_nofollow_links_is_a_vote(observed):
    observed.page("http://a.example/", ("http://b.example/", {"nofollow": True}), "http://b.example/")

    assert votes(observed) == {("a.example", "b.example")}


@pytest.mark.parametrize("kind", ["form", "frame", "iframe", "link", "feed", "sitemap", "img", "script", "style"])
def test_only_hyperlinks_are_votes(observed, kind):
    observed.page("http://a.example/", ("http://b.example/", {"kind": kind}), ("http://c.example/", {"kind": "area"}))

    assert votes(observed) == {("a.example", "c.example")}


def test_a_domain_does_not_vote_for_itself(observed):
    observed.page("http://a.example/", "http://www.a.example/")

    assert votes(observed) == set()
    assert votes(observed, "host") == {("a.example", "www.a.example")}
    assert votes(observed, "page") == {("http://a.example/", "http://www.a.example/")}


@pytest.mark.row("T8")
def test_two_thousand_hosts_of_one_domain_are_one_voter(observed):
    for number in range(2000):
        observed.page(f"http://h{number}.farm.example/", "http://target.example/", "http://h0.farm.example/")
    observed.page("http://honest.example/", "http://target.example/")

    assert votes(observed) == {("farm.example", "target.example"), ("honest.example", "target.example")}


def test_users_of_one_hosting_platform_are_separate_voters(observed):
    observed.page("http://one.github.io/", "http://two.github.io/")

    assert votes(observed) == {("one.github.io", "two.github.io")}


def test_every_domain_that_a_link_or_page_names_is_a_node(observed):
    observed.page("http://a.example/", ("http://b.example/", {"nofollow": True}))
    observed.page("http://alone.example/")

    assert list(graph_of(observed)) == ["a.example", "alone.example", "b.example"]


def test_a_vote_for_a_redirecting_url_lands_where_the_redirect_leads(observed):
    observed.page("http://a.example/", "http://old.example/")
    observed.page("http://old.example/", ("https://new.example/", REDIRECT), outcome="redirected", status=301)

    assert votes(observed) == {("a.example", "new.example")}
    assert ("http://a.example/", "https://new.example/") in votes(observed, "page")


def test_a_redirect_is_itself_no_vote(observed):
    observed.page("http://old.example/", ("http://new.example/", REDIRECT))

    assert votes(observed) == set()


def test_a_link_through_ones_own_redirector_is_a_vote_for_its_target(observed):
    observed.page("http://a.example/", "http://a.example/go?to=b")
    observed.page("http://a.example/go?to=b", ("http://b.example/", REDIRECT))

    assert votes(observed) == {("a.example", "b.example")}


def test_a_vote_that_is_redirected_home_is_none(observed):
    observed.page("http://a.example/", "http://short.example/1")
    observed.page("http://short.example/1", ("http://a.example/2", REDIRECT))

    assert votes(observed) == set()


def test_a_meta_refresh_moves_votes(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://c.example/", REFRESH))

    assert ("a.example", "c.example") in votes(observed)


def test_a_canonical_within_the_domain_moves_votes(observed):
    observed.page("http://a.example/", "http://b.example/?session=1")
    observed.page("http://b.example/?session=1", ("http://b.example/", CANONICAL))

    assert votes(observed, "page") == {("http://a.example/", "http://b.example/")}


def test_another_link_element_moves_nothing(observed):
    observed.page("http://a.example/", "http://b.example/1")
    observed.page("http://b.example/1", ("http://b.example/2", {"kind": "link", "rel": ("next",)}))

    assert votes(observed, "page") == {("http://a.example/", "http://b.example/1")}


def test_a_canonical_to_another_domain_is_not_believed_unseen(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://thief.example/", CANONICAL), content_digest="1")

    assert votes(observed) == {("a.example", "b.example")}


@pytest.mark.parametrize(
    ("ours", "theirs", "moves"),
    [
        ({"content_digest": "1"}, {"content_digest": "1"}, True),
        ({"content_digest": "1"}, {"content_digest": "2"}, False),
        ({"content_digest": None}, {"content_digest": None}, False),
        ({"simhash": -1}, {"simhash": -1 ^ 0b111}, True),
        ({"simhash": -1}, {"simhash": -1 ^ 0b1111}, False),
        ({"simhash": 5}, {"simhash": None}, False),
    ],
)
def test_a_canonical_to_another_domain_is_believed_for_the_same_document(observed, ours, theirs, moves):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://c.example/", CANONICAL), **ours)
    observed.page("http://c.example/", **theirs)

    assert votes(observed) == {("a.example", "c.example" if moves else "b.example")}


def test_a_redirect_counts_before_a_refresh_before_a_canonical(observed):
    observed.page("http://a.example/", "http://b.example/1")
    by_strength = [("http://c.example/", REDIRECT), ("http://d.example/", REFRESH), ("http://b.example/2", CANONICAL)]
    observed.page("http://b.example/1", *reversed(by_strength))

    assert votes(observed) == {("a.example", "c.example")}


def test_the_newest_fetch_says_where_votes_land(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://new.example/", REDIRECT), hours=2)
    observed.page("http://b.example/", ("http://old.example/", REDIRECT), hours=1)

    assert ("a.example", "new.example") in votes(observed)


def test_a_redirect_that_a_later_fetch_did_not_meet_is_forgotten(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://c.example/", REDIRECT), hours=1)
    observed.page("http://b.example/", hours=2)

    assert votes(observed) == {("a.example", "b.example")}


def test_a_fetch_that_failed_later_forgets_nothing(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://c.example/", REDIRECT), hours=1)
    observed.page("http://b.example/", hours=2, outcome="failed", status=503)

    assert votes(observed) == {("a.example", "c.example")}


def chain(observed, hops):
    observed.page("http://a.example/", "http://s0.example/")
    for hop in range(hops):
        observed.page(f"http://s{hop}.example/", (f"http://s{hop + 1}.example/", REDIRECT))


@pytest.mark.parametrize(("hops", "lands"), [(1, 1), (5, 5), (6, 5), (9, 5)])
def test_a_chain_is_followed_for_five_hops(observed, hops, lands):
    chain(observed, hops)

    assert votes(observed) == {("a.example", f"s{lands}.example")}


def test_a_circle_of_redirects_keeps_its_votes(observed):
    observed.page("http://a.example/", "http://x.example/", "http://in.example/")
    observed.page("http://in.example/", ("http://x.example/", REDIRECT))
    observed.page("http://x.example/", ("http://y.example/", REDIRECT))
    observed.page("http://y.example/", ("http://x.example/", REDIRECT))

    assert votes(observed) == {("a.example", "x.example"), ("a.example", "in.example")}


@settings(max_examples=100)
@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.integers(0, n - 1), min_size=n, max_size=n)), st.integers(0, 6))
def test_following_is_what_a_walk_would_do(step, hops):
    def walk(node):
        seen, here = {node}, node
        while step[here] != here:
            here = step[here]
            if here in seen:
                return node
            seen.add(here)
        here = node
        for _ in range(hops):
            here = step[here]
        return here

    assert follow(np.array(step, np.int32), hops).tolist() == [walk(node) for node in range(len(step))]


def test_the_graph_is_the_same_whatever_the_order_of_the_rows(observed):
    dice = random.Random(5)
    hosts = [f"www.{name}.example" for name in "abcdefghij"]
    for number in range(60):
        links = [f"http://{dice.choice(hosts)}/{dice.randrange(9)}" for _ in range(5)]
        observed.page(f"http://{dice.choice(hosts)}/{number}", *links)
    edges, pages = observed.edges, observed.pages
    shuffled = edges.take(pa.array(np.random.default_rng(1).permutation(edges.num_rows)))

    for level in ("domain", "host", "page"):
        one, two = (collapse(TableScan(rows), TableScan(pages), FOLLOWED, [level])[level] for rows in (edges, shuffled))
        assert list(one.names) == list(two.names) == sorted(one.names)
        assert one.links.indptr.tolist() == two.links.indptr.tolist()
        assert one.links.indices.tolist() == two.links.indices.tolist()


def test_an_empty_crawl_gives_an_empty_graph(observed):
    graph = graph_of(observed)

    assert (len(graph), graph.number_of_edges()) == (0, 0)
    assert nx.pagerank(graph.to_networkx()) == {}


def test_unknown_levels_and_policies_are_named(observed):
    with pytest.raises(UsageError, match=r"'site'.*domain, host, page, entity"):
        graph_of(observed, "site")
    with pytest.raises(UsageError, match=r"'entity' needs the entities"):
        graph_of(observed, "entity")
    with pytest.raises(UsageError, match=r"'best'.*followed"):
        policy_named("best")


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    path = tmp_path / "run=r" / "1.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 but not really PAR1")

    with pytest.raises(CorruptFileError, match=r"run=r/1\.parquet.*doctor"):
        list(FileScan((path,)).batches(["url"]))


def test_a_flipped_byte_is_found(observed):
    observed.page("http://a.example/", *[f"http://b.example/{number}" for number in range(2000)])
    path = next((observed.commit() / "edges").rglob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)

    with pytest.raises(CorruptFileError, match=path.name):
        list(FileScan((path,)).batches(observed.edges.column_names))


def test_a_file_scan_reads_the_run_from_the_path(observed):
    observed.page("http://a.example/", "http://b.example/")
    path = next((observed.commit("spring") / "edges").rglob("*.parquet"))

    (batch,) = FileScan((path,)).batches(["dst_url", "run"])

    assert batch.to_pylist() == [{"dst_url": "http://b.example/", "run": "spring"}]


@pytest.mark.parametrize("policy", ["followed", "editorial", "everything", "editorial/evaporate"])
def test_links_read_from_files_with_coded_names_give_the_graphs_of_the_same_links_in_memory(observed, policy):
    dice = np.random.default_rng(8)
    for page in range(120):
        targets = [f"http://h{host}.d{host % 9}.example/{page % 5}" for host in dice.integers(0, 30, 8)]
        marks = [{"nofollow": bool(dice.integers(2)), "zone": "footer"}, CANONICAL, {}, {}, REFRESH, {}, {}, {}]
        links = list(zip(targets, marks, strict=True))
        observed.page(f"http://h{page % 40}.d{page % 11}.example/{page}", *links, content_digest=str(page % 7))
    levels = list(LEVELS)[:3]
    expected = collapse(TableScan(observed.edges), TableScan(observed.pages), policy_named(policy), levels)
    root = observed.commit()
    files, pages = (tuple((root / name).rglob("*.parquet")) for name in ("edges", "pages"))
    found = collapse(FileScan(files, coded=NAMES), FileScan(pages), policy_named(policy), levels)

    (coded,) = FileScan(files, coded=NAMES).batches(["src_domain"])
    assert pa.types.is_dictionary(coded.column("src_domain").type)
    for level in levels:
        assert list(found[level]) == list(expected[level])
        assert found[level].links.indices.tobytes() == expected[level].links.indices.tobytes()
        assert found[level].links.indptr.tobytes() == expected[level].links.indptr.tobytes()
        assert found[level].links.sums().tobytes() == expected[level].links.sums().tobytes()


@given(st.lists(st.sampled_from(["", "a", "bc", None]), max_size=20), st.integers(0, 5), st.integers(2, 4))
def test_words_of_a_dictionary_that_no_row_has_are_not_interned(values, begin, every):
    column = pa.array(["unused", *values], pa.string()).dictionary_encode()[1:][begin::every]
    plain, coded = Interner(), Interner()

    expected = plain.add(*utf8(decoded(column)))
    found = ids_of(coded.add, column)

    def names(interner):
        return [interner.data[a:b].tobytes() for a, b in pairwise(interner.offsets.tolist())]

    assert [names(coded)[node] for node in found] == [names(plain)[node] for node in expected]
    assert sorted(names(coded)) == sorted(names(plain))


words = st.lists(st.text(max_size=24), max_size=60)


@settings(max_examples=100)
@given(st.lists(words, max_size=4), words, st.booleans())
def test_interned_ids_count_distinct_strings_in_order_of_first_sight(batches, asked, large):
    kind = pa.large_string() if large else pa.string()
    interner, known = Interner(), {}
    for batch in batches:
        sliced = pa.array(["left out", *batch], kind).slice(1)
        ids = interner.add(*utf8(sliced))
        assert ids.tolist() == [known.setdefault(word, len(known)) for word in batch]

    assert interner.find(*utf8(pa.array(asked, kind))).tolist() == [known.get(word, -1) for word in asked]
    assert len(interner) == len(known)
    assert interner.data.tobytes() == "".join(known).encode()


def test_interning_survives_growth_and_long_common_beginnings():
    names = [f"https://www.example.org/a/very/long/path/{number:07d}" for number in range(20_000)]
    interner = Interner()
    for begin in range(0, len(names), 3000):
        interner.add(*utf8(pa.array(names[begin : begin + 3000])))

    assert interner.find(*utf8(pa.array(names))).tolist() == list(range(len(names)))
    assert interner.find(*utf8(pa.array([names[0] + "x", names[5][:-1]]))).tolist() == [-1, -1]


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1), max_size=5))
def test_a_pair_set_is_the_set_of_its_pairs(batches):
    pairs = PairSet()
    for batch in batches:
        src, dst = np.array(batch, np.int32).T
        pairs.add(src, dst)

    expected = sorted({pair for batch in batches for pair in batch})
    ids = np.array(expected, np.int32).reshape(-1, 2)
    assert pairs.pairs().tolist() == packed(ids[:, 0], ids[:, 1]).tolist()


def test_words_are_found_with_and_without_a_dictionary():
    plain = pa.array(["a", None, "link", "area", "a"])

    assert among(plain, ["a", "area"]).tolist() == [True, False, False, True, True]
    assert among(plain.dictionary_encode(), ["a", "area"]).tolist() == [True, False, False, True, True]
    assert among(pa.array([], pa.string()).dictionary_encode(), ["a"]).tolist() == []


def weighed(observed, policy, level="domain", owners=None, entities=None):
    scans = TableScan(observed.edges), TableScan(observed.pages)
    known = {} if owners is None else {"owners": lambda _: owners}
    graph = collapse_each(*scans, [policy_named(policy)], [level], entities, **known)[policy][level]
    return graph, {
        edge: data["weight"] for *edge, data in graph.to_networkx().edges(data=True) for edge in [tuple(edge)]
    }


@pytest.mark.parametrize("kind", ["a", "iframe", "link", "img", "script", "style", "feed"])
def test_under_everything_any_reference_is_a_vote(observed, kind):
    observed.page("http://a.example/", ("http://b.example/", {"kind": kind, "nofollow": True}))
    graph = collapse(TableScan(observed.edges), TableScan(observed.pages), policy_named("everything"))["domain"]

    assert set(graph.to_networkx().edges) == {("a.example", "b.example")}


def test_under_everything_a_redirect_is_a_vote_and_moves_none(observed):
    observed.page("http://a.example/", "http://b.example/")
    observed.page("http://b.example/", ("http://c.example/", REDIRECT))
    graph = collapse(TableScan(observed.edges), TableScan(observed.pages), policy_named("everything"))["domain"]

    assert set(graph.to_networkx().edges) == {("a.example", "b.example"), ("b.example", "c.example")}


@pytest.mark.parametrize(
    ("features", "weight"),
    [
        ({}, 1.0),
        ({"zone": "footer"}, 0.1),
        ({"zone": "nav"}, 0.2),
        ({"link_density": 0.5}, 1.0),
        ({"link_density": 1.0}, 0.5),
        ({"ordinal": 500}, 0.5),
        ({"anchor": ""}, 0.5),
        ({"anchor": "", "alt": "a harbour"}, 1.0),
        ({"zone": "footer", "link_density": 1.0}, 0.05),
    ],
)
def test_an_editorial_vote_weighs_what_its_place_says(observed, features, weight):
    plain = {"zone": "content", "link_density": 0.1, "ordinal": 0, "anchor": "words"}
    observed.page("http://a.example/", ("http://b.example/", plain | features))
    graph, votes = weighed(observed, "editorial")

    assert votes == {("a.example", "b.example"): pytest.approx(weight, rel=1e-6)}
    assert graph.strength.tolist() == [1, 0]


def test_an_editorial_vote_weighs_what_its_best_link_weighs_and_a_discount_lifts_no_other(observed):
    content, footer = (
        {"zone": zone, "link_density": 0.0, "ordinal": 0, "anchor": "x"} for zone in ("content", "footer")
    )
    observed.page("http://a.example/1", ("http://b.example/", footer), ("http://c.example/", footer))
    observed.page("http://a.example/2", ("http://b.example/x", content))
    graph, votes = weighed(observed, "editorial")

    assert votes == {("a.example", "b.example"): 1.0, ("a.example", "c.example"): pytest.approx(0.1)}
    assert dict(zip(graph, graph.strength.tolist(), strict=True)) == {"a.example": 2, "b.example": 0, "c.example": 0}


GOOD = {"zone": "content", "link_density": 0.0, "ordinal": 0, "anchor": "words"}


def test_a_vote_on_most_pages_of_a_site_is_one_decision(observed):
    for number in range(6):
        links = [("http://b.example/", GOOD)] + [("http://c.example/", GOOD)] * (number < 2)
        observed.page(f"http://a.example/{number}", *links)
    _, votes = weighed(observed, "editorial")

    assert votes == {("a.example", "b.example"): pytest.approx(0.2), ("a.example", "c.example"): 1.0}
    assert weighed(observed, "editorial", "page")[1][("http://a.example/5", "http://b.example/")] == 1.0


def test_exchanged_votes_weigh_half_and_those_of_one_owner_a_tenth(observed):
    observed.page("http://a.example/", ("http://b.example/", GOOD), ("http://c.example/", GOOD))
    observed.page("http://b.example/", ("http://a.example/", GOOD))
    observed.page("http://c.example/", ("http://a.example/", GOOD), ("http://d.example/", GOOD))
    owners = {"a.example": "a.example", "c.example": "a.example", "not-in-the-data.example": "a.example"}
    _, votes = weighed(observed, "editorial", owners=owners)

    assert votes == {
        ("a.example", "b.example"): 0.5,
        ("b.example", "a.example"): 0.5,
        ("a.example", "c.example"): pytest.approx(0.1),
        ("c.example", "a.example"): pytest.approx(0.1),
        ("c.example", "d.example"): 1.0,
    }


def test_hosts_have_the_owner_of_their_domain(observed):
    observed.page("http://www.a.example/", *[(f"http://{host}/", GOOD) for host in ("x.a.example", "b.example")])
    observed.page("http://c.example/", ("http://www.a.example/", GOOD), ("http://b.example/", GOOD))
    _, votes = weighed(observed, "editorial", "host", {"a.example": "a.example", "c.example": "a.example"})

    assert votes == {
        ("www.a.example", "x.a.example"): pytest.approx(0.1),
        ("www.a.example", "b.example"): 1.0,
        ("c.example", "www.a.example"): pytest.approx(0.1),
        ("c.example", "b.example"): 1.0,
    }


def test_entities_have_the_owner_of_the_domains_they_cover_whole(observed, tmp_path):
    lines = "one,a.example\none,b.example\nguest,http://c.example/guest/\n"
    (tmp_path / "entities.csv").write_text("entity,covers\n" + lines, encoding="utf-8")
    targets = [(f"http://{name}.example/", GOOD) for name in "ade"] + [("http://c.example/guest/1", GOOD)]
    observed.page("http://c.example/", *targets)
    owners = {"a.example": "a.example", "c.example": "a.example", "b.example": "b.example", "d.example": "b.example"}
    _, votes = weighed(observed, "editorial", "entity", owners, Entities.read(tmp_path / "entities.csv"))

    # The entity joins both clusters of domains, and the guest of a domain is not its owner.
    assert votes == {
        ("c.example", "one"): pytest.approx(0.1),
        ("c.example", "d.example"): pytest.approx(0.1),
        ("c.example", "e.example"): 1.0,
        ("c.example", "guest"): 1.0,
    }


def test_pages_have_no_owner(observed):
    observed.page("http://a.example/", ("http://b.example/", GOOD))
    owners = {"a.example": "a.example", "b.example": "a.example"}

    assert weighed(observed, "editorial", "page", owners)[1] == {("http://a.example/", "http://b.example/"): 1.0}


def test_nofollow_is_dropped_kept_or_evaporates(observed):
    observed.page("http://a.example/", "http://b.example/", ("http://c.example/", {"nofollow": True}))
    scans = TableScan(observed.edges), TableScan(observed.pages)
    drop, keep, evaporate = (
        collapse(*scans, policy_named(f"followed/{rule}"))["domain"] for rule in ("drop", "keep", "evaporate")
    )

    assert (drop.number_of_edges(), drop.strength) == (1, None)
    assert keep.number_of_edges() == 2
    assert (evaporate.number_of_edges(), evaporate.strength.tolist()) == (1, [2, 0, 0])
    with pytest.raises(UsageError, match=r"'burn'.*drop, keep, evaporate"):
        policy_named("followed/burn")


def test_editorial_weights_are_the_same_whatever_the_order_of_the_rows(observed):
    dice = random.Random(5)
    for number in range(80):
        links = [
            (f"http://{dice.choice('abcdefgh')}.example/", GOOD | {"zone": dice.choice(["content", "footer", "nav"])})
            for _ in range(4)
        ]
        observed.page(f"http://{dice.choice('abcdefgh')}.example/{number}", *links)
    shuffled = observed.edges.take(pa.array(np.random.default_rng(1).permutation(observed.edges.num_rows)))

    one, two = (
        collapse(TableScan(rows), TableScan(observed.pages), policy_named("editorial"))["domain"]
        for rows in (observed.edges, shuffled)
    )
    assert one.links.weights.tobytes() == two.links.weights.tobytes()
    assert one.strength.tobytes() == two.strength.tobytes()


def test_an_empty_crawl_has_an_editorial_graph(observed):
    graph, _ = weighed(observed, "editorial")

    assert len(graph) == 0


def test_small_files_are_read_as_one_batch_in_their_order(observed, tmp_path):
    folders = []
    for number in range(5):
        observed.page(f"http://a{number}.example/", *[(f"http://b{link}.example/", {}) for link in range(number + 1)])
        folders.append(tmp_path / f"run=r{number}")
        folders[-1].mkdir()
        pq.write_table(observed.edges, folders[-1] / "1.parquet")
    files = tuple(folder / "1.parquet" for folder in folders)

    (batch,) = FileScan(files, coded=NAMES).batches(["src_domain", "kind", "rel", "run"])

    expected = pa.concat_tables([pq.read_table(path, columns=["src_domain", "kind", "rel"]) for path in files])
    assert batch.select(["src_domain", "kind", "rel"]).to_pylist() == expected.to_pylist()
    runs = [run for path in files for run in [path.parent.name.removeprefix("run=")] * pq.read_metadata(path).num_rows]
    assert batch.column("run").to_pylist() == runs


@pytest.mark.parametrize("whole", [0, 1 << 20])
@pytest.mark.parametrize("share", [0, 1 << 17, 1 << 22])
def test_files_of_other_words_without_rows_and_of_several_row_groups_are_read_alike(
    tmp_path, monkeypatch, whole, share
):
    monkeypatch.setattr(scan, "WHOLE_BYTES", whole)
    monkeypatch.setattr(scan, "SHARE_BYTES", share)
    schema = pa.schema([("dst_domain", pa.string()), ("dst_url", pa.string()), ("at", pa.int32())])
    files, rows = [], []
    for number, words in enumerate(("ab", "", "bcbcadeeab", "x", "ba" * 9)):
        files.append(tmp_path / f"{number}.parquet")
        held = [{"dst_domain": word, "dst_url": f"{word}{at % 3}", "at": at} for at, word in enumerate(words)]
        pq.write_table(pa.Table.from_pylist(held, schema), files[-1], row_group_size=4)
        rows += held
    names = Interner()
    names.add(*utf8(pa.array(["a", "b", "c", "b1", "e0"])))

    batches = list(FileScan(tuple(files), coded=NAMES).batches(schema.names))

    assert [row for batch in batches for row in batch.to_pylist()] == rows
    for name in ("dst_domain", "dst_url"):
        found = np.concatenate([ids_of(names.find, batch.column(name)) for batch in batches])
        assert found.tolist() == names.find(*utf8(pa.array([row[name] for row in rows]))).tolist()


def test_a_broken_file_among_whole_ones_is_named(observed, tmp_path):
    observed.page("http://a.example/", "http://b.example/")
    whole, broken = tmp_path / "1.parquet", tmp_path / "2.parquet"
    pq.write_table(observed.edges, whole)
    broken.write_bytes(b"PAR1 but not really PAR1")

    with pytest.raises(CorruptFileError, match=r"2\.parquet"):
        list(FileScan((whole, broken, whole)).batches(["kind"]))
    with pytest.raises(CorruptFileError, match=r"3\.parquet"):
        list(FileScan((whole, tmp_path / "3.parquet", whole)).batches(["kind"]))


@given(st.lists(st.sampled_from(["nav", "footer", "", "other", None]), max_size=20), st.booleans())
def test_words_are_looked_up_whether_coded_or_not(words, coded):
    column = pa.array(words, pa.string())

    found = looked_up(column.dictionary_encode() if coded else column, {"nav": 0.2, "footer": 0.1, "": 0.3}, 1.0)

    assert found.tolist() == [{"nav": 0.2, "footer": 0.1, "": 0.3}.get(word, 1.0) for word in words]


@pytest.mark.parametrize("coded", [(), NAMES])
def test_the_rows_asked_for_are_those_among_all(observed, coded):
    for page in range(40):
        marks = CANONICAL if page % 20 == 7 else {}
        observed.page(f"http://a.example/{page}", (f"http://b.example/{page}", marks), ("http://c.example/", {}))
    where = Where(("kind", "rel"), lambda rows: among(rows.column("kind"), ("link",)))
    columns = ["src_url", "kind", "run", "dst_domain"]
    in_memory = list(TableScan(observed.edges).batches([name for name in columns if name != "run"], where))
    files = tuple((observed.commit() / "edges").rglob("*.parquet"))

    found = [row for batch in FileScan(files, coded=coded).batches(columns, where) for row in batch.to_pylist()]

    expected = [{"src_url": f"http://a.example/{page}", "kind": "link", "dst_domain": "b.example"} for page in (7, 27)]
    assert [{key: value for key, value in row.items() if key != "run"} for row in found] == expected
    assert [row for batch in in_memory for row in batch.to_pylist()] == expected


def test_columns_that_do_not_tell_are_left_alone_where_no_row_is_asked_for(observed, monkeypatch):
    observed.page("http://a.example/", ("http://b.example/", {}))
    files = tuple((observed.commit() / "edges").rglob("*.parquet"))
    read = []
    group = pq.ParquetFile.read_row_group

    def noted(self, number, columns, **options):
        read.extend(columns)
        return group(self, number, columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)

    nothing = Where(("kind",), lambda rows: np.zeros(len(rows), bool))
    assert list(FileScan(files).batches(["src_url", "kind"], nothing)) == []
    assert read == ["kind"]


@settings(max_examples=50)
@given(st.integers(0, 40), st.integers(0, 10**6), st.booleans(), st.booleans())
def test_votes_are_cast_as_a_loop_over_the_links_would(links, seed, paged, weighed):
    dice = np.random.default_rng(seed)
    src, dst, pages = dice.integers(0, 5, (3, links)).astype(np.int32)
    landed, landing = dice.integers(-1, 3, links).astype(np.int32), dice.integers(0, 5, 3).astype(np.int32)
    counted, weights = dice.random(links) < 0.6, dice.random(links)

    found = cast(src, dst, landed, landing, counted, pages if paged else None, weights if weighed else None)

    target = np.where(landed >= 0, landing[landed], dst).astype(np.int32)
    kept = counted & (src != target)
    assert found[0].tolist() == packed(src[kept], target[kept]).tolist()
    assert found[1].tolist() == (packed(pages[kept], target[kept]).tolist() if paged else [])
    assert found[2].tolist() == (weights[kept].tolist() if weighed else [])

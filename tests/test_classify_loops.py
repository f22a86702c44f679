"""The compiled loops of the classification say what their definitions say, written out as patterns and sets."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.classify import context
from linkgraph.classify.distinct import Distinct, numbered, paired
from linkgraph.classify.evidence import FEATURES
from linkgraph.classify.model import SEEN, fired, models, placement_inputs
from linkgraph.classify.names import MISLEADING, keys_of, names_on
from linkgraph.classify.relations import LEVELS, SHORTEST_NAME, Ends, observe_relations
from linkgraph.classify.rules import ACQUISITION_RULES, Rule
from linkgraph.classify.steps import Paths
from linkgraph.classify.texts import texts_of

PROPERTY = settings(max_examples=150, deadline=None)

HOSTS = st.sampled_from(
    ["a.example", "www.blog.example", "blog.example", "myblog.org", "www.org", "x-blog.net", "ab.de"]
)
TAILS = st.text("ab/?#.", max_size=8) | st.sampled_from(
    ["/index.html", "/a/index.php?x", "/a/b/c/d", "/a/b/", "/blog/", "/?u=blog.example", "/MyBlog", "/a/index."]
)
LABELS = st.text("blogBLOGİ\N{KELVIN SIGN} -ß", max_size=9) | st.sampled_from(["My Blog", "BLOG.EXAMPLE", "b-l-o-g"])
STEPS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["div", "dt", "h2", "h7", "section", "sections", ""]),
        st.text("#..aB1_-é", max_size=9)
        | st.sampled_from(["#aB.cD_E", "#x", ".not-print-me", "#a.b", ".sig-object", "..", ".post12Text3"]),
    ),
    min_size=1,
    max_size=12,
)


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def between_sites(source: str, host: str, tail: str, label: str) -> list[bool]:
    name, other = (plain(re.sub(r"^www\.", "", one).partition(".")[0]) for one in (source, host))
    carries = source.removeprefix("www.") in tail
    long, far = len(name) >= SHORTEST_NAME, len(other) >= SHORTEST_NAME
    return [
        long and far and (name in other or other in name),
        long and not carries and name in plain(tail),
        carries,
        len(tail) <= 1,
        long and name in plain(label),
        far and other in plain(label),
    ]


def folders(url: str) -> list[str]:
    found = [re.sub(r"(/(index\.[A-Za-z0-9_]+)?)?([?#].*)?\Z", "", url, count=1)]
    for _ in range(LEVELS):
        found.append(re.sub(r"/[^/]*\Z", "", found[-1]))
    return found


def within_a_site(source: str, target: str) -> list[bool]:
    here, there = folders(source), folders(target)
    same = here[0] == there[0]
    beside = here[1] == there[1] and here[1] != here[2] and not same
    return [same, beside, there[0] in here[1:] and not same, here[0] in there[1:] and not same]


@given(st.lists(st.tuples(HOSTS, TAILS, HOSTS, TAILS, LABELS), min_size=1, max_size=20))
@PROPERTY
def test_the_two_ends_of_a_link_are_compared_as_defined(rows):
    sources, own, targets, tails, labels = zip(*rows, strict=True)
    urls = [f"https://{host}{tail}" for host, tail in zip(sources, own, strict=True)]
    addresses = [f"https://{host}{tail}" for host, tail in zip(targets, tails, strict=True)]
    internal = [source == target for source, target in zip(sources, targets, strict=True)]
    domains = [[re.sub(r"^www\.", "", host) for host in hosts] for hosts in (sources, targets)]
    columns = [sources, domains[0], urls, targets, domains[1], addresses, labels]
    ends = Ends._make(texts_of(pa.array(column)) for column in columns)
    expected = [
        [False] * 6 + within_a_site(url, address)
        if inside
        else between_sites(source, target, tail, label) + [False] * 4
        for inside, url, address, source, target, tail, label in zip(
            internal, urls, addresses, sources, targets, tails, labels, strict=True
        )
    ]
    assert observe_relations(ends, np.array(internal)).tolist() == expected


def described(step: str) -> str:
    step = re.sub(r"^(dt|h[1-6])#[^.]*|^(section)#[^.]*\Z", r"\1\2", step)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", step).replace("_", "-")
    names = " ".join(re.sub(r"^[^#.]*", "", form) for form in (words, step)).lower()
    for misleading in MISLEADING:
        names = names.replace(misleading, "")
    return names


@given(STEPS)
@PROPERTY
def test_the_names_on_a_step_are_written_in_words_and_as_they_are(steps):
    assert names_on(texts_of(pa.array(steps))).to_pylist() == [described(step) for step in steps]


@given(STEPS)
@PROPERTY
def test_names_have_one_key_when_they_differ_in_case_and_digits_only(steps):
    keys, of = keys_of(texts_of(pa.array(steps)))
    names = [
        (number, re.sub(r"[0-9]+", "0", re.sub("[A-Z]", lambda found: found[0].lower(), name)))
        for number, step in enumerate(steps)
        for name in re.findall(r"[#.][^#.]+", step)
    ]
    assert of.tolist() == [number for number, _ in names]
    of_key = dict(zip(keys.tolist(), (name for _, name in names), strict=True))
    assert [of_key[key] for key in keys.tolist()] == [name for _, name in names]
    assert len(of_key) == len(set(of_key.values()))


def test_a_column_may_have_nulls_and_be_a_part_of_another():
    steps = pa.array([None, "div.aB", None, "p#x"]).slice(1)
    for column in (steps, steps.dictionary_encode(), steps.cast(pa.large_string()), pa.chunked_array([steps])):
        assert names_on(texts_of(column)).to_pylist() == [".a-b .ab", " ", "#x #x"]
        assert keys_of(texts_of(column))[1].tolist() == [0, 2]


@given(st.lists(st.text("ab>#.é", max_size=12), max_size=20))
@PROPERTY
def test_paths_are_taken_apart_into_distinct_steps_and_distinct_tags(texts):
    found = Paths(texts_of(pa.array(texts, pa.string())))
    steps = [bytes(found.steps.source[begin:end]).decode() for begin, end in zip(*found.steps[1:], strict=True)]
    split = [
        [steps[number] for number in found.numbers[begin:end]]
        for begin, end in zip(found.starts, found.ends, strict=True)
    ]
    assert split == [text.split(">") for text in texts]
    assert len(steps) == len({*steps})
    tags = [[re.sub(r"[#.].*", "", step) for step in text.split(">")] for text in texts]
    assert [tags.index(one) for one in tags] == [found.bare.tolist().index(one) for one in found.bare.tolist()]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=20))
@PROPERTY
def test_distinct_texts_and_pairs_are_numbered_in_the_order_of_first_sight(rows):
    order = list(dict.fromkeys(rows))
    letters, numbers = numbered(texts_of(pa.array([row[0] for row in rows], pa.string())))[0], [row[1] for row in rows]
    of, first = paired(letters, np.array(numbers, np.int64))
    assert of.tolist() == [order.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in order]


@given(
    st.lists(
        st.sampled_from(["https://a.b/c?d", "http://a#", "https://", "http:/a/b", "ftp://a/b", "", "httpss://a/b"])
    )
)
@PROPERTY
def test_the_tail_of_an_address_is_what_stands_behind_its_host(urls):
    tails = Distinct(pa.table({"dst_url": pa.array(urls, pa.string())})).texts("dst_tail")
    read = [bytes(tails.source[begin:end]).decode() for begin, end in zip(*tails[1:], strict=True)]
    assert read == [re.sub(r"^https?://[^/?#]*", "", url) for url in urls]


def test_an_id_and_a_class_never_have_one_key():
    ((one, other), _) = keys_of(texts_of(pa.array(["#ord.brd"])))
    assert one != other


def shown(rows: int, width: int, share: float) -> np.ndarray:
    """Return made-up observations, the same each time."""
    return np.random.default_rng(7).random((rows, width)) < share


def fits(rule: Rule, row: set[str]) -> bool:
    needed = all(row & {*need.split("|")} for need in rule.needs)
    barred = any(row & {*bar.split("|")} for bar in rule.unless)
    return rule == ACQUISITION_RULES[-1] or (needed and not barred)


def test_the_first_rule_whose_needs_are_met_and_whose_bars_are_not_fires():
    seen = np.concatenate([shown(300, len(SEEN), share) for share in (0.02, 0.2, 0.6)])
    rows = [{name for name, on in zip(SEEN, row, strict=True) if on} for row in seen]
    expected = [next(number for number, rule in enumerate(ACQUISITION_RULES) if fits(rule, row)) for row in rows]
    assert fired(seen, SEEN, ACQUISITION_RULES).tolist() == expected


def test_the_sum_of_weights_is_the_same_in_any_company_and_that_of_a_product():
    model, _ = models()
    inputs = placement_inputs(shown(200, len(FEATURES), 0.06))
    alone = np.concatenate([model.probabilities(row[None]) for row in inputs])
    scores = (inputs @ model.weights.astype(float) + model.bias) / model.temperature
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert (model.probabilities(inputs) == alone).all()
    assert np.abs(alone - odds / odds.sum(axis=1, keepdims=True)).max() < 1e-4


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_a_page_shows_what_enough_of_its_links_do_and_a_link_what_those_beside_it_do(share):
    own = FEATURES[: -len(context.FEATURES)]
    seen, pages = shown(240, len(own), share), np.arange(240) // 30
    found = context.observe_context(seen, own, pages)
    for row, page in enumerate(pages.tolist()):
        here = seen[pages == page].sum(axis=0)
        beside = seen[[other for other in (row - 1, row + 1) if 0 <= other < 240 and pages[other] == page]].any(axis=0)
        facts = [here[own.index(name)] >= least for name, least in context.PAGE_FACTS.values()]
        assert found[row].tolist() == [*facts, *(beside[own.index(name)] for name in context.BESIDE)]

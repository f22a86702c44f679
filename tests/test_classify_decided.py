"""Rules that decide, and pages too small to tell: answers say how they came about, and chance evidence is left out."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from linkgraph.classify import classify
from linkgraph.classify.evidence import FEATURES, TELLING, observe
from linkgraph.classify.model import WEIGHTS, models, placement_inputs
from linkgraph.classify.pages import table_of_pages
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES
from linkgraph.extract import extract

POST = (
    "<dl class=postprofile><dt><a href=/u>Bob</a></dl><div class=postbody><div class=content>"
    "The measurements were repeated in spring, as <a href='https://far.other.org/work'>elsewhere</a>.</div></div>"
)
PLACES = ("place:first ten", "place:last ten", "page:few links")


def table(body: str):
    html = f"<html lang=en><title>A page</title><body>{body}</body></html>"
    return table_of_pages([extract("https://site.example/page", {"Content-Type": "text/html"}, html.encode())])


def menu(number: int) -> str:
    return "<ul>" + "".join(f"<li><a href=/{one}>Part {one}</a>" for one in range(number)) + "</ul>"


def seen(body: str, *names: str) -> list[set[str]]:
    return [{name for name in names if row[FEATURES.index(name)]} for row in observe(table(body))]


def test_a_rule_that_decides_answers_with_the_share_in_which_it_was_right_and_is_the_only_evidence():
    sure = json.loads(files("linkgraph.classify").joinpath(WEIGHTS).read_text())["placement"]["decides"]["marked post"]
    row = classify(table(POST)).to_pylist()[-1]

    assert row["placement"] == "forum"
    assert row["placement_probability"] == pytest.approx(sure)
    assert row["evidence"].startswith("placement: marked post; acquisition: ")


def test_what_a_deciding_rule_leaves_is_shared_by_the_other_classes():
    model, _ = models()
    inputs = placement_inputs(observe(table(POST + menu(3))))
    found, ruled = model.answers(inputs)

    assert 0 < ruled.sum() < len(ruled)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-3)
    assert np.allclose(found[~ruled], model.probabilities(inputs)[~ruled])


def test_every_rule_that_decides_exists_and_was_right_more_than_four_times_in_five():
    stored = json.loads(files("linkgraph.classify").joinpath(WEIGHTS).read_text())
    for axis, rules in (("placement", PLACEMENT_RULES), ("acquisition", ACQUISITION_RULES)):
        decides = stored[axis]["decides"]
        assert 0 < len(decides) < len(rules)
        assert set(decides) <= {rule.name for rule in rules}
        assert min(decides.values()) > 0.8


def test_the_place_among_a_handful_of_links_says_nothing():
    assert set().union(*seen(menu(TELLING - 1), *PLACES)) == set()
    assert set(PLACES) <= set().union(*seen(menu(TELLING), *PLACES))


def test_no_heading_above_a_link_says_something_only_where_the_page_has_one():
    one, other = (f"<p>As <a href='https://{name}.other.org/'>elsewhere</a>.</p>" for name in ("far", "near"))

    assert seen(one + other, "heading:none") == [set(), set()]
    assert seen(f"{one}<h2>More</h2>{other}", "heading:none") == [{"heading:none"}, set()]

"""What kind of link a link is: refusals are honest, and answers do not depend on company."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import linkgraph.classify
from linkgraph.classify import (
    ACQUISITIONS,
    CLASSES,
    PLACEMENTS,
    RULES_VERSION,
    backlink_words,
    classify,
    classify_batches,
    prepare,
)
from linkgraph.classify.evidence import FEATURES
from linkgraph.classify.labels import read_labels
from linkgraph.classify.model import ACQUISITION_INPUTS, PLACEMENT_INPUTS, SEEN, models
from linkgraph.classify.pages import table_of_pages
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES
from linkgraph.classify.vocabulary import BACKLINK_WORDS, INTERNAL
from linkgraph.cli import application
from linkgraph.errors import UsageError
from linkgraph.extract import extract

SITE = "https://site.example/2024/05/a-story-of-links"
TYPE = {"Content-Type": "text/html; charset=utf-8"}
FILLER = "The measurements were repeated in spring and in autumn, by hand, with the same instruments as before. "


def page(body: str, *, language: str = "en", url: str = SITE):
    return extract(url, TYPE, f"<html lang={language}><title>A story</title><body>{body}".encode())


def answers(body: str, **page_options) -> list[dict]:
    found, links = page(body, **page_options)
    rows = classify(table_of_pages([(found, links)])).to_pylist()
    return [row | {"dst_url": url} for row, url in zip(rows, links.dst_url, strict=True)]


def article(inside: str) -> str:
    return f"<main><article><h1>A story</h1><p>{FILLER}{inside} {FILLER}</p></article></main>"


def comment(inside: str) -> str:
    return (
        f"{article('')}<section id=comments><ol class=comment-list><li class='comment even'>"
        f"<div class=comment-body><div class='comment-author vcard'>{inside}</div></div></li></ol></section>"
    )


SIGNATURE = (
    "<div class=moderatorbar><div class=signature id=msg_1_signature>"
    "<a class=bbc_link href='https://my.other.org/'>mine</a></div></div>"
)

CASES = {
    "a link in running text is content and editorial": (
        article('as <a href="https://lab.other.org/study">an earlier study</a> had shown'),
        "content",
        "editorial",
    ),
    "a commenter's name is a comment and ugc": (
        comment("<cite class=fn><a class=url rel='external nofollow ugc' href='https://bob.other.org/'>Bob</a></cite>"),
        "comment",
        "ugc",
    ),
    "a share button is a widget and boilerplate": (
        article("")
        + f"<ul class=share-buttons><li><a class=share href='https://twitter.com/intent/tweet?url={SITE}'>Tweet</a></ul>",
        "widget",
        "boilerplate",
    ),
    "a theme's credit is footer and boilerplate": (
        article("")
        + "<footer class=site-footer><p>Proudly powered by <a href='https://wordpress.org/'>WordPress</a></p></footer>",
        "footer",
        "boilerplate",
    ),
    "a sponsored banner is an advert and paid": (
        article("")
        + "<div class='ad-banner adrotate'><a rel=sponsored href='https://www.awin1.com/cread.php?s=1&awinaffid=2'>"
        "<img src=x.png></a></div>",
        "advert",
        "paid",
    ),
    "a sponsored link in the text is content and paid": (
        article('with <a rel="sponsored nofollow" href="https://shop.other.org/x?tag=site-21">this lamp</a>'),
        "content",
        "paid",
    ),
    "an author's account is bio and profile": (
        article("")
        + "<div class=author-box><p class=author-bio>Ann writes about links. <a href='https://twitter.com/ann'>Twitter</a></p></div>",
        "bio",
        "profile",
    ),
    "a forum signature is signature and ugc": (
        f"<div class=post_wrapper><div class=postarea><div class=post>Hello there.</div></div>{SIGNATURE}</div>",
        "signature",
        "ugc",
    ),
    "a sister site in the footer is owner": (
        article("") + "<footer><ul><li><a href='https://shop-site.example/'>Our shop</a></li></ul></footer>",
        "footer",
        "owner",
    ),
    "a next page is pagination and internal": (
        article("") + "<div class=pagination><a rel=next href='/page/2'>Next »</a></div>",
        "pagination",
        "internal",
    ),
    "a menu is nav and internal": (
        "<nav><ul class=menu><li><a href=/a>Home</a><li><a href=/b>News</a><li><a href=/c>About</a></ul></nav>"
        + article(""),
        "nav",
        "internal",
    ),
    "a log-in is technical": (
        article("") + "<div class=login><a href='/wp-login.php'>Log in</a></div>",
        "technical",
        "internal",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_plain_kinds_are_told_apart(case):
    body, placement, acquisition = CASES[case]
    last = answers(body)[-1]

    assert (last["placement"], last["acquisition"]) == (placement, acquisition)
    assert 0 < last["acquisition_probability"] <= 1


def test_every_answer_names_the_rule_that_fired_and_the_version():
    names = {rule.name for rule in PLACEMENT_RULES}, {rule.name for rule in ACQUISITION_RULES}
    for row in answers("".join(body for body, _, _ in CASES.values())):
        parts = dict(part.split(": ", 1) for part in re.split(r"; (?=acquisition: )", row["evidence"]))
        assert parts["placement"].split(", ")[0] in names[0]
        if row["acquisition"] != INTERNAL:
            assert parts["acquisition"].split(", ")[0] in names[1]
        assert row["rules_version"] == RULES_VERSION


def test_what_is_no_hyperlink_is_head_redirect_or_canonical():
    head = (
        "<link rel=canonical href='https://site.example/other'><link rel=alternate hreflang=de href='https://site-de.example/'>"
        "<meta http-equiv=refresh content='0; url=https://new.other.org/'>"
    )
    found, links = extract(SITE, TYPE, f"<html><head>{head}</head><body><p>Moved".encode())
    rows = classify(table_of_pages([(found, links)])).to_pylist()

    kinds = {kind: (row["placement"], row["acquisition"]) for kind, row in zip(links.dst_host, rows, strict=True)}

    assert kinds == {
        "site.example": ("canonical", "internal"),
        "site-de.example": ("head", "unknown"),
        "new.other.org": ("redirect", "unknown"),
    }
    assert {row["acquisition_probability"] for row in rows if row["acquisition"] == "unknown"} == {0}


@pytest.mark.parametrize("language", ["sw", "ru", "xx-klingon"])
def test_a_language_without_word_lists_is_answered_unknown_with_low_probability(language):
    body = article('as <a href="https://lab.other.org/study">utafiti wa awali</a> ulionyesha')
    row = answers(body, language=language)[-1]

    assert row["placement"] == "content"
    assert row["acquisition"] == "unknown"
    assert row["acquisition_probability"] < 0.3


def test_a_script_without_word_lists_is_not_guessed_even_under_a_wrong_language():
    assert (
        answers(article('как <a href="https://lab.other.org/">показало исследование</a> ранее'))[-1]["acquisition"]
        == "unknown"
    )


def test_markup_speaks_in_any_language():
    body, placement, acquisition = CASES["a commenter's name is a comment and ugc"]
    row = answers(body, language="sw")[-1]

    assert (row["placement"], row["acquisition"]) == (placement, acquisition)


def test_a_list_that_is_named_a_blogroll_is_one_in_any_language():
    friends = "".join(
        f"<li><a href='https://{name}.example/'>Блог {name}</a>" for name in ("otto", "ada", "wren", "noor", "bram")
    )
    sidebar = f"<aside class=sidebar><div class='widget blogroll'><h3>Блоги</h3><ul>{friends}</ul></div></aside>"
    said = [[row["acquisition"] for row in answers(article("") + sidebar, language=tag)] for tag in ("en", "ru")]

    assert said[0] == said[1]
    assert "editorial" in said[0]


def test_where_the_words_are_known_unknown_is_not_answered():
    assert "unknown" not in {row["acquisition"] for body, *_ in CASES.values() for row in answers(body)}


def test_an_empty_table_has_the_columns_and_no_rows():
    found, links = page("no links here")

    assert classify(table_of_pages([(found, links)])) == CLASSES.empty_table()


def test_batches_cut_anywhere_answer_like_whole_pages():
    pages = [page(body, url=f"https://site{number}.example/") for number, (body, _, _) in enumerate(CASES.values())]
    links = table_of_pages(pages)
    whole = classify(links).to_pylist()
    for size in (3, 8):
        cut = [links.slice(start, size) for start in range(0, len(links), size)]
        parts = [row for _, rows in classify_batches(cut) for row in rows.to_pylist()]
        assert parts == whole


@settings(max_examples=8)
@given(st.permutations(sorted(CASES)))
def test_an_answer_does_not_depend_on_the_pages_beside_it(order):
    pages = {name: page(CASES[name][0], url=f"https://site{sorted(CASES).index(name)}.example/") for name in order}
    alone = [row for name in order for row in classify(table_of_pages([pages[name]])).to_pylist()]
    together = classify(table_of_pages([pages[name] for name in order])).to_pylist()

    assert [(row["placement"], row["acquisition"], row["evidence"]) for row in together] == [
        (row["placement"], row["acquisition"], row["evidence"]) for row in alone
    ]


@settings(max_examples=25)
@given(
    st.text(max_size=60), st.text(max_size=60), st.text(max_size=40), st.text("ab><#.-_ \\()[]{}*+?|^$", max_size=60)
)
def test_no_text_makes_it_fail(anchor, alt, before, path):
    found, links = page(article('<a href="https://lab.other.org/">x</a>'))
    links.anchor[0], links.alt[0], links.text_before[0], links.dom_path[0] = anchor, alt, before, path
    table = table_of_pages([(found, links)])
    row = classify(table).to_pylist()[0]

    assert row["placement"] in PLACEMENTS
    assert row["acquisition"] in ACQUISITIONS


def test_the_rules_name_only_features_that_exist():
    for rules, names, words in ((PLACEMENT_RULES, FEATURES, PLACEMENTS), (ACQUISITION_RULES, SEEN, ACQUISITIONS)):
        used = {name for rule in rules for group in (*rule.needs, *rule.unless) for name in group.split("|")}
        assert used <= set(names)
        assert {rule.answer for rule in rules} <= set(words)
        assert rules[-1].needs == ()
        assert len({rule.name for rule in rules}) == len(rules)


def test_the_features_and_inputs_have_no_name_twice():
    for names in (FEATURES, PLACEMENT_INPUTS, ACQUISITION_INPUTS):
        assert len(set(names)) == len(names)


def test_probabilities_are_a_softmax_of_readable_weights():
    placement, acquisition = models()
    for model, names in ((placement, PLACEMENT_INPUTS), (acquisition, ACQUISITION_INPUTS)):
        seen = np.random.default_rng(1).random((50, len(names))) < 0.1
        scores = (seen @ model.weights.astype(float) + model.bias) / model.temperature
        expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        assert np.allclose(model.probabilities(seen), expected, atol=1e-4)


def test_every_acquisition_has_its_words_and_every_word_its_acquisitions():
    assert set(BACKLINK_WORDS) == {*ACQUISITIONS, INTERNAL}
    assert [word for word in BACKLINK_WORDS if "natural" in backlink_words(word)] == ["editorial"]
    assert {word for word in BACKLINK_WORDS if "editorial" in backlink_words(word)} == {"editorial", "placed"}
    assert {word for word in BACKLINK_WORDS if "manual" in backlink_words(word)} == {
        "placed", "directory", "profile", "paid", "reciprocal", "owner",
    }  # fmt: skip
    assert {word for word in BACKLINK_WORDS if "non-editorial" in backlink_words(word)} == {
        "ugc",
        "boilerplate",
        "syndicated",
    }


GOOD = {
    "page": "p.html", "url": SITE, "href": "/a", "anchor": "a", "nth": 0, "placement": "nav", "acquisition": "internal",
    "certainty": "sure", "why": "menu",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (json.dumps(GOOD | {"placement": "menu"}), "placement 'menu' is not one of content, list"),
        (json.dumps(GOOD | {"acquisition": "bought"}), "acquisition 'bought' is not one of"),
        (json.dumps({**GOOD, "certainty": None}), "certainty 'None'"),
        ("{", "is no JSON object"),
        ("[1]", "is no JSON object"),
        (json.dumps({"page": "p.html"}), "lacks the field 'url'"),
    ],
)
def test_a_bad_label_is_refused_with_its_line(tmp_path, line, complaint):
    path = tmp_path / "labels.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\n{line}\n", encoding="utf-8")

    with pytest.raises(UsageError, match=re.escape(f"{path}, line 3")) as caught:
        read_labels(path)
    assert complaint in str(caught.value)


def test_labels_that_are_not_there_are_refused_by_name(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.jsonl"):
        read_labels(tmp_path / "absent.jsonl")


def test_the_labels_of_the_project_use_the_words_of_the_rules(shared):
    path = shared / "labels" / "train.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    labels = read_labels(path)

    assert len(labels) > 700
    assert {label.placement for label in labels} <= set(PLACEMENTS)


def run(*arguments: str, text: str | None = None):
    return CliRunner().invoke(application(), ["classify", *arguments], input=text)


def test_the_command_prints_clean_json_and_says_that_site_evidence_is_absent(tmp_path: Path):
    file = tmp_path / "page.html"
    file.write_text(
        f"<html lang=en><body>{CASES['a commenter' + chr(39) + 's name is a comment and ugc'][0]}", encoding="utf-8"
    )
    done = run(str(file), "--url", SITE, "--format", "json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.exit_code == 0
    assert rows[-1]["placement"] == "comment"
    assert rows[-1]["backlink_words"] == ["non-editorial"]
    assert {row["site_evidence"] for row in rows} == {"absent"}
    assert "site-level evidence" in done.stderr


def test_the_command_reads_standard_input_and_prints_a_table_that_no_page_can_paint():
    done = run(
        "-", "--url", SITE, text="<p>See <a href='https://lab.other.org/'>an \x1b[31mold\x1b[0m study</a> of it."
    )

    assert done.exit_code == 0
    assert "\x1b[31m" not in done.stdout
    assert "content" in done.stdout


@pytest.mark.parametrize("arguments", [["nowhere.html"], ["-", "--format", "xml"]])
def test_the_command_refuses_what_it_cannot_read_or_print(arguments):
    done = run(*arguments, text="<p>")

    assert isinstance(done.exception, UsageError)
    assert arguments[-1] in str(done.exception)


def test_memory_of_an_answer_is_columns_not_objects():
    found, links = page(CASES["a menu is nav and internal"][0])
    answer = classify(table_of_pages([(found, links)] * 200))

    assert isinstance(answer, pa.Table)
    assert answer.nbytes < 200 * answer.num_rows


def test_who_reads_answers_does_not_wait_for_the_compiler():
    read = "import sys, linkgraph.insights.dataset, linkgraph.classify; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", read], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute"):
        linkgraph.classify.guess  # noqa: B018 - asking is the test


def test_loops_can_be_compiled_beforehand():
    prepare()

"""Names that site software gives to the parts of a page: each table is read as it says, on its own pages only."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkgraph.classify import PLACEMENTS, classify
from linkgraph.classify.evidence import FEATURES, observe
from linkgraph.classify.hosts import KINDS as HOST_KINDS
from linkgraph.classify.pages import table_of_pages
from linkgraph.classify.software import MARKS, SOFTWARE
from linkgraph.extract import extract

TEXT = "The measurements were repeated in spring and in autumn, by hand, with the same instruments as before. "
FRAME = 12
OUT = "<a href='https://far.other.org/work'>far away</a>"
POST = f"{TEXT}{OUT} {TEXT}"

SNIPPETS = tomllib.loads(Path(__file__).with_name("classify_software.toml").read_text(encoding="utf-8"))
"""Software → markup in the manner of its templates, and where the last link of it stands."""


def example(software: str) -> str:
    markup = SNIPPETS[software]["markup"].replace("\n", "")
    return markup.replace("{text}", TEXT).replace("{out}", OUT)


def framed(body: str) -> str:
    """Put a menu before and a foot after, as pages have them: what stands first or last is often a menu's."""
    items = "".join(f"<li><a href=/part-{number}>Part {number}</a>" for number in range(FRAME))
    return f"<nav><ul>{items}</ul></nav>{body}<footer><ul>{items}</ul></footer>"


def page(body: str, url: str):
    html = f"<html lang=en><title>A page</title><body>{body}</body></html>"
    return extract(url, {"Content-Type": "text/html; charset=utf-8"}, html.encode())


def table(body: str, url: str = "https://site.example/page") -> pa.Table:
    return table_of_pages([page(body, url)])


@pytest.fixture(scope="module")
def answered() -> dict[str, tuple[str, str]]:
    """The mark and the answer of the last link of each example, all classified at once."""
    links = table_of_pages(page(framed(example(name)), f"https://{name.lower()}.example/page") for name in SNIPPETS)
    names = [name for name in FEATURES if name.startswith("mark:")]
    seen, said = observe(links), classify(links)["placement"].to_pylist()
    found: dict[str, list[tuple[str, str]]] = {}
    for host, row, word in zip(links["src_host"].to_pylist(), seen, said, strict=True):
        marks = [name.removeprefix("mark:") for name in names if row[FEATURES.index(name)]]
        found.setdefault(host.removesuffix(".example"), []).append((" ".join(marks), word))
    return {name: rows[-FRAME - 1] for name, rows in found.items()}


def marked(body: str) -> list[set[str]]:
    seen = observe(table(body))
    names = [name for name in FEATURES if name.startswith("mark:")]
    return [{name for name in names if row[FEATURES.index(name)]} for row in seen]


@pytest.mark.parametrize("software", SNIPPETS)
def test_what_the_markup_of_a_software_marks_stands_where_its_table_says(software, answered):
    mark, word = answered[software.lower()]
    assert (MARKS[mark], word) == (SNIPPETS[software]["placement"],) * 2


def test_every_table_that_marks_parts_has_an_example():
    marking = {name for name, each in SOFTWARE.items() if set(each) & set(MARKS)}
    assert marking == set(SNIPPETS)


def test_a_name_counts_on_pages_of_its_software_only():
    body = f"<div class=content><p>{POST}</p></div>"
    assert marked(body) == [set()]
    assert marked(body + "<dl class=postprofile><dt><a href=/u>Bob</a></dl>")[0] == {"mark:post"}


def test_the_innermost_name_decides():
    body = f"<div class=postbody><div class=content><div class=signature>{OUT}</div></div></div>"
    assert marked(body) == [{"mark:signature"}]


def test_names_stand_for_all_that_differ_in_their_digits():
    one, other = (marked(f"<div id=post_message_{number}><p>{POST}</p></div>") for number in (7, 12345))
    assert one == other == [{"mark:post"}]


def test_the_credit_of_a_forum_is_boilerplate_even_if_it_is_marked_sponsored():
    body = (
        f"<article class=message-body><div class=bbWrapper>{TEXT}</div></article><footer class=p-footer>"
        "<div class=p-footer-copyright><a rel=sponsored href='https://xenforo.com/'>A platform</a></div>"
        "</footer>"
    )
    assert classify(table(body))["acquisition"].to_pylist() == ["boilerplate"]


def test_the_link_of_a_guest_author_is_placed():
    note = f"This is a guest post. The author works for {OUT}."
    body = f"<article><p>{TEXT}</p><div class=author-bio><p>{note}</p></div></article>"
    assert classify(table(body))["acquisition"].to_pylist() == ["placed"]


def test_a_slug_that_ends_in_a_number_is_no_affiliate():
    row = observe(table("<p><a href='https://far.other.org/notes-on-light-hubs-21'>notes</a>"))[0]
    assert not row[FEATURES.index("url:affiliate")]


@pytest.mark.parametrize(
    ("url", "feature"),
    [
        ("https://x.example/viewtopic.php?t=3", "page:thread"),
        ("https://x.example/index.php?topic=3.0", "page:thread"),
        ("https://x.example/threads/a-story.391/", "page:thread"),
        ("https://x.example/index.php?threads/a-story.391/", "page:thread"),
        ("https://x.example/t/a-story/391", "page:thread"),
        ("https://x.example/d/391-a-story", "page:thread"),
        ("https://x.example/memberlist.php?mode=viewprofile&u=3", "page:member"),
        ("https://x.example/members/bob.12/", "page:member"),
        ("https://x.example/index.php?action=profile;u=3", "page:member"),
    ],
)
def test_addresses_tell_threads_and_members(url, feature):
    assert observe(table(POST, url))[0][FEATURES.index(feature)]


def test_the_tables_are_of_one_form():
    for name, each in SOFTWARE.items():
        assert each.get("everywhere") or "kind" in each, name
        for key, names in each.items():
            if key in ("known", *MARKS):
                assert names, (name, key)
                assert all(re.fullmatch(r"[#.][\w:-]+", one) and one == one.lower() for one in names), (name, key)
            else:
                assert key in ("kind", "everywhere", "hosts", "generator") or key.endswith("_address"), (name, key)
        for key in each.keys() & {"generator", "thread_address", "member_address", "tool_address"}:
            pc.match_substring_regex(pa.array(["x"]), each[key])
        assert all(host in HOST_KINDS["credit"] for host in each.get("hosts", ()))
    assert set(MARKS.values()) <= set(PLACEMENTS)
    assert sum("kind" in each for each in SOFTWARE.values()) < 63, "told as bits of one number"

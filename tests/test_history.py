"""What a build tells of links over several runs: their events, their states, and how long they live."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

import linkgraph
from linkgraph.cli.history import history as verb
from linkgraph.edges.log import Entry, append
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.errors import StateError, UnknownDomainError, UsageError
from linkgraph.index.events import EVENT_ROWS
from linkgraph.index.layout import current_build, events_file
from linkgraph.insights.history import history, survival
from linkgraph.model import EVENTS, LOST_REASONS, STATES

SHOP, PAGE, OTHER = "http://shop.test/", "http://blog.test/post", "http://blog.test/other"
GOLDEN = Path(__file__).parent / "golden" / "events-v1.json"


@pytest.fixture
def web(observed):
    """Write runs: each a mapping of page to links, or to columns of a page without links."""

    class Web:
        root = observed.root
        day = 0

        def run(self, name, pages, *, days=None, revisits=None):
            self.day = self.day + 1 if days is None else days
            for url, said in pages.items():
                links, columns = ([], said) if isinstance(said, dict) else (said, {})
                observed.page(url, *links, hours=24 * self.day, **columns)
            place = Run(observed.root, name)
            place.create()
            start = {"revisit": {"run": revisits, "sequence": 9}} if revisits else {}
            append(place.log, Entry(sequence=1, kind="start", written_at="2025-11-01T00:00:00+00:00", options=start))
            commit(place, 2, observed.segment, "")
            observed.segment = Segment()

        def build(self):
            linkgraph.build(observed.root)
            return linkgraph.open(observed.root)

        def told(self, domain="shop.test", **asked):
            columns = ("run", "event", "reason", "src_url")
            return [tuple(row[name] for name in columns) for row in history(self.data, domain, **asked).to_pylist()]

        @property
        def data(self):
            return self.build()

        def state(self, url=PAGE):
            rows = self.build().histories("shop.test", ["src_url", "state", "state_reason", "first_seen", "last_seen"])
            (row,) = [row for row in rows.to_pylist() if row["src_url"] == url]
            return row

    return Web()


def test_a_run_that_saw_half_of_a_site_loses_nothing_of_the_other_half(web):
    web.run("first", {PAGE: [SHOP], OTHER: [SHOP]})
    web.run("second", {PAGE: [SHOP]})

    assert web.told()[2:] == [("second", "not-rechecked", None, OTHER)]
    assert web.state(OTHER)["state"] == "not-rechecked"
    assert web.state(PAGE)["state"] == "live"
    assert web.data.backlinks("shop.test").num_rows == 2


def test_a_run_of_other_sites_says_nothing_of_this_one(web):
    web.run("first", {PAGE: [SHOP]})
    web.run("second", {"http://else.test/": [SHOP]})

    assert [event for _, event, *_ in web.told()] == ["found", "found"]
    assert web.state()["state"] == "live"


def test_a_revisit_that_never_came_to_a_site_has_not_rechecked_it(web):
    web.run("first", {PAGE: [SHOP], "http://else.test/": [SHOP]})
    web.run("first.2", {"http://else.test/": [SHOP]}, revisits="first")

    assert web.told()[2:] == [("first.2", "not-rechecked", None, PAGE)]


def test_a_link_that_a_crawl_left_out_and_then_found_gone_is_lost_when_that_was_seen(web):
    web.run("first", {PAGE: [SHOP], OTHER: [SHOP]})
    web.run("half", {OTHER: [SHOP]})
    web.run("third", {PAGE: [], OTHER: [SHOP]})

    events = [event for event in web.told() if event[3] == PAGE]
    assert events[1:] == [("half", "not-rechecked", None, PAGE), ("third", "lost", "lost:removed", PAGE)]
    row = history(web.data, "shop.test", only="lost").to_pylist()[0]
    assert row["since"] == datetime(2025, 11, 2, tzinfo=UTC), "the last visit that saw it"


@pytest.mark.parametrize("step", [-400, 0])
def test_a_revisit_comes_after_the_run_that_it_visits_whatever_its_clock_says(web, step):
    web.run("r", {PAGE: [SHOP, "http://old.test/"]}, days=500)
    web.run("r.2", {PAGE: ["http://old.test/"]}, days=500 + step, revisits="r")
    web.run("r.3", {PAGE: [SHOP, "http://old.test/"]}, days=500 + step + 1, revisits="r.2")

    assert [event for _, event, *_ in web.told()] == ["found", "lost", "restored"]
    row = web.state()
    assert row["state"] == "restored"
    assert row["first_seen"] < row["last_seen"]
    at = history(web.data, "shop.test")["at"].to_pylist()
    assert at == sorted(at)
    if step:
        assert at[2] - at[1] == timedelta(days=1), "distances within the lifted runs stay"
    assert web.data.graph("page").number_of_edges() == 2


def test_runs_that_have_nothing_to_do_with_each_other_are_taken_at_their_clocks_word(web):
    web.run("late", {PAGE: []}, days=500)
    web.run("early", {PAGE: [SHOP]}, days=100)

    assert web.told() == [("early", "found", "with-page", PAGE), ("late", "lost", "lost:removed", PAGE)]


def test_an_answer_that_was_not_read_to_its_end_loses_no_link(web):
    web.run("first", {PAGE: [SHOP]})
    web.run("second", {PAGE: {"outcome": "fetched", "outcome_reason": "parser:links-capped"}})
    web.run("third", {PAGE: {"outcome": "fetched", "truncated": True}})

    assert web.state()["state"] == "live"
    assert web.data.backlinks("shop.test").num_rows == 1


def test_a_link_that_changed_is_one_link_and_as_old_as_its_first_form(web):
    web.run("first", {PAGE: [(SHOP, {"anchor": "one"})]})
    web.run("second", {PAGE: [(SHOP, {"anchor": "two", "rel": ("nofollow",), "nofollow": True})]})
    web.run("third", {PAGE: [(SHOP, {"anchor": "one"})]})

    changes = [(row["event"], row["before"], row["after"]) for row in history(web.data, "shop.test").to_pylist()]
    assert changes[1:] == [
        ("anchor-changed", "one", "two"),
        ("rel-changed", "", "nofollow"),
        ("anchor-changed", "two", "one"),
        ("rel-changed", "nofollow", ""),
    ]
    row = web.state()
    assert (row["state"], row["first_seen"].day, row["last_seen"].day) == ("live", 2, 4)


def test_a_footer_that_a_new_page_has_too_has_not_moved_there(web):
    foot = (SHOP, {"anchor": "our sponsor", "zone": "footer"})
    web.run("first", {PAGE: [foot], OTHER: [foot], "http://blog.test/third": [foot]})
    gone = {"outcome": "failed", "outcome_reason": "http:status", "status": 404}
    web.run("second", {PAGE: gone, OTHER: [foot], "http://blog.test/third": [foot], "http://blog.test/new": [foot]})

    assert web.told()[3:] == [
        ("second", "found", "with-page", "http://blog.test/new"),
        ("second", "lost", "lost:page-gone", PAGE),
    ]


def test_a_list_of_links_with_one_anchor_changes_no_target(web):
    def more(*names):
        return [
            (f"http://{name}.test/", {"anchor": "more", "dom_path": "ul>li>a", "text_before": name}) for name in names
        ]

    web.run("first", {PAGE: more("shop", "two", "three")})
    web.run("second", {PAGE: more("zero", "two", "three")})

    assert web.told()[1:] == [("second", "lost", "lost:removed", PAGE)]


def test_new_and_lost_are_told_between_two_runs_and_between_two_dates(web):
    web.run("first", {PAGE: [SHOP], OTHER: [SHOP]})
    web.run("second", {PAGE: [], OTHER: [SHOP], "http://new.test/": [SHOP]})
    web.run("third", {PAGE: [SHOP], OTHER: []})

    assert web.told(only="new", since="first", until="second") == [("second", "found", "with-page", "http://new.test/")]
    assert web.told(only="lost", since="first", until="second") == [("second", "lost", "lost:removed", PAGE)]
    assert web.told(since="2025-11-04", until="2025-11-04") == web.told(since="second")
    assert [event for _, event, *_ in web.told(since="second", only="new")] == ["restored"]
    with pytest.raises(UsageError, match="one of the runs \\(first"):
        web.told(since="yesterday")
    with pytest.raises(UsageError, match="exchange them"):
        web.told(since="third", until="first")


def test_a_domain_that_nobody_knows_is_told_with_near_names(web):
    web.run("first", {PAGE: [SHOP]})

    with pytest.raises(UnknownDomainError, match=r"shop\.test"):
        history(web.data, "shpo.test")
    assert history(web.data, "blog.test").num_rows == 0


def test_links_that_nobody_looked_at_again_leave_the_curve_and_are_not_lost(web):
    pages = [f"http://s{number}.test/" for number in range(10)]
    web.run("first", {page: [SHOP] for page in pages}, days=0)
    web.run("second", {page: [] if page in pages[:2] else [SHOP] for page in pages[:6]}, days=10)
    web.run("third", {page: [] if page in pages[2:3] else [SHOP] for page in pages[2:6]}, days=20)

    curve = survival(web.data, "shop.test").to_pylist()
    assert [(row["days"], row["at_risk"], row["lost"]) for row in curve] == [(0, 10, 0), (10, 6, 2), (20, 4, 1)]
    assert curve[-1]["survival"] == pytest.approx((1 - 2 / 6) * (1 - 1 / 4))


def test_an_old_build_says_how_to_get_a_history(web):
    web.run("first", {PAGE: [SHOP]})
    data = web.build()
    events_file(current_build(web.root), 0).unlink()

    with pytest.raises(StateError, match="linkgraph build"):
        history(data, "shop.test")


def test_the_verb_lists_events_for_people_and_for_programs(web):
    web.run("first", {PAGE: [SHOP]})
    web.run("second", {PAGE: []})
    web.build()
    app = typer.Typer()
    app.command()(verb)

    done = CliRunner().invoke(app, ["shop.test", "--only", "lost", "--format", "json", "--data", str(web.root)])
    (row,) = json.loads(done.stdout)
    assert (row["event"], row["reason"], row["src_url"]) == ("lost", "lost:removed", PAGE)
    done = CliRunner().invoke(app, ["shop.test", "--survival", "zone", "--format", "csv", "--data", str(web.root)])
    assert done.stdout.splitlines()[1:] == ["content,0.0,1,0,1.0", "content,1.0,1,1,0.0"]
    done = CliRunner().invoke(app, ["shop.test", "--data", str(web.root)])
    assert "lost:removed" in done.stdout


def test_the_events_table_keeps_its_first_version(web):
    described = [[column.name, str(column.type), column.nullable] for column in EVENT_ROWS]
    golden = json.loads(GOLDEN.read_text("utf-8"))

    assert described[: len(golden)] == golden
    web.run("first", {PAGE: [SHOP]})
    web.build()
    written = pq.read_schema(events_file(current_build(web.root), 0))
    assert written.names == EVENT_ROWS.names
    assert written.metadata[b"linkgraph.table"] == b"events"


def test_every_word_of_a_history_is_explained():
    text = (Path(__file__).parent.parent / "docs" / "history.md").read_text("utf-8")

    assert [word for word in (*EVENTS, *STATES, *LOST_REASONS) if f"| `{word}` |" not in text] == []

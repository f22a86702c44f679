"""The ledger on disk: every state meets every event, and the log alone gives the same rows."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.edges.dataset import quarantine
from linkgraph.edges.log import read
from linkgraph.edges.run import Run
from linkgraph.edges.session import Session
from linkgraph.errors import StateError, StorageError
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.frontier.ledger import STATES, Ledger, Visit, state_of
from linkgraph.frontier.scope import Scope, Target
from linkgraph.model import OUTCOMES, Links, Page
from linkgraph.urls import resolve

SEED = "http://a.test/"
URL = "http://a.test/x"
SCOPE = Scope(domains=frozenset({"a.test"}), depth=3)


def target(url: str, kind: str = "a", *, nofollow: bool = False, rel: tuple[str, ...] = ()) -> Target:
    found = resolve(url)
    return Target(found.url, found.host, found.domain, kind, rel, nofollow)


def visit(url: str, *targets: Target, outcome: str = "fetched", reason: str | None = None, depth: int = 0) -> Visit:
    found = resolve(url)
    return Visit(found.url, found.host, found.domain, outcome, reason, depth, [tuple(one) for one in targets])


@pytest.fixture
def ledger():
    opened = Ledger(Path(":memory:"))
    opened.apply_start(1, SCOPE, [target(SEED)])
    yield opened
    opened.close()


def row(ledger: Ledger, url: str = URL) -> tuple[str, str | None, int]:
    """State, reason and depth of a URL."""
    leased = {one[0] for one in ledger._db.execute("SELECT id FROM leased")}
    found = ledger._db.execute("SELECT id, state, reason, depth FROM urls WHERE url = ?", (url,)).fetchone()
    state = STATES[found[1]]
    return ("leased" if state == "pending" and found[0] in leased else state, found[2], found[3])


def find(ledger: Ledger, *targets: Target, scope: Scope = SCOPE) -> None:
    """Let the seed's page link to *targets*."""
    ledger.apply_segment(ledger.sequence + 1, scope, [visit(SEED, *targets)])


def lease(ledger: Ledger) -> None:
    ledger.lease([host.id for host in ledger.pending_hosts()], 16)


def settle(outcome: str, reason: str | None = None):
    def event(ledger: Ledger) -> None:
        ledger.apply_segment(ledger.sequence + 1, SCOPE, [visit(URL, outcome=outcome, reason=reason)])

    return event


def leased(ledger: Ledger) -> None:
    find(ledger, target(URL))
    lease(ledger)


BEGINNINGS = {
    "pending": lambda ledger: find(ledger, target(URL)),
    "leased": leased,
    "done": lambda ledger: (find(ledger, target(URL)), settle("fetched")(ledger)),
    "failed": lambda ledger: (find(ledger, target(URL)), settle("failed", "dns:failed")(ledger)),
    "nofollow": lambda ledger: find(ledger, target(URL, nofollow=True)),
    "too deep": lambda ledger: find(ledger, target(URL), scope=Scope(domains=SCOPE.domains, depth=0)),
    "robots": lambda ledger: (
        find(ledger, target(URL)),
        settle("refused-by-robots", "robots:disallowed")(ledger),
    ),
    "over budget": lambda ledger: (
        find(ledger, target(URL)),
        ledger.apply_finish(ledger.sequence + 1, ["a.test"], run_budget=False),
    ),
}
EVENTS = {
    "a followed link": lambda ledger: find(ledger, target(URL)),
    "a nofollow link": lambda ledger: find(ledger, target(URL, nofollow=True)),
    "fetched": settle("fetched"),
    "failed": settle("failed", "transport:timeout"),
    "refused": settle("refused-by-guard", "guard:port"),
    "quarantine": lambda ledger: ledger.apply_quarantine(ledger.sequence + 1, [(URL, "a.test")]),
    "finish": lambda ledger: ledger.apply_finish(ledger.sequence + 1, [], run_budget=False),
    "finish over budget": lambda ledger: ledger.apply_finish(ledger.sequence + 1, [], run_budget=True),
    "the same start": lambda ledger: ledger.apply_start(ledger.sequence + 1, SCOPE, [target(SEED)]),
    "a start for other domains": lambda ledger: ledger.apply_start(
        ledger.sequence + 1, Scope(domains=frozenset({"b.test"})), [target("http://b.test/")]
    ),
    "a start with it as a seed": lambda ledger: ledger.apply_start(ledger.sequence + 1, SCOPE, [target(URL)]),
    "lease": lease,
    "release": lambda ledger: ledger.release(),
}
PENDING, LEASED = ("pending", None), ("leased", None)
DONE, FAILED = ("done", None), ("failed", "dns:failed")
NOFOLLOW, DEEP = ("excluded", "scope:nofollow"), ("excluded", "scope:depth")
ROBOTS, BUDGET = ("excluded", "robots:disallowed"), ("excluded", "budget:domain")
OUT = ("excluded", "scope:domain")
RUN_BUDGET = ("excluded", "budget:run")
FAILS, PORT = ("failed", "transport:timeout"), ("excluded", "guard:port")

MATRIX = {
    # One column an event, in their order.
    "pending": (
        PENDING,
        PENDING,
        DONE,
        FAILS,
        PORT,
        PENDING,
        PENDING,
        RUN_BUDGET,
        PENDING,
        OUT,
        PENDING,
        LEASED,
        PENDING,
    ),
    "leased": (LEASED, LEASED, DONE, FAILS, PORT, LEASED, LEASED, RUN_BUDGET, LEASED, OUT, LEASED, LEASED, PENDING),
    "done": (DONE, DONE, DONE, FAILS, PORT, PENDING, DONE, DONE, DONE, DONE, DONE, DONE, DONE),
    "failed": (FAILED, FAILED, DONE, FAILS, PORT, PENDING, *[FAILED] * 7),
    "nofollow": (PENDING, NOFOLLOW, DONE, FAILS, PORT, PENDING, *[NOFOLLOW] * 4, PENDING, NOFOLLOW, NOFOLLOW),
    "too deep": (PENDING, DEEP, DONE, FAILS, PORT, PENDING, DEEP, DEEP, PENDING, OUT, PENDING, DEEP, DEEP),
    "robots": (ROBOTS, ROBOTS, DONE, FAILS, PORT, PENDING, *[ROBOTS] * 7),
    "over budget": (BUDGET, BUDGET, DONE, FAILS, PORT, PENDING, BUDGET, BUDGET, PENDING, OUT, PENDING, BUDGET, BUDGET),
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("event", EVENTS)
def test_every_state_answers_every_event(ledger, beginning, event):
    BEGINNINGS[beginning](ledger)
    before = sum(ledger.counts().values())

    EVENTS[event](ledger)

    assert row(ledger)[:2] == MATRIX[beginning][list(EVENTS).index(event)]
    assert sum(ledger.counts().values()) in (before, before + 1)
    assert min(ledger.counts().values()) >= 0


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_an_end_state(outcome):
    assert state_of(outcome) in ("done", "failed", "excluded")


def test_the_depth_of_a_url_is_that_of_the_nearest_followed_link(ledger):
    find(ledger, target("http://a.test/b"))
    ledger.apply_segment(3, SCOPE, [visit("http://a.test/b", target(URL))])
    assert row(ledger)[2] == 2

    find(ledger, target(URL, nofollow=True))
    assert row(ledger)[2] == 2

    find(ledger, target(URL))
    assert row(ledger)[2] == 1


def test_a_better_link_brings_its_own_depth(ledger):
    find(ledger, target(URL, nofollow=True), target("http://a.test/b"))
    ledger.apply_segment(3, SCOPE, [visit("http://a.test/b", target(URL))])

    assert row(ledger) == ("pending", None, 2)
    host = next(ledger.pending_hosts()).id
    assert {one.url: one.discovered_from for one in ledger.lease([host], 9)[host]}[URL] == "http://a.test/b"


def test_a_redirect_costs_no_depth_and_the_sixth_in_a_row_is_not_followed(ledger):
    here = SEED
    for number in range(6):
        there = f"http://a.test/hop{number}"
        find_from = visit(here, target(there, "redirect"), outcome="redirected", reason="redirect")
        ledger.apply_segment(ledger.sequence + 1, SCOPE, [find_from])
        here = there

    assert row(ledger, "http://a.test/hop4") == ("done", "redirect", 0)
    assert row(ledger, "http://a.test/hop5") == ("excluded", "redirect:limit", 0)

    find(ledger, target("http://a.test/hop5"))
    assert row(ledger, "http://a.test/hop5") == ("pending", None, 1)


def test_a_packed_sitemap_is_followed_as_a_sitemap_though_a_link_to_it_is_not(ledger):
    packed = "http://a.test/sitemap.xml.gz"
    find(ledger, target(packed), target("http://a.test/x.pdf", "sitemap"))
    assert row(ledger, packed)[:2] == ("excluded", "scope:file-type")

    find(ledger, target(packed, "sitemap"))

    assert row(ledger, packed)[:2] == ("pending", None)
    assert row(ledger, "http://a.test/x.pdf")[:2] == ("excluded", "scope:file-type")


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("img", {}, "scope:kind"),
        ("form", {}, "scope:kind"),
        ("link", {"rel": ("stylesheet",)}, "scope:kind"),
        ("link", {"rel": ("canonical",)}, "scope:domain"),
        ("a", {"nofollow": True}, "scope:nofollow"),
        ("a", {}, "scope:domain"),
    ],
)
def test_what_lies_in_the_link_is_said_before_what_lies_in_the_run(kind, options, expected):
    assert SCOPE.refuses(target("http://b.test/x", kind, **options), 9, 0) == expected


def test_a_wider_scope_lifts_what_lacks_nothing_else(ledger):
    outside = ["http://b.test/page", "http://b.test/x.pdf", "http://b.test/n", f"http://b.test/{'x' * 3000}"]
    find(ledger, *map(target, outside[:2]), target(outside[2], nofollow=True), target(outside[3]))

    ledger.apply_start(ledger.sequence + 1, Scope(follow="all", domains=SCOPE.domains), [target(SEED)])

    assert [row(ledger, url)[:2] for url in outside] == [
        ("pending", None),
        ("excluded", "scope:file-type"),
        ("excluded", "scope:nofollow"),
        ("excluded", "url:too-long"),
    ]


def test_a_followed_link_out_of_scope_is_remembered_over_a_nofollow_one(ledger):
    outside = "http://b.test/page"
    find(ledger, target(outside, nofollow=True))
    find(ledger, target(outside))

    ledger.apply_start(ledger.sequence + 1, Scope(follow="all", domains=SCOPE.domains), [target(SEED)])

    assert row(ledger, outside)[:2] == ("pending", None)


def test_nofollow_is_lifted_when_the_user_asks_for_it(ledger):
    find(ledger, target(URL, nofollow=True))
    lifted = Scope(domains=SCOPE.domains, depth=3, follow_nofollow=True)

    ledger.apply_start(ledger.sequence + 1, lifted, [target(SEED)])

    assert row(ledger)[:2] == ("pending", None)


def test_a_narrower_scope_excludes_what_waits(ledger):
    find(ledger, target(URL))
    ledger.apply_segment(3, SCOPE, [visit(URL, target("http://a.test/deep"))])

    ledger.apply_start(4, Scope(domains=SCOPE.domains, depth=1), [target(SEED)])

    assert row(ledger, "http://a.test/deep")[:2] == ("excluded", "scope:depth")


def test_budgets_count_pages_and_not_robots_files(ledger):
    ledger.apply_segment(2, SCOPE, [visit(SEED), visit("http://a.test/robots.txt", target(URL, "sitemap"))])
    ledger.apply_segment(3, SCOPE, [visit(URL, outcome="failed", reason="dns:failed")])

    assert ledger.visits_by_domain() == {"a.test": 2}


def test_a_url_is_leased_once_shallowest_first_and_again_after_its_release(ledger):
    find(ledger, target(URL))
    ledger.apply_quarantine(3, [(SEED, "a.test")])
    host = next(ledger.pending_hosts()).id

    first = ledger.lease([host], 1)[host]
    second = ledger.lease([host], 10)[host]
    third = ledger.lease([host], 10)[host]
    ledger.release([second[0].id])
    fourth = ledger.lease([host], 10)[host]

    assert [[one.url for one in leases] for leases in (first, second, third, fourth)] == [[SEED], [URL], [], [URL]]
    assert second[0].discovered_from == SEED


def test_a_failed_transaction_leaves_no_trace(ledger):
    before = list(ledger.rows())

    def visits():
        yield visit(SEED, target(URL))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.apply_segment(2, SCOPE, visits())

    assert list(ledger.rows()) == before
    assert ledger.sequence == 1
    find(ledger, target(URL))
    assert row(ledger)[:2] == ("pending", None)


URLS = [f"http://{host}/{path}" for host in ("a.test", "www.a.test", "b.test") for path in ("", "1", "2")]
histories = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(URLS),
            st.sampled_from(["fetched", "redirected", "failed", "refused-by-robots"]),
            st.lists(st.tuples(st.sampled_from(URLS), st.sampled_from(["a", "redirect", "img"]), st.booleans())),
        ),
        max_size=4,
        unique_by=lambda page: page[0],
    ),
    max_size=6,
)
scopes = st.builds(
    Scope,
    follow=st.sampled_from(["seeds", "all"]),
    domains=st.just(frozenset({"a.test"})),
    depth=st.sampled_from([None, 1, 2]),
)


@settings(max_examples=60)
@given(history=histories, scope=scopes, later=scopes)
def test_an_entry_that_is_applied_twice_counts_once_and_the_sum_of_states_is_what_was_seen(history, scope, later):
    once, twice = Ledger(Path(":memory:")), Ledger(Path(":memory:"))
    seen = {SEED}
    for each, times in ((once, 1), (twice, 2)):
        for number, opening in ((1, scope), (50, later)):
            for _ in range(times):
                each.apply_start(number, opening, [target(SEED)])
            for at, pages in enumerate(history, number + 1):
                visits = [
                    visit(url, *(target(to, kind, nofollow=flag) for to, kind, flag in to_all), outcome=outcome)
                    for url, outcome, to_all in pages
                ]
                seen |= {url for url, _, _ in pages} | {to for _, _, to_all in pages for to, _, _ in to_all}
                for _ in range(times):
                    each.apply_segment(at, opening, visits)

    assert list(once.rows()) == list(twice.rows())
    assert sum(once.counts().values()) == len(seen)
    once.close()
    twice.close()


@settings(max_examples=100)
@given(history=histories, scope=scopes)
def test_what_is_remembered_in_memory_changes_no_row(history, scope):
    remembering, forgetful = Ledger(Path(":memory:")), Ledger(Path(":memory:"))
    for each in (remembering, forgetful):
        each.apply_start(1, scope, [target(SEED)])
        for at, (url, outcome, to_all) in enumerate(itertools.chain(*history), 2):
            if each is forgetful:
                each._forget()
            targets = [target(to, kind, nofollow=flag) for to, kind, flag in to_all]
            each.apply_segment(at, scope, [visit(url, *targets, outcome=outcome)])
    assert list(remembering.rows()) == list(forgetful.rows())
    remembering.close()
    forgetful.close()


def now_page(url: str, **fields) -> Page:
    return replace(bare_page(url), fetched_at=datetime.now(UTC), status=200, **fields)


def crawled(run: Run, pages: dict[str, list[str]], rounds: int = 50) -> None:
    """Crawl a web that is a dict, without a network: one commit a page, breadth first."""
    session = Session(run, [resolve(SEED)], SCOPE, {})
    session.start()
    for _ in range(rounds):
        leases = session.lease([host.id for host in session.ledger.pending_hosts()], 1)
        for lease in [one for found in leases.values() for one in found]:
            page = now_page(lease.url, depth=lease.depth, discovered_from=lease.discovered_from)
            targets = [resolve(one) for one in pages.get(lease.url, [])]
            session.record(page, links_to(page, targets, "a", "html"))
            session.commit(session.swap())
    session.close()


LITTLE_WEB = {
    SEED: ["http://a.test/1", "http://a.test/2", "http://b.test/"],
    "http://a.test/1": ["http://a.test/11", "http://a.test/x.pdf"],
    "http://a.test/2": ["http://a.test/1", "http://a.test/21"],
    "http://a.test/21": ["http://a.test/211"],
    "http://a.test/211": ["http://a.test/2111"],
}


def ledger_rows(run: Run) -> list[tuple]:
    opened = Ledger(run.ledger)
    rows = list(opened.rows())
    opened.close()
    return rows


@pytest.mark.row("D10")
def test_a_ledger_that_is_deleted_is_rebuilt_from_the_log_row_by_row(tmp_path):
    run = Run(tmp_path, "r")
    crawled(run, LITTLE_WEB)
    before = ledger_rows(run)
    run.ledger.unlink()

    session = Session(run, [resolve(SEED)], SCOPE, {})
    started = session.start()
    session.close()

    assert ledger_rows(run) == before
    assert started.resumed
    assert len(before) == 9


@pytest.mark.row("D10")
def test_a_ledger_that_missed_the_last_commits_catches_up(tmp_path):
    run = Run(tmp_path, "r")
    crawled(run, LITTLE_WEB, rounds=2)
    shutil.copy(run.ledger, tmp_path / "early")
    crawled(run, LITTLE_WEB)
    before = ledger_rows(run)
    shutil.copy(tmp_path / "early", run.ledger)
    assert ledger_rows(run) != before

    session = Session(run, [resolve(SEED)], SCOPE, {})
    session.start()
    session.close()

    assert ledger_rows(run) == before


def test_pages_of_a_quarantined_entry_are_pending_again_also_after_a_rebuild(tmp_path):
    run = Run(tmp_path, "r")
    crawled(run, LITTLE_WEB)
    entries = list(read(run.log))
    lost = entries[2]
    quarantine(run, lost, len(entries) + 1)

    for rebuilt in (False, True):
        if rebuilt:
            run.ledger.unlink()
        session = Session(run, [resolve(SEED)], SCOPE, {})
        session.start()
        pending = [url for _, url, state, *_ in session.ledger.rows() if STATES[state] == "pending"]
        depths = {url: depth for _, url, _, _, depth, *_ in session.ledger.rows()}
        session.close()
        assert pending == [url for url, _ in lost.pages]
        assert depths["http://a.test/211"] == 3


@pytest.mark.row("D10")
def test_a_file_that_is_no_ledger_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "frontier.sqlite"
    path.write_bytes(b"no database at all " * 1000)

    with pytest.raises(StateError, match=r"frontier\.sqlite is no ledger.*delete it"):
        Ledger(path)


@pytest.mark.row("D10")
def test_a_damaged_ledger_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "frontier.sqlite"
    opened = Ledger(path)
    opened.apply_start(1, SCOPE, [target(SEED)])
    opened.apply_segment(2, SCOPE, [visit(SEED, *(target(f"http://a.test/{n}") for n in range(3000)))])
    opened.close()
    data = bytearray(path.read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 8192 - 4096)
    path.write_bytes(data)

    with pytest.raises(StateError, match="delete it"):  # noqa: PT012 - wherever the damage is met first
        opened = Ledger(path)
        opened.apply_segment(3, SCOPE, [visit(f"http://a.test/{n}") for n in range(3000)])


@pytest.mark.row("D10")
def test_a_ledger_ahead_of_its_log_is_not_believed(tmp_path):
    run = Run(tmp_path, "r")
    crawled(run, LITTLE_WEB)
    max(run.log.iterdir()).unlink()

    with pytest.raises(StateError, match="ends at"):
        Session(run, [resolve(SEED)], SCOPE, {}).start()


@pytest.mark.row("D3")
def test_a_full_disk_is_a_storage_error(ledger):
    ledger._db.execute("PRAGMA max_page_count = 1")

    with pytest.raises(StorageError, match="full"):
        find(ledger, *(target(f"http://a.test/{number}") for number in range(5000)))


def test_links_of_a_page_without_any_cost_nothing(ledger):
    page = bare_page(SEED)

    assert len(links_to(page, [], "a", "html")) == len(Links()) == 0

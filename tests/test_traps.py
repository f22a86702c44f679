"""Traps: calendars, sessions, loops, endless hosts, facets, soft errors; each ends with its reason."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.frontier.budgets import Seen
from linkgraph.frontier.ledger import Ledger, Visit
from linkgraph.frontier.scope import Scope, Target
from linkgraph.frontier.traps import (
    BARREN,
    DUPLICATES,
    EARNED,
    MAX_PARAMETER_SETS,
    is_pathological,
    pattern_of,
    without_session,
)
from linkgraph.urls import resolve

LIMITED = Scope(follow="all", max_pages_per_host=5000, pattern_pages=20, max_hosts_per_domain=10)


def target(url: str, kind: str = "a") -> Target:
    found = resolve(url)
    return Target(found.url, found.host, found.domain, kind, (), nofollow=False)


class Site:
    """A ledger that is crawled: each pending URL is answered by `answer`, until nothing waits."""

    def __init__(self, answer, scope: Scope = LIMITED, path: Path | str = ":memory:") -> None:
        self.ledger = Ledger(Path(path))
        self.answer, self.scope = answer, scope
        self.fetched: list[str] = []
        self.sequence = 1
        self.ledger.apply_start(1, scope, [target("http://a.test/")])

    def crawl(self, most: int = 10_000) -> Site:
        while len(self.fetched) < most and (batch := self.lease()):
            self.fetched += [lease.url for lease in batch]
            self.apply([self.visit(lease.url) for lease in batch])
        return self

    def lease(self) -> list:
        hosts = [host.id for host in self.ledger.pending_hosts()]
        return [lease for found in self.ledger.lease(hosts, 5).values() for lease in found]

    def apply(self, visits: list[Visit]) -> list:
        self.sequence += 1
        return self.ledger.apply_segment(self.sequence, self.scope, visits)

    def visit(self, url: str) -> Visit:
        links, seen = self.answer(url)
        found = resolve(url)
        targets = [tuple(target(link) if isinstance(link, str) else link) for link in links]
        return Visit(found.url, found.host, found.domain, "fetched", None, 0, targets, seen)

    def reasons(self) -> set[str]:
        return {row[3] for row in self.ledger.rows() if row[3]}


def new_text(url: str) -> Seen:
    """A page of much text that is like no other."""
    numbers = random.Random(url)
    return Seen(f"{numbers.getrandbits(64)}", numbers.getrandbits(64), 10_000)


def alike(url: str) -> Seen:
    """A page like its neighbours but for a word."""
    return Seen(url, 0x0F0F_0F0F_0F0F_0F0F, 10_000)


def day(url: str, by: int) -> str:
    now = date.fromisoformat(url.rpartition("=")[2]) if "=" in url else date(2026, 1, 1)
    return f"http://a.test/cal?d={(now + timedelta(by)).isoformat()}"


@pytest.mark.row("T1")
def test_a_calendar_ends_at_its_budget_and_the_siblings_are_all_fetched():
    siblings = [f"http://a.test/about/{letter}" for letter in "abcdefgh"]
    site = Site(lambda url: ([*siblings, day(url, 1), day(url, -1)], alike(url))).crawl()

    assert 20 <= sum("/cal?" in url for url in site.fetched) <= 20 + EARNED
    assert set(siblings) <= set(site.fetched)
    assert "trap:pattern" in site.reasons()


@pytest.mark.row("T1")
def test_a_calendar_in_the_path_is_one_too():
    def answer(url: str):
        number = int(url.rpartition("/")[2] or 0)
        return [f"http://a.test/2026/day/{number + 1}"], alike(url)

    assert len(Site(answer).crawl().fetched) <= 1 + 20 + EARNED


@pytest.mark.row("T1")
def test_a_forum_of_many_numbers_is_fetched_whole_as_long_as_its_pages_are_new():
    topics = [f"http://a.test/index.php?topic={number}" for number in range(500)]
    site = Site(lambda url: (topics, new_text(url))).crawl()

    assert set(topics) <= set(site.fetched)
    assert site.reasons() == set()


@pytest.mark.row("T1")
def test_what_was_kept_out_before_its_pattern_earned_more_is_let_in_in_order():
    topics = [f"http://a.test/t/{number}" for number in range(100)]
    site = Site(lambda url: (topics, new_text(url)))
    site.crawl(3)
    before = [row[1] for row in site.ledger.rows() if row[3] == "trap:pattern"]
    site.crawl()

    assert len(before) > 50
    assert [url for url in site.fetched if url in before] == before


@pytest.mark.row("T1")
def test_a_host_ends_at_its_budget_of_pages():
    def answer(url: str):
        numbers = random.Random(url)
        letters = ["".join(numbers.choices("abcdefghij", k=12)) for _ in range(5)]
        return [f"http://a.test/{one}" for one in letters], new_text(url)

    scope = Scope(follow="all", max_pages_per_host=300)
    site = Site(answer, scope).crawl()

    assert len(site.fetched) == 300
    assert site.reasons() == {"budget:host"}


def test_what_robots_refuses_costs_a_host_nothing():
    urls = [f"http://a.test/{letter}" for letter in "abcdefghijkl"]
    site = Site(lambda url: ([], None), Scope(follow="all", max_pages_per_host=5))
    first = [tuple(target(url)) for url in urls[:4]]
    site.apply([Visit("http://a.test/", "a.test", "a.test", "fetched", None, 0, first)])
    site.apply([Visit(url, "a.test", "a.test", "refused-by-robots", "robots:disallowed", 1, []) for url in urls[:4]])
    later = [tuple(target(url)) for url in urls[4:]]
    site.apply([Visit("http://a.test/", "a.test", "a.test", "fetched", None, 0, later)])

    assert site.ledger.counts()["pending"] == 4


SESSIONS = [
    ("http://a.test/x;jsessionid=0A1B", "http://a.test/x"),
    ("http://a.test/x;jsessionid=0A1B?y=1", "http://a.test/x?y=1"),
    ("http://a.test/x?PHPSESSID=0a1b2c3d4e5f60718293", "http://a.test/x"),
    ("http://a.test/x?sid=0a1b2c3d4e5f60718293&y=1", "http://a.test/x?y=1"),
    ("http://a.test/x?y=1&sid=0a1b2c3d4e5f60718293", "http://a.test/x?y=1"),
    ("http://a.test/x?y=1;sid=0a1b2c3d4e5f60718293;z=2", "http://a.test/x?y=1;z=2"),
    ("http://a.test/x?sid=1234", "http://a.test/x?sid=1234"),
    ("http://a.test/x?s=a-long-search-for-words", "http://a.test/x?s=a-long-search-for-words"),
    ("http://a.test/x?transid=0a1b2c3d4e5f60718293", "http://a.test/x?transid=0a1b2c3d4e5f60718293"),
    ("http://a.test/sid=0a1b2c3d4e5f60718293", "http://a.test/sid=0a1b2c3d4e5f60718293"),
]


@pytest.mark.row("T2")
@pytest.mark.parametrize(("url", "plain"), SESSIONS)
def test_session_identifiers_are_left_out_and_numbers_of_stories_are_not(url, plain):
    assert without_session(url) == plain


@given(st.text(alphabet="/?&;=as1idjeon-", max_size=80))
def test_a_url_without_its_session_is_without_a_session(rest):
    url = f"http://a.test/{rest}"

    assert len(without_session(url)) <= len(url)
    assert without_session(without_session(url)) == without_session(without_session(without_session(url)))


@pytest.mark.row("T2")
@pytest.mark.parametrize("form", ["http://a.test/{0}?sid={1}", "http://a.test/{0};jsessionid={1}"])
def test_twenty_pages_with_a_session_in_every_link_are_fetched_twice_at_most(form):
    numbers = random.Random(1)

    def answer(url: str):
        return [form.format(page, f"{numbers.getrandbits(80):020x}") for page in "abcdefghijklmnopqrst"], new_text(url)

    site = Site(answer).crawl()

    assert len(site.fetched) == 21


@pytest.mark.row("T2")
def test_a_server_that_insists_on_a_session_is_given_one_and_each_page_is_asked_for_twice():
    numbers = random.Random(1)

    def answer(url: str):
        session = f"sid={numbers.getrandbits(80):020x}"
        if "sid=" not in url:
            return [target(f"{url}?{session}", "redirect")], None
        return [f"http://a.test/{page}?{session}" for page in "abcdefghij"], new_text(url)

    site = Site(answer).crawl()

    assert len(site.fetched) == 2 * 11
    assert sum("sid=" in url for url in site.fetched) == 11


@pytest.mark.row("T3")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/a/b/", False),
        ("/a/b/a/b/a/b/", True),
        ("/x/x/x", True),
        ("/x/y/z/x/y", False),
        ("/x/y/x/z/x", True),
        ("/2026/2026/05/05/", False),
        ("/a//b///c", False),
        ("/" + "/".join(map(str, range(20))) + "/", False),
        ("/" + "/".join(map(str, range(21))) + "/", True),
        ("/search?q=/x/x/x/x", False),
    ],
)
def test_a_path_that_is_too_deep_or_repeats_itself_is_a_loop(path, expected):
    assert is_pathological(f"http://a.test{path}") is expected


@given(st.lists(st.sampled_from("abcd"), max_size=15))
def test_whatever_stands_in_a_path_three_times_is_a_loop(segments):
    most = max((segments.count(one) for one in segments), default=0)

    assert is_pathological("http://a.test/" + "/".join(segments)) is (most > 2)


@pytest.mark.row("T3")
def test_a_relative_link_that_leads_to_itself_ends():
    site = Site(lambda url: ([resolve("x/", url).url, resolve("y/../z/", url).url], new_text(url))).crawl()

    assert len(site.fetched) < 50
    assert "trap:path" in site.reasons()


@pytest.mark.row("T4")
def test_hosts_without_end_under_one_domain_end_at_its_budget_of_hosts():
    def answer(url: str):
        numbers = random.Random(url)
        return [f"http://h{numbers.getrandbits(40)}.t.test/" for _ in range(3)], new_text(url)

    site = Site(answer).crawl()
    hosts = {resolve(url).host for url in site.fetched if url.endswith(".t.test/")}

    assert len(hosts) == LIMITED.max_hosts_per_domain
    assert "trap:hosts" in site.reasons()


@pytest.mark.row("T5")
def test_a_host_that_names_no_new_domain_falls_behind_and_recovers_with_one():
    site = Site(lambda url: ([], None))

    def after(number: int, *links: str) -> dict[str, bool]:
        for one in range(number):
            page = Visit(f"http://a.test/{one}", "a.test", "a.test", "fetched", None, 0, [])
            site.apply([page._replace(targets=[tuple(target(link)) for link in links], seen=new_text(str(one)))])
        return {host.host: host.barren for host in site.ledger.pending_hosts()}

    assert after(BARREN - 1, "http://a.test/known") == {"a.test": False}
    assert after(1) == {"a.test": True}
    assert after(1, "http://new.test/") == {"a.test": False, "new.test": False}


FACETS = ["color", "size", "brand", "price", "sort", "page", "view", "stock", "sale", "new", "rating", "shop"]


@pytest.mark.row("T6")
def test_facets_in_every_combination_end_at_the_budget_of_parameter_sets():
    every = [
        f"http://a.test/shop?{'&'.join(f'{one}=1' for one in chosen)}"
        for number in range(1, 13)
        for chosen in combinations(FACETS, number)
    ]
    assert len(every) == 2**12 - 1
    site = Site(lambda url: (random.Random(url).sample(every, 60), alike(url))).crawl()

    assert MAX_PARAMETER_SETS <= len(site.fetched) <= 200
    assert "trap:facets" in site.reasons()


@pytest.mark.row("T6")
def test_the_order_of_parameters_and_numbers_in_them_make_no_new_pattern():
    urls = ["http://a.test/x?b=1&a=2", "http://a.test/x?a=7;b=", "http://a.test/x?a&b&a", "http://a.test/x?a=&b=%20"]

    assert {pattern_of(url) for url in urls} == {"/x?a&b"}
    assert pattern_of("http://a.test/x?p1=1&p22=1") == "/x?p#"
    assert pattern_of("http://a.test/x") is None
    assert pattern_of("http://a.test/x/12/") == "/x/#/?"
    assert pattern_of("http://a.test/0123456789abcdef0/y") == "/*/y?"


@pytest.mark.row("T7")
@pytest.mark.parametrize("form", ["http://a.test/p/{0}", "http://a.test/p?x={0}", "http://a.test/p/{1}"])
def test_one_answer_at_every_address_closes_its_pattern(form):
    words = ["".join(letters) for letters in combinations("abcdefghijk", 3)]

    def answer(url: str):
        if url == "http://a.test/":
            return [form.format(number, word) for number, word in enumerate(words)], new_text(url)
        return [], Seen("the same", 1, 10_000)

    site = Site(answer, LIMITED.__class__(follow="all")).crawl()

    assert DUPLICATES < len(site.fetched) <= DUPLICATES + 1 + 5
    assert site.reasons() == {"trap:duplicate"}
    assert site.ledger.counts()["pending"] == 0


def test_a_folder_with_one_page_unlike_the_others_is_not_closed():
    words = ["".join(letters) for letters in combinations("abcdefg", 3)]

    def answer(url: str):
        if url == "http://a.test/":
            return [f"http://a.test/p/{word}" for word in words], new_text(url)
        return [], new_text(url) if url.endswith("/abc") else Seen("the same", 1, 10_000)

    assert len(Site(answer).crawl().fetched) == 1 + len(words)


def test_limits_survive_a_restart_and_a_rebuild_has_the_same_rows(tmp_path):
    def answer(url: str):
        return [day(url, 1), day(url, -1), "http://a.test/p/1", f"http://{len(url)}.t.test/"], alike(url)

    whole = Site(answer).crawl()
    cut = Site(answer, path=tmp_path / "ledger")
    while len(cut.fetched) < len(whole.fetched):
        cut.crawl(len(cut.fetched) + 1)
        cut.ledger.close()
        cut.ledger = Ledger(tmp_path / "ledger")

    assert cut.fetched == whole.fetched
    assert list(cut.ledger.rows()) == list(whole.ledger.rows())


def test_a_wider_limit_lets_in_what_the_narrower_one_kept_out():
    numbers = [f"http://a.test/t/{number}" for number in range(50)]
    site = Site(lambda url: (numbers, alike(url))).crawl()
    assert len(site.fetched) <= 21 + EARNED
    site.scope = Scope(follow="all", pattern_pages=100)
    site.sequence += 1
    site.ledger.apply_start(site.sequence, site.scope, [target("http://a.test/")])
    site.crawl()

    assert set(numbers) <= set(site.fetched)
    assert site.reasons() == set()

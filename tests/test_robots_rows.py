"""Rows R1 to R8 of the list of hostile inputs: what a robots.txt may be, and public suites that decide alike."""

from __future__ import annotations

import json
import os
import re
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.fetch.robots import (
    MAX_AGE,
    STALE_AGE,
    STAND_IN,
    Rules,
    explain,
    read_rules,
    stand_in,
    unreachable,
)
from linkgraph.fetch.robots_cache import RobotsCache
from linkgraph.fetch.ruleset import MAX_BYTES, Ruleset, deciding, matches, product_token, read_group

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "conformance"
SITE = "http://a.test"


def rules(body: str | bytes, agent: str = "linkgraph", status: int | None = 200, **options: bool) -> Rules:
    return read_rules(status, body.encode() if isinstance(body, str) else body, agent, 0.0, **options)


def allows(body: str | bytes, path: str = "/x", agent: str = "linkgraph") -> bool:
    return rules(body, agent).refuses(SITE + path) is None


# --- R1 ----------------------------------------------------------------------------------------------------------


@pytest.mark.row("R1")
@pytest.mark.parametrize("deny", [False, True], ids=["R1-allow", "R1-deny"])
def test_each_status_from_100_to_777_allows_denies_or_brings_rules(deny):
    answers: dict[str | None, set[int]] = {}
    for status in range(100, 778):
        found = rules("User-agent: *\nDisallow: /", status=status, deny_forbidden=deny)
        answers.setdefault(found.refuses(f"{SITE}/x"), set()).add(status)

    denied = {*range(100, 200), 429, *range(500, 778)}
    forbidden = {401, 403} if deny else set()
    expected = {
        "robots:disallowed": set(range(200, 300)),
        "robots:unreachable": denied,
        "robots:forbidden": forbidden,
        None: set(range(300, 500)) - denied - forbidden,
    }
    assert answers == {reason: statuses for reason, statuses in expected.items() if statuses}


@pytest.mark.row("R1")
def test_r1_an_old_copy_stands_in_for_a_failing_robots_file_for_thirty_days():
    old = rules("User-agent: *\nDisallow: /no")

    assert stand_in(old, STALE_AGE - 1).refuses(f"{SITE}/no") == "robots:disallowed"
    assert stand_in(old, STALE_AGE - 1).refuses(f"{SITE}/yes") is None
    assert stand_in(old, 1000.0).expires == 1000.0 + STAND_IN
    assert stand_in(old, STALE_AGE) is None
    assert stand_in(None, 0.0) is None
    assert stand_in(unreachable(0.0), 1.0) is None


# --- R2 ----------------------------------------------------------------------------------------------------------

DISALLOWS = "User-agent: *\nDisallow: /x\n"


@pytest.mark.row("R2")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbf" + DISALLOWS.encode(), id="R2-utf8-mark"),
        pytest.param(("\ufeff" + DISALLOWS).encode("utf-16-le"), id="R2-utf16le-mark"),
        pytest.param(("\ufeff" + DISALLOWS).encode("utf-16-be"), id="R2-utf16be-mark"),
        pytest.param(DISALLOWS.encode("utf-16-le"), id="R2-utf16le"),
        pytest.param(DISALLOWS.encode("utf-16-be"), id="R2-utf16be"),
        pytest.param(DISALLOWS.replace("\n", "\r").encode(), id="R2-cr-only"),
        pytest.param(DISALLOWS.replace("\n", "\r\n").encode(), id="R2-crlf"),
        pytest.param(b"\x00\x01\xff\xfe\x80\n" + DISALLOWS.encode() + b"\xc3", id="R2-binary"),
        pytest.param(DISALLOWS.encode() + b"\n<html>" + b"y" * 100_000_000, id="R2-one-line-of-100-MB"),
        pytest.param(b"Disallow: /\n" + DISALLOWS.encode() * 40_000, id="R2-megabytes"),
    ],
)
def test_rules_are_read_out_of_whatever_encloses_them(body):
    assert not allows(body)
    assert allows(body, "/y")


@pytest.mark.row("R2")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!doctype html><html><body>Disallow: / User-agent: *</body></html>", id="R2-html"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 2000, id="R2-image"),
        pytest.param(b"", id="R2-empty"),
        pytest.param(b"User-agent: *\nDisallow: /" + b"x" * MAX_BYTES, id="R2-only-line-is-too-long"),
    ],
)
def test_what_holds_no_rules_allows(body):
    assert allows(body)


@pytest.mark.row("R2")
@pytest.mark.parametrize(("end", "encoding"), [("\n", "utf-8"), ("\r", "utf-8"), ("\n", "utf-16")])
def test_r2_a_file_beyond_512_kib_is_cut_at_the_end_of_a_line(end, encoding):
    lines = ["User-agent: *", "Disallow: /first", *[f"# {'x' * 97}" for _ in range(6000)], "Disallow: /last"]
    found = rules(end.join(lines).encode(encoding))
    within = rules(f"User-agent: *{end}Disallow: /wh".encode().ljust(MAX_BYTES - 1, b"o") + b"le/part")

    assert found.refuses(f"{SITE}/first")
    assert found.refuses(f"{SITE}/last") is None
    assert within.ruleset is None


# --- R3 ----------------------------------------------------------------------------------------------------------


def glob(pattern: str, path: str) -> bool:
    """The definition, by recursion."""
    if not pattern:
        return True
    if pattern == "$":
        return not path
    if pattern[0] == "*":
        return any(glob(pattern[1:], path[start:]) for start in range(len(path) + 1))
    return path[:1] == pattern[0] and glob(pattern[1:], path[1:])


@pytest.mark.row("R3")
@given(st.text("ab*", max_size=9), st.sampled_from(["", "$"]), st.text("ab", max_size=9))
def test_r3_a_pattern_matches_by_its_definition(body, end, path):
    assert matches(body + end, path) == glob(body + end, path)


@pytest.mark.row("R3")
@pytest.mark.parametrize("stars", [6, 60, 1000])
def test_r3_a_wildcard_bomb_costs_less_than_a_millisecond(stars):
    found = rules(f"User-agent: *\nDisallow: /{'*a' * stars}b$")
    url = f"{SITE}/{'a' * 2000}"

    began = time.process_time()
    for _ in range(20):
        assert found.refuses(url) is None
    assert (time.process_time() - began) / 20 < 0.001


@pytest.mark.row("R3")
def test_r3_a_file_full_of_bombs_cannot_hold_the_crawl():
    line = f"Disallow: /*{'a' * 40}ba\n"
    found = rules("User-agent: *\n" + line.replace("ba", "b%da") * 8000 % tuple(range(8000)))

    began = time.process_time()
    assert found.refuses(f"{SITE}/{'a' * 2000}") == "robots:disallowed"
    assert time.process_time() - began < 0.1
    assert found.refuses(f"{SITE}/a") is None


# --- R4 ----------------------------------------------------------------------------------------------------------


@pytest.mark.row("R4")
@pytest.mark.parametrize(
    ("record", "delay"),
    [
        *[(f"Crawl-delay: {value}", None) for value in ("inf", "-inf", "nan", "-1", "", "soon", "1,5", "0x10", "1_0")],
        ("Crawl-delay: 0", 0.0),
        ("Crawl-delay: 2.5", 2.5),
        ("Crawl-delay: .5", 0.5),
        ("Crawl-delay: 300", 300.0),
        ("Crawl-delay: 1e308", 300.0),
        ("Crawl-delay: " + "9" * 5000, 300.0),
        ("Request-rate: 1/15", 15.0),
        ("Request-rate: 30/1m", 2.0),
        ("Request-rate: 5/1m 0200-2259", 12.0),
        ("Request-rate: 1/1h", 300.0),
        ("Request-rate: 1/0", None),
        ("Request-rate: 0/1", None),
        ("Request-rate: 1/" + "9" * 4000, 300.0),
        ("Crawl-delay: 3\nRequest-rate: 1/7\nCrawl-delay: 5", 7.0),
    ],
)
def test_r4_a_wish_for_slowness_is_clamped_to_300_seconds(record, delay):
    assert rules(f"User-agent: *\n{record}").delay == delay


# --- R5 ----------------------------------------------------------------------------------------------------------


@pytest.mark.row("R5")
def test_r5_only_the_product_token_of_a_user_agent_string_counts():
    agent = "lgbot/1.0 (+https://example.org/bot)"

    assert product_token(agent) == "lgbot"
    assert allows("User-agent: example\nDisallow: /", agent=agent)
    assert not allows("User-agent: LGBot\nDisallow: /", agent=agent)
    assert not allows("User-agent: lgbot/7 (beta)\nDisallow: /\n\nUser-agent: *\nAllow: /", agent=agent)


def engine_cases() -> list:
    path = SHARED / "google-robotstxt" / "cases.json"
    if not path.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{path} is absent"))]
    return [
        pytest.param(case, id=f"R5-{case['test']}-{at}") for at, case in enumerate(json.loads(path.read_text("utf-8")))
    ]


DIFFERENT = {
    # The URL is not canonical: a browser escapes the character, and so does every link of ours.
    ("ID_Encoding", "http://foo.bar/foo/bar/\u30c4"),
    # RFC 9309 2.2.2: %62%61%7A is compared as baz.
    ("ID_Encoding", "http://foo.bar/foo/bar/baz"),
    # That engine's leniency: a user agent with a space in it names two groups.
    ("GoogleOnly_AcceptUserAgentUpToFirstSpace", "http://foo.bar/x/y"),
    # That engine's leniency: a pattern for index.html is one for its folder too.
    ("GoogleOnly_IndexHTMLisDirectory", "http://foo.com/allowed-slash/"),
}


@pytest.mark.row("R5")
@pytest.mark.parametrize("case", engine_cases())
def test_a_large_engine_decides_alike(case):
    alike = (rules(case["robots_txt"], case["user_agent"]).refuses(case["url"]) is None) == case["allowed"]

    if not alike:
        assert (case["test"], case["url"]) in DIFFERENT


@pytest.mark.row("R5")
def test_r5_five_of_140_cases_of_a_large_engine_end_otherwise():
    path = SHARED / "google-robotstxt" / "cases.json"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    cases = json.loads(path.read_text("utf-8"))
    differ = [
        (case["test"], case["url"])
        for case in cases
        if (rules(case["robots_txt"], case["user_agent"]).refuses(case["url"]) is None) != case["allowed"]
    ]

    assert len(cases) == 140
    assert len(differ) == 5
    assert set(differ) == DIFFERENT


CRAWLER_COMMONS = {
    # file: (agent, allowed paths, disallowed paths, delay)
    "crawl-delay-group-merging": [
        ("mybot", "/ /login", "/private/ /private/x", 10.0),
        ("yourbot", "/", "/private/ /login/", None),
        ("other", "/private/", "", 30.0),
    ],
    "directive-typos-robots": [
        ("bota", "/desallow/ /useragent/", "/dissalow/", None),
        ("botb", "/dissalow/", "/useragent/ /useg-agent/", None),
        ("botd", "/useragent/", "/useragent-no-colon/", None),
    ],
    "dos-line-endings": [("any", "/", "", 1.0)],
    "extended-standard-robots": [
        ("bota", "/", "", 2.0),
        ("botb", "/", "", 15.0),
        ("botc", "/", "", 12.0),
        ("botd", "/", "", 0.125),
    ],
    "extension-robots": [
        ("mybot", "/x", "/private/", 6.0),
        ("otherbot", "/private/", "/admin/", 12.0),
        ("any", "/", "", None),
    ],
    "extensions-group-merging": [
        ("mybot", "/", "/private/", 6.0),
        ("yourbot", "/", "/private/ /login/", None),
        ("any", "/llms.txt", "/ /private/", 2.0),
    ],
    "format-errors-robots": [
        ("bota", "/no-colon-useragent/", "/whitespace-before-colon/ /no-colon/", None),
        ("botb", "/no-colon/", "/no-colon-useragent/", None),
        ("botc", "/whitespace-before-colon", "/", None),
    ],
    "malformed-path": [
        (
            "any",
            "/wiki/Wikipedia_talk:x",
            "/wiki/Wikipedia_talk:Mediation_Committee/ /wiki/Wikipedia_talk%3Mediation_Committee/",
            None,
        )
    ],
    "merge-rules": [
        ("wget", "/foo/bar /ckh/bar", "/tmp/bar", None),
        ("curl", "", "/ /ckh/bar", None),
        ("any", "/ckh/bar", "/foo/bar /tmp/bar", None),
    ],
    "precedence-of-rules": [
        ("testy", "/foo/bar /x /foo/bar/b", "/foo/baz /foo/other", None),
        ("wget", "/foo /index.html", "/?x /other", None),
    ],
    "rfc9309-example-longest-match-robots": [("foobot", "/example/page/ /x", "/example/page/disallowed.gif", None)],
    "rfc9309-example-rule-group-merging": [
        ("ExampleBot", "/x", "/foo /bar /baz", None),
        ("BazBot", "/foo", "/baz", None),
        ("any", "/baz", "/foo /bar", None),
    ],
    "rfc9309-example-simple-robots": [
        ("any", "/publications/ /x.gif?y", "/example/ /x.gif", None),
        ("foobot", "/example/page.html /example/allowed.gif", "/ /publications/", None),
        ("bazbot", "/example/", "/example/page.html", None),
        ("quxbot", "/ /example/ /x.gif", "", None),
    ],
    "robots-with-utf8-bom": [("any", "/", "/login.aspx /profile /a/output/print", None)],
    "robots-with-utf16le-bom": [("any", "/", "/login.aspx /profile /a/output/print", None)],
    "robots-with-utf16be-bom": [("any", "/", "/login.aspx /profile /a/output/print", None)],
    "wildcards": [("any", "/", "/gp/cart /exec/obidos/tg/cm/member/x", None)],
}


@pytest.mark.parametrize("name", CRAWLER_COMMONS)
def test_the_files_of_another_crawler_are_read_as_they_are_meant(name):
    path = SHARED / "crawler-commons-tests/src/test/resources/robots" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    # RFC 9309 2.2.1: no digit is part of a product token, so that bot1 and bot2 are one; here they are two.
    body = re.sub(
        rb"\bbot([1-4])", lambda found: b"bot" + b"abcd"[int(found[1]) - 1 : int(found[1])], path.read_bytes()
    )
    for agent, allowed, disallowed, delay in CRAWLER_COMMONS[name]:
        found = rules(body, agent)
        assert [one for one in allowed.split() if found.refuses(SITE + one)] == [], agent
        assert [one for one in disallowed.split() if not found.refuses(SITE + one)] == [], agent
        assert found.delay == delay, agent


def test_every_file_of_the_wild_is_read_quickly_and_decides():
    path = SHARED / "robots-real/robots.tar.xz"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    slowest, read = 0.0, 0
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                body = archive.extractfile(member).read()
                read += 1
                began = time.process_time()
                assert rules(body).refuses(f"{SITE}/wiki/Page?action=edit") in (None, "robots:disallowed")
                slowest = max(slowest, time.process_time() - began)
    assert read == 4231
    assert slowest < 1.0  # the largest file takes 0.15 s of an idle core


# --- R7, R8, and how rules are kept -------------------------------------------------------------------------------


@pytest.mark.row("R7")
def test_r7_rules_are_kept_by_scheme_host_and_port():
    cache = RobotsCache()
    cache.put("http://a.test", rules(DISALLOWS))

    assert cache.get("http://a.test", 0.0) is not None
    assert [cache.get(f"{other}", 0.0) for other in ("https://a.test", "http://a.test:8080", "http://b.test")] == [
        None
    ] * 3


@pytest.mark.row("R8")
def test_r8_rules_are_kept_for_a_day_and_no_longer():
    cache = RobotsCache()
    cache.put("http://a.test", read_rules(200, b"", "linkgraph", 1000.0))

    assert cache.get("http://a.test", 1000.0 + MAX_AGE - 1) is not None
    assert cache.get("http://a.test", 1000.0 + MAX_AGE + 1) is None


@pytest.mark.row("R8")
def test_r8_what_was_read_is_found_after_a_restart_as_it_was(tmp_path):
    now = time.time()
    body = DISALLOWS + "Crawl-delay: 7\nDisallow: /*.gif$\nAllow: /x/y\nSitemap: http://a.test/s.xml"
    first = RobotsCache(tmp_path / "robots.sqlite")
    kept = read_rules(200, body.encode(), "linkgraph", now)
    first.put("http://a.test", kept)
    first.put("http://none.test", read_rules(404, b"", "linkgraph", now))
    first.put("http://down.test", unreachable(now))
    first.put("http://shut.test", read_rules(403, b"", "linkgraph", now, deny_forbidden=True))
    first.committed(everything=True)
    first.close()

    again = RobotsCache(tmp_path / "robots.sqlite")

    found = again.get("http://a.test", now + MAX_AGE - 1)
    assert (found.ruleset, found.delay, found.reachable) == (kept.ruleset, 7.0, True)
    assert again.get("http://a.test", now + MAX_AGE + 1) is None
    assert again.get("http://a.test", now - 1) is None
    assert again.latest("http://a.test") is not None
    assert again.get("http://none.test", now).refuses(f"{SITE}/x") is None
    assert again.get("http://down.test", now) is None
    assert again.get("http://shut.test", now).refuses(f"{SITE}/x") == "robots:forbidden"
    again.close()


@pytest.mark.row("R8")
def test_rules_outlive_a_kill_only_when_the_sitemaps_they_named_do(tmp_path):
    now = time.time()

    def on_disk() -> bool:
        cache = RobotsCache(tmp_path / "robots.sqlite")
        found = cache.get("http://a.test", now) is not None
        cache.close()
        return found

    cache = RobotsCache(tmp_path / "robots.sqlite")
    cache.put("http://a.test", read_rules(200, DISALLOWS.encode(), "linkgraph", now))
    seen = [on_disk()]
    for _ in range(3):
        cache.committed()
        seen.append(on_disk())

    assert seen == [False, False, False, True]
    assert cache.get("http://a.test", now) is not None
    cache.close()


@pytest.mark.row("R8")
@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100], ids=["R8-empty", "R8-garbage"])
def test_a_damaged_file_of_rules_is_begun_anew(tmp_path, damage, caplog):
    path = tmp_path / "robots.sqlite"
    path.write_bytes(damage)
    now = time.time()

    cache = RobotsCache(path)
    cache.put("http://a.test", read_rules(200, DISALLOWS.encode(), "linkgraph", now))
    cache.committed(everything=True)
    cache.close()
    again = RobotsCache(path)

    assert again.get("http://a.test", now) is not None
    again.close()


def test_rules_of_a_real_site_fit_into_a_kilobyte_or_two():
    text = DISALLOWS + "".join(f"Disallow: /folder-{number}/page\n" for number in range(45))

    assert rules(text).ruleset.size < 2000
    assert Ruleset().allows(f"{SITE}/x")


# --- which line decides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/x/page", (False, 2, "Disallow: /x")),
        ("/x/y", (True, 4, "Allow: /x/y")),
        ("/picture.gif", (False, 3, "Disallow: /*.gif$")),
        ("/other", (True, None, "no rule matches")),
        ("/robots.txt", (True, None, "no rule matches")),
    ],
)
def test_the_line_that_decides_is_named(url, expected):
    text = "User-agent: *\nDisallow: /x # all of it\nDisallow: /*.gif$\nAllow: /x/y\n"

    assert explain(200, text.encode(), "linkgraph", SITE + url)[1:] == expected


def test_a_status_decides_where_no_line_can():
    assert explain(503, b"", "a", f"{SITE}/")[1:] == (False, None, "status 503: nothing is allowed")
    assert explain(404, b"", "a", f"{SITE}/")[1:] == (True, None, "status 404: no rules")
    assert explain(None, b"", "a", f"{SITE}/")[1:] == (False, None, "no answer: nothing is allowed")


records = st.lists(
    st.one_of(
        st.sampled_from(["User-agent: *", "User-agent: linkgraph", "User-agent: other", "Crawl-delay: 3", "x"]),
        st.builds("{}: {}".format, st.sampled_from(["Allow", "Disallow"]), st.text("/ab*$%\u00e9#", max_size=8)),
    ),
    max_size=12,
)


@given(records, st.text("/ab%$*\u00e9?", max_size=12))
def test_the_named_line_and_the_packed_rules_decide_alike(lines, path):
    text, url = "\n".join(lines), f"{SITE}/{path}"
    group = read_group(text, "linkgraph")
    rule = deciding(group, url)

    assert (rule is None or rule.allow) == (rules(text).refuses(url) is None)

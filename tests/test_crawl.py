"""A little web with everything in it, crawled from end to end by processes of their own."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest
from crawling import Crawled, crawl, environment
from web import Answer, Web, bomb, links, moved, page, robots

from linkgraph.edges.run import Run
from linkgraph.frontier.ledger import STATES, Ledger

CONTACT = "https://example.org/bot"
CAP = 20_000
CHUNK = "<p>filler</p>" * 400
BIG = links("/before-the-cut") + CHUNK * 8 + links("/after-the-cut")
HTML = ("Content-Type", "text/html")

SITEMAP = "<urlset>" + "".join(f"<url><loc>http://a.test/{path}</loc></url>" for path in ("listed", "c")) + "</urlset>"
INDEX = (
    "<sitemapindex><sitemap><loc>http://a.test/plain.xml</loc></sitemap>"
    "<sitemap><loc>http://a.test/packed.xml.gz</loc></sitemap></sitemapindex>"
)
PACKED = (
    "<urlset><url><loc>http://a.test/listed-packed</loc></url><url><loc>http://b.test/not-mine</loc></url></urlset>"
)

HOME = links(
    "/b",
    "/c?x=1#part",
    "http://www.a.test/",
    "http://b.test/",
    "mailto:me@a.test",
    "javascript:void(0)",
    "/file.pdf",
    "/chain",
    "/loop",
    "/hop0",
    "/wants-a-cookie",
    "/away",
    "/to-file",
    "/to-data",
    "/to-script",
    "/to-nowhere",
    "/gone",
    "/big",
    "/bomb",
    "/broken-gzip",
    "/cut",
    "/picture",
    "/liar",
    "/unlabelled",
    "/disallowed",
    "/p|q?{x}=%zz&é",
    "/old-bytes",
    "/utf8-bytes",
    "/refresh",
    "/boom",
    "/empty",
    "http://a.test:22/",
    "http://error.test/",
    "http://error.test/passing",
    "http://busy.test/",
    "http://shut.test/",
    "http://slowdown.test/",
    "http://10.0.0.1/",
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://private.test/",
    "http://nowhere.test/",
    f"http://{'x' * 64}.test/",
    "http://user:secret@b.test/with-a-password",
    "http://robots-loop.test/",
    "http://robots-away.test/private",
    "http://robots-away.test/public",
    "http://robots-script.test/",
)
WEB = {
    ("a.test", "/"): page(HOME + '<a rel="nofollow" href="/nofollowed">no</a>'),
    ("a.test", "/robots.txt"): robots("User-agent: *\nDisallow: /disallowed\nSitemap: http://a.test/index.xml\n"),
    ("a.test", "/index.xml"): Answer(200, (("Content-Type", "text/xml"),), INDEX.encode()),
    ("a.test", "/plain.xml"): Answer(200, (("Content-Type", "text/xml"),), SITEMAP.encode()),
    ("a.test", "/packed.xml.gz"): Answer(200, (("Content-Type", "application/gzip"),), gzip.compress(PACKED.encode())),
    ("a.test", "/listed"): page(links("/")),
    ("a.test", "/listed-packed"): page(links("/")),
    ("a.test", "/b"): page(links("/", "/b", "/c")),
    ("a.test", "/c"): page("no links"),
    ("a.test", "/c?x=1"): page("no links"),
    ("a.test", "/chain"): moved("/chain2", 301),
    ("a.test", "/chain2"): moved("http://a.test/chain3", 308),
    ("a.test", "/chain3"): page("the end of the chain"),
    ("a.test", "/loop"): moved("/loop2"),
    ("a.test", "/loop2"): moved("/loop"),
    **{("a.test", f"/hop{one}"): moved(f"/hop{one + 1}") for one in range(9)},
    ("a.test", "/wants-a-cookie"): Answer(302, (("Location", "/wants-a-cookie"), ("Set-Cookie", "seen=1"))),
    ("a.test", "/away"): moved("http://b.test/landing", 307),
    ("a.test", "/to-file"): moved("file:///etc/passwd"),
    ("a.test", "/to-data"): moved("data:text/html,<a href=http://b.test/data>"),
    ("a.test", "/to-script"): moved("javascript:alert(1)"),
    ("a.test", "/to-nowhere"): moved("http://"),
    ("a.test", "/big"): page(BIG),
    ("a.test", "/bomb"): bomb(links("/in-the-bomb").encode(), megabytes=200),
    ("a.test", "/broken-gzip"): Answer(200, (HTML, ("Content-Encoding", "gzip")), b"this is no gzip"),
    ("a.test", "/cut"): Answer(200, (HTML,), (links("/in-the-first-half") + CHUNK).encode(), cut=1000),
    ("a.test", "/picture"): Answer(
        200, (("Content-Type", "image/png"),), b"\x89PNG" + links("/in-the-picture").encode()
    ),
    ("a.test", "/liar"): Answer(200, (HTML,), b"\x89PNG\r\n\x1a\n\x00\x00\x00" + bytes(range(256)) * 4),
    ("a.test", "/unlabelled"): Answer(200, (), b"<!doctype html><title>x</title>" + links("/from-unlabelled").encode()),
    ("a.test", "/disallowed"): page(links("/secret")),
    ("a.test", "/p|q?{x}=%zz&%C3%A9"): page(links("/")),
    ("a.test", "/old-bytes"): moved(b"/caf\xe9"),
    ("a.test", "/utf8-bytes"): moved("/naïve".encode()),
    ("a.test", "/na%C3%AFve"): page("reached"),
    ("a.test", "/refresh"): page("", head='<meta http-equiv="refresh" content="0; url=/refreshed">'),
    ("a.test", "/refreshed"): page("", head='<meta http-equiv="refresh" content="0; url=/refreshed">'),
    ("a.test", "/boom"): page(links("/from-boom")),
    ("a.test", "/empty"): Answer(200, (HTML,), b""),
    ("www.a.test", "/"): page(links("http://a.test/")),
    ("b.test", "/"): page(links("http://a.test/b")),
    ("b.test", "/landing"): page("landed"),
    ("error.test", "/"): Answer(500, (HTML,), links("/from-error").encode()),
    ("error.test", "/passing"): (Answer(502), page(links("/after-error"))),
    ("busy.test", "/"): (Answer(503, (("Retry-After", "1"),)), page("now")),
    ("shut.test", "/robots.txt"): Answer(503),
    ("shut.test", "/"): page(links("/never")),
    ("slowdown.test", "/robots.txt"): Answer(429),
    ("slowdown.test", "/"): page(links("/never")),
    ("robots-loop.test", "/robots.txt"): moved("/robots.txt"),
    ("robots-loop.test", "/"): page("x"),
    ("robots-away.test", "/robots.txt"): moved("http://b.test/rules"),
    ("b.test", "/rules"): robots("User-agent: *\nDisallow: /private"),
    ("robots-away.test", "/public"): page("x"),
    ("robots-away.test", "/private"): page("x"),
    ("robots-script.test", "/robots.txt"): moved("javascript:alert(1)"),
    ("robots-script.test", "/"): page("x"),
}
HOSTS = sorted({host for host, _ in WEB})
NAMES = {"private.test": ["10.0.0.1", "192.168.0.1"]}
BOOM = """
import spiders.site as site
real = site.observe
def observe(url, *rest, **more):
    if url.endswith("/boom"):
        raise RuntimeError("extraction failed")
    return real(url, *rest, **more)
site.observe = observe
"""


@pytest.fixture(scope="module")
def web():
    with Web(WEB) as served:
        yield served


@pytest.fixture(scope="module")
def everything(web, tmp_path_factory) -> Crawled:
    """The whole little web, every domain followed."""
    folder = tmp_path_factory.mktemp("everything")
    seeds = folder / "seeds.txt"
    seeds.write_text("# the little web\na.test\nnot a seed at all\n\nhttp://www.a.test/\nftp://b.test/\n")
    return crawl(
        str(seeds),
        "--follow",
        "all",
        data=folder / "data",
        env=environment(NAMES, patch=BOOM),
        LINKGRAPH_RESOLVE=web.resolve_hosts(*HOSTS),
        LINKGRAPH_CONTACT=CONTACT,
        DOWNLOAD_MAXSIZE=CAP,
        LOG_LEVEL="CRITICAL",
    )


def fetched(crawled: Crawled) -> Counter:
    return Counter(row["url"] for row in crawled.pages)


def test_the_crawl_finishes_and_every_page_is_published_once(everything):
    assert "(finished)" in everything.err
    assert set(fetched(everything).values()) == {1}
    assert everything.problems == []


def test_junk_seeds_are_named_with_their_lines_and_the_exit_code_says_so(everything):
    assert everything.code == 1
    assert "seeds.txt:3: 'not a seed at all' is no domain" in everything.err
    assert "seeds.txt:6: 'ftp://b.test/'" in everything.err


def test_machine_output_is_not_mixed_with_messages(everything):
    assert everything.out == ""


def test_every_link_of_a_page_is_an_edge_in_order(everything):
    rows = [row for row in everything.edges if row["src_url"] == "http://a.test/"]

    assert [row["dst_url"] for row in rows][:8] == [
        "http://a.test/b",
        "http://a.test/c?x=1",
        "http://www.a.test/",
        "http://b.test/",
        "http://a.test/file.pdf",
        "http://a.test/chain",
        "http://a.test/loop",
        "http://a.test/hop0",
    ]
    assert rows[1]["dst_fragment"] == "part"
    assert [row["internal"] for row in rows[:4]] == [True, True, True, False]
    assert rows[0]["anchor"] == "to /b"
    assert {row["page_nofollow"] for row in rows} == {False}


def test_the_pages_table_tells_where_a_page_was_found(everything):
    row = everything.page("http://a.test/listed-packed")

    assert row["discovered_from"] == "http://a.test/packed.xml.gz"
    assert everything.page("http://a.test/b")["depth"] == 1
    assert everything.page("http://a.test/")["depth"] == 0
    assert row["ip"] == "127.0.0.1"


@pytest.mark.row("C1")
def test_redirects_are_links_and_are_followed(everything, web):
    assert everything.outcome("http://a.test/chain") == ("redirected", "redirect", 301)
    assert everything.page("http://a.test/chain2")["redirect_to"] == "http://a.test/chain3"
    assert everything.outcome("http://a.test/chain3") == ("fetched", None, 200)
    assert everything.outcome("http://b.test/landing") == ("fetched", None, 200)
    kinds = {(row["src_url"], row["dst_url"]): row["kind"] for row in everything.edges}
    assert kinds["http://a.test/chain", "http://a.test/chain2"] == "redirect"
    assert kinds["http://a.test/away", "http://b.test/landing"] == "redirect"
    assert web.paths("a.test").count("/loop") == web.paths("a.test").count("/loop2") == 1


@pytest.mark.row("C1", "C10")
def test_a_page_that_redirects_to_itself_until_a_cookie_comes_is_asked_once(everything, web):
    assert everything.outcome("http://a.test/wants-a-cookie") == ("redirected", "redirect", 302)
    assert everything.targets("http://a.test/wants-a-cookie") == ["http://a.test/wants-a-cookie"]
    assert web.paths("a.test").count("/wants-a-cookie") == 1


@pytest.mark.row("C1")
def test_a_chain_of_redirects_is_followed_as_far_as_the_limit(everything, web):
    hops = [path for path in web.paths("a.test") if path.startswith("/hop")]

    assert hops == [f"/hop{one}" for one in range(6)]
    assert ("http://a.test/hop5", "http://a.test/hop6") in {
        (row["src_url"], row["dst_url"]) for row in everything.edges
    }


@pytest.mark.row("C2")
@pytest.mark.parametrize("path", ["to-file", "to-data", "to-script", "to-nowhere"])
def test_a_redirect_out_of_the_web_is_a_failure(everything, path):
    assert everything.outcome(f"http://a.test/{path}") == ("failed", "redirect:target", 302)
    assert everything.targets(f"http://a.test/{path}") == []


def test_a_location_is_read_whatever_its_bytes_are(everything):
    assert everything.targets("http://a.test/utf8-bytes") == ["http://a.test/na%C3%AFve"]
    assert everything.targets("http://a.test/old-bytes") == ["http://a.test/caf%C3%A9"]
    assert everything.outcome("http://a.test/na%C3%AFve") == ("fetched", None, 200)


def test_a_url_is_asked_for_exactly_as_it_is_written(everything, web):
    assert "/p|q?{x}=%zz&%C3%A9" in web.paths("a.test")
    assert everything.outcome("http://a.test/p|q?{x}=%zz&%C3%A9") == ("fetched", None, 200)


@pytest.mark.row("C12")
def test_a_refresh_is_a_link_that_is_followed_once(everything, web):
    assert web.paths("a.test").count("/refreshed") == 1
    kinds = {row["kind"] for row in everything.edges if row["src_url"] == "http://a.test/refresh"}
    assert kinds == {"refresh"}


def test_robots_rules_are_kept(everything, web):
    assert everything.outcome("http://a.test/disallowed") == ("refused-by-robots", "robots:disallowed", None)
    assert "/disallowed" not in web.paths("a.test")


@pytest.mark.parametrize("host", ["shut.test", "slowdown.test", "robots-script.test"])
def test_a_robots_file_that_cannot_be_had_is_a_complete_disallow(everything, web, host):
    assert everything.outcome(f"http://{host}/") == ("refused-by-robots", "robots:unreachable", None)
    assert set(web.paths(host)) == {"/robots.txt"}
    assert len(web.paths(host)) == 3, "it is asked for again, with a back-off, and then given up"


def test_a_robots_file_that_is_redirected_binds_the_site_that_was_asked(everything):
    assert everything.outcome("http://robots-away.test/public") == ("fetched", None, 200)
    assert everything.outcome("http://robots-away.test/private") == ("refused-by-robots", "robots:disallowed", None)


def test_redirects_of_a_robots_file_are_followed_five_times(everything, web):
    assert web.paths("robots-loop.test") == ["/robots.txt"] * 6 + ["/"]


def test_robots_is_asked_once_a_site(everything, web):
    for host in ("a.test", "b.test", "www.a.test", "error.test"):
        assert web.paths(host).count("/robots.txt") == 1
        assert web.paths(host)[0] == "/robots.txt"


def test_sitemaps_lead_to_pages_of_their_own_site(everything):
    assert everything.targets("http://a.test/robots.txt") == ["http://a.test/index.xml"]
    assert everything.targets("http://a.test/index.xml") == ["http://a.test/plain.xml", "http://a.test/packed.xml.gz"]
    assert everything.outcome("http://a.test/listed") == ("fetched", None, 200)
    assert everything.outcome("http://a.test/listed-packed") == ("fetched", None, 200)
    assert "http://b.test/not-mine" not in fetched(everything)
    assert {row["kind"] for row in everything.edges if row["src_url"].endswith(".xml")} == {"sitemap"}


def test_nofollow_links_are_recorded_and_not_followed(everything, web):
    rows = [row for row in everything.edges if row["dst_url"] == "http://a.test/nofollowed"]

    assert [(row["nofollow"], row["rel"]) for row in rows] == [(True, ["nofollow"])]
    assert "/nofollowed" not in web.paths("a.test")


def test_files_without_links_are_recorded_and_not_fetched(everything, web):
    assert "http://a.test/file.pdf" in everything.targets("http://a.test/")
    assert "/file.pdf" not in web.paths("a.test")


@pytest.mark.row("C4")
def test_a_body_over_the_cap_keeps_the_links_before_the_cut(everything):
    row = everything.page("http://a.test/big")

    assert (row["outcome"], row["truncated"], row["content_length"]) == ("fetched", True, CAP)
    assert everything.targets("http://a.test/big") == ["http://a.test/before-the-cut"]


@pytest.mark.row("C5")
def test_a_bomb_is_unpacked_to_the_cap_and_no_further(everything):
    row = everything.page("http://a.test/bomb")

    assert (row["outcome"], row["truncated"], row["content_length"]) == ("fetched", True, CAP)
    assert everything.targets("http://a.test/bomb") == ["http://a.test/in-the-bomb"]
    assert 0 < everything.peak < 400 * 1024 * 1024


@pytest.mark.row("C8")
def test_a_connection_that_breaks_keeps_what_came(everything):
    assert everything.page("http://a.test/cut")["truncated"]
    assert everything.targets("http://a.test/cut") == ["http://a.test/in-the-first-half"]


def test_a_body_that_cannot_be_unpacked_is_a_failure(everything):
    assert everything.outcome("http://a.test/broken-gzip") == ("failed", "http:coding", None)


@pytest.mark.row("C11")
def test_other_types_are_not_parsed_and_their_bodies_not_needed(everything):
    assert everything.outcome("http://a.test/picture") == ("fetched", "content:type", 200)
    assert everything.targets("http://a.test/picture") == []
    assert everything.targets("http://a.test/liar") == []
    assert everything.targets("http://a.test/unlabelled") == ["http://a.test/from-unlabelled"]
    assert everything.outcome("http://a.test/empty")[0] == "fetched"


def test_an_error_status_is_a_failed_page_without_links(everything):
    assert everything.outcome("http://a.test/gone") == ("failed", "http:status", 404)
    assert everything.targets("http://error.test/") == []


@pytest.mark.row("C8")
def test_a_server_error_is_tried_again_and_then_given_up(everything, web):
    assert everything.outcome("http://error.test/") == ("failed", "http:status", 500)
    assert web.paths("error.test").count("/") == 3
    assert everything.outcome("http://error.test/passing") == ("fetched", None, 200)
    assert web.paths("error.test").count("/passing") == 2


def test_retry_after_is_kept(everything, web):
    _, first, second = web.times("busy.test")

    assert second - first >= 1.0
    assert everything.outcome("http://busy.test/") == ("fetched", None, 200)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://127.0.0.1/", "http://[::1]/", "http://private.test/"])
def test_addresses_that_are_not_public_are_refused(everything, url):
    assert everything.outcome(url) == ("refused-by-guard", "guard:private-address", None)


def test_other_ports_are_refused(everything):
    assert everything.outcome("http://a.test:22/") == ("refused-by-guard", "guard:port", None)


@pytest.mark.parametrize("host", ["nowhere.test", "x" * 64 + ".test"])
def test_a_name_without_an_address_is_a_failure(everything, host):
    assert everything.outcome(f"http://{host}/") == ("failed", "dns:failed", None)


def test_an_exception_in_extraction_is_an_outcome(everything):
    assert everything.outcome("http://a.test/boom") == ("failed", "extract:error", 200)


def test_the_contact_is_in_the_user_agent_of_every_request(everything, web):
    agents = {asked.headers.get("User-Agent") for asked in web.log}

    assert len(agents) == 1
    assert agents.pop().endswith(f"(+{CONTACT})")


@pytest.mark.row("C10")
def test_no_cookie_referrer_or_credential_is_sent(everything, web):
    names = {name.lower() for asked in web.log for name in asked.headers}

    assert names.isdisjoint({"cookie", "referer", "authorization", "proxy-authorization"})


def test_what_is_known_and_not_fetched_has_a_reason(everything):
    ledger = Ledger(Run(everything.data, "r").ledger)
    rows = {row[1]: (STATES[row[2]], row[3]) for row in ledger.rows()}
    counts = ledger.counts()
    ledger.close()

    assert rows["http://a.test/nofollowed"] == ("excluded", "scope:nofollow")
    assert rows["http://a.test/file.pdf"] == ("excluded", "scope:file-type")
    assert rows["http://user:secret@b.test/with-a-password"] == ("excluded", "url:credentials")
    assert rows["http://a.test/hop6"] == ("excluded", "redirect:limit")
    assert rows["http://a.test/disallowed"] == ("excluded", "robots:disallowed")
    assert counts["pending"] == counts["leased"] == 0
    targets = {row["dst_url"] for row in everything.edges}
    assert targets <= set(rows)
    assert set(fetched(everything)) <= set(rows)

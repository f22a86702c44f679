"""One URL for the command line: the same robots, guard and caps as a crawl."""

from __future__ import annotations

import gzip
import socket

import pytest
from web import Answer, Web, links, moved, page, robots

from linkgraph.errors import FetchError, RefusedError, UsageError
from linkgraph.fetch.once import fetch_once

PAGES = {
    ("a.test", "/robots.txt"): robots("User-agent: *\nDisallow: /no"),
    ("a.test", "/"): page(links("/x")),
    ("a.test", "/no"): page("secret"),
    ("a.test", "/moved"): Answer(301, (("location", "http://b.test/landed"),)),
    ("a.test", "/moved-to-no"): moved("/no"),
    ("a.test", "/loop"): moved("/loop"),
    ("a.test", "/to-file"): moved("file:///etc/passwd"),
    ("a.test", "/to-private"): moved("http://10.0.0.1/"),
    ("a.test", "/packed"): Answer(200, (("Content-Encoding", "gzip"),), gzip.compress(b"x" * 10_000_000)),
    ("b.test", "/landed"): page("landed"),
    ("b.test", "/robots.txt"): moved("http://a.test/robots.txt"),
    ("b.test", "/no"): page("secret"),
    ("shut.test", "/robots.txt"): Answer(503),
    ("shut.test", "/"): page("x"),
}


@pytest.fixture(scope="module")
def web():
    with Web(PAGES) as served:
        yield served


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    """A guard that fails must not let this test leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple) -> None:
        assert str(address[0]).startswith("127."), address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def fetch(web, monkeypatch):
    monkeypatch.setenv("LINKGRAPH_RESOLVE", web.resolve_hosts("a.test", "b.test", "shut.test"))
    return fetch_once


def test_an_answer_comes_with_its_address_and_headers(fetch):
    url, headers, body = fetch("http://a.test/")

    assert url == "http://a.test/"
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
    assert b'href="/x"' in body


def test_a_redirect_is_followed_whatever_the_case_of_its_header(fetch):
    assert fetch("http://a.test/moved")[0] == "http://b.test/landed"


@pytest.mark.parametrize("path", ["http://a.test/no", "http://a.test/moved-to-no", "http://b.test/no"])
def test_robots_rules_are_kept_on_every_hop_and_through_redirects_of_the_rules(fetch, path):
    with pytest.raises(RefusedError) as refusal:
        fetch(path)
    assert refusal.value.reason == "robots:disallowed"


def test_unreachable_rules_refuse(fetch):
    with pytest.raises(RefusedError) as refusal:
        fetch("http://shut.test/")
    assert refusal.value.reason == "robots:unreachable"


def test_a_loop_and_a_redirect_out_of_the_web_are_told(fetch):
    with pytest.raises(FetchError, match="more than 5 redirects"):
        fetch("http://a.test/loop")
    with pytest.raises(FetchError, match="no http"):
        fetch("http://a.test/to-file")


def test_a_body_is_cut_at_four_mebibytes(fetch):
    assert len(fetch("http://a.test/packed")[2]) == 4 * 1024 * 1024


def test_without_a_contact_nothing_but_this_machine_is_asked(fetch):
    for url in ("http://8.8.8.8/", "http://c.test/", "http://a.test/to-private"):
        with pytest.raises(UsageError, match="LINKGRAPH_CONTACT"):
            fetch(url)


def test_with_a_contact_private_addresses_are_still_refused(fetch, monkeypatch, web):
    monkeypatch.setenv("LINKGRAPH_CONTACT", "me@example.org")
    for url in ("http://10.0.0.1/", "http://[::1]/", "http://127.0.0.1/", "http://a.test/to-private"):
        with pytest.raises(RefusedError) as refusal:
            fetch(url)
        assert refusal.value.reason == "guard:private-address"
    fetch("http://a.test/")
    assert web.log[-1].headers["User-Agent"].endswith("(+me@example.org)")


def test_a_map_for_any_host_holds_for_addresses_too(web, monkeypatch):
    monkeypatch.setenv("LINKGRAPH_RESOLVE", web.resolve)

    monkeypatch.setitem(web.pages, ("203.0.113.9", "/robots.txt"), robots("User-agent: *\nDisallow: /"))

    with pytest.raises(RefusedError):
        fetch_once("http://203.0.113.9/")
    assert web.paths("203.0.113.9") == ["/robots.txt"]


def test_a_refused_connection_is_a_fetch_error(monkeypatch):
    monkeypatch.setenv("LINKGRAPH_RESOLVE", "a.test=127.0.0.1:1")

    with pytest.raises(FetchError):
        fetch_once("http://a.test/")

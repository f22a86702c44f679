"""Row C8, and what else a connection can die of: a reset at every byte, a handshake that never ends, no descriptors."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from crawling import Crawled, crawl, environment
from web import Web, links, page

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 42\r\n\r\n"
BODY = b"<a href=/1>one</a><p><a href=/2>two</a><p>"
WHOLE = HEAD + BODY
OFFSETS = range(len(WHOLE) + 1)
TRIES = 2
"""One, and one more."""


class Resetting(socketserver.BaseRequestHandler):
    """Sends so many bytes of an answer as the host's name says, and resets the connection."""

    def handle(self) -> None:
        self.request.settimeout(30)
        asked = b""
        while b"\r\n\r\n" not in asked and (more := self.request.recv(65536)):
            asked += more
        host = asked.partition(b"Host: ")[2].partition(b".test")[0].decode()
        path = asked.split(b" ", 2)[1].decode() if asked else ""
        self.server.asked[host, path] += 1
        if path == "/robots.txt":
            self.request.sendall(b"HTTP/1.1 404 None\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif path == "/":
            self.request.sendall(WHOLE[: int(host[1:])])
            self.server.reset.wait(0.05)  # a reset may take with it what has not been read yet
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.request.sendall(WHOLE)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.asked: Counter = Counter()
        self.reset = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def shutdown_request(self, request: socket.socket) -> None:
        request.close()  # without the FIN that would come before the reset

    def handle_error(self, *_: object) -> None:
        """Keep stderr clean."""


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[Server]:
    with Server(handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Iterator[tuple[Server, Crawled]]:
    with serving(Resetting) as server:
        yield (
            server,
            crawl(
                ",".join(f"http://k{offset}.test/" for offset in OFFSETS),
                "--depth",
                "0",
                data=tmp_path_factory.mktemp("broken"),
                LINKGRAPH_RESOLVE=f"*:80=127.0.0.1:{server.port}",
                RETRY_TIMES=TRIES - 1,
            ),
        )


@pytest.mark.row("C8")
def test_a_reset_in_the_head_is_a_failure_after_so_many_tries_wherever_it_comes(broken):
    server, crawled = broken
    offsets = range(len(HEAD))

    ended = {offset: crawled.outcome(f"http://k{offset}.test/") for offset in offsets}
    assert {outcome for outcome in ended.values() if outcome != ("failed", "transport:failed", None)} == set()
    assert {server.asked[f"k{offset}", "/"] for offset in offsets} == {TRIES}


@pytest.mark.row("C8")
def test_a_reset_in_the_body_keeps_the_links_that_came_wherever_it_comes(broken):
    server, crawled = broken
    offsets = range(len(HEAD), len(WHOLE) + 1)

    for offset in offsets:
        url = f"http://k{offset}.test/"
        row = crawled.page(url)
        come = BODY[: offset - len(HEAD)]
        assert (row["outcome"], row["truncated"]) == ("fetched", come != BODY), offset
        whole = [number for number in (1, 2) if b"<a href=/%d>" % number in come]
        assert crawled.targets(url) == [f"{url}{number}" for number in whole], offset
        assert server.asked[f"k{offset}", "/"] == 1


@pytest.mark.row("C8")
def test_whatever_breaks_the_crawl_finishes(broken):
    crawled = broken[1]

    assert crawled.code == 0, crawled.err
    assert len(crawled.pages) == len(OFFSETS)
    assert crawled.problems == []
    assert "Traceback" not in crawled.err


class Dripping(socketserver.BaseRequestHandler):
    """Begins a TLS record and sends one byte of it now and then."""

    def handle(self) -> None:
        self.request.settimeout(30)
        self.server.asked["hello"] += 1
        self.request.recv(65536)
        self.request.sendall(b"\x16\x03\x03\x3f\xff")
        while not self.server.reset.wait(0.2):
            self.request.sendall(b"\x02")


@pytest.mark.row("C3")
def test_a_handshake_that_never_ends_is_left_and_the_rest_is_fetched(tmp_path):
    with serving(Dripping) as server, Web({("good.test", "/"): page("fine")}) as web:
        found = crawl(
            "https://drip.test/,http://good.test/",
            data=tmp_path,
            LINKGRAPH_RESOLVE=f"*:443=127.0.0.1:{server.port},{web.resolve_hosts('good.test')}",
            DOWNLOAD_TIMEOUT=2,
            RETRY_TIMES=0,
        )
        server.reset.set()

    assert server.asked["hello"] >= 1
    # Its robots.txt cannot be had: that is a complete disallow, and the page is never asked for.
    assert found.outcome("https://drip.test/") == ("refused-by-robots", "robots:unreachable", None)
    assert found.outcome("http://good.test/") == ("fetched", None, 200)
    assert found.seconds < 30


FEW = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"


@pytest.mark.row("D12")
def test_with_few_descriptors_every_page_comes_all_the_same(tmp_path):
    hosts = [f"h{number}.test" for number in range(120)]
    pages = {(host, "/"): page(links("/next")) for host in hosts} | {(host, "/next"): page("x") for host in hosts}
    with Web(pages) as web:
        found = crawl(
            ",".join(hosts), data=tmp_path, env=environment(patch=FEW), LINKGRAPH_RESOLVE=web.resolve_hosts(*hosts)
        )

    assert found.code == 0, found.err
    assert {row["outcome"] for row in found.pages} == {"fetched"}
    assert len(found.pages) == 2 * len(hosts)
    assert found.problems == []

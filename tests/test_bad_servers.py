"""Servers that speak no HTTP, too much of it, or too slowly: an outcome each, and the rest of the crawl goes on."""

from __future__ import annotations

import gzip
import random
import socketserver
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from importlib import import_module

import pytest
from crawling import Crawled, crawl

brotli = pytest.importorskip("brotli", "1.2", reason="Scrapy brings brotli but for PyPy")
zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 23\r\n\r\n<a href='/next'>next</a>"
LINK = b"<a href='/next'>next</a>"
ENDLESS = 30_000_000
"""Bytes after which even an endless server gives up."""


def repeat(piece: bytes, pause: float = 0.0) -> Iterator[bytes]:
    for _ in range(ENDLESS // max(len(piece), 1)):
        yield piece
        time.sleep(pause)


def endless_headers() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    for number in range(1_000_000):
        yield b"X-%d: %s\r\n" % (number, b"y" * 200)


def long_line() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    yield from repeat(b"y" * 65536)


def endless_chunks() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"%x\r\n%s\r\n" % (len(LINK), LINK)
    yield from repeat(b"10000\r\n" + b" " * 65536 + b"\r\n")


def dripping(head: bytes) -> Iterator[bytes]:
    yield head
    yield from repeat(b" ", 0.3)


def silence() -> Iterator[bytes]:
    for _ in range(40):
        time.sleep(0.3)
        yield b""


def endless_continue() -> Iterator[bytes]:
    yield from repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


def header_every_half_second() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    yield from repeat(b"X-Slow: 1\r\n", 0.5)


def packed(coding: bytes, *zipped: bytes) -> list[bytes]:
    return [OK + b"Content-Encoding: " + coding + b"\r\n\r\n", *zipped]


def nested(body: bytes, times: int) -> bytes:
    for _ in range(times):
        body = gzip.compress(body, mtime=0)
    return body


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
BOMB = LINK + b" " * 30_000_000
MALFORMED = {
    "garbage": [b"\x00\xff garbage \r\n\r\n"],
    "http09": [b"<html>no header at all</html>"],
    "no-number": [b"HTTP/1.1 OK\r\n\r\n"],
    "word-length": [OK + b"Content-Length: thousand\r\n\r\n" + LINK],
    "negative-length": [OK + b"Content-Length: -5\r\n\r\n" + LINK],
    "two-lengths": [OK + b"Content-Length: 5\r\nContent-Length: 24\r\n\r\n" + LINK],
    "bad-chunk": [OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + LINK],
    "nul-in-header": [OK + b"X-Nul: a\x00b\r\nContent-Length: 24\r\n\r\n" + LINK],
}
MALFORMED |= {
    "reserved-status": [b"HTTP/1.1 99 Low\r\nContent-Length: 24\r\n\r\n" + LINK],
}
SLOW = {
    "slow-header": lambda: dripping(b"HTTP/1.1 200 OK\r\nX-Slow:"),
    "slow-headers": header_every_half_second,
    "slow-body": lambda: dripping(OK + b"Content-Length: 1000000\r\n\r\n" + LINK),
}
REASONS = {
    **dict.fromkeys(MALFORMED, "http:malformed"),
    **dict.fromkeys(SLOW, "transport:slow"),
    **dict.fromkeys(["long-line", "many-headers", "201-headers", "cookie-flood"], "http:headers"),
    **dict.fromkeys(["compress", "three-codings", "broken-gzip", "broken-br", "broken-zstd"], "http:coding"),
    "continues": "http:interim",
    "silent": "transport:timeout",
    "nothing": "transport:failed",
    "cut-in-the-header": "transport:failed",
}
FAILS = {
    **MALFORMED,
    **SLOW,
    "nothing": [],
    "cut-in-the-header": [b"HTTP/1.1 200 OK\r\nContent-Ty"],
    "continues": endless_continue,
    "long-line": long_line,
    "many-headers": endless_headers,
    "201-headers": [OK + b"X: 1\r\n" * 200 + b"Content-Length: 24\r\n\r\n" + LINK],
    "cookie-flood": [OK + b"Set-Cookie: a=%s\r\n" % (b"x" * 4000) * 2000 + b"Content-Length: 24\r\n\r\n" + LINK],
    "silent": silence,
    "compress": packed(b"compress", b"\x1f\x9d\x90<a>"),
    "broken-br": packed(b"br", b"\xff" * 50),
    "broken-zstd": packed(b"zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 50),
    "three-codings": packed(b"gzip, gzip, gzip", nested(LINK, 3)),
    "broken-gzip": packed(b"gzip", b"\x1f\x8bbut nothing behind it"),
}
WORKS = {
    "cut-in-the-body": [OK + b"Content-Length: 1000\r\n\r\n" + LINK],
    "cut-in-a-chunk": [OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nfff\r\nhalf" % (len(LINK), LINK)],
    "endless-chunks": endless_chunks,
    "198-headers": [OK + b"X: 1\r\n" * 198 + b"Content-Length: 24\r\n\r\n" + LINK],
    "interim-answers": [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 20 + OK + b"Content-Length: 24\r\n\r\n" + LINK
    ],
    "two-codings": packed(b"gzip, gzip", nested(LINK, 2)),
    "raw-deflate": packed(b"deflate", raw_deflate(LINK)),
    "deflate": packed(b"Deflate", zlib.compress(LINK)),
    "gzip-with-padding": packed(b"x-gzip", nested(LINK, 1), b"\0" * 100),
    "gzip-members": packed(b"gzip", nested(LINK, 1), nested(b"", 1) * 3000),
    "brotli": packed(b"br", brotli.compress(LINK)),
    "zstd": packed(b"zstd", zstd.compress(LINK)),
    "zstd-in-brotli": packed(b"zstd, br", brotli.compress(zstd.compress(LINK))),
    "brotli-bomb": packed(b"br", brotli.compress(BOMB, quality=5)),
    "zstd-bomb": packed(b"zstd", zstd.compress(BOMB)),
    "gzip-bomb": packed(b"gzip", nested(BOMB, 1)),
    "deflate-bomb": packed(b"deflate", raw_deflate(BOMB)),
    "nested-bomb": packed(b"gzip, gzip", nested(BOMB, 2)),
    "cut-gzip": packed(b"gzip", nested(LINK + random.Random(1).randbytes(9000), 1)[:5000]),
    "broken-tail": packed(b"gzip", nested(LINK + random.Random(1).randbytes(9000), 1)[:5000], b"\xff" * 9000),
    "no-length": [OK + b"\r\n" + LINK],
    "folded-or-odd-header": [OK + b"X-Empty:\r\nx-lower: 1\r\nContent-Length: 24\r\n\r\n" + LINK],
    "cookies": [OK + b"Set-Cookie: a=%s\r\n" % (b"x" * 4000) * 10 + b"Content-Length: 24\r\n\r\n" + LINK],
    "latin-1-header": [
        OK + b'X-Name: caf\xe9\r\nRetry-After: \xb2\r\nETag: "\xff"\r\nContent-Length: 24\r\n\r\n' + LINK
    ],
    "strange-charset": [
        b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset="\xff"\r\nContent-Length: 24\r\n\r\n' + LINK
    ],
}
ALL = {**FAILS, **WORKS}


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(30)
        asked = b""
        while b"\r\n\r\n" not in asked and (more := self.request.recv(65536)):
            asked += more
        path = asked.split(b" ", 2)[1] if asked.count(b" ") >= 2 else b""
        host = next((line for line in asked.split(b"\r\n") if line.lower().startswith(b"host:")), b"")
        name = host.partition(b":")[2].strip().partition(b".")[0].decode()
        try:
            self.answer(path.decode(), name)
        except OSError:
            return

    def answer(self, path: str, name: str) -> None:
        if path == "/robots.txt":
            self.request.sendall(b"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n")
        elif path == "/next":
            self.request.sendall(GOOD.replace(b"23", b"24"))
        else:
            pieces = ALL[name]
            for piece in pieces() if callable(pieces) else pieces:
                self.request.sendall(piece)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256  # with five, as by default, a connection that comes with many others waits for seconds

    def handle_error(self, *_: object) -> None:
        """Keep stderr clean."""


@pytest.fixture(scope="module")
def bad(tmp_path_factory) -> Iterator[Crawled]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        seeds = ",".join(f"http://{name}.test{path}" for name in ALL for path in ("/", "/next"))
        yield crawl(
            seeds,
            "--follow",
            "seeds",
            data=tmp_path_factory.mktemp("bad"),
            LINKGRAPH_RESOLVE=f"*:80=127.0.0.1:{port}",
            DOWNLOAD_TIMEOUT=8,
            LINKGRAPH_IDLE_SECONDS=3,
            DOWNLOAD_MAXSIZE=1_000_000,
            RETRY_TIMES=0,
        )
        server.shutdown()


def test_the_crawl_finishes_within_its_memory(bad):
    assert bad.code == 0, bad.err
    assert bad.problems == []
    assert len(bad.pages) == 2 * len(ALL)
    assert bad.peak < 500 * 1024 * 1024
    assert "Traceback" not in bad.err


@pytest.mark.row("C3", "C5", "C6", "C7", "C9", "C10")
@pytest.mark.parametrize("name", FAILS)
def test_an_answer_that_is_none_or_too_much_fails_with_its_reason(bad, name):
    assert bad.outcome(f"http://{name}.test/") == ("failed", REASONS[name], None)


@pytest.mark.row("C4", "C5", "C7", "C10")
@pytest.mark.parametrize("name", WORKS)
def test_an_odd_answer_is_read_as_far_as_it_goes(bad, name):
    assert bad.outcome(f"http://{name}.test/") == ("fetched", None, 200)
    assert bad.targets(f"http://{name}.test/") == [f"http://{name}.test/next"]


CUT = [
    "cut-in-the-body",
    "cut-in-a-chunk",
    "endless-chunks",
    "broken-tail",
    "cut-gzip",
    "gzip-bomb",
    "deflate-bomb",
    "nested-bomb",
    "brotli-bomb",
    "zstd-bomb",
]


@pytest.mark.row("C4", "C5")
@pytest.mark.parametrize("name", CUT)
def test_an_answer_that_was_cut_is_marked(bad, name):
    assert bad.page(f"http://{name}.test/")["truncated"]


@pytest.mark.row("C3", "C6", "C7")
@pytest.mark.parametrize("name", ALL)
def test_the_next_page_of_the_host_is_fetched_all_the_same(bad, name):
    assert bad.outcome(f"http://{name}.test/next")[0] == "fetched"

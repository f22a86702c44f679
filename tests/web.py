"""A dict of pages → a bounded HTTP server on loopback that serves many hosts by their `Host` header.

    with Web({("a.test", "/"): page('<a href="/b">b</a>')}) as web:
        ...  # LINKGRAPH_RESOLVE=web.resolve
        assert web.paths("a.test") == ["/robots.txt", "/"]

Promises a log of every request with the moment it came. Serves 64 connections at a time at most, each for 60 s.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Headers = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Answer:
    """What the server says to one request."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""
    cut: int | None = None
    """Close the connection after this many bytes of the body, though all were announced."""
    wait: float = 0.0
    """Seconds before the answer."""


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    at: float
    host: str
    path: str
    headers: Mapping[str, str] = field(repr=False)


def page(body: str, *, title: str = "A page", head: str = "", headers: Headers = (), status: int = 200) -> Answer:
    """Return an HTML answer."""
    text = f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    return Answer(status, (("Content-Type", "text/html; charset=utf-8"), *headers), text.encode())


def links(*hrefs: str) -> str:
    """Return a list of links."""
    return "<ul>" + "".join(f'<li><a href="{href}">to {href}</a></li>' for href in hrefs) + "</ul>"


def bomb(start: bytes, megabytes: int) -> Answer:
    """Return *start* and then so many megabytes of blanks, packed to a thousandth."""
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(start) + b"".join(packer.compress(b" " * 1_000_000) for _ in range(megabytes))
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    return Answer(200, headers, packed + packer.flush())


def moved(target: str | bytes, status: int = 302) -> Answer:
    """Return a redirect."""
    return Answer(status, (("Location", target),))


def robots(text: str) -> Answer:
    """Return a robots.txt."""
    return Answer(200, (("Content-Type", "text/plain"),), text.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Keep stderr clean: a client that hangs up early is what some tests are about."""


class Web:
    """The server; a context manager. An answer may be a sequence: one for each request, the last for all others."""

    def __init__(self, pages: Mapping[tuple[str, str], Answer | Sequence[Answer]]) -> None:
        self.pages = dict(pages)
        self.log: list[Asked] = []
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(64)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def resolve(self) -> str:
        """A `LINKGRAPH_RESOLVE` that sends every host's plain and encrypted port here."""
        return f"*:80=127.0.0.1:{self.port},*:443=127.0.0.1:{self.port}"

    def resolve_hosts(self, *hosts: str) -> str:
        """A `LINKGRAPH_RESOLVE` for these hosts only."""
        return ",".join(f"{host}:80=127.0.0.1:{self.port}" for host in hosts)

    def paths(self, host: str) -> list[str]:
        """Return what was asked of *host*, in order."""
        return [asked.path for asked in self.log if asked.host == host]

    def times(self, host: str) -> list[float]:
        """Return when each request to *host* came, in seconds of one clock."""
        return [asked.at for asked in self.log if asked.host == host]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, host: str, path: str) -> Answer:
        """Return the answer to the next request of *path*."""
        found = self.pages.get((host, path), Answer(404, (("Content-Type", "text/plain"),), b"nothing here"))
        if isinstance(found, Answer):
            return found
        asked = sum(1 for one in self.log if (one.host, one.path) == (host, path))
        return found[min(asked, len(found)) - 1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def handle(self) -> None:
                with web._free:
                    super().handle()

            def do_GET(self) -> None:
                host = (self.headers.get("Host") or "").partition(":")[0]
                with web._lock:
                    web.log.append(Asked(time.monotonic(), host, self.path, dict(self.headers.items())))
                    answer = web.answer(host, self.path)
                time.sleep(answer.wait)
                self.wfile.write(_head(answer))
                self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
                self.close_connection = answer.cut is not None

            def log_message(self, *_: Any) -> None:
                """Keep stderr clean."""

        return Handler


def _head(answer: Answer) -> bytes:
    lines = [b"HTTP/1.1 %d Answer" % answer.status]
    for name, value in answer.headers:
        lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    lines.append(b"Content-Length: %d" % len(answer.body))
    return b"\r\n".join(lines) + b"\r\n\r\n"

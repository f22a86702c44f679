"""A demo web on a loopback port: `serve` runs it as a process of its own and stops it.

Promises HTTP/1.1 with keep-alive, pipelining and conditional requests, hosts told apart by the Host header, and that
the process ends with its parent. A host without a server gets no answer: the connection is closed.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TextIO

from linkgraph.demo.plan import Answer
from linkgraph.demo.web import DEFAULT_SEED, DemoWeb
from linkgraph.errors import UsageError

ADDRESS = "127.0.0.1"
START_SECONDS = 20.0
"""How long the process may take to build the web and bind its port; it takes half a second on one slow core."""

_PARENT_CHECK_SECONDS = 0.5
_MAX_HEAD = 1 << 16
"""Bytes of request line and headers; longer requests are no crawler's."""

_UNREADABLE = Answer(400, (("Content-Type", "text/plain"),), b"The request cannot be read.\n")
_WRONG_METHOD = Answer(405, (("Content-Type", "text/plain"), ("Allow", "GET, HEAD")), b"GET and HEAD only.\n")


@dataclass(frozen=True, slots=True)
class ServedWeb:
    """Where a demo web is served."""

    address: str
    port: int

    @property
    def resolve(self) -> str:
        """Return the value of LINKGRAPH_RESOLVE that leads every host and port here."""
        return f"*:*={self.address}:{self.port}"


@contextmanager
def serve(
    web_seed: int = DEFAULT_SEED, port: int = 0, *, log: Path | None = None, number: int = 0
) -> Iterator[ServedWeb]:
    """Serve round *number* of the web of *web_seed* on 127.0.0.1 while the context is open; port 0 takes a free one.

    With *log*, every request is a line `time host path status` there (seconds since 1970).

    Raises:
        UsageError: the port or the log cannot be opened.
    """
    command = [sys.executable, "-m", "linkgraph.demo", str(web_seed), str(port), str(os.getpid()), str(number)]
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command + ([str(log)] if log else []),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield ServedWeb(ADDRESS, _announced_port(process))
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)
        if process.stdout:
            process.stdout.close()


def _announced_port(process: subprocess.Popen[str]) -> int:
    out = process.stdout
    ready = out and select.select([out], [], [], START_SECONDS)[0]
    line = out.readline().strip() if out and ready else ""
    if line.isdigit():
        return int(line)
    raise UsageError(f"the demo web cannot be served: {line or 'its process ended before it was ready'}")


class _Connection(asyncio.Protocol):
    """One client connection; requests are answered in order as soon as they are complete."""

    def __init__(self, web: DemoWeb, log: TextIO | None) -> None:
        self._web = web
        self._log = log
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream server hands out nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._transport.is_closing():
            head, mark, rest = self._buffer.partition(b"\r\n\r\n")
            if not mark:
                if len(self._buffer) > _MAX_HEAD:
                    self._send(_UNREADABLE, keep=False)
                return
            self._buffer = rest
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
        words = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or "host" not in headers:
            return self._send(_UNREADABLE, keep=False)
        method, target, version = words
        if method not in ("GET", "HEAD"):
            return self._send(_WRONG_METHOD, keep=False)
        host, path = _addressed(target, headers["host"])
        answer = self._web.respond(host, path)
        if self._log:
            self._log.write(f"{time.time():.6f} {host} {path} {answer.status if answer else '-'}\n")
        if answer is None:
            return self._transport.abort()
        keep = headers.get("connection", "").lower() != "close" if version == "HTTP/1.1" else False
        unchanged = "if-none-match" in headers and ("ETag", headers["if-none-match"]) in answer.headers
        return self._send(Answer(304, answer.headers, b"") if unchanged else answer, keep=keep, body=method == "GET")

    def _send(self, answer: Answer, *, keep: bool, body: bool = True) -> None:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.status != 304:
            lines.append(f"Content-Length: {len(answer.body)}")
        lines.append(f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n")
        head = "\r\n".join(lines).encode("latin-1")
        self._transport.write(head + answer.body if body else head)
        if not keep:
            self._transport.close()


def _addressed(target: str, host_header: str) -> tuple[str, str]:
    """Return (host without port, path with query) of an origin-form or absolute-form target (RFC 9112 3.2)."""
    if target.startswith("http://"):
        host_header, _, path = target[7:].partition("/")
        target = f"/{path}"
    return host_header.partition(":")[0].lower(), target


async def _run(seed: int, port: int, parent: int, number: int, log: TextIO | None) -> None:
    web = DemoWeb.build(seed, number)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Ctrl-C reaches the whole process group; the crawl that it ends still needs its web for the requests under way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = await loop.create_server(lambda: _Connection(web, log), ADDRESS, port, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while os.getppid() == parent and not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_CHECK_SECONDS)
    server.close()


def main(arguments: list[str]) -> int:
    """Serve until the parent ends or SIGTERM comes; the first line on stdout is the port, or why there is none."""
    seed, port, parent, number = (int(word) for word in arguments[:4])
    try:
        if len(arguments) > 4:
            with Path(arguments[4]).open("a", encoding="utf-8", buffering=1) as log:
                asyncio.run(_run(seed, port, parent, number, log))
        else:
            asyncio.run(_run(seed, port, parent, number, None))
    except OSError as error:
        where = error.filename or f"{ADDRESS}:{port}"
        sys.stdout.write(f"{where}: {error.strerror or error}; name another {'file' if error.filename else 'port'}\n")
        return 1
    return 0

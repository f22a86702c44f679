"""Answers that take long to read → the same page and links, from a process of its own.

Promises that the event loop never waits for a large or hostile page, and that one which takes more than its processor
seconds is given up and costs nothing but itself. Small pages are read where they are: that is fastest.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import socket
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BufferedRWPair
from typing import Any

from linkgraph.extract import prepare
from linkgraph.extract.answer import Headers, bare_page, observe
from linkgraph.extract.reopening import reopened
from linkgraph.extract.sitemap import is_sitemap
from linkgraph.model import LINK_COLUMNS, Links, Page

INLINE = 10_000.0
"""Microseconds, by `cost`, up to which an answer is read on the event loop: the densest markup that was tried takes one
and a half times what it is told to, and with the rest of two turns (`turns`) the loop is held for less than 50 ms."""

_PER_LINK, _PER_TAG, _PER_BYTE, _PER_META, _PER_REFERENCE = 30.0, 1.6, 0.03, 10.0, 0.15
"""Microseconds, measured on real pages and on the densest ones."""

_PER_REOPENED = 0.6
"""Microseconds for a formatting element that is opened again: 0.3 to 0.7 with 4 to 512 of them, 300 or 1,000 times."""

_PER_RULE_BYTE = 0.7
"""Microseconds for a byte of a robots.txt."""

_WALL = 4.0
"""Seconds of the clock that a page may take for each of its processor seconds, on a machine with other work."""

_LARGE_SITEMAP = 32_768
"""Bytes; mending ampersands and reading elements are ten times as dear as text."""

_START = 60.0
"""Seconds that the process may take to start."""

_FRAME = struct.Struct("!Q")
_GZIP = b"\x1f\x8b"


def cost(url: str, body: bytes) -> float:
    """Return about how many microseconds it takes to read *body*; packed bodies and large sitemaps count as endless."""
    if body.startswith(_GZIP) or (len(body) > _LARGE_SITEMAP and is_sitemap(body)):
        return float("inf")
    size = len(body) * (_PER_RULE_BYTE if url.endswith("/robots.txt") else _PER_BYTE)
    if size > INLINE:
        return size
    lowered = body.lower()
    links = lowered.count(b"href") + lowered.count(b"src") + lowered.count(b"action")
    tags = lowered.count(b"<") * _PER_TAG + lowered.count(b"<meta") * _PER_META
    known = size + links * _PER_LINK + tags + lowered.count(b"&") * _PER_REFERENCE
    return known if known > INLINE else known + reopened(body) * _PER_REOPENED


class Aside:
    """A process that reads one answer at a time; started when the first one comes, and again after it was ended."""

    def __init__(self, seconds: float) -> None:
        """Prepare; each answer may take *seconds* of the processor."""
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def observe(
        self, url: str, status: int, headers: Headers, body: bytes, **options: bool
    ) -> tuple[Page, Links]:
        """Return what `linkgraph.extract.answer.observe` returns; where it takes too long, a failed page."""
        async with self._turn:
            try:
                if self._process is None:
                    async with asyncio.timeout(_START):
                        await self._start()
                async with asyncio.timeout(self._seconds * _WALL):
                    return await self._ask((url, status, headers, body, options))
            except (OSError, EOFError, TimeoutError):
                self.close()
        page = replace(
            bare_page(url), fetched_at=datetime.now(UTC), status=status, truncated=options.get("truncated", False)
        )
        return replace(page, outcome="failed", outcome_reason="extract:deadline", content_length=len(body)), Links()

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno()), str(self._seconds)]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: ASYNC220, S603 - our own program; starting it takes milliseconds
        ours.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        await self._receive()

    async def _ask(self, job: tuple[Any, ...]) -> tuple[Page, Links]:
        message = pickle.dumps(job, protocol=5)
        self._writer.write(_FRAME.pack(len(message)))
        self._writer.write(message)
        await self._writer.drain()
        answer = await self._receive()
        if isinstance(answer, Exception):
            raise answer
        # A column at a time: ten thousand links at once would hold the loop.
        columns = {name: await self._receive() for name in LINK_COLUMNS}
        return answer, Links(**columns)

    async def _receive(self) -> Any:
        size = _FRAME.unpack(await self._reader.readexactly(_FRAME.size))[0]
        message = await self._reader.readexactly(size)
        return pickle.loads(message)  # noqa: S301 - written by our own process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            if hasattr(self, "_writer"):
                self._writer.close()
            self._process.kill()
            self._process.wait()
            self._process = None


def serve(connection: socket.socket, seconds: float) -> None:
    """Read answers until the other side is gone. One that takes longer than *seconds* ends this process (SIGPROF)."""
    stream = connection.makefile("rwb")
    # The suffix list, the loops and the rest that is read at first use is nobody's processor time.
    prepare()
    observe("http://localhost/", 200, [("Content-Type", "text/html")], b"<a href=http://example.org/x>x</a>")
    _send(stream, "ready")
    stream.flush()
    while head := stream.read(_FRAME.size):
        url, status, headers, body, options = pickle.loads(stream.read(_FRAME.unpack(head)[0]))  # noqa: S301 - written by our own process
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            page, links = observe(url, status, headers, body, **options)
            parts: list[Any] = [page, *(getattr(links, name) for name in LINK_COLUMNS)]
        except Exception as error:  # noqa: BLE001 - it is raised again where the answer was asked for
            parts = [RuntimeError(repr(error))]
        signal.setitimer(signal.ITIMER_PROF, 0)
        for part in parts:
            _send(stream, part)
        stream.flush()


def _send(stream: BufferedRWPair, part: Any) -> None:
    message = pickle.dumps(part, protocol=5)
    stream.write(_FRAME.pack(len(message)))
    stream.write(message)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the crawl's to answer
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), socket.socket(fileno=int(sys.argv[1])) as ours:
        serve(ours, float(sys.argv[2]))

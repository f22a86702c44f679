"""The bytes of a connection → an answer within limits, or the reason why there is none.

Promises that the head of an answer costs at most 64 KiB and 20 interim answers, and that a server that drips is left
within seconds. Refuses by `AnswerError`, which carries a reason of the closed list. Limits, not rules of HTTP.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientOSError, ServerDisconnectedError
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from linkgraph.errors import AnswerError

MAX_HEAD = 64 * 1024
"""Bytes of status line and headers, interim answers included; browsers give up at 256 KiB, servers send 2."""

MAX_HEADERS = 200
"""Header lines of an answer; real ones have up to 60."""

MAX_INTERIM = 20
"""1xx answers before the answer itself (RFC 9110 15.2); 103 is sent once or twice."""

_SLICE = 8192


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a server may answer."""

    idle: float = 10.0
    """Seconds without a byte."""
    grace: float = 10.0
    """Seconds for the head from its first byte, and for the body before its rate counts."""
    rate: float = 1024.0
    """Bytes a second, on average, of a body that takes longer than `grace`."""

    def is_slow(self, received: int, seconds: float) -> bool:
        """Tell whether a body of which so many bytes came in so many seconds is not worth its connection."""
        return seconds > self.grace and received < self.rate * seconds


class CappedProtocol(ResponseHandler):
    """aiohttp's client protocol with a bounded head. It feeds the parser in slices, so that no flood is one step."""

    def __init__(self, pace: Pace, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._pace = pace
        self._asked = 0
        self._head_over = False
        self._head = 0
        self._interim = 0
        self._watch: asyncio.TimerHandle | None = None

    def set_response_params(self, **options: Any) -> None:
        """Begin a new answer on this connection, under our limits."""
        self._asked += 1
        self._head_over, self._head, self._interim = False, 0, 0
        super().set_response_params(**{**options, "read_timeout": self._pace.idle, "max_headers": MAX_HEADERS})

    def data_received(self, data: bytes) -> None:
        """Feed the parser until the head is over or too large; the body is bounded by who reads it."""
        while data and not self._head_over and self._parser is not None and self.exception() is None:
            if self._watch is None:
                self._watch = self._loop.call_later(self._pace.grace, self._give_up, "transport:slow")
            piece, data = data[:_SLICE], data[_SLICE:]
            self._head += len(piece)
            super().data_received(piece)
            if not self._head_over and self._head > MAX_HEAD:
                self._give_up("http:headers")
                return
        if data and self.exception() is None:
            super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take in an answer's head."""
        if data[0].code < 200 and data[0].code != 101:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._give_up("http:interim")
            return  # the client reads past them anyway
        self._head_over = True
        self._stop_watch()
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Take in why the connection is of no use any more.

        aiohttp sends a request again at once when its connection is lost. Over one that had served before, the server
        had left already and never saw it (RFC 9112 9.3.1); over a new one it would be a second request without delay.
        """
        if self._asked <= 1 and isinstance(exc, ClientOSError | ServerDisconnectedError):
            exc = AnswerError("transport:failed", str(exc))
        if exc_cause is None:
            super().set_exception(exc)
        else:
            super().set_exception(exc, exc_cause)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the watch with the connection."""
        self._stop_watch()
        super().connection_lost(exc)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _give_up(self, reason: str) -> None:
        self._stop_watch()
        if self._head_over:
            return
        if self.exception() is None:
            self.set_exception(AnswerError(reason))
        if self.transport is not None:
            self.transport.close()


def reason_of(error: BaseException) -> str | None:
    """Return the reason of the closed list that *error*, or what it was raised from, stands for; None for none."""
    found: BaseException | None = error
    malformed = None
    while found is not None:
        if isinstance(found, AnswerError):
            return found.reason
        if isinstance(found, LineTooLong) or "Too many headers" in str(found):
            return "http:headers"
        if isinstance(found, HttpProcessingError):
            malformed = "http:malformed"
        found = found.__cause__
    return malformed

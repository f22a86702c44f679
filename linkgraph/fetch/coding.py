"""A body as it was sent → its bytes, unpacked step by step up to a cap.

Promises that no step makes more than the cap leaves room for, whatever the ratio. Refuses codings that were not asked
for, and more than two of them, by `AnswerError`. Pure.
"""

from __future__ import annotations

import zlib

from linkgraph.errors import AnswerError

MAX_CODINGS = 2
"""Content codings of one answer (RFC 9110 8.4 allows any number); a file that is gzip itself may be sent as gzip."""

STEP = 1 << 20
"""Most bytes that one step makes: a few milliseconds of the event loop."""

_BITE = 4096
"""Bytes given to zlib at once: where they are broken, it keeps what it made of those before."""

_GZIP = 31
_MAGIC = b"\x1f\x8b"
_DEFLATE = 15
_RAW_DEFLATE = -15
_KNOWN = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _DEFLATE}
_NONE = frozenset({"", "identity", "none", "utf-8"})
"""Values that mean no coding; the last two are errors that servers make."""


class _Inflater:
    """One coding: gzip with any number of members, or deflate with or without its wrapper."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inflater = zlib.decompressobj(wbits=bits)
        self._started = False
        self._rest = b""

    def step(self, data: bytes, limit: int) -> bytes:
        """Return up to *limit* bytes; what could not be used yet is kept for the next step.

        Raises:
            zlib.error: the data are broken.
        """
        data = self._rest + data
        data, self._rest = data[:_BITE], data[_BITE:]
        if self._inflater.eof:
            # RFC 1952 2.2: gzip may have further members; anything else that follows is padding.
            if self._bits != _GZIP or not data.startswith(_MAGIC[: len(data)]) or not data:
                self._rest = b""
                return b""
            self._inflater = zlib.decompressobj(wbits=_GZIP)
        try:
            made = self._inflater.decompress(data, limit)
        except zlib.error:
            if self._started or self._bits != _DEFLATE:
                raise
            # RFC 9110 8.4.1.2 means the wrapper, and notes that some send it without.
            self._bits = _RAW_DEFLATE
            self._inflater = zlib.decompressobj(wbits=_RAW_DEFLATE)
            made = self._inflater.decompress(data, limit)
        self._started = self._started or bool(data)
        self._rest = (self._inflater.unused_data or self._inflater.unconsumed_tail) + self._rest
        return made

    @property
    def complete(self) -> bool:
        """Whether the end of the coding came, or nothing at all."""
        return self._inflater.eof or not self._started

    @property
    def waiting(self) -> bool:
        """Whether a step without new data would make more."""
        return bool(self._rest)


class Unpacker:
    """Takes the codings of one body away, the outermost first."""

    def __init__(self, codings: str, cap: int) -> None:
        """Prepare for a body of *codings*, the value of `Content-Encoding`, and at most *cap* bytes.

        Raises:
            AnswerError: `http:coding`, an unknown coding or too many.
        """
        names = [name for part in codings.lower().split(",") if (name := part.strip()) not in _NONE]
        if len(names) > MAX_CODINGS or any(name not in _KNOWN for name in names):
            raise AnswerError("http:coding", f"Content-Encoding: {codings[:80]}")
        self._chain = [_Inflater(_KNOWN[name]) for name in reversed(names)]
        self._left = cap
        self._cut = False
        self.broken = False
        """Whether the rest of the body cannot be unpacked."""
        self.made = 0
        """Bytes unpacked so far."""

    @property
    def full(self) -> bool:
        """Whether the cap is reached."""
        return self._left <= 0

    @property
    def complete(self) -> bool:
        """Whether nothing of the body is missing, as far as its codings tell."""
        return not (self.broken or self._cut) and all(inflater.complete for inflater in self._chain)

    @property
    def waiting(self) -> bool:
        """Whether `step(b"")` would make more of what came already."""
        return not self.broken and any(inflater.waiting for inflater in self._chain)

    def step(self, data: bytes) -> bytes:
        """Return what *data* and earlier rests unpack to, `STEP` bytes and the cap at most."""
        if self.broken or self.full:
            return b""
        limit = min(STEP, self._left)
        try:
            for inflater in self._chain:
                data = inflater.step(data, limit)
        except zlib.error:
            self.broken = True
            return b""
        self._cut = len(data) > self._left
        data = data[: self._left]
        self._left -= len(data)
        self.made += len(data)
        return data

"""A body as it was sent → its bytes, unpacked step by step up to a cap.

Promises that no step makes more than the cap leaves room for, whatever the ratio. Refuses codings that were not asked
for, and more than two of them, by `AnswerError`. Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

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
_NONE = frozenset({"", "identity", "none", "utf-8"})
"""Values that mean no coding; the last two are errors that servers make."""


_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + low]) + b"\x2a\x4d\x18" for low in range(16)))
"""Beginnings of a frame and of one to be skipped (RFC 8878 3.1)."""

_ZSTD_WINDOW = 23
"""Binary logarithm of the largest window: RFC 9659 bounds it to 8 MiB for content codings."""


def _library(*names: str, has: str) -> Any:
    """Return the first of the modules *names* that is installed and has *has*, or None."""
    for name in names:
        try:
            found = import_module(name)
        except ImportError:
            continue
        if hasattr(found, has):
            return found
    return None


_brotli = _library("brotli", has="Decompressor")
if _brotli is not None and not hasattr(_brotli.Decompressor, "can_accept_more_data"):
    _brotli = None  # before 1.2 what it makes cannot be bounded
_zstd = _library("compression.zstd", "backports.zstd", has="ZstdDecompressor")
_BROKEN: tuple[type[Exception], ...] = (
    zlib.error,
    *(() if _brotli is None else (_brotli.error,)),
    *(() if _zstd is None else (_zstd.ZstdError,)),
)


class _Coding(Protocol):
    """One coding that is being taken away."""

    def step(self, data: bytes, limit: int) -> bytes:
        """Return up to *limit* bytes; what could not be used yet is kept for the next step. Raises one of `_BROKEN`."""

    @property
    def complete(self) -> bool:
        """Whether the end of the coding came, or nothing at all."""

    @property
    def waiting(self) -> bool:
        """Whether a step without new data would make more."""


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


class _Brotli:
    """RFC 7932. What the library makes beyond a limit, up to a block, is kept for the next step; nothing may follow."""

    def __init__(self) -> None:
        self._decoder = _brotli.Decompressor()
        self._started = False
        self._rest = b""
        self._over = b""

    def step(self, data: bytes, limit: int) -> bytes:
        self._rest += data
        if not self._over and not self._decoder.is_finished():
            bite = b""
            if self._decoder.can_accept_more_data():
                bite, self._rest = self._rest[:_BITE], self._rest[_BITE:]
                self._started = self._started or bool(bite)
            self._over = self._decoder.process(bite, output_buffer_limit=limit)
        if self._decoder.is_finished():
            self._rest = b""
        made, self._over = self._over[:limit], self._over[limit:]
        return made

    @property
    def complete(self) -> bool:
        return self._decoder.is_finished() or not self._started

    @property
    def waiting(self) -> bool:
        return bool(self._rest or self._over or not (self._decoder.is_finished() or self._accepts))

    @property
    def _accepts(self) -> bool:
        return bool(self._decoder.can_accept_more_data())


class _Zstandard:
    """RFC 8878, any number of frames, of windows of 8 MiB at most."""

    def __init__(self) -> None:
        self._decoder = self._begin()
        self._started = False
        self._rest = b""

    @staticmethod
    def _begin() -> Any:
        return _zstd.ZstdDecompressor(options={_zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW})

    def step(self, data: bytes, limit: int) -> bytes:
        self._rest += data
        if self._decoder.eof:
            if not any(self._rest.startswith(magic[: len(self._rest)]) for magic in _ZSTD) or not self._rest:
                self._rest = b""
                return b""
            self._decoder = self._begin()
        bite = b""
        if self._decoder.needs_input:
            bite, self._rest = self._rest[:_BITE], self._rest[_BITE:]
            self._started = self._started or bool(bite)
        made: bytes = self._decoder.decompress(bite, max_length=limit)
        self._rest = self._decoder.unused_data + self._rest
        return made

    @property
    def complete(self) -> bool:
        return self._decoder.eof or not self._started

    @property
    def waiting(self) -> bool:
        return bool(self._rest) or not (self._decoder.eof or self._decoder.needs_input)


_KNOWN: dict[str, Callable[[], _Coding]] = {
    "gzip": lambda: _Inflater(_GZIP),
    "x-gzip": lambda: _Inflater(_GZIP),
    "deflate": lambda: _Inflater(_DEFLATE),
    **({} if _brotli is None else {"br": _Brotli}),
    **({} if _zstd is None else {"zstd": _Zstandard}),
}

ACCEPTED = ", ".join(name for name in _KNOWN if name != "x-gzip")
"""What a request may say in `Accept-Encoding`: the codings whose libraries are installed."""


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
        self._chain = [_KNOWN[name]() for name in reversed(names)]
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
        except _BROKEN:
            self.broken = True
            return b""
        self._cut = len(data) > self._left
        data = data[: self._left]
        self._left -= len(data)
        self.made += len(data)
        return data

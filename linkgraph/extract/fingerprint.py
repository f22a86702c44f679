"""Visible text and raw bytes → numbers by which pages are compared.

Promises the same 64-bit simhash for the same text on every machine and run, near ones for near texts, and no
dependence on spaces between words or on word boundaries, which Chinese and Japanese do not write. Reads at most
`MAX_TEXT` of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SHINGLE = 16
"""Bytes of UTF-8 in a shingle: about three English words or five Chinese characters."""

MAX_TEXT = 1 << 17
"""Code points of text that are read."""

SAMPLE = 128
"""Shingles that vote, at least, where there are as many; at most four times as many do."""

_WORD = np.dtype("<u8")
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_JOIN = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_MIX_AGAIN = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_BLANKS = bytes(range(33))
_LOWER = bytes(range(256)).lower()

Hashes = npt.NDArray[np.uint64]


def simhash(text: str) -> int | None:
    """Return the simhash of a text's shingles (Charikar 2002) as a signed 64-bit integer; None for no text.

    Shingles are the runs of `SHINGLE` bytes of the text in UTF-8, A to Z lower-cased, without blanks and controls.
    A shingle is kept by the hash of its first half, so that two versions of a page keep the same ones, and hashed to
    64 bits; bit *i* of the result is the majority of bit *i* of the kept hashes.
    """
    letters = text[:MAX_TEXT].encode("utf-8", "replace").translate(_LOWER, _BLANKS)
    if not letters:
        return None
    if len(letters) < SHINGLE:
        letters = letters * SHINGLE
    hashes = _mixed(_kept(letters))
    bits = np.unpackbits(hashes.view(np.uint8), bitorder="little").reshape(-1, 64)
    votes = bits.sum(axis=0, dtype=np.uint16)
    majority = np.packbits(votes > len(bits) // 2, bitorder="little")
    return int(majority.view("<i8")[0])


def _kept(letters: bytes) -> Hashes:
    """Return the hashes of the shingles that vote: between `SAMPLE` and four times as many, or all of a short text."""
    count = len(letters) - SHINGLE + 1
    firsts = np.ndarray((count,), _WORD, letters, strides=(1,)) * _SPREAD
    seconds = np.ndarray((count,), _WORD, letters, offset=SHINGLE // 2, strides=(1,))
    doublings = max(0, (count // SAMPLE).bit_length() - 2)
    at = np.flatnonzero(firsts <= np.uint64(0xFFFFFFFFFFFFFFFF >> doublings))
    hashes: Hashes = firsts[at] * _JOIN + seconds[at]
    return hashes


def _mixed(hashes: Hashes) -> Hashes:
    """Return the hashes with every bit depending on every other (MurmurHash3's finaliser)."""
    hashes = (hashes ^ (hashes >> _SHIFT)) * _MIX
    hashes = (hashes ^ (hashes >> _SHIFT)) * _MIX_AGAIN
    return hashes ^ (hashes >> _SHIFT)

"""Visible text and raw bytes → numbers by which pages are compared.

Promises the same 64-bit simhash for the same text on every machine and run, near ones for near texts, and no
dependence on spaces between words or on word boundaries, which Chinese and Japanese do not write. Reads at most
`MAX_TEXT` of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.jit import part

SHINGLE = 16
"""Bytes of UTF-8 in a shingle: about three English words or five Chinese characters."""

MAX_TEXT = 1 << 17
"""Code points of text that are read."""

SAMPLE = 128
"""Shingles that vote, at least, where there are as many; at most four times as many do."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_JOIN = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_MIX_AGAIN = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_BYTE, _TOP = np.uint64(8), np.uint64(56)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@part
def simhash(text: Any) -> Any:
    """Return the simhash of a text's shingles (Charikar 2002) as a signed 64-bit integer, and whether there is text.

    Args:
        text: its letters in UTF-8, A to Z lower-cased, without blanks and controls.

    Shingles are runs of `SHINGLE` bytes. A shingle is kept by the hash of its first half, so that two versions of a
    page keep the same ones, and hashed to 64 bits; bit *i* of the result is the majority of bit *i* of the kept hashes.
    """
    if text.size == 0:
        return np.int64(0), False
    if text.size >= SHINGLE:
        return _majority(text), True
    repeated = np.empty(SHINGLE * text.size, np.uint8)
    for at in range(repeated.size):
        repeated[at] = text[at % text.size]
    return _majority(repeated), True


@part
def _majority(letters: Any) -> Any:
    """Return the simhash of at least `SHINGLE` letters."""
    count = letters.size - SHINGLE + 1
    doublings = np.int64(0)
    while count // SAMPLE >> doublings + 2:
        doublings += 1
    limit = _ALL >> np.uint64(doublings)
    votes = np.zeros(64, np.int64)
    kept = np.int64(0)
    first = second = np.uint64(0)
    half = SHINGLE // 2
    for at in range(letters.size):
        second = second >> _BYTE | np.uint64(letters[at]) << _TOP
        if at >= half:
            first = first >> _BYTE | np.uint64(letters[at - half]) << _TOP
        if at < SHINGLE - 1 or first * _SPREAD > limit:
            continue
        mixed = first * _SPREAD * _JOIN + second
        mixed = (mixed ^ mixed >> _SHIFT) * _MIX
        mixed = (mixed ^ mixed >> _SHIFT) * _MIX_AGAIN
        mixed ^= mixed >> _SHIFT
        kept += 1
        for bit in range(64):
            votes[bit] += np.int64(mixed >> np.uint64(bit)) & 1
    found = np.int64(0)
    for bit in range(64):
        found |= np.int64(votes[bit] > kept // 2) << bit
    return found

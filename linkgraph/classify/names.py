"""The ids and classes on the steps of paths → the words in them, and keys to look them up by.

Promises one pass over a step, whatever is on it. Refuses nothing: a step may be a bare tag.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.automaton import matcher
from linkgraph.classify.texts import Texts, texts_of
from linkgraph.jit import kernel, leaf

MISLEADING = ("not-print", "object-category", "type-signature", "sig-object")
"""Names that contain the words of others."""

SPREAD = 0x100000001B3
"""The multiplier of the FNV hashes."""

_ID, _CLASS, _UNDERLINE, _HYPHEN, _SPACE = b"#._- "

Numbers = npt.NDArray[np.int64]


def names_on(steps: Texts) -> pa.Array:
    """Return the ids and classes of each step, in lower case, twice: in words and as they are written.

    An id that names what the text is about, in documentation, and not a part of the page, is left out: that of a `dt`
    or a heading, and of a `section` without a class.
    """
    written = np.empty(3 * steps.size + len(steps.begins), np.uint8)
    places = np.zeros(len(steps.begins) + 1, np.int32)
    _write_names(steps, written, places)
    names = pc.utf8_lower(pa.StringArray.from_buffers(len(steps.begins), pa.py_buffer(places), pa.py_buffer(written)))
    (misled,) = matcher(tuple(map(re.escape, MISLEADING))).bits(texts_of(names))
    if not misled.any():
        return names
    kept = names.filter(pa.array(misled != 0))
    for misleading in MISLEADING:
        kept = pc.replace_substring(kept, misleading, "")
    return pc.replace_with_mask(names, pa.array(misled != 0), kept)


def keys_of(steps: Texts) -> tuple[Numbers, Numbers]:
    """Return a key of each id and class of each step, and the number of its step.

    Names that differ in case or in the digits of a number have one key.
    """
    keys = np.empty(steps.size // 2 + 1, np.int64)
    of = np.empty(len(keys), np.int64)
    size = _read_keys(steps, keys, of)
    return keys[:size], of[:size]


@kernel
def _write_names(texts: Any, written: Any, places: Any) -> None:
    """Write the names of each step, and where they end."""
    source, size = texts.source, np.int64(0)
    for step in range(texts.begins.size):
        end = texts.ends[step]
        begin = _names_from(source, texts.begins[step], end)
        for at in range(begin, end):
            sign = source[at]
            if at > begin and 65 <= sign <= 90 and _lower_or_digit(source[at - 1]):
                written[size] = _HYPHEN
                size += 1
            written[size] = _HYPHEN if sign == _UNDERLINE else sign
            size += 1
        written[size] = _SPACE
        size += 1
        for at in range(begin, end):
            written[size] = source[at]
            size += 1
        places[step + 1] = size


@leaf
def _lower_or_digit(sign: Any) -> Any:
    return 97 <= sign <= 122 or 48 <= sign <= 57


@leaf
def _names_from(source: Any, begin: Any, end: Any) -> Any:
    """Return where the names of a step begin: after its tag, and after an id that is a topic."""
    at = begin
    while at < end and source[at] != _ID and source[at] != _CLASS:
        at += 1
    if at == end or source[at] == _CLASS:
        return at
    rest = at
    while rest < end and source[rest] != _CLASS:
        rest += 1
    heading = at - begin == 2 and source[begin] == 104 and 49 <= source[begin + 1] <= 54
    term = at - begin == 2 and source[begin] == 100 and source[begin + 1] == 116
    return rest if heading or term or (rest == end and _is_section(source, begin, at)) else at


@leaf
def _is_section(source: Any, begin: Any, end: Any) -> Any:
    if end - begin != 7:
        return False
    spelt = np.int64(0)
    for at in range(begin, end):
        spelt = spelt << 8 | np.int64(source[at])
    return spelt == 0x73656374696F6E


@leaf
def _opens(sign: Any) -> Any:
    """Return whether an id or a class begins."""
    return sign == _ID or sign == _CLASS  # noqa: PLR1714 - numba would make a tuple


@kernel
def _read_keys(texts: Any, keys: Any, of: Any) -> Any:
    """Write the key of each name, and the step that it is on; return how many there are."""
    source, size = texts.source, np.int64(0)
    for step in range(texts.begins.size):
        at, end = texts.begins[step], texts.ends[step]
        while at < end:
            sign = np.int64(source[at])
            at += 1
            if not _opens(sign) or at == end or _opens(source[at]):
                continue
            key = sign * SPREAD
            while at < end and not _opens(source[at]):
                letter = np.int64(source[at])
                at += 1
                if 48 <= letter <= 57:
                    if at < end and 48 <= source[at] <= 57:
                        continue
                    letter = np.int64(48)
                elif 65 <= letter <= 90:
                    letter += 32
                key = (key ^ letter) * SPREAD
            keys[size], of[size] = key ^ key >> 32, step
            size += 1
    return size

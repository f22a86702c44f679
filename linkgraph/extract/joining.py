"""The references of one page → their targets, for those that need no URL parser: nearly all of a page's.

Promises what the URL parser answers (URL Standard, 4.4) wherever it answers at all; tested against it on every kind.
Leaves to the parser: characters that it would escape, dot segments inside (also `%2e`), a colon that could end a
scheme, punycode and numeric hosts, ports, credentials, `//host`, and what may be too long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.strings import mix, number_for, slots_for
from linkgraph.jit import copied, kernel, leaf
from linkgraph.urls import MAX_URL_LENGTH

UNDECIDED = -1
"""Number of the target of a reference that the URL parser must join."""

_IN_PATH, _IN_QUERY, _IN_FRAGMENT, _IN_HOST = 1, 2, 4, 8
_SLASH, _DOT, _COLON, _HASH, _MARK, _PERCENT, _HYPHEN, _X, _N = b"/.:#?%-xn"
_SCHEME = np.frombuffer(b"https", np.uint8)


def _kinds() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return of what each byte may be a part and be copied as it is."""
    kinds = np.zeros(256, np.uint8)
    letters = b"abcdefghijklmnopqrstuvwxyz"
    kinds[list(letters + letters.upper() + b"0123456789_~!$&()*+,;=@%/.:-")] = _IN_PATH | _IN_QUERY | _IN_FRAGMENT
    kinds[ord("'")] = _IN_PATH | _IN_FRAGMENT
    kinds[ord("?")] = _IN_QUERY | _IN_FRAGMENT
    kinds[list(b"[]")] = _IN_QUERY
    kinds[list(letters + b"0123456789-.")] |= _IN_HOST
    return kinds


_KINDS = _kinds()


@leaf
def _host_begin(text: Any, begin: Any, end: Any) -> Any:
    """Return where the host of a reference begins that names its scheme, http or https; *begin* for no such one."""
    if end - begin < 8:
        return begin
    for offset in range(4):
        if text[begin + offset] != _SCHEME[offset]:
            return begin
    at = begin + 4 + (text[begin + 4] == _SCHEME[4])
    plain = text[at] == _COLON and text[at + 1] == _SLASH and text[at + 2] == _SLASH
    return at + 3 if plain else begin


@leaf
def _host_end(text: Any, begin: Any, end: Any) -> Any:
    """Return where the host that begins there ends; *begin* where it is more than letters, digits and hyphens."""
    at = label = begin
    dots = np.int64(0)
    while at < end and _KINDS[text[at]] & _IN_HOST:
        if text[at] == _DOT:
            if at == label:
                return begin
            label = at + 1
            dots += 1
        elif text[at] == _HYPHEN == text[at - 1] and at >= begin + 3 and text[at - 2] == _N and text[at - 3] == _X:
            return begin
        at += 1
    plain = dots > 0 and at > label and text[label] >= ord("a")
    return at if plain and (at == end or text[at] == _SLASH or text[at] == _HASH) else begin


@leaf
def _run_end(text: Any, at: Any, end: Any, kind: Any) -> Any:
    """Return where the bytes end that may be part of a path, query or fragment."""
    while at < end and _KINDS[text[at]] & kind:
        at += 1
    return at


@leaf
def _is_simple(text: Any, begin: Any, end: Any, absolute: Any) -> Any:
    """Return whether a path stays as it is: no dot segments, no host, no scheme."""
    if begin < end and (text[begin] == _DOT or (begin + 1 < end and text[begin] == text[begin + 1] == _SLASH)):
        return False
    for at in range(begin, end):
        if text[at] == _SLASH and at + 1 < end and text[at + 1] == _DOT:
            return False
        if text[at] == _COLON and not absolute:
            return False
        if text[at] == _PERCENT and at + 2 < end and text[at + 1] == ord("2") and text[at + 2] | 32 == ord("e"):
            return False
    return True


@leaf
def _front(base: Any, cuts: Any, ups: Any, first: Any, out: Any, size: Any) -> Any:
    """Copy of the base what stands before a path of that *first* byte, 0 for none, after *ups* times `../`."""
    origin, directory, document = cuts[0], cuts[1], cuts[2]
    if ups == 0:
        end = origin if first == _SLASH else directory if first else document
        return copied(base, np.int64(0), end, out, size)
    end = directory - 1
    while ups > 0 and end > origin:
        end -= 1
        while end > origin and base[end] != _SLASH:
            end -= 1
        ups -= 1
    size = copied(base, np.int64(0), end, out, size)
    out[size] = _SLASH
    return size + 1


@leaf
def _join(text: Any, begin: Any, end: Any, base: Any, cuts: Any, out: Any, size: Any, found: Any) -> None:
    """Write the target of one reference.

    Args:
        text: what it is part of.
        begin: where it begins.
        end: where it ends.
        base: the base URL.
        cuts: where its origin, directory, document and query end.
        out: where the target is written.
        size: from which place on.
        found: takes the size after it, or `UNDECIDED`; where its fragment begins in *text*; and its host there.
    """
    found[0] = UNDECIDED
    host = _host_begin(text, begin, end)
    after = _host_end(text, host, end) if host > begin else host
    if host > begin and after == host:
        return
    found[2], found[3] = host, after
    path, ups = after, np.int64(0)
    while after == begin and path + 2 < end and text[path] == text[path + 1] == _DOT and text[path + 2] == _SLASH:
        path += 3
        ups += 1
    query = _run_end(text, path, end, _IN_PATH)
    fragment = query
    if query < end and text[query] == _MARK:
        fragment = _run_end(text, query + 1, end, _IN_QUERY)
    stop = fragment
    if fragment < end and text[fragment] == _HASH:
        stop = _run_end(text, fragment + 1, end, _IN_FRAGMENT)
    if stop < end or not _is_simple(text, path, query, after > begin):
        return
    found[1] = fragment
    first = text[path] if path < query else np.uint8(0)
    if after > begin:
        size = copied(text, begin, after, out, size)
        if first == 0:
            out[size] = _SLASH
            size += 1
    else:
        size = _front(base, cuts, ups, first, out, size)
    size = copied(text, path, query, out, size)
    if path == query == fragment and ups == 0 and after == begin:
        size = copied(base, cuts[2], cuts[3], out, size)
    found[0] = copied(text, query, fragment, out, size)


@kernel
def join_plain(references: Any, ends: Any, base: Any, cuts: Any, seed: Any) -> Any:
    """Return the distinct targets of a page's references, in their order.

    Args:
        references: each ended with NUL (uint8).
        ends: where each ends.
        base: the base URL, without fragment, and its host (uint8).
        cuts: where its origin, directory, document, query and host end.
        seed: any number; results depend on it by chance of one in 2^60 only.

    Returns:
        For each reference the number of its target, or `UNDECIDED`; the references that are so; the targets without
        fragments; the fragments, each with the `#` before it; for each target the number of its host; and the hosts,
        the base's first. Texts are ended with NUL.
    """
    count, longest = len(ends), min(base.size, MAX_URL_LENGTH) + 2
    slots = slots_for(count + 1)
    keys, numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    host_keys, host_numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    urls, fragments = np.empty(references.size + count * longest, np.uint8), np.empty(references.size, np.uint8)
    hosts, host_of = np.empty(references.size + base.size, np.uint8), np.empty(count, np.int64)
    target, found, left = np.empty(count, np.int64) + 0, np.zeros(4, np.int64), np.empty(count, np.int64)
    size = tail = many = end = unknown = np.int64(0)
    known = np.int64(1)
    room = copied(base, cuts[3], cuts[4], hosts, np.int64(0))
    number_for(host_keys, host_numbers, mix(hosts, np.int64(0), room, seed) | 1, np.int64(0))
    hosts[room] = 0
    room += 1
    for row in range(count):
        begin, end = end + (row > 0), ends[row]
        target[row] = found[0] = UNDECIDED
        if end - begin + base.size <= MAX_URL_LENGTH:
            _join(references, begin, end, base, cuts, urls, size, found)
        if found[0] == UNDECIDED:
            left[unknown] = row
            unknown += 1
            continue
        stop = found[0]
        key = mix(urls, size, stop, seed) * 3 + mix(references, found[1], end, seed) | 1
        target[row] = number_for(keys, numbers, key, many)
        if target[row] < many:
            continue
        urls[stop] = 0
        size = stop + 1
        tail = copied(references, found[1], end, fragments, tail)
        fragments[tail] = 0
        tail += 1
        host_of[many] = 0
        if found[2] < found[3]:
            key = mix(references, found[2], found[3], seed) | 1
            host_of[many] = number_for(host_keys, host_numbers, key, known)
            if host_of[many] == known:
                room = copied(references, found[2], found[3], hosts, room)
                hosts[room] = 0
                room += 1
                known += 1
        many += 1
    return target, left[:unknown], urls[:size], fragments[:tail], host_of[:many], hosts[:room]

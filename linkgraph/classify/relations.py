"""The two ends of each link → what their names and addresses have in common.

Promises comparisons of text alone: names of sites in addresses and anchors, and how the paths of two pages of a site
relate. Refuses to know who owns what.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from linkgraph.classify.texts import Texts
from linkgraph.jit import kernel, leaf

Bools = npt.NDArray[np.bool_]

SHORTEST_NAME = 4
"""Letters that a name needs to be told from chance."""

LEVELS = 3
"""Folders above a page that are compared with the other end."""

_ADDRESSES = ("name:host", "name:address", "url:this site", "url:no path")
_READ = ("name:label", "label:its name")
_PATHS = ("url:this page", "url:same folder", "url:folder above", "url:folder below")

FEATURES: tuple[str, ...] = (*_ADDRESSES, *_READ, *_PATHS)


class Ends(NamedTuple):
    """What the names and addresses of both ends of a link are, and what it reads; a text a link."""

    src_host: Texts
    src_domain: Texts
    src_url: Texts
    dst_host: Texts
    dst_domain: Texts
    dst_url: Texts
    label: Texts


def observe_relations(ends: Ends, internal: Bools) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        ends: of each link.
        internal: whether each leads to its own registrable domain.
    """
    found = np.zeros((len(internal), len(FEATURES)), dtype=bool)
    room = np.empty((3, max(texts.longest for texts in ends)), np.uint8)
    _relate(ends, internal, room, found)
    return found


@kernel
def _relate(ends: Any, internal: Any, room: Any, found: Any) -> None:
    """Write what both ends of each link have in common.

    Of a link to another site: whether the target's host or address has the site's name, its address the site's host, or
    no path; whether the link reads the site's own name, or the target's. Of one within a site: whether it leads to the
    same page but for the query, into its folder, or into one above or below.
    """
    for link in range(internal.size):
        if internal[link]:
            _compare_paths(ends.src_url, ends.dst_url, link, found)
        else:
            _compare_names(ends, link, room, found)


@leaf
def _compare_names(ends: Any, link: Any, room: Any, found: Any) -> None:
    name = _plain(ends.src_domain, link, ends.src_domain.begins[link], room[0], first_label=True)
    other = _plain(ends.dst_domain, link, ends.dst_domain.begins[link], room[1], first_label=True)
    url, host, own = ends.dst_url, ends.dst_host, ends.src_host
    begin, end = url.begins[link], url.ends[link]
    size = host.ends[link] - host.begins[link]
    tail = _found(url.source, begin, end, host.source, host.begins[link], host.ends[link]) + size
    carries = _found(url.source, tail, end, own.source, _bare(own, link), own.ends[link]) >= 0
    if min(name, other) >= SHORTEST_NAME:
        found[link, 0] = _within(room[0], name, room[1], other) or _within(room[1], other, room[0], name)
    if name >= SHORTEST_NAME and not carries:
        found[link, 1] = _within(room[0], name, room[2], _plain(url, link, tail, room[2], first_label=False))
    found[link, 2] = carries
    found[link, 3] = end - tail <= 1
    read = _plain(ends.label, link, ends.label.begins[link], room[2], first_label=False)
    found[link, 4] = name >= SHORTEST_NAME and _within(room[0], name, room[2], read)
    found[link, 5] = other >= SHORTEST_NAME and _within(room[1], other, room[2], read)


@leaf
def _plain(texts: Any, link: Any, begin: Any, out: Any, first_label: Any) -> Any:
    """Write the ASCII letters, in lower case, and digits of a text from *begin* on; return how many there are.

    Two other letters are ASCII in lower case: the sign of the Kelvin, and an I with a dot.
    """
    source, end, size = texts.source, texts.ends[link], np.int64(0)
    for at in range(begin, end):
        sign = np.int64(source[at])
        if first_label and sign == 46:
            break
        if 65 <= sign <= 90:
            sign += 32
        elif sign == 0xC4 and source[at + 1] == 0xB0:
            sign = np.int64(105)
        elif sign == 0xE2 and source[at + 1] == 0x84 and source[at + 2] == 0xAA:
            sign = np.int64(107)
        if 97 <= sign <= 122 or 48 <= sign <= 57:
            out[size] = sign
            size += 1
    return size


@leaf
def _bare(hosts: Any, link: Any) -> Any:
    """Return where a host begins but for `www.`."""
    source, begin = hosts.source, hosts.begins[link]
    if hosts.ends[link] - begin < 4 or source[begin + 3] != 46:
        return begin
    return begin + 4 * (source[begin] == 119 and source[begin + 1] == 119 and source[begin + 2] == 119)


@leaf
def _within(part: Any, size: Any, whole: Any, length: Any) -> Any:
    return _found(whole, np.int64(0), length, part, np.int64(0), size) >= 0


@leaf
def _found(whole: Any, begin: Any, end: Any, part: Any, first: Any, last: Any) -> Any:
    """Return where a text is first met in another, or -1."""
    for at in range(begin, end - (last - first) + 1):
        here, there = at, first
        while there < last and whole[here] == part[there]:
            here += 1
            there += 1
        if there == last:
            return np.int64(at)
    return np.int64(-1)


@leaf
def _compare_paths(sources: Any, targets: Any, link: Any, found: Any) -> None:
    """Compare two addresses without queries, and the folders above them: all are beginnings of the addresses."""
    begin, other = sources.begins[link], targets.begins[link]
    here = _page(sources.source, begin, sources.ends[link])
    there = _page(targets.source, other, targets.ends[link])
    common, least = np.int64(0), min(here, there)
    while common < least and sources.source[begin + common] == targets.source[other + common]:
        common += 1
    same = here == there == common
    found[link, 6] = same
    folder, beside = _folder(sources.source, begin, here), _folder(targets.source, other, there)
    deep = folder != _folder(sources.source, begin, folder)
    found[link, 7] = folder == beside and folder <= common and deep and not same
    found[link, 8] = not same and there <= common and _above(sources.source, begin, here, there)
    found[link, 9] = not same and here <= common and _above(targets.source, other, there, here)


@leaf
def _above(source: Any, begin: Any, size: Any, wanted: Any) -> Any:
    """Return whether one of the folders above an address is *wanted* long."""
    for _ in range(LEVELS):
        size = _folder(source, begin, size)
        if size == wanted:
            return True
    return False


@leaf
def _folder(source: Any, begin: Any, size: Any) -> Any:
    """Return the length of an address up to its last slash, or all of it where there is none."""
    at = size
    while at > 0:
        at -= 1
        if source[begin + at] == 47:
            return at
    return size


@leaf
def _page(source: Any, begin: Any, end: Any) -> Any:
    """Return the length of an address without query, fragment, a last slash, and the name of an index after one."""
    stop = begin
    while stop < end and source[stop] != 63 and source[stop] != 35:
        stop += 1
    if stop > begin and source[stop - 1] == 47:
        return stop - 1 - begin
    name = stop
    while name > begin and _in_word(source[name - 1]):
        name -= 1
    if name == stop or name - begin < 7 or source[name - 1] != 46 or source[name - 7] != 47:
        return stop - begin
    spelt = np.int64(0)
    for at in range(name - 6, name - 1):
        spelt = spelt << 8 | np.int64(source[at])
    return name - 7 - begin if spelt == 0x696E646578 else stop - begin


@leaf
def _in_word(sign: Any) -> Any:
    return 97 <= sign <= 122 or 48 <= sign <= 57 or 65 <= sign <= 90 or sign == 95

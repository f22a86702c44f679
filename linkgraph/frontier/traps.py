"""URLs and what came of them → which ones are the same page again, or one of endlessly many.

Promises decisions that depend on the URL and on what is given alone, in time linear in the URL, so that replaying the
log decides alike. Pure: `budgets` keeps the counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

MAX_PATH_DEPTH = 20
"""Segments of a path; deeper ones come of relative links that lead to themselves."""

MAX_REPEATED = 2
"""Times that a segment may stand in a path: `/a/b/a/b` is a page, `/a/b/a/b/a` a loop. In a row it would be rarer on
real sites, but two relative links, `x/` and `y/`, make a million paths of depth 20 without three in a row."""

MAX_PARAMETER_SETS = 64
"""Different sets of parameter names of one path. Twelve optional facets make 4,096; a forum has about thirty."""

DUPLICATES = 8
"""Pages of one pattern with the same bytes, in a row, after which the pattern is closed."""

NEAR = 3
"""Bits in which the simhashes of alike pages differ at most. Of 34 patterns of real sites two fell below two thirds
of unlike pages (repeated legal texts, a forum's posts by number); calendar pages with a menu are unlike in a tenth."""

REMEMBERED = 8
"""Pages of a pattern that a new one is compared with."""

LEAST_BYTES = 2048
"""Bytes of a page below which its simhash tells nothing: a handful of shingles differ whatever they say."""

EARNED = 2
"""Further URLs of its pattern that a page of new text earns: a pattern goes on while half of its pages are new."""

BARREN = 300
"""Pages of a host in a row without a link to a domain that was not known yet, after which other hosts go first."""

_NUMBER = re.compile(r"[0-9]+")
_TOKEN = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}")
_PARAMETERS = re.compile(r"[&;]")
_LONGEST = 300

_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?;]*", re.IGNORECASE)
_SESSION = re.compile(
    r"(?<=[?&;])(?:jsessionid|phpsessid|(?:asp)?sessionid\w*|session_?id|sess|sid|oscsid|zenid|cfid|cftoken|s)"
    r"=(?=[a-z]*[0-9])[a-z0-9_-]{16,}(?:[&;]|\Z)",
    re.IGNORECASE,
)
"""A value that long, with a digit in it, is drawn by lot; `sid=1234` is the number of a story."""


def without_session(url: str) -> str:
    """Return *url* without the session identifiers in its path and query; as it is where there are none."""
    if ";" not in url and "=" not in url:
        return url
    path, mark, query = url.partition("?")
    path = _PATH_SESSION.sub("", path)
    if mark:
        query = _SESSION.sub("", f"?{query}")[1:].rstrip("&;") if _SESSION.search(f"?{query}") else query
        mark = "?" if query else ""
    return f"{path}{mark}{query}"


def is_pathological(url: str) -> bool:
    """Tell whether the path of *url* has more segments than `MAX_PATH_DEPTH`, or one more than `MAX_REPEATED` times."""
    segments = url.partition("?")[0].split("/")[3:]
    if len(segments) - 1 > MAX_PATH_DEPTH:
        return True
    if len(segments) - len(set(segments)) < MAX_REPEATED:
        return False
    return any(count > MAX_REPEATED for segment, count in Counter(segments).items() if segment)


def pattern_of(url: str) -> str | None:
    """Return what *url* has in common with pages like it: numbers and tokens left out, parameter names sorted.

    None where there is nothing to leave out: a path without number, token and query is a page of its own.
    """
    path, mark, query = url.partition("?")
    path = path.split("/", 3)[-1]
    shape = _NUMBER.sub("#", _TOKEN.sub("*", path))
    if not mark and shape == path:
        return None
    names = {_NUMBER.sub("#", part.partition("=")[0]) for part in _PARAMETERS.split(query)} if mark else set()
    return f"/{shape}?{'&'.join(sorted(names))}"[:_LONGEST]


def folder_of(url: str) -> str:
    """Return the pattern of a page that has none: its folder."""
    path = url.partition("?")[0].split("/", 3)[-1]
    return f"/{path.rpartition('/')[0]}/"[:_LONGEST]


def is_new_text(simhash: int | None, length: int | None, earlier: Sequence[int]) -> bool:
    """Tell whether a page's text is unlike those of the *earlier* pages of its pattern, given by their simhashes."""
    if simhash is None or (length or 0) < LEAST_BYTES:
        return False
    return all(((simhash ^ one) & 0xFFFFFFFFFFFFFFFF).bit_count() > NEAR for one in earlier)

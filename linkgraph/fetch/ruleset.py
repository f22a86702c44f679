"""Bytes of a robots.txt → the rules that bind one crawler, and the one of them that decides about a URL.

Promises RFC 9309 2.2: groups of one product token merged, `*` only where no group names it, the longest pattern wins
and Allow wins ties; every rule keeps its line. Matching costs a bounded number of steps whatever the file holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

MAX_BYTES = 512 * 1024
"""RFC 9309 2.5 asks for at least 500 KiB."""

_MAX_STEPS = 1 << 26
"""Characters of wildcard patterns times characters of the URL that one decision may look at: 40 ms at the very worst.
A real file of 19,580 rules stays below; where it is exceeded the URL counts as disallowed."""

_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
_RECORD = re.compile(
    r"(user[ -]?agent|dis+al+ow|diasllow|disallaw|allow|crawl[ -]?delay|request[ -]?rate|site[ -]?map)"
    r"[ \t]*(?::|[ \t])[ \t]*(.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A record of ours; RFC 9309 2.2.4: all others must change nothing. The misspellings are those of a large engine."""

_TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)
"""A product token, RFC 9309 2.2.1."""

_KEPT = "%!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Rule(NamedTuple):
    """One Allow or Disallow line."""

    line: int
    """Its number in the file, from 1."""
    allow: bool
    pattern: str
    """In the form in which patterns and URLs are compared; see `_pattern`."""
    text: str
    """The line as it stands, without comment."""


@dataclass(slots=True)
class Group:
    """What a robots.txt says to one crawler, all its groups together."""

    rules: list[Rule] = field(default_factory=list)
    """In the order in which they decide: the first that matches counts."""
    delays: list[str] = field(default_factory=list)
    """The values of Crawl-delay."""
    rates: list[str] = field(default_factory=list)
    """The values of Request-rate."""
    sitemaps: list[str] = field(default_factory=list)
    """Whatever the group."""


def product_token(name: str) -> str:
    """Return the product token that a user agent's name begins with, in lower case; empty where there is none.

    RFC 9309 2.2.1: letters, `_` and `-`. Of `lgbot/1.0 (+https://example.org/bot)` it is `lgbot`.
    """
    found = _TOKEN.match(name.strip())
    return found[0].lower() if found else ""


def decode(body: bytes) -> str:
    """Return the text of a robots.txt: its first 512 KiB up to the end of a line.

    UTF-8, with or without a mark; UTF-16 where a mark says so or every other byte is zero. What is neither is read
    as far as it goes.
    """
    cut = len(body) > MAX_BYTES
    body = body[:MAX_BYTES]
    text = body.decode(_encoding(body), errors="replace").removeprefix("\ufeff")
    if cut:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    return text


def _encoding(body: bytes) -> str:
    start = body[:256]
    if start.count(0) * 4 < len(start):  # a mark alone proves nothing: any binary file may begin with it
        return "utf-8"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"


def read_group(text: str, name: str) -> Group:
    """Return what *text* says to the crawler *name* (RFC 9309 2.2.1).

    Lines end in CR, LF or both. A group begins with its User-agent lines and ends at the next such line behind a
    rule; other records do not end it (2.2.4). Crawl-delay and Request-rate belong to the agents named so far.
    """
    token = product_token(name)
    named, everyone = Group(), Group()
    addressed: set[str] = set()
    heading, met = False, False
    for number, key, value, line in _records(text):
        if key == "useragent":
            addressed = addressed if heading else set()
            heading = True
            addressed.add(_addressee(value))
            met = met or token in addressed
        elif key == "sitemap":
            everyone.sitemaps.append(value)
        else:
            heading = heading and not key.endswith("llow")
            groups = (named, token), (everyone, "*")
            for group in (group for group, agent in groups if agent and agent in addressed):
                _take_in(group, number, key, value, line)
    group = named if met else everyone
    group.sitemaps = everyone.sitemaps
    group.rules.sort(key=lambda rule: (-len(rule.pattern), not rule.allow))
    return group


def _records(text: str) -> Iterator[tuple[int, str, str, str]]:
    for number, line in enumerate(_LINE.finditer(text), 1):  # one at a time: half a megabyte at once holds the process
        plain = line[1].partition("#")[0].strip()
        if found := _RECORD.fullmatch(plain):
            key = found[1].lower().replace(" ", "").replace("-", "")
            yield number, "disallow" if key[0] == "d" else key, found[2].strip(), plain


def _addressee(value: str) -> str:
    if value[:1] == "*" and not value[1:2].strip():
        return "*"
    return product_token(value)


def _take_in(group: Group, number: int, key: str, value: str, line: str) -> None:
    if key == "crawldelay":
        group.delays.append(value)
    elif key == "requestrate":
        group.rates.append(value)
    elif value:
        group.rules.append(Rule(number, key == "allow", _pattern(value), line))


def _pattern(value: str) -> str:
    """Return a pattern in normal form: `*` any characters, a last `$` the end; all other characters themselves."""
    body, end = (value[:-1], "$") if value.endswith("$") else (value, "")
    return _normal(body).replace("$", "%24") + end


def target(url: str) -> str:
    """Return path and query of *url* in the form that patterns are compared with (RFC 9309 2.2.2)."""
    url = url.partition("#")[0]
    rest = url if url.startswith("/") else url.partition("://")[2]  # a path alone will do
    start = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    path = rest[start:] if rest[start : start + 1] == "/" else "/" + rest[start:]
    return _normal(path).replace("$", "%24").replace("*", "%2A")


def _normal(path: str) -> str:
    # RFC 9309 2.2.2: octets beyond ASCII are escaped, escapes of what needs none are undone.
    escaped = quote(path, safe=_KEPT, errors="replace")
    return _ESCAPE.sub(_unescape, escaped) if "%" in escaped else escaped


def _unescape(found: re.Match[str]) -> str:
    octet = int(found[1], 16)
    return chr(octet) if octet in _UNRESERVED else found[0].upper()


def matches(pattern: str, path: str) -> bool:
    """Tell whether *pattern* matches the start of *path*, both in normal form; in steps proportional to both."""
    anchored = pattern.endswith("$")
    first, *pieces = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not pieces:
        return not anchored or at == len(path)
    last = pieces.pop()
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    # The leftmost place of each piece is as good as any: no step is ever taken back.
    return path.endswith(last) and len(path) - len(last) >= at if anchored else path.find(last, at) >= 0


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of one site for one crawler in two strings: a hundred thousand sites' fit into memory."""

    plain: str = ""
    """Patterns without wildcard, a line each, in the order in which they decide; before each `+` or `-`."""
    wild: str = ""
    """Patterns with one, alike."""

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Ruleset:
        """Pack *rules*, which are in the order in which they decide."""
        lines: tuple[list[str], list[str]] = ([], [])
        for rule in rules:
            is_wild = "*" in rule.pattern or rule.pattern.endswith("$")
            lines[is_wild].append(f"{'+' if rule.allow else '-'}{rule.pattern}")
        return cls("\n".join(dict.fromkeys(lines[0])), "\n".join(dict.fromkeys(lines[1])))

    def allows(self, url: str) -> bool:
        """Tell whether *url* may be fetched; `/robots.txt` always may (RFC 9309 2.2.2)."""
        path = target(url)
        if path == "/robots.txt":
            return True
        hit = next((line for line in self.plain.split("\n") if path.startswith(line[1:])), "+") if self.plain else "+"
        if self.wild:
            hit = self._wilder(path, hit)
        return hit[0] == "+"

    def _wilder(self, path: str, hit: str) -> str:
        if len(self.wild) * len(path) > _MAX_STEPS:
            return "-"
        for line in self.wild.split("\n"):
            if len(line) < len(hit) or (len(line) == len(hit) and hit[0] == "+"):
                break
            if matches(line[1:], path):
                return line
        return hit

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return 250 + len(self.plain) + len(self.wild)


def deciding(group: Group, url: str) -> Rule | None:
    """Return the rule of *group* that decides about *url*; None where none matches, and so it is allowed."""
    path = target(url)
    if path == "/robots.txt":
        return None
    return next((rule for rule in group.rules if matches(rule.pattern, path)), None)

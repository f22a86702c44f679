"""A page's visible text and a list of names → where a name stands that is no link, with the words around it.

Promises that text inside a link is no mention, nor is a page of the named domain itself, and that a name matches whole
words only where its writing has words. Refuses a list without a usable name, and one of more names than the limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from linkgraph.errors import UsageError
from linkgraph.extract.document import Read, read
from linkgraph.extract.page import Headers, extract, first_header
from linkgraph.extract.sheet import Sheet
from linkgraph.extract.text import composed, tidy
from linkgraph.frontier.seeds import parse_seed
from linkgraph.urls import registrable_domain, resolve

MAX_NAMES = 10_000
"""Each is a compiled pattern of some kilobytes; a list that is longer is no list of names."""

AROUND = 120
"""Code points on each side, as of links."""

_LIST_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".list", ".lst"})
"""A name that ends so and is no file is a file that was mistyped."""


@dataclass(frozen=True, slots=True)
class Name:
    """What is looked for."""

    text: str
    domain: str | None = None
    """Whose name it is, where that is known."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text of a page, outside links."""

    url: str
    name: str
    domain: str | None
    before: str
    text: str
    """As it stands there."""
    after: str
    page_links: bool | None
    """Whether the page links to the domain elsewhere; None where the name has no domain."""


class Names:
    """Names that are looked for together; what a text costs hardly grows with their number."""

    def __init__(self, names: Iterable[Name]) -> None:
        known = {name.text.casefold(): name for name in names}
        if not known:
            raise UsageError("no names to look for: give --names NAME, or a file of a name a line")
        if len(known) > MAX_NAMES:
            raise UsageError(f"{len(known):,} names are more than {MAX_NAMES:,}: look for them in parts")
        self._by_word: dict[str, list[tuple[re.Pattern[str], Name]]] = {}
        self._unparted: list[tuple[re.Pattern[str], Name]] = []
        for name in known.values():
            pattern = re.compile(_pattern(name), re.IGNORECASE)
            if _has_words(name.text[0]) and (word := _WORD.match(name.text)) is not None:
                self._by_word.setdefault(word[0].casefold(), []).append((pattern, name))
            else:
                self._unparted.append((pattern, name))

    def found_in(self, text: str) -> Iterator[tuple[Name, int, int]]:
        """Yield each name that stands in *text*, with where it begins and ends; of names that overlap the longer."""
        hits = sorted(self._hits(text), key=lambda hit: (hit[1], -hit[2]))
        reached = 0
        for name, begin, end in hits:
            if begin >= reached:
                yield name, begin, end
                reached = end

    def _hits(self, text: str) -> Iterator[tuple[Name, int, int]]:
        for word in _WORD.finditer(text):
            for pattern, name in self._by_word.get(word[0].casefold(), ()):
                if (match := pattern.match(text, word.start())) is not None:
                    yield name, match.start(), match.end()
        for pattern, name in self._unparted:
            if name.text in text:
                yield from ((name, match.start(), match.end()) for match in pattern.finditer(text))


_WORD = re.compile(r"\w+")


def _pattern(name: Name) -> str:
    if name.text == name.domain:
        return rf"(?:(?<![\w@.-])|(?<=\bwww\.)){re.escape(name.text)}(?![\w-]|\.\w)"
    words = r"\s+".join(map(re.escape, name.text.split()))
    begin, end = (rf"(?{side}\w)" if _has_words(name.text[at]) else "" for side, at in (("<!", 0), ("!", -1)))
    return f"{begin}{words}{end}"


def _has_words(letter: str) -> bool:
    """Tell whether a letter belongs to a writing that parts words: letters with cases, and digits."""
    return letter.lower() != letter.upper() or letter.isdigit()


def read_names(asked: Iterable[str]) -> Names:
    """Return the names that *asked* holds: each a name, a domain, `name,domain`, or a file of those, one a line.

    Lines that are empty or begin with `#` are skipped.

    Raises:
        UsageError: no usable name, too many, or a file that cannot be read.
    """
    lines = [line for one in asked for line in _lines(one)]
    return Names(name for line in lines if (name := _name(line)) is not None)


def _lines(asked: str) -> list[str]:
    path = Path(asked)
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a file of a name a line") from error
    if path.suffix.lower() in _LIST_SUFFIXES:
        raise UsageError(f"{path} is no file; give a file of a name a line, or a name")
    return [asked]


def _name(line: str) -> Name | None:
    text, _, domain = (part.strip() for part in line.partition(","))
    if not text or text.startswith("#"):
        return None
    own = parse_seed(domain or text) if domain or ("." in text and " " not in text) else None
    if domain and own is None:
        raise UsageError(f"{domain[:100]!r} of the name {text[:100]!r} is no domain; give NAME,example.org")
    if own is not None and not domain:
        return Name(own.host.removeprefix("www."), own.host.removeprefix("www."))
    return Name(tidy(text), own.domain if own else None)


def mentions(url: str, headers: Headers, body: bytes, names: Names) -> list[Mention]:
    """Return the mentions in an HTML answer, in the order of its text.

    Args:
        url: the address that answered, http(s).
        headers: the answer's headers.
        body: the decoded body's bytes.
        names: what is looked for.

    Raises:
        UsageError: *url* is no http(s) URL.
    """
    text, linked = _spoken(read(body, first_header(headers, "content-type")))
    hits = [(name, begin, end) for name, begin, end in names.found_in(text) if not _overlaps(linked, begin, end)]
    here = resolve(url)
    if not hits or here is None:
        return []
    _, links = extract(url, headers, body)
    targets = {*links.dst_host, *links.dst_domain, *(host.removeprefix("www.") for host in links.dst_host)}
    return [
        Mention(
            url=here.url,
            name=name.text,
            domain=name.domain,
            before=text[max(begin - AROUND, 0) : begin].strip(),
            text=text[begin:end],
            after=text[end : end + AROUND].strip(),
            page_links=None if name.domain is None else name.domain in targets,
        )
        for name, begin, end in hits
        if name.domain is None or registrable_domain(name.domain) != here.domain
    ]


def _spoken(document: Read) -> tuple[str, list[tuple[int, int]]]:
    """Return the visible text of a document, and the spans of it that lie in links."""
    line, spans = Sheet(document).spoken()
    parts: list[str] = []
    linked: list[tuple[int, int]] = []
    at = length = 0
    for begin, end in spans:
        plain, inside = (composed(line[a:b].decode()) for a, b in ((at, max(at, begin)), (max(at, begin), end)))
        length += len(plain)
        if inside:
            linked.append((length, length + len(inside)))
        length += len(inside)
        parts += (plain, inside)
        at = max(at, end)
    return "".join([*parts, composed(line[at:].decode())]), linked


def _overlaps(spans: list[tuple[int, int]], begin: int, end: int) -> bool:
    return any(one < end and begin < other for one, other in spans)

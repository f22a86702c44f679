"""A file of claimed backlinks, or the raw tables → the links that are to be checked, page by page.

Promises that a junk line costs nothing but itself: it is told with its number, the good ones are kept. Refuses a file
without a usable line, and a target that is no domain, host or URL.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from linkgraph.edges.dataset import Snapshot
from linkgraph.errors import UsageError
from linkgraph.frontier.seeds import parse_seed
from linkgraph.model import RESOURCE_KINDS
from linkgraph.urls import Url, split

_NAMES = {
    "page": ("src_url", "page", "source", "source url", "url from", "referring page url"),
    "target": ("dst_url", "target", "target url", "url to", "link url"),
    "anchor": ("anchor", "anchor text"),
    "rel": ("rel",),
}
"""What a first line may call the columns: ours, and what exports of other tools write."""

_KNOWN = ("src_url", "dst_url", "dst_domain", "dst_host", "internal", "kind", "anchor", "alt", "rel", "observed_at")


@dataclass(frozen=True, slots=True)
class Claim:
    """A link that is said to stand on a page."""

    page: Url
    column: str
    """`dst_url`, `dst_host` or `dst_domain`: where `target` stands."""
    target: str
    anchor: str | None = None
    """None where nothing is said of it; so for rel."""
    rel: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """The usable claims, in order; and what could not be used."""

    claims: tuple[Claim, ...]
    problems: tuple[str, ...] = ()
    """One message a junk line, with file and line number."""

    @property
    def pages(self) -> tuple[Url, ...]:
        """Each page once, in order."""
        return tuple({claim.page.url: claim.page for claim in self.claims}.values())


def aim(text: str) -> tuple[str, str] | None:
    """Return the edges column and the value that a target means: a URL, a host, or a registrable domain."""
    found = parse_seed(text)
    if found is None:
        return None
    if "://" in text or found.url != f"http://{found.host}/":
        return "dst_url", found.url
    return ("dst_domain" if found.host == found.domain else "dst_host"), found.host


def aim_of(option: str, text: str) -> tuple[str, str]:
    """Return what `aim` returns.

    Raises:
        UsageError: *text* is none of these; the message names the option.
    """
    found = aim(text)
    if found is None:
        raise UsageError(f"{option}={text}: give a domain (example.org), a host, or a URL with http:// or https://")
    return found


def read_claims(path: Path, target: str | None = None) -> Claims:
    """Return the claims of a file: a line each, `page,target,anchor,rel`, of which all but the page may be left out.

    Commas or tabs; quotes as in RFC 4180. A first line may name the columns, also as `linkgraph backlinks --format csv`
    does. Lines that are empty or begin with `#` are skipped.

    Args:
        path: the file.
        target: what lines without a target link to.

    Raises:
        UsageError: the file cannot be read, or holds no usable line.
    """
    default = None if target is None else aim_of("target", target)
    columns: dict[str, int] | None = None
    claims, problems = [], []
    for number, cells in _rows(path):
        if columns is None:
            columns, named = _columns(cells)
            if named:
                continue
        found = _claim(cells, columns, default, number)
        if isinstance(found, str):
            problems.append(f"{path}:{number}: {found}")
        else:
            claims.append(found)
    if not claims:
        raise UsageError("\n".join([*problems[:20], f"{path} holds no usable link; give a line each: page,target"]))
    return Claims(tuple(claims), tuple(problems))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace").replace("\0", "\ufffd")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a text file, a link a line") from error
    tabs = "\t" in text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter="\t" if tabs else ",", skipinitialspace=True)
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row) and not row[0].startswith("#"):
                yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: {error}; give a link a line: page,target") from error


def _columns(first: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Return the place of each column, and whether the first line named them."""
    names = [cell.lower().replace("_", " ") for cell in first]
    found = {
        column: names.index(name.replace("_", " "))
        for column, known in _NAMES.items()
        for name in reversed(known)
        if name.replace("_", " ") in names
    }
    if "page" in found:
        return found, True
    return {name: place for place, name in enumerate(_NAMES)}, False


def _claim(cells: Sequence[str], columns: dict[str, int], default: tuple[str, str] | None, number: int) -> Claim | str:
    """Return the claim of a line, or what is wrong with it."""
    told = {name: cells[place] for name, place in columns.items() if place < len(cells)}
    page = parse_seed(told.get("page", ""))
    if page is None:
        return f"{told.get('page', '')[:100]!r} is no http(s) URL of a page"
    target = aim(told["target"]) if told.get("target") else default
    if target is None:
        text = told.get("target", "")
        return f"{text[:100]!r} is no domain and no http(s) URL" if text else "no target: add it, or give target=DOMAIN"
    return Claim(page, *target, told.get("anchor"), told.get("rel"), number)


def known_claims(live: Snapshot, target: str, but: str) -> Claims:
    """Return every backlink of a target that was ever seen, each as it was seen last.

    Args:
        live: the raw tables.
        target: a domain, host or URL.
        but: a run that does not count: the one that checks them.

    Raises:
        UsageError: *target* is no domain, host or URL, or no page of the data links to it.
    """
    column, value = aim_of("target", target)
    rows = live.edges().to_table(columns=list(_KNOWN), filter=(pc.field(column) == value) & (pc.field("run") != but))
    rows = rows.filter(pc.invert(rows["internal"])).sort_by([("observed_at", "ascending")])
    newest = {(row["src_url"], row["dst_url"], row["kind"]): row for row in rows.to_pylist()}
    claims = [
        Claim(page, "dst_url", row["dst_url"], row["anchor"] or row["alt"] or "", " ".join(row["rel"]))
        for row in newest.values()
        if row["kind"] not in RESOURCE_KINDS and (page := split(row["src_url"])) is not None
    ]
    if not claims:
        raise UsageError(f"no page of {live.root} links to {target} from another domain; crawl some, or give a file")
    return Claims(tuple(sorted(claims, key=lambda claim: (claim.page.url, claim.target))))

"""A user's file of entities → the entity that each URL belongs to.

The file is CSV with the header `entity,covers`: a name, and one registrable domain, host, or URL prefix of it a line.
Promises that the longest prefix wins, then the host, then the domain, and that what no line covers is its own domain.
Refuses, with the file and the line, what names nothing on the web and what two entities claim.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.errors import UsageError
from linkgraph.graph.collapse.scan import decoded, mask
from linkgraph.graph.names import Names
from linkgraph.urls import registrable_domain, resolve, split

HEADER = ["entity", "covers"]

_WITH_HOST = re.compile(r"(?:https?://|(?!\w+:/))[^/?#\s\\\",]+(?:/[^?#\s]*)?")
"""A domain, host or URL prefix. Browsers read `http:///path` as the host `path`: here it is a mistake."""

_AUTHORITY = r"^https?://[^/?#]*"


@dataclass(frozen=True, slots=True)
class Cover:
    """What one line of the file covers."""

    kind: str
    """`domain`, `host` or `prefix`."""
    host: str
    """The registrable domain, or the host."""
    path: str = ""
    """Of a prefix: the path without slashes at its end; it covers itself and what is below it."""

    def __str__(self) -> str:
        return f"http://{self.host}{self.path}/" if self.kind == "prefix" else self.host


@dataclass(frozen=True)
class Entities:
    """Who covers what."""

    covers: dict[Cover, str] = field(default_factory=dict)
    """What is covered → the entity's name."""

    @classmethod
    def read(cls, path: Path) -> Entities:
        """Read a file.

        Raises:
            UsageError: it cannot be read, lacks the header, or holds no line; a line without a name, one that is no
                domain, host or URL prefix, one that another entity claims; an entity that has the name of a domain
                and does not cover it. The file and the line are named.
        """
        found: dict[Cover, tuple[str, int]] = {}
        for number, name, text in _lines(path):
            if (cover := _cover_of(text)) is None:
                raise UsageError(
                    f"{path}:{number}: {text[:100]!r} is no domain (example.org), host (blog.example.org) or URL "
                    "prefix (https://example.org/team/)"
                )
            before, line = found.setdefault(cover, (name, number))
            if before != name:
                raise UsageError(f"{path}:{number}: {cover} is claimed by {name!r}, and by {before!r} in line {line}")
        if not found:
            raise UsageError(f"{path} names no entity; give a line `name,example.org` for each")
        entities = cls({cover: name for cover, (name, _) in found.items()})
        for name, number in found.values():
            if entities.takes_the_name_of_another(name):
                raise UsageError(
                    f"{path}:{number}: {name!r} is the name of a domain that the entity does not cover; "
                    f"call it something else, or add the line {name},{name}"
                )
        return entities

    def takes_the_name_of_another(self, name: str) -> bool:
        """Return whether an entity's name is that of a domain that it does not cover: two nodes would have one name."""
        domain = Cover("domain", name)
        return "." in name and _cover_of(name) == domain and self.covers.get(domain) != name

    @property
    def names(self) -> list[str]:
        """The names of the entities, in byte order."""
        return sorted(set(self.covers.values()), key=str.encode)

    def text(self) -> str:
        """Return the file again, in one order whatever its order was."""
        rows = sorted((name, str(cover)) for cover, name in self.covers.items())
        return "".join(f"{name},{cover}\n" for name, cover in [HEADER, *((_quoted(n), _quoted(c)) for n, c in rows)])

    def record(self, known: Names) -> dict[str, int | str]:
        """Return what a build writes down: how many entities are named, how many have a page or link, a digest."""
        named = self.names
        digest = hashlib.sha256(self.text().encode()).hexdigest()
        return {"named": len(named), "found": sum(known.find(name) >= 0 for name in named), "sha256": digest}

    def check_known(self, known: Names) -> None:
        """Tell a file of another web from one that fits.

        Raises:
            UsageError: none of the entities is among the names of the nodes.
        """
        if all(known.find(name) < 0 for name in self.names):
            raise UsageError(
                f"none of the {len(self.names)} entities has a page or link in the data, e.g. {self.names[0]!r}; "
                "`linkgraph authority` lists domains that have"
            )

    def of_url(self, url: str) -> str:
        """Return the entity of one canonical URL."""
        parts = split(url)
        if parts is None:
            return url
        whole = (pa.array([text], pa.large_string()) for text in (parts.url, parts.host, parts.domain))
        return str(self.of(*whole)[0])

    @cached_property
    def _deepest(self) -> int:
        return max((cover.path.count("/") for cover in self.covers), default=0)

    @cached_property
    def _hosts(self) -> pa.Array:
        return pa.array(sorted({cover.host for cover in self.covers if cover.kind == "prefix"}), pa.large_string())

    def of(self, url: pa.Array, host: pa.Array, domain: pa.Array) -> pa.Array:
        """Return the entity of each URL, its domain where there is none; large_string, shape (n,).

        Args:
            url: canonical URLs.
            host: of each.
            domain: of each: registrable.
        """
        names, hosts = (decoded(column).cast(pa.large_string()) for column in (domain, host))
        named = self._replaced(names, names, "domain")
        named = self._replaced(named, hosts, "host")
        split = mask(pc.is_in(hosts, value_set=self._hosts))
        if not split.any():
            return named
        urls, of_row = decoded(url).filter(pa.array(split)).dictionary_encode(), np.flatnonzero(split)
        claims = [self._claim(text) for text in urls.dictionary.to_pylist()]
        claimed = pa.array(claims, pa.large_string()).take(urls.indices)
        chosen = np.zeros(len(named), bool)
        chosen[of_row] = mask(pc.is_valid(claimed))
        return pc.replace_with_mask(named, pa.array(chosen), claimed.drop_null())

    def _replaced(self, named: pa.Array, keys: pa.Array, kind: str) -> pa.Array:
        """Return *named* with the entity's name wherever a cover of that kind is the key."""
        covers = {cover.host: name for cover, name in self.covers.items() if cover.kind == kind}
        place = pc.index_in(keys, value_set=pa.array(list(covers), pa.large_string()))
        return pc.coalesce(pa.array(list(covers.values()), pa.large_string()).take(place), named)

    def _claim(self, url: str) -> str | None:
        """Return the entity with the longest prefix of *url*."""
        parts = split(url)
        if parts is None:
            return None
        segments = re.split(r"[?#]", re.sub(_AUTHORITY, "", url))[0].split("/")
        for length in range(min(len(segments), self._deepest + 1), 0, -1):
            if name := self.covers.get(Cover("prefix", parts.host, "/".join(segments[:length]))):
                return name
        return None


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (number, entity, what it covers) of each line that holds something."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, begun = csv.reader(file, strict=True, skipinitialspace=True), False
            for row in rows:
                cells = [cell.strip() for cell in row]
                if not any(cells) or cells[0].startswith("#"):
                    continue
                if len(cells) != len(HEADER) or not all(cells) or (cells != HEADER and not begun):
                    wanted = (
                        "a line is two cells, name and what it covers"
                        if begun
                        else "the header `entity,covers` comes first"
                    )
                    raise UsageError(f"{path}:{rows.line_num}: {wanted}; this is {','.join(cells)[:100]!r}")
                if begun:
                    yield rows.line_num, cells[0], cells[1]
                begun = True
    except OSError as reason:
        raise UsageError(f"{path} cannot be read ({reason.strerror}); give a CSV file `entity,covers`") from reason
    except (csv.Error, UnicodeDecodeError) as reason:
        raise UsageError(f"{path}: no CSV in UTF-8 ({reason}); give a CSV file `entity,covers`") from reason


def _cover_of(text: str) -> Cover | None:
    """Return what a cell covers; None where it is no domain, host or URL prefix."""
    if not _WITH_HOST.fullmatch(text):
        return None
    is_name = "/" not in text
    url = resolve(text if "://" in text else f"http://{text}")
    if url is None or (is_name and url.url != f"http://{url.host}/"):
        return None
    if not is_name:
        return Cover("prefix", url.host, re.sub(_AUTHORITY, "", url.url).rstrip("/"))
    return Cover("domain" if registrable_domain(url.host) == url.host else "host", url.host)

"""What a user names as seeds → canonical URLs, and each line that is none.

Promises that a junk line costs nothing but itself: it is told with its number, the good ones are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from linkgraph.errors import SeedsError
from linkgraph.urls import Url, resolve

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*\.?|localhost|[0-9.]+|\[.*\]"
)


@dataclass(frozen=True, slots=True)
class Seeds:
    """The usable seeds, in order, each once; and what could not be used."""

    urls: tuple[Url, ...]
    problems: tuple[str, ...]
    """One message a junk line, with file and line number."""


def parse_seed(text: str) -> Url | None:
    """Return the URL that *text* means: a domain (`a.com`), or an http(s) URL; None where it is neither."""
    found = resolve(text if _SCHEME.match(text) else f"http://{text}")
    if found is None or not _HOST.fullmatch(found.host):
        return None
    if "@" in found.url.split("/", 3)[2]:  # `mailto:me@a.com`: nobody means a name and a password
        return None
    if found.host.replace(".", "").isdigit() and found.host not in text:  # `1234` is a rank, not 0.0.4.210
        return None
    return found


def read_seeds(seeds: str | Path | Iterable[str] | None) -> Seeds:
    """Return the seeds that `-a seeds=` names: a file of one a line, or a list separated by commas.

    Lines that are empty or begin with `#` are skipped.

    Raises:
        SeedsError: none could be used, or the file cannot be read.
    """
    if not seeds:
        raise SeedsError("no seeds: give -a seeds=FILE or -a seeds=a.com,b.org")
    source, lines = _lines(seeds)
    urls: dict[str, Url] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = parse_seed(text)
        if found is None:
            problems.append(f"{source}:{number}: {text[:100]!r} is no domain and no http(s) URL")
        else:
            urls.setdefault(found.url, found)
    if not urls:
        raise SeedsError("\n".join([*problems[:20], f"{source} holds no usable seed"]))
    return Seeds(tuple(urls.values()), tuple(problems))


def _lines(seeds: str | Path | Iterable[str]) -> tuple[str, Iterable[str]]:
    if not isinstance(seeds, str | Path):
        return "seeds", list(seeds)
    path = Path(seeds)
    if isinstance(seeds, Path) or _is_file(path):
        try:
            return str(path), path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        except OSError as error:
            raise SeedsError(f"{path} cannot be read ({error.strerror}); give a text file, a seed a line") from error
    if path.suffix in (".txt", ".csv", ".tsv", ".list"):  # no top-level domains; a slip in a file's name is likelier
        raise SeedsError(f"{path} is no file: give the path of a text file, a seed a line, or a list like a.com,b.org")
    return "seeds", str(seeds).split(",")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a long comma list is no file name
        return False

"""What a user names as domains → registrable domains, each once, and every line that is none.

Promises that a junk line costs nothing but itself: it is told with its file and number, the good ones are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from linkgraph.errors import UsageError
from linkgraph.frontier.seeds import parse_seed

_LIST_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".list", ".lst"})
"""No top-level domains: a name that ends so and is no file is a file that was mistyped, not a domain."""


def read_domains(asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the domains that *asked* names, in order, and a message for each junk line.

    Args:
        asked: each a file of one domain or URL a line (empty lines and `#` comments are skipped), or a domain or URL.
            A host or URL stands for its registrable domain.

    Raises:
        UsageError: a file cannot be read, or nothing asked for is a domain.
    """
    domains: dict[str, None] = {}
    problems = []
    for where, text in _lines(asked):
        found = parse_seed(text)
        if found is None:
            problems.append(f"{where}: {text[:100]!r} is no domain and no http(s) URL")
        else:
            domains.setdefault(found.domain)
    if not domains:
        raise UsageError("\n".join([*problems[:20], "nothing asked for is a domain, e.g. example.org"]))
    return list(domains), problems


def _lines(asked: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in asked:
        path = Path(word)
        if path.is_file():
            for number, line in enumerate(_read(path), 1):
                text = line.partition("#")[0].strip()
                if text:
                    yield f"{path}:{number}", text
        elif path.suffix.lower() in _LIST_SUFFIXES and "://" not in word:
            raise UsageError(f"{path} is no file; give a text file with a domain a line, or domains")
        else:
            yield "--domains", word


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a text file with a domain a line") from error

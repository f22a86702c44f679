"""Hrefs → canonical URLs, hosts and registrable domains.

Promises WHATWG parsing and serialisation (url.spec.whatwg.org, by ada-url) with the fragment kept apart, and
registrable domains from a dated Public Suffix List read offline, private section included. Refuses what is not
http(s): those hrefs are no links between pages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import ada_url
import publicsuffixlist
from requests import Response, Session
from requests_file import FileAdapter
from tldextract import TLDExtract

CANONICALISER_VERSION = "1"
"""Recorded in every file; raise it when `resolve` answers differently for any input."""

MAX_URL_LENGTH = 2083
"""Code points; the de facto limit of browsers and sitemaps' consumers. Longer URLs are traps more often than pages."""

_SUFFIX_LIST = Path(publicsuffixlist.__file__).with_name("public_suffix_list.dat")


def _read_and_close(response: Response, **_options: object) -> None:
    """Take the list in and close its file, which the reader of `file:` addresses leaves open."""
    _ = response.content
    response.close()


@lru_cache(maxsize=1)
def _extractor() -> TLDExtract:
    extract = TLDExtract(
        suffix_list_urls=[_SUFFIX_LIST.as_uri()],
        cache_dir=None,
        fallback_to_snapshot=False,
        include_psl_private_domains=True,
    )
    with Session() as session:
        session.mount("file://", FileAdapter())
        session.hooks["response"].append(_read_and_close)
        extract.update(fetch_now=True, session=session)
    return extract


class Url(NamedTuple):
    """A canonical http(s) URL in the parts that the tables hold."""

    url: str
    """Serialised, without fragment."""
    host: str
    domain: str
    """Registrable domain, private suffixes included."""
    fragment: str | None


@lru_cache(maxsize=1)
def suffix_list_version() -> str:
    """Return the `VERSION:` line of the Public Suffix List in use (for example `2026-10-22_07-31-02_UTC`)."""
    with _SUFFIX_LIST.open(encoding="utf-8") as lines:
        for line in lines:
            if match := re.match(r"//\s*VERSION:\s*(\S+)", line):
                return match.group(1)
    return "unknown"


def _is_address(host: str) -> bool:
    if not host.startswith("[") and not host[-1:].isdigit():
        return False
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1 << 13)
def registrable_domain(host: str) -> str:
    """Return the registrable domain of a host; the host itself where there is none.

    Public Suffix List algorithm (publicsuffix.org/list), private section included: `a.b.co.uk` → `b.co.uk`,
    `user.github.io` → `user.github.io`. An address, a single label and a public suffix are their own domain. An
    unknown top-level domain falls under the list's rule `*`.
    """
    if _is_address(host):
        return host
    found = _extractor().extract_str(host.rstrip("."))
    if found.suffix:
        return found.top_domain_under_public_suffix or host
    return ".".join(host.rstrip(".").split(".")[-2:])


class Base(NamedTuple):
    """A canonical base URL, cut where references are joined to it."""

    document: str
    """Without query and fragment."""
    query: str
    origin: str
    directory: str
    """Up to and including the last slash of the path."""
    host: str
    domain: str


def cut(base: str) -> Base:
    """Return the parts of a canonical http(s) URL to which references are joined."""
    url = split(base)
    if url is None:
        raise ValueError(f"{base!r} is no http(s) URL")
    document, mark, query = url.url.partition("?")
    root = document.index("/", len("https://"))
    return Base(document, mark + query, document[:root], document[: document.rindex("/") + 1], url.host, url.domain)


_CANONICAL = re.compile(
    r"https?://(?:(?!xn--)[a-z0-9]++(?:-++[a-z0-9]++)*+\.)++(?!xn--)[a-z][a-z0-9]*+(?:-++[a-z0-9]++)*+"
    r"(?:/(?!\.)[\w~!$&()*+,;=@:'.-]*+)++(?:\?[\w~!$&()*+,;=@:/?%.-]*+)?+",
    re.ASCII,
)
"""A URL that the parser would change nothing of: no escapes, ports, punycode, addresses or dot segments in it."""


def resolve(href: str, base: str | None = None) -> Url | None:
    """Return the canonical URL that *href* means on a page whose base is *base*; None where it is no http(s) URL.

    WHATWG URL Standard, section 4.4 (basic parser) and 4.5 (serialiser). The result is idempotent:
    `resolve(resolve(u).url) == resolve(u)` up to the fragment.
    """
    if base is None and _CANONICAL.fullmatch(href):
        return split(href)
    try:
        joined = ada_url.join_url(base, href) if base is not None else ada_url.URL(href).href
    except ValueError:
        return None
    return split(joined)


@lru_cache(maxsize=1 << 12)
def split(serialised: str) -> Url | None:
    """Return the parts of an already serialised URL; None where it is not http(s) or has no host."""
    if not serialised.startswith(("http://", "https://")):
        return None
    url, hash_mark, fragment = serialised.partition("#")
    host = url.split("/", 3)[2].rpartition("@")[2]
    if not host.startswith("["):
        host = host.partition(":")[0]
    elif "]:" in host:
        host = host.rpartition(":")[0]
    if not host:
        return None
    return Url(url, host, registrable_domain(host), fragment if hash_mark else None)


def domain_of(serialised: str) -> str:
    """Return the registrable domain of an already serialised URL; empty where it is not http(s) or has no host."""
    parts = split(serialised)
    return parts.domain if parts else ""

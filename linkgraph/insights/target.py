"""What a user types as a target → a registrable domain, a host, or one URL.

Promises that `www.Example.ORG`, `http://example.org/a` and `example.org` each mean what a person means. Refuses text
that is no http(s) URL and no host name.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkgraph.errors import UsageError
from linkgraph.urls import resolve


@dataclass(frozen=True, slots=True)
class Target:
    """What links are asked for."""

    domain: str
    host: str
    url: str
    """What was asked for as a URL, or the home page of the host."""
    column: str
    """`dst_domain`, `dst_host` or `dst_url`: where `value` stands."""
    value: str


def target_of(text: str) -> Target:
    """Return the target that *text* names.

    With a scheme it is one page; without one, a host, or the whole domain where the host is registrable.

    Raises:
        UsageError: it names nothing that can be linked to.
    """
    text = text.strip()
    is_url = "://" in text
    url = resolve(text if is_url else f"http://{text}/")
    if url is None or (not is_url and url.url != f"http://{url.host}/"):
        raise UsageError(f"{text!r} is neither a domain (example.org), a host, nor a URL with http:// or https://")
    if is_url:
        return Target(url.domain, url.host, url.url, "dst_url", url.url)
    if url.host == url.domain:
        return Target(url.domain, url.host, url.url, "dst_domain", url.domain)
    return Target(url.domain, url.host, url.url, "dst_host", url.host)

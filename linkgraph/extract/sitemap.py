"""Bytes of a sitemap or sitemap index, gzip or not → the locations it lists.

Promises the limits of sitemaps.org (50,000 locations, 50 MiB unpacked), no entity, no DTD, no network; a broken tail
costs the tail only. Pure.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

from lxml import etree

MAX_LOCATIONS = 50_000
MAX_BYTES = 50 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:urlset|sitemapindex)[\s>]")
_SNIFFED = 1024


def _unpacked(body: bytes, limit: int) -> bytes:
    if not body.startswith(_GZIP):
        return body[:limit]
    try:
        return zlib.decompressobj(wbits=31).decompress(body, limit)
    except zlib.error:
        return b""


def is_sitemap(body: bytes) -> bool:
    """Tell whether *body* begins like a sitemap (sitemaps.org/protocol.html), packed or not."""
    return bool(_ROOT.search(_unpacked(body[: _SNIFFED * 4], _SNIFFED)))


def sitemap_locations(body: bytes) -> Iterator[str]:
    """Yield the text of each `<loc>`, in order, `MAX_LOCATIONS` at most."""
    stream = io.BytesIO(_unpacked(body, MAX_BYTES))
    events = etree.iterparse(
        stream, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, recover=True
    )
    found = 0
    for _, element in events:
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if name == "loc" and element.text:
            found += 1
            yield element.text.strip()
        if name in ("url", "sitemap"):
            element.clear()
        if found >= MAX_LOCATIONS:
            return

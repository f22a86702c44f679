"""What an earlier run knew of a page → a conditional request, and what the answer means. Pure.

Promises that a page whose bytes are the same is `not-modified` whichever way the server said so.
"""

from __future__ import annotations

from dataclasses import replace

from linkgraph.frontier.records import Lease
from linkgraph.model import Page


def conditions(lease: Lease) -> dict[str, str]:
    """Return the headers that spare the server a page that has not changed (RFC 9110 13.1.2 and 13.1.3)."""
    headers = {"If-None-Match": lease.etag, "If-Modified-Since": lease.last_modified}
    return {name: value for name, value in headers.items() if value}


def settled(lease: Lease, page: Page) -> Page:
    """Return the row of a page that was asked for with *lease*; the content of an earlier run is no new one."""
    same = page.outcome == "fetched" and page.content_digest is not None and page.content_digest == lease.mark
    outcome = "not-modified" if same else page.outcome
    return replace(page, outcome=outcome, depth=lease.depth, discovered_from=lease.discovered_from)

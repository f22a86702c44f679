"""What a browser made of one answer: the word that `fetch` and `extract` share about rendering.

Promises that either `body` or `reason` is there. Holds no behaviour, so that a crawl without a browser imports none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One page after its scripts ran, or the reason why there is none."""

    body: bytes | None = None
    """The document as UTF-8, its references made absolute by the browser."""
    reason: str | None = None
    """A reason of the closed list where there is no body."""
    went_to: tuple[str, ...] = ()
    """Where scripts tried to send the reader."""

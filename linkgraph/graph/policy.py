"""The name of a vote policy → what counts as a vote.

Promises that a policy is data, named and versioned: a build records both, so that two scores are compared only where
they mean the same. Refuses an unknown name.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkgraph.errors import UsageError

LEVELS = {"domain": "domain", "host": "host", "page": "url"}
"""What a node is → the columns that name it: `src_<column>`, `dst_<column>`, and `<column>` in the pages table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VotePolicy:
    """Which links are votes, and where a vote lands."""

    name: str
    version: int
    """Raised when the policy means something else than before."""
    kinds: tuple[str, ...]
    """Kinds of link that can be a vote."""
    refuses: tuple[str, ...]
    """Boolean edge columns; a link where one is true is no vote."""
    folds: tuple[str, ...]
    """Which statements of a page move the votes for it to another URL, the strongest first."""
    max_hops: int
    """Folds followed one after the other."""
    summary: str


FOLLOWED = VotePolicy(
    name="followed",
    version=1,
    # A frame, form, feed, sitemap or <link> element says how a page is built or found, not whom its author points to.
    kinds=("a", "area"),
    refuses=("nofollow", "ugc", "sponsored"),
    folds=("redirect", "refresh", "canonical"),
    # Crawlers of search engines give up between 5 and 10 hops; a browser at 20.
    max_hops=5,
    summary="one vote a linking domain: followed text and image links, redirects and canonicals folded",
)

POLICIES: dict[str, VotePolicy] = {FOLLOWED.name: FOLLOWED}


def policy_named(name: str) -> VotePolicy:
    """Return the policy of that name.

    Raises:
        UsageError: there is none.
    """
    try:
        return POLICIES[name]
    except KeyError:
        raise UsageError(f"policy {name!r} is unknown; choose one of {', '.join(POLICIES)}") from None

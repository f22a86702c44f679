"""The name of a vote policy → what counts as a vote, and what a vote weighs.

Promises that a policy is data, named and versioned: a build records both, so that two scores are compared only where
they mean the same. Refuses an unknown name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linkgraph.errors import UsageError

LEVELS: dict[str, tuple[str, ...]] = {
    "domain": ("domain",),
    "host": ("host",),
    "page": ("url",),
    "entity": ("url", "host", "domain"),
}
"""What a node is → the columns that tell it: `src_<column>`, `dst_<column>`, and `<column>` in the pages table. What an
entity is a user's file says (`linkgraph.graph.collapse.entities`)."""


NOFOLLOW = ("drop", "keep", "evaporate")
"""What becomes of a link that its author disowns: no vote; a vote like any other; or a share of the voter's weight
that reaches nobody, as search engines have treated it since 2009."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How likely a reader follows a link, and how much two domains have to do with each other.

    After the reasonable surfer of Dean, Anderson and Battle (US patent 7,716,225, expired in 2025): a link weighs the
    product of the first four; a vote, the most of its links times what holds of the last three. The patent names the
    features and no figures: these are ours, coarse on purpose, and part of the policy's version.
    """

    zones: tuple[tuple[str, float], ...]
    """Weight of a link by its zone; other zones weigh 1."""
    crowded: float
    """Weight where all of a block's text is links; falls linearly from 1 at a half."""
    halfway: int
    """Place on the page (ordinal) from which a link weighs half."""
    wordless: float
    """Weight of a link that has neither text nor an image's description."""
    sitewide: float
    """Weight of a vote that stands on most pages of its site: one decision, repeated by a template."""
    sitewide_share: float
    sitewide_pages: int
    """Most pages: this share of those that were read, and this many at least."""
    reciprocal: float
    """Weight of a vote that is returned."""
    same_owner: float
    """Weight of a vote between nodes of one owner, as the table of sites knows owners."""


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
    nofollow: str = "drop"
    """One of `NOFOLLOW`: what becomes of the links that `refuses` names."""
    weighing: Weighing | None = None
    """None: each vote weighs 1."""


EVERYTHING = VotePolicy(
    name="everything",
    version=1,
    kinds=("a", "area", "form", "frame", "iframe", "link", "redirect", "refresh", "feed", "img", "script", "style"),
    refuses=(),
    folds=(),
    max_hops=0,
    summary="one vote a linking domain for any reference, resources and redirects too, as open web graphs count",
)

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

EDITORIAL = replace(
    FOLLOWED,
    name="editorial",
    version=3,
    summary="followed links, weighed by where they stand, and less where boilerplate, owner or exchange explains them",
    weighing=Weighing(
        zones=(
            ("aside", 0.3), ("nav", 0.2), ("header", 0.2), ("comments", 0.2), ("footer", 0.1), ("form", 0.1),
            ("head", 0.0),
        ),
        crowded=0.5,
        halfway=500,
        wordless=0.5,
        sitewide=0.2,
        sitewide_share=0.5,
        # A site of three pages has links on most of its pages by chance.
        sitewide_pages=5,
        reciprocal=0.5,
        same_owner=0.1,
    ),
)  # fmt: skip

POLICIES: dict[str, VotePolicy] = {policy.name: policy for policy in (EVERYTHING, FOLLOWED, EDITORIAL)}

BUILT = (EDITORIAL.name, FOLLOWED.name, EVERYTHING.name)
"""What a build ranks side by side; the first is what an answer uses that names none."""


def policies_named(names: Sequence[str]) -> list[VotePolicy]:
    """Return the policies of these names, in their order.

    Raises:
        UsageError: there is no name, an unknown one, or one that stands twice.
    """
    if not names:
        raise UsageError(f"no policy is named; choose one of {', '.join(POLICIES)}, or several")
    if len(set(names)) < len(names):
        raise UsageError(f"a policy stands twice in {', '.join(names)}; name each once")
    return [policy_named(name) for name in names]


def policy_named(name: str) -> VotePolicy:
    """Return the policy of that name, `editorial`, or with another treatment of nofollow, `editorial/evaporate`.

    Raises:
        UsageError: there is none.
    """
    base, _, nofollow = name.partition("/")
    if base not in POLICIES:
        raise UsageError(f"policy {name!r} is unknown; choose one of {', '.join(POLICIES)}")
    if not nofollow:
        return POLICIES[base]
    if nofollow not in NOFOLLOW:
        raise UsageError(f"policy {name!r}: {nofollow!r} is unknown; nofollow is one of {', '.join(NOFOLLOW)}")
    return replace(POLICIES[base], name=name, nofollow=nofollow)

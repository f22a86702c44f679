"""The closed lists of words that a classification may use, and what they mean to a reader of backlinks.

Promises the words of the hand-labelled set, so that answers and labels can be compared, and one table from acquisition
to the four words natural, editorial, manual and non-editorial. Holds no rule.
"""

from __future__ import annotations

RULES_VERSION = "8"
"""Recorded beside every answer; raise it when a feature, a weight or a rule changes any answer."""

PLACEMENTS: dict[str, str] = {
    "content": "in running text or a figure of the main content",
    "list": "an item of a list or table of links that is the main content",
    "nav": "menus, breadcrumbs, tabs, tables of contents",
    "header": "the page's head, outside its menus",
    "footer": "the page's foot",
    "sidebar": "beside the main content, blogrolls included",
    "bio": "the author's box or by-line",
    "comment": "a reader's comment, the commenter's name included",
    "forum": "a post in a thread",
    "signature": "the signature of a forum post",
    "profile": "a user's profile page",
    "widget": "embedded boxes: share and follow buttons, badges, related articles, tag clouds",
    "advert": "an advertisement",
    "pagination": "next, previous, page numbers, archive and tag links",
    "technical": "log-in, print, permalink, edit, source and consent links",
}
"""Where a hyperlink stands (observable)."""

NO_HYPERLINK: dict[str, str] = {
    "head": "said in the head, by a header or a sitemap, or loaded by the page: nobody can click it",
    "redirect": "a redirect or a refresh",
    "canonical": "the page's canonical URL",
}
"""The placements of what is no hyperlink."""

CHOSEN: dict[str, float] = {
    "content": 1.0, "list": 0.8, "forum": 0.5, "profile": 0.5, "bio": 0.4, "sidebar": 0.3, "comment": 0.2,
    "nav": 0.2, "header": 0.2, "pagination": 0.2, "widget": 0.1, "advert": 0.1, "footer": 0.1, "signature": 0.1,
    "technical": 0.1,
}  # fmt: skip
"""How much rather than not a reader chooses a link that stands there, relative to running text. The patent on the
reasonable surfer (US 7,716,225) names the feature and no figures: these are ours, coarse on purpose."""

FRAME = ("nav", "header", "footer", "widget", "technical")
"""Placements around the content: what stands there on every page was put into the template."""

LISTED = ("list", "sidebar", *FRAME)
"""Placements where partners name each other."""

ACQUISITIONS: dict[str, str] = {
    "editorial": "the page's own author chose to point there, on merit",
    "placed": "guest post, press release, advertorial, sponsored article whose author serves the target",
    "directory": "a listing that its subject or anyone can enter",
    "profile": "a person's or project's own profile or biography pointing to their own place",
    "ugc": "a reader, poster or wiki editor added it",
    "paid": "advert, affiliate, marked sponsored",
    "reciprocal": "exchange, webring, link partners",
    "owner": "the same person or organisation runs both ends",
    "syndicated": "copied with the text from elsewhere",
    "boilerplate": "theme, platform, generator, licence, validator, hosting, legal or share links on every page",
    "unknown": "the evidence is thin, or the page's language is not one that the rules know",
}
"""How a link to another site probably came about (inferred)."""

INTERNAL = "internal"
"""The acquisition of a link within one registrable domain."""

BACKLINK_WORDS: dict[str, tuple[str, ...]] = {
    "editorial": ("natural", "editorial"),
    "placed": ("editorial", "manual"),
    "directory": ("manual",),
    "profile": ("manual",),
    "paid": ("manual",),
    "reciprocal": ("manual",),
    "owner": ("manual",),
    "ugc": ("non-editorial",),
    "boilerplate": ("non-editorial",),
    "syndicated": ("non-editorial",),
    "unknown": (),
    INTERNAL: (),
}
"""Acquisition → the words that texts on backlinks use; a placed link is both editorial (by form) and manual."""


def backlink_words(acquisition: str) -> tuple[str, ...]:
    """Return which of natural, editorial, manual and non-editorial an acquisition is; none for internal and unknown.

    Raises:
        KeyError: no acquisition of `BACKLINK_WORDS`.
    """
    return BACKLINK_WORDS[acquisition]

"""One summary row → its section of the page: the numbers, the anchors and who links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linkgraph.reports.markup import NOTHING, Markup, domain, foreign, link, tag
from linkgraph.reports.rows import Summary
from linkgraph.urls import split

_NUMBERS = frozenset({"Domains", "Backlinks", "Authority", "Quality"})
"""Columns that stand to the right."""

_ANCHOR = 140
"""Characters of an anchor that a section shows; JSON and Parquet hold it whole."""


def profile(row: Summary, name: str) -> Markup:
    """Return the section of one known domain; *name* is its id within the page."""
    head = tag(
        "header",
        tag("h3", domain(row.domain), id=name),
        tag("span", row.status, class_=f"badge {row.status}"),
        tag("a", "all domains", href="#all", class_="up"),
    )
    tables = (_anchors(row), _referring(row), *_best(row), *_kinds(row))
    links = tag("div", *tables, class_="pair") if row.backlinks else _no_links()
    return tag("section", head, _numbers(row), links, class_="profile card", aria_labelledby=name)


def _no_links() -> Markup:
    return tag("p", "No other domain of the data set links here.", class_="soft")


def _numbers(row: Summary) -> Markup:
    median = row.referring_authority_median
    shown = (
        ("Authority", f"{row.authority or 0:.1f}"),
        ("Rank", f"{row.rank:,}"),
        ("Referring domains", f"{row.referring_domains:,}"),
        ("Independent owners", NOTHING if row.independent_owners is None else f"{row.independent_owners:,}"),
        ("Backlinks", f"{row.backlinks:,}"),
        ("Followed share", NOTHING if row.followed_share is None else f"{row.followed_share:.0%}"),
        ("Their median authority", NOTHING if median is None else f"{median:.1f}"),
        ("Median quality", NOTHING if row.quality_median is None else f"{row.quality_median:.0f}"),
    )
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in shown), class_="numbers")


def _anchors(row: Summary) -> Markup:
    counts = zip(row.top_anchors, row.top_anchor_domains, row.top_anchor_backlinks, strict=True)
    lines = [(_anchor(anchor), f"{domains:,}", f"{backlinks:,}") for anchor, domains, backlinks in counts]
    return _table("Top anchors", ("Anchor", "Domains", "Backlinks"), lines)


def _anchor(anchor: str) -> Markup:
    if not anchor.strip():
        return tag("em", "no text", class_="soft")
    return foreign(anchor if len(anchor) <= _ANCHOR else f"{anchor[: _ANCHOR - 1]}…")


def _referring(row: Summary) -> Markup:
    found = zip(
        row.top_referring_domains,
        row.top_referring_pages,
        row.top_referring_authority,
        row.top_referring_backlinks,
        strict=True,
    )
    lines = [(link(page, domain(name)), f"{authority:.1f}", f"{count:,}") for name, page, authority, count in found]
    return _table("Top referring domains", ("Domain", "Authority", "Backlinks"), lines)


def _best(row: Summary) -> Iterator[Markup]:
    found = zip(row.best_anchors, row.best_pages, row.best_qualities, strict=True)
    lines = [(link(page, _anchor(anchor)), _host(page), f"{quality:.0f}") for anchor, page, quality in found]
    if lines:
        yield _table("Best backlinks", ("Anchor", "Host", "Quality"), lines)


def _host(url: str) -> str:
    parts = split(url)
    return domain(parts.host) if parts else NOTHING


def _kinds(row: Summary) -> Iterator[Markup]:
    counts = zip(row.acquisitions, row.acquisition_domains, row.acquisition_backlinks, strict=True)
    lines = [(tag("span", word), f"{domains:,}", f"{backlinks:,}") for word, domains, backlinks in counts]
    if lines:
        yield _table("How they came about", ("Acquisition", "Domains", "Backlinks"), lines)


def _table(caption: str, heads: tuple[str, ...], lines: Iterable[tuple[Markup | str, ...]]) -> Markup:
    kinds = [None if head in _NUMBERS else "text" for head in heads]
    columns = [tag("th", head, scope="col", class_=kind) for head, kind in zip(heads, kinds, strict=True)]
    body = [
        tag(
            "tr",
            tag("th", first, scope="row", class_="text"),
            *(tag("td", value, class_=kind) for value, kind in zip(rest, kinds[1:], strict=True)),
        )
        for first, *rest in lines
    ]
    table = tag("table", tag("caption", caption), tag("thead", tag("tr", *columns)), tag("tbody", *body))
    return tag("div", table)

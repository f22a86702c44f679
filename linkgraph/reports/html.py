"""Summary rows → one HTML page that stands alone: it asks for nothing, runs nothing, and prints well.

Promises that every string from the web is escaped (`linkgraph.reports.markup`), that links are http(s) and say nothing
about the reader, and that each chart and table can be read without seeing it. Refuses nothing: a page of no known
domain says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import pyarrow as pa

from linkgraph.reports.distributions import Distribution, distributions
from linkgraph.reports.markup import NOTHING, Markup, domain, join, tag, trusted
from linkgraph.reports.profile import profile
from linkgraph.reports.rows import Summary, rows_of
from linkgraph.reports.scatter import Point, scatter, trend

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
"""A second wall behind the escaping: whatever got into the page could load nothing and run nothing."""

MOST_PROFILES = 200
"""Domains that get a section of their own; beyond, the page would be slow to open. The table holds all."""

MOST_DISTRIBUTIONS = 40
"""Rows of the second chart: one screen's worth."""

_STYLE = Path(__file__).with_name("style.css")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the head of a report says about where its numbers come from."""

    source: str
    """The data set, as the user named it."""
    made_at: datetime
    version: str


def page(table: pa.Table, facts: Facts) -> str:
    """Return the page.

    Args:
        table: rows of `linkgraph.insights.summary.SUMMARY`.
        facts: stands in the head and the foot of the page.
    """
    rows = sorted(rows_of(table), key=lambda row: (row.authority is None, -(row.authority or 0), row.domain))
    known = [row for row in rows if row.status != "unknown"]
    body = join(
        _header(rows, known, facts),
        tag("main", *_charts(known), _ranking(rows), *_profiles(known), _notes()),
        tag("footer", f"Made by linkgraph {facts.version} on {facts.made_at:%Y-%m-%d %H:%M} UTC from {facts.source}."),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(len(rows)), tag('body', body), lang='en')}\n"


def _head(count: int) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=CONTENT_SECURITY_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"Domain authority report: {_plural(count, 'domain')}"),
        tag("link", rel="icon", href="data:,"),
        tag("style", trusted(_STYLE.read_text(encoding="utf-8"))),
    )


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _header(rows: Sequence[Summary], known: Sequence[Summary], facts: Facts) -> Markup:
    about = f"{_plural(len(rows), 'domain')} · data set {facts.source} · {facts.made_at:%d %B %Y}"
    if missing := len(rows) - len(known):
        about += f" · {missing} not in the data set"
    tiles = [tag("dl", tag("dt", name), *values, class_="card") for name, *values in _tiles(known)]
    return tag(
        "header",
        tag("p", "Backlink report", class_="kicker"),
        tag("h1", "Domain authority"),
        tag("p", about, class_="facts"),
        tag("div", *tiles, class_="tiles") if tiles else tag("p", "None of these domains is in the data set."),
    )


def _tiles(known: Sequence[Summary]) -> Iterator[tuple[object, ...]]:
    if not known:
        return
    highest = max(known, key=lambda row: row.authority or 0)
    yield (
        "Highest authority",
        _big(domain(highest.domain)),
        _small(f"{highest.authority:.1f} of 100, rank {highest.rank:,}"),
    )
    widest = max(known, key=lambda row: row.referring_domains)
    yield "Most referring domains", _big(domain(widest.domain)), _small(_plural(widest.referring_domains, "domain"))
    line = trend(_points(known))
    if line is not None:
        best = max(known, key=lambda row: (row.authority or 0) - line.expects(row.referring_domains))
        extra = (best.authority or 0) - line.expects(best.referring_domains)
        yield "Strongest for its size", _big(domain(best.domain)), _small(f"{extra:+.1f} points against the usual line")
    shares = [row.followed_share for row in known if row.followed_share is not None]
    if shares:
        yield "Median followed share", _big(f"{median(shares):.0%}"), _small(f"of {_plural(len(shares), 'domain')}")


def _big(content: str) -> Markup:
    return tag("dd", content, class_="big")


def _small(content: str) -> Markup:
    return tag("dd", content, class_="soft")


def _points(known: Sequence[Summary]) -> list[Point]:
    return [Point(row.domain, row.referring_domains, row.authority or 0.0) for row in known]


def _charts(known: Sequence[Summary]) -> Iterator[Markup]:
    if not known:
        return
    yield tag("h2", "Quality and quantity")
    points = _points(known)
    legend = (
        tag("span", class_="key"),
        " on or above the dashed line: its backlinks are worth more than is usual for their number. ",
        tag("span", class_="key poor"),
        " below it: many backlinks of little weight.",
    )
    yield _figure(
        "Authority against the number of referring domains",
        join("Each point is a domain. ", *(legend if trend(points) else ())),
        scatter(points),
    )
    linked = [
        Distribution(row.domain, row.referring_by_authority, row.referring_authority_median)
        for row in known
        if row.referring_authority_median is not None
    ]
    if not linked:
        return
    first = sorted(linked[:MOST_DISTRIBUTIONS], key=lambda row: (-row.median, row.label))
    rest = "" if len(first) == len(linked) else f" The {len(first)} domains of the highest authority are shown."
    yield _figure(
        "Who stands behind the backlinks",
        f"Bars to the right: referring domains of high authority. The upright mark is the median.{rest}",
        distributions(first),
    )


def _figure(heading: str, says: object, chart: Markup) -> Markup:
    caption = tag("figcaption", tag("strong", heading), says)
    return tag(
        "figure",
        caption,
        tag("div", chart, class_="figure", tabindex="0", role="group", aria_label=heading),
        class_="card",
    )


_COLUMNS = (
    ("Domain", "text"),
    ("Authority", "text wide"),
    ("Rank", None),
    ("Referring domains", None),
    ("of them followed", None),
    ("Backlinks", None),
    ("Followed share", "text wide"),
    ("Median quality", "text wide"),
    ("Seen as", "text"),
)


def _ranking(rows: Sequence[Summary]) -> Markup:
    heads = [tag("th", name, scope="col", class_=kind) for name, kind in _COLUMNS]
    caption = f"{_plural(len(rows), 'domain')}, highest authority first. Each name leads to its profile."
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", tag("th", "#", scope="col"), *heads)),
        tag("tbody", *(_ranked(place, row) for place, row in enumerate(rows, 1))),
        class_="ranking",
    )
    scroll = tag("div", table, class_="card scroll", tabindex="0", role="region", aria_label="Table of all domains")
    return join(tag("h2", "All domains", id="all"), scroll)


def _ranked(place: int, row: Summary) -> Markup:
    badge = tag("td", tag("span", row.status, class_=f"badge {row.status}"), class_="text")
    if row.status == "unknown":
        hint = (
            f"not in the data set; near names: {', '.join(row.near_names)}" if row.near_names else "not in the data set"
        )
        name = tag("th", domain(row.domain), scope="row", class_="text")
        return tag("tr", tag("td", place), name, tag("td", hint, colspan="7", class_="text soft hint"), badge)
    name = domain(row.domain)
    name = tag("a", name, href=f"#d{place}") if place <= MOST_PROFILES else name
    share, quality = row.followed_share, row.quality_median
    return tag(
        "tr",
        tag("td", place),
        tag("th", name, scope="row", class_="text"),
        tag("td", f"{row.authority or 0:.1f}", _meter((row.authority or 0) / 100), class_="text wide"),
        tag("td", f"{row.rank:,}"),
        tag("td", f"{row.referring_domains:,}"),
        tag("td", f"{row.referring_domains_followed:,}"),
        tag("td", f"{row.backlinks:,}"),
        tag("td", NOTHING if share is None else join(f"{share:.0%}", _meter(share)), class_="text wide"),
        tag("td", NOTHING if quality is None else join(f"{quality:.0f}", _meter(quality / 100)), class_="text wide"),
        badge,
    )


def _meter(share: float) -> Markup:
    """Return a bar of *share* (0 to 1); the number beside it says the same."""
    bar = tag("rect", width=round(100 * share, 2), height=5)
    return tag("svg", bar, viewBox="0 0 100 5", preserveAspectRatio="none", class_="meter", aria_hidden="true")


def _profiles(known: Sequence[Summary]) -> Iterator[Markup]:
    if not known:
        return
    yield tag("h2", "Profiles")
    yield tag(
        "p",
        "Anchors are ordered by how many domains use them, referring domains by their own authority; "
        "each leads to a page on which the link stands.",
        class_="soft",
    )
    for place, row in enumerate(known[:MOST_PROFILES], 1):
        yield profile(row, f"d{place}")
    if len(known) > MOST_PROFILES:
        rest = _plural(len(known) - MOST_PROFILES, "further domain")
        yield tag("p", f"{rest}: ask for .csv, .json or .parquet to have their anchors and referring domains.")


_NOTES = {
    "Authority": """0 to 100 from PageRank over votes between domains, on a logarithmic scale: about 14 points are a
        factor of 10 in rank, and 0 is a domain without votes. A domain votes once for another, by followed links,
        weighed by where they stand.""",
    "Referring domains": "Domains with at least one link to this one. Links within a domain do not count.",
    "Independent owners": "Who probably runs the referring domains: sites of one owner count once, its own not at all.",
    "Followed": "Without nofollow, ugc or sponsored, on the link or for the whole page.",
    "Quality": """0 to 100 for each backlink: the authority of its source, how it came about, where it stands, what else
        the page links to, whether the subjects fit, its age, and whether it is followed. A domain's median is that of
        the best backlink of each referring domain.""",
    "How they came about": """What kind of link each backlink probably is; unknown where the evidence is thin. A domain
        with links of two kinds counts in both.""",
    "Seen as": """crawled: pages of the domain were fetched; linked: it is known only from links to it, so what it links
        to is not known; unknown: neither.""",
    "What these numbers are not": """They tell about the pages of this data set. Links on pages that were not crawled
        are not in them, so a larger crawl can only find more.""",
}


def _notes() -> Markup:
    # On one line: markup makes a line break visible, since names from the web may have one.
    entries = [part for name, says in _NOTES.items() for part in (tag("dt", name), tag("dd", " ".join(says.split())))]
    return join(tag("h2", "How to read this"), tag("dl", *entries, class_="notes card"))

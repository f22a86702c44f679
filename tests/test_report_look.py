"""The report as a browser and an eye meet it."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from selectolax.lexbor import LexborHTMLParser

from linkgraph.insights.summary import BINS, SUMMARY
from linkgraph.reports import html
from linkgraph.reports.html import Facts, page

STYLE = Path(html.__file__).with_name("style.css").read_text(encoding="utf-8")
RUNS = "document.title='ran'"
HOSTILE = [
    f"<script>{RUNS}</script>",
    f'"><svg onload="{RUNS}">',
    f"</title><script>{RUNS}</script>",
    f"javascript:{RUNS}",
    f'\'><img src=x onerror="{RUNS}">',
]


def hostile_page() -> str:
    rows = [
        {
            "domain": string,
            "status": "crawled",
            "authority": 10.0 + place,
            "rank": place,
            "referring_domains": 3,
            "referring_domains_followed": 1,
            "backlinks": 3,
            "backlinks_followed": 1,
            "followed_share": 1 / 3,
            "referring_authority_median": 5.0,
            "referring_by_authority": [3, *[0] * (BINS - 1)],
            "top_anchors": [string],
            "top_anchor_domains": [3],
            "top_anchor_backlinks": [3],
            "top_referring_domains": [string],
            "top_referring_authority": [5.0],
            "top_referring_backlinks": [3],
            "top_referring_pages": [string],
        }
        for place, string in enumerate(HOSTILE, 1)
    ]
    return page(pa.Table.from_pylist(rows, schema=SUMMARY), Facts(HOSTILE[2], datetime.now(UTC), "0"))


def test_a_browser_runs_nothing_of_a_hostile_page_and_sees_the_same_elements(tmp_path):
    browser = shutil.which("chromium-headless-shell")
    if browser is None:
        pytest.skip("chromium-headless-shell is not installed")
    source = tmp_path / "report.html"
    source.write_text(hostile_page(), encoding="utf-8")
    options = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    command = [browser, "--headless", *options, "--dump-dom", source.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True, stdin=subprocess.DEVNULL)
    seen, written = LexborHTMLParser(done.stdout), LexborHTMLParser(hostile_page())

    assert seen.css_first("title").text() == "Domain authority report: 5 domains"
    assert [node.tag for node in seen.root.traverse()] == [node.tag for node in written.root.traverse()]


def colours(scheme: str) -> dict[str, str]:
    """The colours of the style sheet: those of `:root`, with what the dark or printed page replaces."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    chosen = {"light": blocks[:1], "dark": blocks[:2], "print": [blocks[0], blocks[2]]}[scheme]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b", " ".join(chosen)))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_words_stand_out_from_their_ground_by_4_5_and_marks_by_3(scheme):
    named = colours(scheme)
    words = [
        contrast(named[ink], named[ground]) for ink in ("ink", "soft", "accent", "bad") for ground in ("card", "page")
    ]
    marks = [contrast(named[mark], named["card"]) for mark in ("accent", "poor")]

    assert min(words) >= 4.5
    assert min(marks) >= 3

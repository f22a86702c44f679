"""Real pages: our links against a second parser's, and against links that a person read off the page."""

from __future__ import annotations

import json
import re
from collections import Counter
from unicodedata import normalize

import ada_url
import pytest
from selectolax.lexbor import LexborHTMLParser

from linkgraph.extract import extract
from linkgraph.model import Links

TYPE = {"Content-Type": "text/html; charset=utf-8"}
SAMPLE = 5
"""Every fifth page is compared link by link; all labelled ones are looked up."""

MAX_CODE_POINTS = 2083

FOUND, READ = 0.995, 0.99
"""Shares of the labelled links; 992 and 988 of 994 when measured."""

BASE = re.compile(rb"<base\b[^>]*?\bhref=[\"']?([^\"'>\s]+)", re.IGNORECASE)


@pytest.fixture(scope="module")
def labels(shared) -> list[dict]:
    folder = shared / "labels"
    if not (folder / "train.jsonl").exists():
        pytest.skip(f"{folder} is absent")
    names = ("train.jsonl", "test.jsonl")
    return [json.loads(line) for name in names for line in (folder / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def single_pages(shared, labels) -> dict[str, bytes]:
    """The labelled pages that are kept unpacked, by their address."""
    pages = {one["url"]: shared / "labels" / one["page"] for one in labels if one["page"].startswith("pages/")}
    return {url: path.read_bytes() for url, path in pages.items()}


def by_second_parser(url: str, body: bytes) -> Counter[str]:
    """The targets of `a` and `area` elements as another HTML parser and the URL parser see them."""
    tree = LexborHTMLParser(body.decode("utf-8", "replace"))
    base = url
    for element in tree.css("base[href]"):
        base = joined(url, element.attributes["href"] or "") or url
        break
    found: Counter[str] = Counter()
    for element in tree.css("a[href], area[href]"):
        if not foreign(element) and (target := joined(base, element.attributes["href"] or "")):
            found[target] += 1
    return found


def joined(base: str, href: str) -> str | None:
    try:
        target = ada_url.join_url(base, href)
    except ValueError:
        return None
    if not target.startswith(("http://", "https://")):
        return None
    address, _, fragment = target.partition("#")
    return target if max(len(address), len(fragment)) <= MAX_CODE_POINTS else None


def foreign(element) -> bool:
    """Whether an element is a drawing's or a template's, neither of which is a link of the page."""
    parent = element.parent
    while parent is not None:
        if parent.tag in ("svg", "math", "template"):
            return True
        parent = parent.parent
    return False


def by_us(links: Links) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in links.rows():
        if row["kind"] in ("a", "area"):
            found[address(row)] += row["instances"]
    return found


def address(row: dict) -> str:
    return row["dst_url"] if row["dst_fragment"] is None else f"{row['dst_url']}#{row['dst_fragment']}"


def differences(pages: dict[str, bytes]) -> tuple[dict[str, tuple], int]:
    """The pages on which the two disagree, with what only we and what only the other found; and the links compared."""
    different = {}
    compared = 0
    for url, body in pages.items():
        ours, theirs = by_us(extract(url, TYPE, body)[1]), by_second_parser(url, body)
        compared += sum(theirs.values())
        if ours != theirs:
            different[url] = (ours - theirs, theirs - ours)
    return different, compared


def test_every_link_of_a_real_page_is_found_as_often_as_a_second_parser_finds_it(single_pages):
    plain = {url: body for url, body in list(single_pages.items())[::SAMPLE] if b"<template" not in body}
    different, compared = differences(plain)

    assert compared > 8_000
    assert not different


def test_real_pages_with_templates_keep_their_links_too(single_pages):
    different, compared = differences({url: body for url, body in single_pages.items() if b"<template" in body})

    assert compared > 500
    assert not different


def folded(text: str) -> str:
    return re.sub(r"[\s\u00ad]+", "", normalize("NFC", text))


def reads(row: dict, anchor: str) -> bool:
    """Whether a link reads as its label says: white space and an image's brackets apart."""
    wanted = folded(re.sub(r"\[image: ?(.*?)\]", r"\1", anchor))
    return wanted[:300] in {folded(row["anchor"])[:300], folded(row["alt"] or "")[:300]} or wanted[:300] in (
        folded(f"{row['anchor']}{row['alt'] or ''}")[:300],
        folded(f"{row['alt'] or ''}{row['anchor']}")[:300],
    )


def test_links_that_a_person_read_off_real_pages_are_there_with_their_anchor(labels, single_pages):
    looked_up = [one for one in labels if one["url"] in single_pages]
    rows = {url: list(extract(url, TYPE, body)[1].rows()) for url, body in single_pages.items()}
    missing, misread = [], []
    for one in looked_up:
        bases = [one["url"], *(match.decode() for match in BASE.findall(single_pages[one["url"]])[:1])]
        wanted = {joined(joined(one["url"], base) or one["url"], one["href"]) for base in bases}
        there = [row for row in rows[one["url"]] if address(row) in wanted]
        if not there:
            missing.append(one)
        elif not any(reads(row, one["anchor"]) for row in there):
            misread.append((one["anchor"], [(row["anchor"], row["alt"]) for row in there]))

    assert len(looked_up) > 900
    assert 1 - len(missing) / len(looked_up) >= FOUND, missing
    assert 1 - (len(missing) + len(misread)) / len(looked_up) >= READ, misread

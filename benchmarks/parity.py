"""Links of real pages: ours against what headless Chromium has in `document.links`, scripts off.

    python benchmarks/parity.py [FOLDER] [--pages 2000] [--quick]

FOLDER holds HTML files by host (default: the mini-web of ../shared, unpacked to a temporary folder). Prints how many
links are in both, only ours and only the browser's, by href and by text, and every page that differs with its class.
Fails where an href differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from extract import unpacked
from support.parity import Browser, Seen, browser_path, chromium, explain, ours

from linkgraph.urls import resolve

SEED = 1
LABELS = {
    "links": "a and area, by href",
    "others": "frame, iframe, form, canonical, refresh",
    "texts": "anchor by text nodes",
    "shown": "anchor by innerText",
}
"""What is compared: the fields of `Seen`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="40 pages")
    options = parser.parse_args()
    path = browser_path()
    if path is None:
        sys.exit("skipped: no chromium-headless-shell or chromium on PATH")
    with tempfile.TemporaryDirectory() as temporary, chromium(path) as browser:
        folder = options.folder or unpacked(Path(temporary))
        report(browser, folder, 40 if options.quick else options.pages)


def report(browser: Browser, folder: Path, number: int) -> None:
    totals: Counter[tuple[str, str]] = Counter()
    classes: Counter[str] = Counter()
    began = time.monotonic()
    files = sorted(path for path in folder.rglob("*.htm*") if path.is_file())
    chosen = random.Random(SEED).sample(files, min(number, len(files)))
    for path in chosen:
        url = resolve(f"http://{path.relative_to(folder).as_posix()}").url
        body = path.read_bytes()
        compare(url, ours(url, body), browser.see(url, body), totals, classes)
    print(f"{len(chosen)} pages in {time.monotonic() - began:.0f} s")
    for name, label in LABELS.items():
        both, mine, its = (totals[name, side] for side in ("both", "ours", "browser"))
        share = 100 * both / max(1, both + mine + its)
        print(f"{label:42} both {both:8}  only ours {mine:5}  only the browser's {its:5}  {share:8.4f} %")
    for name, count in classes.most_common():
        print(f"difference: {name}: {count}")
    assert not totals["links", "ours"] + totals["links", "browser"]
    assert not totals["others", "ours"] + totals["others", "browser"]


def compare(url: str, mine: Seen, its: Seen, totals: Counter[tuple[str, str]], classes: Counter[str]) -> None:
    if mine.capped:
        classes["pages of more than 10,000 distinct links, of which the first are kept"] += 1
    for name in LABELS:
        left, right = getattr(mine, name), getattr(its, name)
        if mine.capped and name != "others":
            right = right & left  # what was left out is counted above; what was kept must still be the browser's
        totals[name, "both"] += (left & right).total()
        totals[name, "ours"] += (left - right).total()
        totals[name, "browser"] += (right - left).total()
        if left != right and name != "shown":
            print(f"{name} of {url}: only ours {list(left - right)[:3]}, only the browser's {list(right - left)[:3]}")
    if not mine.capped:
        classes.update(explain(mine.shown - its.shown, its.shown - mine.shown))


if __name__ == "__main__":
    main()

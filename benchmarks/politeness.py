"""What robots, guard and pacing cost of a crawl: the crawl beside the same one without them, in turns.

The crawl fetches a list of real pages over nginx on loopback, no delay, every page a seed, so that both fetch the
same. Left out are the questions to robots.txt and guard and what is learnt from answers, by substitution in the
benchmark's own process (`support/impolite.py`): no setting does that. The caps on headers, bodies and time are part of
reading a response and stay in both. Asserted: both fetched each page once, the bare one no robots.txt.

    python benchmarks/politeness.py [--quick] [--pages N] [--rounds N] [--unpacked FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from commit import urls_of
from support.miniweb import Miniweb, reason_to_skip, served
from support.process import crawl_command, run

TARGET = 0.10


def crawl(variant: str, web: Miniweb, urls: Path, folder: Path, number: int) -> tuple[float, float]:
    """Return seconds and CPU seconds."""
    data, pages = folder / f"{variant}{number}", len(urls.read_text().splitlines())
    settings = {"LINKGRAPH_RESOLVE": web.resolve, "LINKGRAPH_PROGRESS": 0}
    program = ("-m", "support.impolite", variant)
    cost = run(crawl_command(str(urls), data, settings, program=program, host_delay=0, depth=0), folder / "log.txt")
    assert cost.code == 0, (folder / "log.txt").read_text()[-2000:]
    record = json.loads((data / "runs/bench/run.json").read_text())
    assert record["outcomes"]["fetched"] == pages, record
    return record["seconds"], cost.cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round over a few sites")
    parser.add_argument("--pages", type=int, default=3500, help="pages of the chosen sites together")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--unpacked", type=Path, help="where the mini-web is, or will be, unpacked")
    arguments = parser.parse_args()
    if reason := reason_to_skip():
        print(f"skipped: {reason}")
        return
    pages, rounds = (400, 1) if arguments.quick else (arguments.pages, arguments.rounds)
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    took: dict[str, list[tuple[float, float]]] = {"whole": [], "bare": []}
    with served(arguments.unpacked) as web, tempfile.TemporaryDirectory() as folder:
        urls = Path(folder) / "urls.txt"
        found = [url for url in urls_of(web, web.at_least(pages)) if not url.endswith("/robots.txt")]
        urls.write_text("\n".join(found), encoding="utf-8")
        for number in range(rounds):
            for variant, costs in took.items():
                costs.append(crawl(variant, web, urls, Path(folder), number))
    print(f"variant  crawls  pages/s (of {len(found):,} pages)  CPU seconds")
    for variant, costs in took.items():
        seconds, cpu = (statistics.median(one[at] for one in costs) for at in range(2))
        print(f"{variant:8} {len(costs):<7} {len(found) / seconds:<26.1f} {cpu:.2f}")
    pairs = list(zip(took["whole"], took["bare"], strict=True))
    wall, cpu = (statistics.median(1 - bare[at] / whole[at] for whole, bare in pairs) for at in range(2))
    print(f"politeness costs, median of pairs: {wall:.1%} by the clock (target {TARGET:.0%}), {cpu:.1%} by CPU")
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    assert arguments.quick or wall <= TARGET, f"politeness costs {wall:.1%} of the crawl"


if __name__ == "__main__":
    main()

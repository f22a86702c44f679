"""What robots, guard and pacing cost of a crawl: the crawl beside the same one without them, in turns.

The crawl fetches a list of real pages over nginx on loopback, no delay, every page a seed, so that both fetch the
same. Left out are the questions to robots.txt and guard and what is learnt from answers, by substitution in the
benchmark's own process (`support/impolite.py`): no setting does that. The caps on headers, bodies and time are part of
reading a response and stay in both. Asserted: both fetched each page once, the bare one no robots.txt.
A last crawl has a stopwatch in these questions: their share of the event loop's processor seconds, which other work on
the machine disturbs least.

    python benchmarks/politeness.py [--quick] [--pages N] [--rounds N] [--unpacked FOLDER]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from commit import urls_of
from support.miniweb import Miniweb, asked, served
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
    options = asked(__doc__, rounds=5, pages=600)
    if options is None:
        return
    took: dict[str, list[tuple[float, float]]] = {"whole": [], "bare": []}
    with served(options.unpacked) as web, tempfile.TemporaryDirectory() as folder:
        urls = Path(folder) / "urls.txt"
        found = [url for url in urls_of(web, web.at_least(options.pages)) if not url.endswith("/robots.txt")]
        urls.write_text("\n".join(found), encoding="utf-8")
        for number in range(options.rounds):
            for variant, costs in took.items():
                costs.append(crawl(variant, web, urls, Path(folder), number))
        crawl("timed", web, urls, Path(folder), 0)
        inside, thread = map(float, (Path(folder) / "log.txt").read_text().split()[-2:])
    print(f"variant  crawls  pages/s (of {len(found):,} pages)  CPU seconds")
    for variant, costs in took.items():
        seconds, cpu = (statistics.median(one[at] for one in costs) for at in range(2))
        print(f"{variant:8} {len(costs):<7} {len(found) / seconds:<26.1f} {cpu:.2f}")
    pairs = list(zip(took["whole"], took["bare"], strict=True))
    wall, cpu = (statistics.median(1 - bare[at] / whole[at] for whole, bare in pairs) for at in range(2))
    print(f"politeness costs, median of pairs: {wall:.1%} by the clock (target {TARGET:.0%}), {cpu:.1%} by CPU")
    print(
        f"inside the questions: {inside:.3f} of {thread:.2f} processor seconds of the event loop, {inside / thread:.1%}"
    )
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    assert options.quick or wall <= TARGET, f"politeness costs {wall:.1%} of the crawl"


if __name__ == "__main__":
    main()

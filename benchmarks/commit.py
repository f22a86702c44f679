"""What the commit costs of a crawl: the crawl with its durable steps beside the same one without, in turns.

The crawl fetches a list of real pages over nginx on loopback, no delay, every page a seed, so that all variants fetch
the same. Three definitions of the overhead, each named in the table:
* durable steps: the whole crawl beside one that encodes and writes the same rows without fsync, rename, digest, log
  entry and ledger transaction, as a share of the whole crawl's seconds (the target: at most 5 %);
* sum of steps: seconds that the durable steps took on their thread, while the crawl went on, as the same share;
* keeping anything: the whole crawl beside one that drops what it extracts, Parquet encoding included.
Asserted: every variant fetched each page once, and the whole ones kept all of them.

    python benchmarks/commit.py [--quick] [--pages N] [--rounds N] [--unpacked FOLDER]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.miniweb import Miniweb, Site, asked, served
from support.process import crawl_command, run

from linkgraph.edges.dataset import snapshot
from linkgraph.extract import extract

VARIANTS = ("whole", "undurable", "none")
DURABLE = ("write and fsync", "fsync of folders", "rename", "digest", "log entry", "ledger transaction")
TARGET = 0.05


@dataclass(frozen=True)
class Took:
    """One crawl."""

    seconds: float
    cpu: float
    steps: dict[str, float]


def urls_of(web: Miniweb, sites: list[Site]) -> list[str]:
    """Return the URL of every file of *sites* but those that refresh to another: only a ledger would follow them."""
    found = []
    for site in sites:
        folder = web.www / site.host
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not refreshes(path.read_bytes()):
                name, mark, query = path.relative_to(folder).as_posix().partition("?")
                found.append(f"http://{site.host}/{quote(name)}{mark}{query}")
    return found


def refreshes(body: bytes) -> bool:
    """Tell whether a page sends its reader on by itself."""
    return "refresh" in extract("http://page.test/", [("Content-Type", "text/html")], body)[1].kind


def crawl(variant: str, web: Miniweb, urls: Path, folder: Path, number: int) -> Took:
    data, result, pages = folder / f"{variant}{number}", folder / "steps.json", len(urls.read_text().splitlines())
    program = ("-m", "support.stubbed", variant, str(result))
    settings = {"LINKGRAPH_RESOLVE": web.resolve, "LINKGRAPH_PROGRESS": 0}
    command = crawl_command(str(urls), data, settings, program=program, host_delay=0, depth=0)
    cost = run(command, folder / "log.txt")
    assert cost.code == 0, (folder / "log.txt").read_text()[-2000:]
    record = json.loads((data / "runs/bench/run.json").read_text())
    assert record["pages"] == record["outcomes"]["fetched"] == pages, record
    assert variant != "whole" or snapshot(data).rows("pages") == pages
    return Took(record["seconds"], cost.cpu, json.loads(result.read_text()))


def report(took: dict[str, list[Took]]) -> float:
    """Print the table and return the share of the durable steps."""
    whole = took["whole"]
    seconds = {variant: statistics.median(one.seconds for one in found) for variant, found in took.items()}
    cpu = {variant: statistics.median(one.cpu for one in found) for variant, found in took.items()}
    print("variant      crawls  seconds  CPU seconds")
    for variant, found in took.items():
        print(f"{variant:12} {len(found):<7} {seconds[variant]:<8.2f} {cpu[variant]:.2f}")
    print("\nstep of the whole crawl   seconds  share of the crawl's seconds")
    for step in whole[0].steps:
        spent = statistics.median(one.steps[step] for one in whole)
        print(f"{step:25} {spent:<8.3f} {spent / seconds['whole']:.1%}")
    pairs = list(zip(whole, took["undurable"], strict=True))
    durable = statistics.median(1 - stubbed.seconds / one.seconds for one, stubbed in pairs)
    durable_cpu = statistics.median(1 - stubbed.cpu / one.cpu for one, stubbed in pairs)
    dropped = statistics.median(1 - bare.seconds / one.seconds for one, bare in zip(whole, took["none"], strict=True))
    summed = statistics.median(sum(one.steps[step] for step in DURABLE) / one.seconds for one in whole)
    print("\noverhead, median of pairs                 share of the whole crawl")
    print(f"durable steps, by wall seconds            {durable:.1%}   (target {TARGET:.0%})")
    print(f"durable steps, by CPU seconds             {durable_cpu:.1%}")
    print(f"sum of steps, on their own thread         {summed:.1%}")
    print(f"keeping anything, by wall seconds         {dropped:.1%}")
    return durable


def main() -> None:
    options = asked(__doc__, rounds=5)
    if options is None:
        return
    with served(options.unpacked) as web, tempfile.TemporaryDirectory() as folder:
        urls = Path(folder) / "urls.txt"
        urls.write_text("\n".join(urls_of(web, web.at_least(options.pages))), encoding="utf-8")
        took: dict[str, list[Took]] = {variant: [] for variant in VARIANTS}
        for number in range(options.rounds):
            for variant in VARIANTS:
                took[variant].append(crawl(variant, web, urls, Path(folder), number))
        share = report(took)
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    assert options.quick or share <= TARGET, f"the durable steps cost {share:.1%} of the crawl"


if __name__ == "__main__":
    main()

"""Pages a second over nginx on loopback: linkgraph's own spider beside Scrapy, same pages, one process each, no delay.

(a) the `site` spider: every column of the data contract, committed as Parquet. (b) a plain CrawlSpider with
LinkExtractor, a JSON-lines feed and Scrapy's documented broad-crawl settings; it extracts once a page. (c) an empty
callback over the URLs that (a) fetched, default downloader, broad-crawl settings. (c') the same without two known
costs of Scrapy. (d) the empty callback under linkgraph's own settings and download handler: the bound of (a).

Rounds alternate; medians are compared. Seconds are those from the spider's opening to its closing, commit included.
Pages are answers with status 200; the rest, dead links, is the same for all. Asserted: (a) fetched what the files on
disk say, and all of what its links lead to; the edges hold every link that (b) found; (c) and (d) got what (a) got.

    python benchmarks/crawl.py [--quick] [--pages N] [--rounds N] [--unpacked FOLDER]
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.miniweb import Miniweb, asked, served
from support.process import crawl_command, run

from linkgraph.edges.dataset import snapshot
from linkgraph.frontier.ledger import Ledger
from linkgraph.frontier.scope import Scope, Target
from linkgraph.frontier.sql import STATES
from linkgraph.frontier.traps import without_session
from linkgraph.urls import registrable_domain, resolve

TARGETS = {"follow": 3.0, "empty": 0.70}
NAMES = {
    "site": "(a) linkgraph site",
    "follow": "(b) CrawlSpider, JSON lines",
    "empty": "(c) empty callback",
    "trimmed": "(c') empty, costs removed",
    "tuned": "(d) empty, our settings",
}


@dataclass(frozen=True)
class Took:
    """One crawl."""

    pages: int
    responses: int
    seconds: float
    cpu: float


class Trial:
    """The crawls of one part of the mini-web."""

    def __init__(self, web: Miniweb, pages: int, folder: Path) -> None:
        self.web, self.folder = web, folder
        self.sites = web.at_least(pages)
        self.domains = sorted({registrable_domain(site.host) for site in self.sites})
        self.seeds = [seed for site in self.sites for seed in site.seeds]
        self.seeds_file = folder / "seeds.txt"
        self.seeds_file.write_text("\n".join(self.seeds), encoding="utf-8")
        self.urls_file = folder / "urls.txt"
        self.statuses: dict[str, int] = {}
        self.refused: set[str] = set()
        self.capped: set[str] = set()
        """Pages with more links than are kept."""

    def site(self, number: int) -> Took:
        data = self.folder / f"data{number}"
        settings = {"LINKGRAPH_RESOLVE": self.web.resolve, "LINKGRAPH_PROGRESS": 0, "DOWNLOAD_VERIFY_CERTIFICATES": 0}
        settings |= dict.fromkeys(("LINKGRAPH_MAX_PAGES_PER_HOST", "LINKGRAPH_PATTERN_PAGES"), 0)  # a forum is no trap
        command = crawl_command(str(self.seeds_file), data, settings, host_delay=0, follow="seeds")
        cost = run(command, self.folder / "site.log")
        assert cost.code == 0, (self.folder / "site.log").read_text()[-2000:]
        record = json.loads((data / "runs/bench/run.json").read_text())
        pages = snapshot(data).pages().to_table(columns=["url", "status", "outcome_reason"]).to_pylist()
        refused = {page["url"] for page in pages if page["outcome_reason"] == "guard:port"} | left_out(data)
        statuses = {page["url"]: page["status"] for page in pages if page["url"] not in refused}
        if self.statuses:
            assert statuses == self.statuses, "two crawls of the same pages differ"
        self.statuses, self.refused = statuses, refused
        self.capped = {page["url"] for page in pages if page["outcome_reason"] == "parser:links-capped"}
        self.urls_file.write_text("\n".join(statuses), encoding="utf-8")
        ok = sum(status == 200 for status in statuses.values())
        return Took(ok, len(statuses), record["seconds"], cost.cpu)

    def peer(self, kind: str) -> Took:
        result, feed = self.folder / f"{kind}.json", self.folder / "feed.jsonl"
        options: dict[str, Any] = {
            "resolve": self.web.resolve,
            "result": str(result),
            "spider": {"urls": str(self.urls_file)},
        }
        if kind == "follow":
            feed.unlink(missing_ok=True)
            options["spider"] = {"seeds": self.seeds, "domains": self.domains}
            options["settings"] = {"FEEDS": {str(feed): {"format": "jsonlines"}}}
        cost = run([sys.executable, "-m", "support.peer", kind, json.dumps(options)], self.folder / f"{kind}.log")
        assert cost.code == 0, (self.folder / f"{kind}.log").read_text()[-2000:]
        found = json.loads(result.read_text())
        if kind != "follow":
            other = {url for url, status in self.statuses.items() if found["statuses"].get(url) != status}
            # A peer without retries may lose a connection; more than that is another crawl.
            assert len(other) <= len(self.statuses) / 1000, f"{kind} has other answers for {sorted(other)[:5]}"
        return Took(found["ok"], found["responses"], found["seconds"], cost.cpu)

    def check_pages(self) -> None:
        """Hold what (a) fetched to the files on disk, and to its own links."""
        assert None not in self.statuses.values(), "requests failed"
        wrong = {url: status for url, status in self.statuses.items() if status != self.web.status(url)}
        assert not wrong, f"{len(wrong)} answers differ from the files on disk, e.g. {next(iter(wrong.items()))}"
        scope = Scope(follow="seeds", domains=frozenset(self.domains))
        columns = list(Target._fields)
        names = [f"dst_{name}" if name in ("url", "host", "domain") else name for name in columns]
        for batch in snapshot(self.folder / "data0").edges().to_batches(columns=names):
            for row in zip(*(batch[name].to_pylist() for name in names), strict=True):
                if scope.refuses(Target(*row), 0, 0) is None:
                    known = {row[0], without_session(row[0])}
                    assert known & self.statuses.keys() or known & self.refused, (
                        f"{row[0]} is linked to and was not fetched"
                    )

    def check_links(self) -> str:
        """Hold the edges to what (b) found on the same pages; return what (b) saw more or less."""
        ours: dict[str, set[str]] = defaultdict(set)
        for batch in snapshot(self.folder / "data0").edges().to_batches(columns=["src_url", "dst_url"]):
            for source, target in zip(batch["src_url"].to_pylist(), batch["dst_url"].to_pylist(), strict=True):
                ours[source].add(target)
        links, missing = 0, []
        theirs: set[str] = set()
        with (self.folder / "feed.jsonl").open(encoding="utf-8") as file:
            for line in file:
                item = json.loads(line)
                page = resolve(item["url"]).url
                theirs.add(page)
                if self.statuses.get(page) != 200:
                    continue
                for raw, _text, _nofollow in item["links"]:
                    target = resolve(raw)
                    links += 1
                    if target is None or target.url in ours[page] or page in self.capped:
                        continue
                    # Python's urljoin drops an empty query and empty path segments; the URL Standard keeps both.
                    if _joined(target.url) not in map(_joined, ours[page]):
                        missing.append((page, raw))
        assert not missing, f"{len(missing)} of {links} links of (b) are missing, e.g. {missing[:5]}"
        mine = {url for url, status in self.statuses.items() if status == 200}
        return (
            f"{links:,} links that (b) found on {len(mine & theirs):,} pages of both: all in the edges, but for "
            f"{len(self.capped)} pages with more links than are kept. Pages in one only: (a) {len(mine - theirs):,}, "
            f"(b) {len(theirs - mine):,}."
        )


def _joined(url: str) -> str:
    """Return *url* as Python's `urljoin` would have left it."""
    scheme, _, rest = url.removesuffix("?").partition("://")
    return f"{scheme}://{re.sub('/{2,}', '/', rest)}"


def left_out(data: Path) -> set[str]:
    """Return the URLs that the crawl took for a trap."""
    ledger = Ledger(data / "runs/bench/frontier.sqlite")
    found = {
        url for _, url, state, reason, *_ in ledger.rows() if STATES[state] == "excluded" and "trap:" in str(reason)
    }
    ledger.close()
    return found


def table(took: dict[str, list[Took]]) -> dict[str, float]:
    """Print the medians; return pages a second of each kind."""
    speed = {kind: statistics.median(one.pages / one.seconds for one in found) for kind, found in took.items()}
    work = {kind: statistics.median(one.pages / one.cpu for one in found) for kind, found in took.items()}
    print(f"{'':29} pages   answers  seconds  pages/s  pages/CPU s  (a) is x times as fast: wall   CPU")
    for kind, found in took.items():
        seconds = statistics.median(one.seconds for one in found)
        print(
            f"{NAMES[kind]:29} {found[0].pages:<7,} {found[0].responses:<8,} {seconds:<8.1f} {speed[kind]:<8.1f} "
            f"{work[kind]:<12.1f} {'':28} {speed['site'] / speed[kind]:<6.2f} {work['site'] / work[kind]:.2f}"
        )
    return speed


def main() -> None:
    options = asked(__doc__, rounds=3)
    if options is None:
        return
    with served(options.unpacked) as web, tempfile.TemporaryDirectory() as folder:
        trial = Trial(web, options.pages, Path(folder))
        took: dict[str, list[Took]] = {kind: [] for kind in NAMES}
        for number in range(options.rounds):
            took["site"].append(trial.site(number))
            for kind in list(NAMES)[1:]:
                took[kind].append(trial.peer(kind))
        speed = table(took)
        trial.check_pages()
        print(f"{len(trial.sites)} sites. {trial.check_links()}")
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    for kind, least in TARGETS.items():
        ratio = speed["site"] / speed[kind]
        verdict = "met" if ratio >= least else "MISSED"
        print(f"(a)/{NAMES[kind][:3]} = {ratio:.2f}, target {least}: {verdict}")
    if not options.quick:
        assert all(speed["site"] >= least * speed[kind] for kind, least in TARGETS.items()), "a target is missed"


if __name__ == "__main__":
    main()

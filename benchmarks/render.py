"""Pages whose links scripts make: pages a second through the browser, and memory over the pages.

    python benchmarks/render.py [--pages 500] [--quick]

Serves an application on four hosts whose every page links to the next ten by script, crawls it with `--render auto`,
and asserts that every page was found and rendered. Memory is that of the crawl and all processes below it (proportional
set size), each second; the slope is that of a straight line through the second half.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np
from crawling import ROOT, Crawled, command, environment
from support.process import held
from web import Answer, Web, page

HOSTS = ("a.test", "b.test", "c.test", "d.test")
APP = b"""
const number = Number(location.pathname.slice(2) || 0);
for (let next = 10 * number + 1; next <= 10 * number + 10; next++) if (next < %d) {
  const link = document.createElement('a');
  link.href = '/p' + next; link.textContent = 'page ' + next; document.getElementById('app').append(link);
}
const ballast = []; for (let i = 0; i < 2e5; i++) ballast.push({i});
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="30 pages")
    options = parser.parse_args()
    measure(30 if options.quick else options.pages)


def measure(number: int) -> tuple[float, float]:
    """Crawl *number* pages, print what it took, and return the slope of memory in MiB per 100 pages and the peak."""
    shell = page('<div id="app"></div><script src="/app.js"></script>')
    each = -(-number // len(HOSTS))
    number = each * len(HOSTS)
    pages = {(host, f"/p{one}" if one else "/"): shell for host in HOSTS for one in range(each)}
    pages |= {(host, "/app.js"): Answer(200, (("Content-Type", "text/javascript"),), APP % each) for host in HOSTS}
    with Web(pages) as web, tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        line = command(",".join(HOSTS), "--render", "auto", data=data, LINKGRAPH_RESOLVE=web.resolve, LOG_LEVEL="INFO")
        env = {**environment(), "TEST_PEAK": str(Path(temporary) / "peak")}
        began = time.monotonic()
        with subprocess.Popen(line, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
            told: list[str] = []
            reader = threading.Thread(target=lambda: told.append(process.stderr.read()))
            reader.start()
            samples = watched(process, web)
            reader.join()
        seconds = time.monotonic() - began
        done = Crawled(process.returncode, "", told[0], seconds, data)
        rendered = sum(row["rendered"] for row in done.pages)
        assert rendered == number, f"{rendered} of {number} pages were rendered"
        assert sum(row["origin"] == "rendered" for row in done.edges) == number - len(HOSTS)
        assert [web.paths(host).count("/app.js") for host in HOSTS] == [1] * len(HOSTS)
        starts = re.search(r"'linkgraph/render/browsers': (\d+)", done.err)
    half = np.array([(count, memory) for count, memory in samples if number / 2 < count < number])
    slope = 100 * float(np.polyfit(half[:, 0], half[:, 1], 1)[0]) if len(half) > 2 else 0.0
    peak = max(memory for _, memory in samples)
    print(f"{number} rendered pages in {seconds:.0f} s, {number / seconds:.2f} a second, {starts[1]} browsers")
    print(f"memory with browser and driver: peak {peak:.0f} MiB, second half {slope:+.1f} MiB per 100 pages")
    for count, memory in samples[:: max(1, len(samples) // 10)]:
        print(f"  after {count:4} pages {memory:6.0f} MiB")
    return slope, peak


def watched(process: subprocess.Popen[str], web: Web) -> list[tuple[int, float]]:
    """Return (pages asked for so far, MiB) each second until the crawl has ended."""
    samples = []
    while process.poll() is None:
        memory = held(process.pid)
        samples.append((sum(one.path == "/" or one.path.startswith("/p") for one in web.log), memory))
        time.sleep(1)
    return samples


if __name__ == "__main__":
    main()

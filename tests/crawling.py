"""A command line and a little web → a crawl in a process of its own, and what it left on disk.

Promises that no test leaves loopback: the process asks a name server that is a dict, and may connect to this machine
only. Refuses to wait for more than two minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from linkgraph.edges.dataset import snapshot
from linkgraph.edges.invariants import examine

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 120

DRIVER = """
import atexit, json, os, runpy, socket, sys

@atexit.register
def tell_peak():
    with open("/proc/self/status") as status:
        peak = next((line.split()[1] for line in status if line.startswith("VmHWM")), "0")
    with open(os.environ["TEST_PEAK"], "w") as file:
        file.write(peak)

class NoPandas:  # a crawl needs none, and pyarrow takes a second to import it where it is
    def find_spec(self, name, *rest):
        if name == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoPandas())
names = json.loads(os.environ.pop("TEST_NAMES"))
connect = socket.socket.connect

def getaddrinfo(host, port, *rest, **more):
    host = host.decode() if isinstance(host, bytes) else host
    if len(max(host.split("."), key=len)) > 63:
        host.encode("idna")
    if host not in names:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    family = lambda one: socket.AF_INET6 if ":" in one else socket.AF_INET
    return [(family(one), socket.SOCK_STREAM, 6, "", (one, port)) for one in names[host]]

def guarded(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and not address[0].startswith("127."):
        os.write(2, b"LEFT LOOPBACK: %r\\n" % (address,))
        os._exit(99)
    return connect(self, address)

socket.getaddrinfo = getaddrinfo
socket.socket.connect = guarded
exec(os.environ.pop("TEST_PATCH", ""))
sys.path.insert(0, os.getcwd())
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass
class Crawled:
    """A crawl that has ended."""

    code: int
    out: str
    err: str
    seconds: float
    data: Path
    peak: int = 0
    """Most memory that the process held, in bytes; 0 where the driver was not used."""

    def _rows(self, table: str) -> list[dict[str, Any]]:
        whole = snapshot(self.data)
        paths = whole.edge_files if table == "edges" else whole.page_files
        return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]

    @cached_property
    def pages(self) -> list[dict[str, Any]]:
        """Rows of the pages table."""
        return self._rows("pages")

    @cached_property
    def edges(self) -> list[dict[str, Any]]:
        """Rows of the edges table."""
        return self._rows("edges")

    def page(self, url: str) -> dict[str, Any]:
        """Return the one row of *url*."""
        found = [row for row in self.pages if row["url"] == url]
        assert len(found) == 1, f"{len(found)} rows of {url}"
        return found[0]

    def outcome(self, url: str) -> tuple[str, str | None, int | None]:
        """Return outcome, reason and status of *url*."""
        row = self.page(url)
        return row["outcome"], row["outcome_reason"], row["status"]

    def targets(self, url: str) -> list[str]:
        """Return what *url* links to, in order."""
        return [row["dst_url"] for row in self.edges if row["src_url"] == url]

    @property
    def problems(self) -> list[str]:
        """What the doctor finds."""
        return [problem for finding in examine(self.data) for problem in finding.problems]


def environment(names: Mapping[str, Sequence[str]] | None = None, patch: str = "", **more: str) -> dict[str, str]:
    """Return an environment without our variables, for the driver."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINKGRAPH_", "SCRAPY_"))}
    return {**kept, "TEST_NAMES": json.dumps(names or {}), "TEST_PATCH": patch, "PYTHONUNBUFFERED": "1", **more}


def command(*arguments: str, data: Path, **options: object) -> list[str]:
    """Return the command of `linkgraph crawl` with settings as keywords."""
    settings = {
        "LINKGRAPH_HOST_DELAY": 0,
        "LOG_LEVEL": "ERROR",
        "ASYNCIO_EVENT_LOOP": "asyncio.SelectorEventLoop",
        **options,
    }
    sets = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return [sys.executable, "-c", DRIVER, "linkgraph", "crawl", *arguments, "--data", str(data), "--run", "r", *sets]


def run(line: Sequence[str], data: Path, *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Crawled:
    """Run a command to its end."""
    began = time.monotonic()
    with tempfile.NamedTemporaryFile("r") as told:
        everything = {**(env or environment()), "TEST_PEAK": told.name}
        done = subprocess.run(
            line, cwd=cwd, env=everything, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        peak = int(told.read() or 0) * 1024
    assert "LEFT LOOPBACK" not in done.stderr, done.stderr
    return Crawled(done.returncode, done.stdout, done.stderr, time.monotonic() - began, data, peak)


def crawl(seeds: str, *arguments: str, data: Path, env: dict[str, str] | None = None, **options: object) -> Crawled:
    """Run `linkgraph crawl` to its end; *options* are settings."""
    return run(command(seeds, *arguments, data=data, **options), data, env=env)

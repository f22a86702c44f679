"""The mini-web of the shared folder → real sites on a loopback port, and which of its URLs exist.

Promises an nginx of its own in a folder of its own: one that somebody else runs is left alone. Where the shared
folder or nginx is missing, `reason_to_skip` says so.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from linkgraph.extract import extract
from linkgraph.urls import registrable_domain

ROOT = Path(__file__).resolve().parents[2]
SAMPLED_PAGES = 12
"""Pages of a site that are read to see how many of its links are dead."""

_INDEXES = ("", "/index.html", "/index.htm", ".html", ".en.html")


@dataclass(frozen=True, slots=True)
class Site:
    """One host of the mini-web."""

    host: str
    pages: int
    entries: tuple[str, ...]

    @property
    def seeds(self) -> list[str]:
        """The URLs from which the site can be walked."""
        return [f"http://{self.host}{path}" for path in self.entries]


@dataclass(frozen=True, slots=True)
class Miniweb:
    """The mini-web while it is served."""

    www: Path
    http: int
    https: int
    sites: tuple[Site, ...]

    @property
    def resolve(self) -> str:
        """The value of LINKGRAPH_RESOLVE that leads every host here; https needs DOWNLOAD_VERIFY_CERTIFICATES=0."""
        return f"*:80=127.0.0.1:{self.http},*:443=127.0.0.1:{self.https}"

    def at_least(self, pages: int) -> list[Site]:
        """Return sites that have *pages* pages together, those with the fewest dead links first.

        The sites were cut out of the web: of some, ten in eleven links lead to what was left behind, and a crawl of
        them would mostly time a server that says 404.
        """
        worst: dict[str, float] = {}
        for site in self.sites:  # a crawl walks from one host of a domain to all
            domain = registrable_domain(site.host)
            worst[domain] = max(worst.get(domain, 0.0), self._dead_share(site))
        chosen, total = [], 0
        for site in sorted(self.sites, key=lambda site: worst[registrable_domain(site.host)]):
            if total >= pages:
                break
            chosen.append(site)
            total += site.pages
        return chosen

    def _dead_share(self, site: Site) -> float:
        """Return which share of a site's links into its own domain lead to no file, judged by some of its pages."""
        folder = self.www / site.host
        files = sorted(path for path in folder.rglob("*.htm*") if path.is_file())
        some = files[:: max(1, len(files) // SAMPLED_PAGES)][:SAMPLED_PAGES]
        targets: set[str] = set()
        for path in some:
            address = f"http://{site.host}/{path.relative_to(folder).as_posix()}"
            links = extract(address, [("Content-Type", "text/html")], path.read_bytes())[1]
            targets.update(url for url, internal in zip(links.dst_url, links.internal, strict=True) if internal)
        return sum(self.status(url) != 200 for url in targets) / len(targets) if targets else 1.0

    def status(self, url: str) -> int:
        """Return 200 where a file answers *url* by the server's own rules (`try_files` in its `serve`), else 404."""
        parts = urlsplit(url)
        folder = self.www / (parts.hostname or "")
        path = unquote(parts.path).lstrip("/")
        names = [f"{path}?{parts.query}"] if parts.query else []
        names += [(path + ending).lstrip("/") for ending in _INDEXES]
        return 200 if any(name and (folder / name).is_file() for name in names) else 404


def _shared() -> Path:
    return Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared")) / "miniweb"


def reason_to_skip() -> str | None:
    """Return why the mini-web cannot be served here, or None."""
    if not (_shared() / "serve").is_file():
        return f"{_shared()} is absent; LINKGRAPH_SHARED names the folder of shared test material"
    missing = [name for name in ("nginx", "openssl", "xz") if shutil.which(name) is None]
    return f"{', '.join(missing)} is not installed" if missing else None


def asked(doc: str | None, rounds: int, pages: int = 3500) -> argparse.Namespace | None:
    """Return the options of a benchmark that crawls the mini-web in rounds; None, having said why, where it cannot."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round over a few sites")
    parser.add_argument("--pages", type=int, default=pages, help="pages of the chosen sites together")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--unpacked", type=Path, help="where the mini-web is, or will be, unpacked")
    options = parser.parse_args()
    if reason := reason_to_skip():
        print(f"skipped: {reason}")
        return None
    if options.quick:
        options.pages, options.rounds = 400, 1
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    return options


def _sites(table: Path) -> tuple[Site, ...]:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = (Site(row["host"], int(row["pages"]), tuple(row["entry_paths"].split(" | "))) for row in rows)
    return tuple(sorted(found, key=lambda site: site.host))


def free_ports(number: int) -> Sequence[int]:
    """Return ports of 127.0.0.1 that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def served(folder: Path | None = None) -> Iterator[Miniweb]:
    """Serve the mini-web while the context is open; its files are unpacked to *folder* once (650 MB)."""
    folder = folder or Path(tempfile.gettempdir()) / "linkgraph-miniweb"
    folder.mkdir(parents=True, exist_ok=True)
    http, https = free_ports(2)
    serve = str(_shared() / "serve")
    subprocess.run(
        [serve, "up", str(folder), "127.0.0.1", str(http), str(https)], check=True, stdout=subprocess.DEVNULL
    )
    try:
        yield Miniweb(folder / "www", http, https, _sites(_shared() / "hosts.tsv"))
    finally:
        subprocess.run([serve, "down", str(folder)], check=True)

"""The wheel, installed in an environment of its own and used from an empty folder, is the whole program."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "/": b'<!DOCTYPE html><title>Home</title><p>To <a href="/second">the second page</a> and on.',
    "/second": b'<!DOCTYPE html><title>Second</title><p>Read <a href="https://elsewhere.example/a">elsewhere</a>.',
}

LOOPBACK = "LINKGRAPH_ALLOW_ADDRESSES=127.0.0.0/8"
OPTIONS = ("--host-delay", "0", "--set", LOOPBACK)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built by the build back end of pyproject.toml without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel, tmp_path_factory) -> Path:
    """The commands of a fresh environment that holds the wheel; libraries are borrowed from this one."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False, symlinks=True)
    (site_packages,) = home.glob("lib/python3*/site-packages")
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=home)
    # Only the path is added: an editable linkgraph of this environment is a .pth file, and those count once.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("platlib") + "\n")
    return home / "bin"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A site of two pages on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def crawled(bin_folder, address, tmp_path_factory) -> Path:
    """An empty folder from which the installed program has crawled the site."""
    folder = tmp_path_factory.mktemp("empty")
    run(bin_folder / "linkgraph", "crawl", address, *OPTIONS, "--run", "wheel", cwd=folder)
    return folder


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def run(*command: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
    environment = {name: value for name, value in os.environ.items() if name in kept}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_carries_spiders_and_pipelines_where_they_shadow_nobody(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"linkgraph"}
    assert {"linkgraph/spiders/site.py", "linkgraph/pipelines/edges.py", "linkgraph/py.typed"} <= set(names)
    assert "linkgraph/reports/style.css" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_command_runs_from_an_empty_folder(bin_folder, tmp_path):
    shown = run(bin_folder / "linkgraph", "--help", cwd=tmp_path).stdout

    assert all(verb in shown for verb in ("crawl", "build", "authority", "backlinks", "report", "doctor", "demo"))
    assert list(tmp_path.iterdir()) == []


def test_the_installed_spider_is_found_and_no_top_level_name_is_taken(bin_folder, tmp_path):
    code = (
        "import importlib.util, linkgraph, linkgraph.spiders.site, linkgraph.pipelines.edges\n"
        "from linkgraph import settings\n"
        "print(linkgraph.__file__, settings.SPIDER_MODULES, *settings.ITEM_PIPELINES)\n"
        "print([importlib.util.find_spec(name) for name in ('spiders', 'pipelines')])"
    )
    where, strangers = run(bin_folder / "python", "-c", code, cwd=tmp_path).stdout.splitlines()

    assert str(bin_folder.parent) in where
    assert "['linkgraph.spiders'] linkgraph.pipelines.edges.EdgesPipeline" in where
    assert strangers == "[None, None]"


def test_the_installed_program_crawls_from_an_empty_folder(address, crawled):
    edges = pq.read_table(crawled / "data" / "edges").to_pylist()

    assert {(edge["src_url"], edge["dst_url"], edge["anchor"]) for edge in edges} == {
        (address, f"{address}second", "the second page"),
        (f"{address}second", "https://elsewhere.example/a", "elsewhere"),
    }


def test_scrapy_itself_finds_the_installed_spider_and_the_run_that_is_finished(bin_folder, address, crawled):
    (crawled / "scrapy.cfg").write_text("[settings]\ndefault = linkgraph.settings\n")
    settings = ("-s", LOOPBACK, "-s", "LINKGRAPH_HOST_DELAY=0", "-s", "LINKGRAPH_RUN=wheel")
    command = (bin_folder / "python", "-m", "scrapy", "crawl", "site", "-a", f"seeds={address}", *settings)

    assert "'wheel' is finished" in run(*command, cwd=crawled).stderr


def test_a_site_without_contact_is_refused_before_the_first_request(bin_folder, tmp_path):
    done = run(bin_folder / "linkgraph", "crawl", "example.org", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "LINKGRAPH_CONTACT is not set" in done.stderr

"""A crawl with a real browser in it: what scripts make is found, and what they try is stopped."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crawling import ROOT, Crawled, command, crawl, environment
from web import Answer, Web, links, moved, page, robots

from linkgraph.errors import UsageError
from linkgraph.fetch.browser import find_browser, launch_options, require_browser

pytest.importorskip("scrapy_playwright", reason="the extra js is not installed")
BROWSER = find_browser()
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def script(text: str) -> Answer:
    return Answer(200, (("Content-Type", "text/javascript"), ("Access-Control-Allow-Origin", "*")), text.encode())


APP = """
const root = document.getElementById('app');
const add = (href, text) => {
  const a = document.createElement('a'); a.href = href; a.textContent = text; root.append(a);
};
fetch('/api.json').then(answer => answer.json()).then(paths => {
  for (const path of paths) add(path, 'to ' + path);
  history.pushState({}, '', '/deep/down/');
  setTimeout(() => add('relative', 'relative to where the script went'), 100);
});
fetch('/forbidden').catch(() => add('/refused-by-robots', 'no'));
fetch('/changed', {method: 'POST'}).catch(() => add('/no-post', 'no'));
"""
SHELL = page('<a href="/imprint">imprint</a><div id="app"></div><link rel=stylesheet href=/a.css><img src=/i.png>'
             '<script src="/app.js"></script>')  # fmt: skip

ATTACK = """
const other = 'http://127.0.0.1:%(tcp)d', six = 'http://[::1]:%(six)d', cloud = 'http://169.254.169.254/latest/';
const quietly = work => { try { Promise.resolve(work()).catch(() => 0); } catch {} };
for (const base of ['http://localhost:%(tcp)d', 'http://0x7f.1:%(tcp)d']) quietly(() => fetch(base));
for (const base of [other, six, cloud]) {
  quietly(() => fetch(base + '/fetch', {mode: 'no-cors'}));
  quietly(() => { new Image().src = base + '/img'; });
  quietly(() => { const f = document.createElement('iframe'); f.src = base + '/frame'; document.body.append(f); });
  quietly(() => { const s = document.createElement('script'); s.src = base + '/script'; document.body.append(s); });
  quietly(() => { const l = document.createElement('link'); l.rel = 'preconnect'; l.href = base; document.head.append(l); });
  quietly(() => { const l = document.createElement('link'); l.rel = 'prefetch'; l.href = base; document.head.append(l); });
  quietly(() => new WebSocket(base.replace('http', 'ws') + '/socket'));
  quietly(() => new EventSource(base + '/events'));
  quietly(() => navigator.sendBeacon(base + '/beacon', 'x'));
  quietly(() => open(base + '/popup'));
  quietly(() => new Worker(URL.createObjectURL(new Blob([`fetch('${base}/worker'); new WebSocket('${base.replace('http', 'ws')}')`]))));
  quietly(() => new SharedWorker(URL.createObjectURL(new Blob([`fetch('${base}/shared'); new WebSocket('${base.replace('http', 'ws')}')`]))));
  quietly(() => { const f = document.createElement('form'); f.action = base + '/form'; f.target = '_blank'; document.body.append(f); f.submit(); });
  quietly(() => { const a = document.createElement('a'); a.href = base + '/ping'; a.ping = base + '/ping'; a.download = 'x'; a.click(); });
}
quietly(() => navigator.serviceWorker.register('/worker.js'));
quietly(async () => {
  const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:%(udp)d'}, {urls: 'turn:127.0.0.1:%(tcp)d?transport=tcp', username: 'a', credential: 'b'}]});
  peer.createDataChannel('x'); await peer.setLocalDescription(await peer.createOffer());
});
quietly(() => { const s = document.createElement('script'); s.src = '/redirect'; document.body.append(s); });
setTimeout(() => { const a = document.createElement('a'); a.href = '/survived'; document.body.append(a); }, 100);
setTimeout(() => { location = other + '/top'; }, 200);
"""  # noqa: E501 - one attack a line


class Listeners:
    """Ports on this machine that nobody may reach, and what reached them."""

    def __init__(self) -> None:
        self.met: list[str] = []
        self._sockets = []
        self.ports = {}
        for name, family, kind, address in (
            ("tcp", socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1"),
            ("six", socket.AF_INET6, socket.SOCK_STREAM, "::1"),
            ("udp", socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1"),
        ):
            one = socket.socket(family, kind)
            try:
                one.bind((address, 0))
            except OSError:  # a machine without IPv6: nothing can connect there either
                one.close()
                self.ports[name] = 9
                continue
            self.ports[name] = one.getsockname()[1]
            self._sockets.append(one)
            threading.Thread(target=self._listen, args=(name, one, kind), daemon=True).start()

    def _listen(self, name: str, one: socket.socket, kind: int) -> None:
        with contextlib.suppress(OSError):
            if kind == socket.SOCK_STREAM:
                one.listen()
            while True:
                if kind == socket.SOCK_STREAM:
                    connection, _ = one.accept()
                    connection.close()
                else:
                    one.recvfrom(2048)
                self.met.append(name)

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture(scope="module")
def listeners() -> Iterator[Listeners]:
    opened = Listeners()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, listeners) -> tuple[Crawled, Web]:
    """One crawl with render=auto over sites of every kind."""
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    hosts = {
        ("app.test", "/robots.txt"): robots("User-agent: *\nDisallow: /forbidden\n"),
        ("app.test", "/"): SHELL,
        ("app.test", "/made"): SHELL,
        ("app.test", "/app.js"): script(APP),
        ("app.test", "/api.json"): Answer(
            200, (("Content-Type", "application/json"),), b'["/made", "http://other.test/"]'
        ),
        ("plain.test", "/"): page("<p>" + "word " * 200 + links("/a", "/b", "/c", "/d") + "<script>x()</script>"),
        ("evil.test", "/"): page("<div id=app></div><script>" + ATTACK % listeners.ports + "</script>"),
        ("evil.test", "/redirect"): moved(f"http://127.0.0.1:{listeners.ports['tcp']}/redirected"),
        ("evil.test", "/worker.js"): script(f"fetch('http://127.0.0.1:{listeners.ports['tcp']}/sw')"),
    }
    with Web(hosts) as web:
        seeds = "app.test,plain.test,evil.test"
        resolve = ",".join(f"{host}:80=127.0.0.1:{web.port}" for host in seeds.split(","))
        done = crawl(
            seeds,
            "--render",
            "auto",
            data=tmp_path_factory.mktemp("rendered"),
            LINKGRAPH_RESOLVE=resolve,
            LINKGRAPH_RENDER_SECONDS=60,
            LOG_LEVEL="INFO",
        )
    return done, web


def stat(done: Crawled, name: str) -> int:
    found = re.search(rf"'linkgraph/render/{name}': (\d+)", done.err)
    return int(found[1]) if found else 0


def origins(done: Crawled, url: str) -> dict[str, str]:
    return {row["dst_url"]: row["origin"] for row in done.edges if row["src_url"] == url}


def test_links_that_scripts_make_are_found_and_marked(rendered):
    done, _ = rendered

    assert origins(done, "http://app.test/") == {
        "http://app.test/imprint": "both",
        "http://app.test/made": "rendered",
        "http://other.test/": "rendered",
        "http://app.test/deep/down/relative": "rendered",
        "http://app.test/refused-by-robots": "rendered",
        "http://app.test/no-post": "rendered",
    }
    assert done.page("http://app.test/")["rendered"]
    assert done.code == 0
    assert done.problems == []


def test_a_link_that_only_a_browser_saw_is_followed_and_rendered_in_turn(rendered):
    done, web = rendered

    assert done.page("http://app.test/made")["rendered"]
    assert web.paths("app.test").count("/app.js") == 1


def test_what_shows_no_link_or_changes_the_site_or_is_disallowed_is_never_asked_for(rendered):
    _, web = rendered

    assert not {"/forbidden", "/a.css", "/i.png"} & set(web.paths("app.test"))
    assert web.paths("app.test").count("/") == 1


def test_a_site_that_needs_no_script_costs_no_browser_page(rendered):
    done, _ = rendered

    assert not done.page("http://plain.test/")["rendered"]
    assert {row["origin"] for row in done.edges if row["src_host"] == "plain.test"} == {"html"}


def test_a_page_reaches_no_private_address_whatever_it_tries(rendered, listeners):
    done, web = rendered

    assert origins(done, "http://evil.test/")["http://evil.test/survived"] == "rendered"
    assert "/redirect" in web.paths("evil.test")
    assert stat(done, "refused/guard:private-address") + stat(done, "refused/guard:port") > 0
    assert stat(done, "refused/frame") > 0
    assert listeners.met == []


def test_where_a_script_sends_the_reader_is_recorded_and_judged_by_the_guard(rendered, listeners):
    done, _ = rendered
    sent = [row for row in done.edges if row["src_host"] == "evil.test" and row["kind"] == "refresh"]

    assert f"http://127.0.0.1:{listeners.ports['tcp']}/top" in [row["dst_url"] for row in sent]
    assert {row["origin"] for row in sent} == {"rendered"}
    assert {row["url"] for row in done.pages if row["host"] == "127.0.0.1"} == set()


@needs_browser
def test_a_page_that_never_ends_keeps_the_links_of_its_html_and_says_why(tmp_path):
    with Web({("a.test", "/"): page("<a href=/sent>sent</a><script>for (;;);</script>")}) as web:
        options = {"LINKGRAPH_RESOLVE": web.resolve, "LINKGRAPH_RENDER_SECONDS": 5}
        done = crawl("a.test", "--render", "auto", "--depth", "0", data=tmp_path / "data", **options)

    assert done.outcome("http://a.test/") == ("fetched", "render:timeout", 200)
    assert origins(done, "http://a.test/") == {"http://a.test/sent": "html"}


@needs_browser
def test_the_browser_has_no_network_even_where_nothing_is_intercepted(listeners):
    from playwright.sync_api import Error, sync_playwright

    before = list(listeners.met)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**launch_options(BROWSER))
        tab = browser.new_page()
        for target in (f"http://127.0.0.1:{listeners.ports['tcp']}/", f"http://[::1]:{listeners.ports['six']}/"):
            with pytest.raises(Error, match="net::ERR"):
                tab.goto(target, timeout=10_000)
        tab = browser.new_page()  # the other one may still be on its way to the page that tells the error
        tab.set_content("<body></body>")
        tab.evaluate(ATTACK % listeners.ports)
        tab.wait_for_timeout(1500)
        browser.close()

    assert listeners.met == before


def killed_browsers(crawler: int) -> int:
    """Kill every Chromium below the process *crawler*; return how many there were."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            name, _, rest = (folder / "stat").read_text().rpartition(")")
            parents[int(folder.name)] = int(rest.split()[1]), name.partition("(")[2]
    found = 0
    for process, (_, name) in parents.items():
        above = process
        while above in parents and above != crawler:
            above = parents[above][0]
        if above == crawler and name.startswith(("chrom", "headless")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                found += 1
    return found


@needs_browser
@pytest.mark.parametrize(("kills", "reason"), [(1, None), (2, "render:crashed")])
def test_a_crash_of_the_browser_costs_one_page_at_most(tmp_path, kills, reason):
    slow = Answer(200, (("Content-Type", "application/json"),), b"[]", wait=2.0)
    make = script("fetch('/slow').then(() => { document.getElementById('app').innerHTML = '<a href=/made>made</a>'; })")
    pages = {
        ("a.test", "/"): page("<a href=/sent>sent</a><div id=app></div><script src=/app.js></script>"),
        ("a.test", "/app.js"): make,
        ("a.test", "/slow"): slow,
    }
    with Web(pages) as web:
        data = tmp_path / "data"
        line = command("a.test", "--render", "always", data=data, LINKGRAPH_RESOLVE=web.resolve)
        env = {**environment(), "TEST_PEAK": str(tmp_path / "peak")}
        with subprocess.Popen(line, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as process:
            for number in range(1, kills + 1):
                until = time.monotonic() + 60
                while web.paths("a.test").count("/slow") < number and time.monotonic() < until:
                    time.sleep(0.02)
                assert killed_browsers(process.pid)
            _, err = process.communicate(timeout=100)
        done = Crawled(process.returncode, "", err, 0.0, data)

    assert done.code == 0, err
    assert done.outcome("http://a.test/") == ("fetched", reason, 200)
    assert origins(done, "http://a.test/") == (
        {"http://a.test/sent": "html"} if reason else {"http://a.test/sent": "both", "http://a.test/made": "rendered"}
    )


def test_without_a_browser_the_crawl_stops_before_its_first_request_and_says_what_to_install(tmp_path):
    with Web({("a.test", "/"): page("x")}) as web:
        done = crawl(
            "a.test",
            *("--render", "auto"),
            data=tmp_path / "data",
            LINKGRAPH_RESOLVE=web.resolve,
            LINKGRAPH_BROWSER="/nowhere/chromium",
        )
        assert web.log == []

    assert done.code == 2
    assert "LINKGRAPH_BROWSER=/nowhere/chromium is no program" in done.err
    assert "apt-get install chromium-headless-shell" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "data").exists()


def test_a_mode_that_does_not_exist_is_refused(tmp_path):
    done = crawl("127.0.0.1", "--render", "sometimes", data=tmp_path / "data")

    assert done.code == 2
    assert "-a render=sometimes: give never, auto or always" in done.err


def test_playwrights_own_browser_is_found_where_nothing_is_on_the_path(tmp_path, monkeypatch):
    program = tmp_path / "chromium_headless_shell-1200" / "chrome-linux" / "headless_shell"
    program.parent.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(UsageError, match="none of chromium-headless-shell"):
        require_browser("always")
    program.touch(mode=0o755)

    assert find_browser() == program


@needs_browser
@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_memory_stays_flat_over_five_hundred_rendered_pages():
    from render import measure

    slope, peak = measure(500)

    assert slope < 10
    assert peak < 1500

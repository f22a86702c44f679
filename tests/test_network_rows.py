"""Rows N1 to N6 and C2 of the list of hostile inputs: names, addresses, ports, proxies and certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from crawling import Crawled, crawl, environment
from web import Answer, Web, links, moved, page, robots

from linkgraph.errors import RefusedError
from linkgraph.fetch.guard import Guard
from linkgraph.fetch.resolve import DNS_MEMORY, GuardedResolver, parse_mappings
from linkgraph.fetch.tls import tls_reason

# --- N1, N2: names ------------------------------------------------------------------------------------------------


class Names:
    """A name server that is a list of answers; an answer may be an error."""

    def __init__(self, *answers: list[str] | BaseException) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port, family):
        self.asked += 1
        await asyncio.sleep(0)
        found = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(found, BaseException):
            raise found
        return [
            {"hostname": host, "host": one, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for one in found
        ]

    async def close(self):
        """Nothing to close."""


def ask(names: Names, *moments: float, together: int = 1) -> list:
    """What a resolver says at each moment: addresses, or the error."""
    clock = [0.0]

    async def work() -> list:
        resolver = GuardedResolver(Guard(contact="me@example.org"), clock=lambda: clock[0])
        resolver._system = names
        found = []
        for moment in moments:
            clock[0] = moment
            answers = await asyncio.gather(
                *(resolver.resolve("a.test", 80) for _ in range(together)), return_exceptions=True
            )
            found += [one if isinstance(one, BaseException) else [each["host"] for each in one] for one in answers]
        return found

    return asyncio.run(work())


FAILURES = {
    "N1-no-such-name": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    "N1-server-failure": socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    "N1-timeout": TimeoutError(),
    "N1-no-name": UnicodeError("label too long"),
}


@pytest.mark.row("N1")
@pytest.mark.parametrize("name", FAILURES)
def test_a_name_without_an_address_is_not_asked_for_again_for_ten_minutes(name):
    names = Names(FAILURES[name], ["8.8.8.8"])

    found = ask(names, 0.0, 1.0, DNS_MEMORY - 1, DNS_MEMORY)

    assert [isinstance(one, OSError) for one in found] == [True, True, True, False]
    assert names.asked == 2


@pytest.mark.row("N1")
@pytest.mark.parametrize("answer", [["0.0.0.0"], [], ["::"]], ids=["N1-zero", "N1-empty", "N1-zero6"])
def test_an_answer_that_leads_nowhere_is_refused_and_remembered(answer):
    names = Names(answer)

    found = ask(names, 0.0, 1.0)

    assert all(isinstance(one, RefusedError) for one in found)
    assert found[0].reason == ("guard:private-address" if answer else "dns:failed")
    assert names.asked == 1


@pytest.mark.row("N1")
def test_n1_of_five_hundred_addresses_a_few_are_kept():
    assert len(ask(Names([f"8.8.{one // 250}.{one % 250}" for one in range(500)]), 0.0)[0]) == 16


@pytest.mark.row("N1")
def test_n1_a_name_is_looked_up_once_however_many_ask():
    names = Names(["8.8.8.8"])

    assert ask(names, 0.0, 1.0, together=50) == [["8.8.8.8"]] * 100
    assert names.asked == 1


@pytest.mark.row("N2")
def test_n2_what_was_checked_is_what_is_connected_to():
    names = Names(["8.8.8.8"], ["127.0.0.1"])

    assert ask(names, 0.0, 1.0, DNS_MEMORY - 1) == [["8.8.8.8"]] * 3
    assert isinstance(ask(Names(["127.0.0.1"]), 0.0)[0], RefusedError)
    assert ask(Names(["127.0.0.1", "8.8.8.8"]), 0.0) == [["8.8.8.8"]]


@pytest.mark.row("N3")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.test/", "guard:scheme"),
        ("file:///etc/passwd", "guard:scheme"),
        ("javascript:alert(1)", "guard:scheme"),
        ("data:text/html,x", "guard:scheme"),
        ("ws://a.test/", "guard:scheme"),
        ("http:///x", "guard:scheme"),
        ("http://a.test:99999/", "guard:scheme"),
        ("http://a.test:22/", "guard:port"),
        ("http://169.254.169.254/latest", "guard:private-address"),
        ("http://[fd00:ec2::254]/", "guard:private-address"),
        ("http://[::ffff:127.0.0.1]/", "guard:private-address"),
    ],
)
def test_one_question_judges_whatever_is_to_be_fetched(url, reason):
    resolver = GuardedResolver(Guard(contact="me@example.org"))
    resolver._system = Names(["8.8.8.8"])

    assert resolver.refuses(url) == reason
    with pytest.raises(RefusedError) as refusal:
        asyncio.run(resolver.admit(url))
    assert refusal.value.reason == reason


def test_what_is_admitted_comes_with_the_addresses_to_connect_to():
    async def work() -> list:
        resolver = GuardedResolver(Guard(contact="x"), parse_mappings("b.test:443=127.0.0.1:8443"))
        resolver._system = Names(["8.8.8.8", "10.0.0.1"])
        found = [await resolver.admit(url) for url in ("http://a.test/", "https://b.test/")]
        return [[(one["host"], one["port"]) for one in each] for each in found]

    assert asyncio.run(work()) == [[("8.8.8.8", 80)], [("127.0.0.1", 8443)]]


# --- N3, N4, N5, C2: a crawl that is led astray --------------------------------------------------------------------

ASTRAY = [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "127.0.0.2",
    "0.0.0.0",
    "10.0.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "192.0.0.8",
    "192.88.99.1",
    "224.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[2001:0:808:808:0:0:80ff:fffe]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
    "metadata.test",
    "inside.test",
    "localhost",
]
NAMES = {
    "metadata.test": ["169.254.169.254"],
    "inside.test": ["10.0.0.1", "127.0.0.1", "fd00::1"],
    "localhost": ["127.0.0.1"],
}
PORTS = [22, 25, 6379, 8080]
SCHEMES = ["file:///etc/passwd", "data:text/html,x", "ftp://b.test/", "javascript:alert(1)", "gopher://b.test/"]

WATCH = """
from pathlib import Path
tried = Path(os.environ["TEST_CONNECTIONS"])
def watched(self, address, connect=socket.socket.connect):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        with tried.open("a") as log:
            log.write(f"{address[0]} {address[1]}\\n")
    return connect(self, address)
socket.socket.connect = watched
"""


def astray_web(listening: int) -> dict:
    targets = [f"http://{host}{port}/secret" for host in ASTRAY for port in ("", f":{listening}")]
    targets += [f"http://b.test:{port}/" for port in PORTS]
    pages = {
        ("a.test", "/robots.txt"): robots("User-agent: *\nDisallow:\nSitemap: http://a.test/map.xml\n"),
        ("a.test", "/"): page(links(*targets, *(f"/to/{at}" for at in range(len(targets) + len(SCHEMES))))),
        ("a.test", "/map.xml"): page("", title="no map"),
        ("b.test", "/robots.txt"): robots("User-agent: *\nDisallow: /forbidden"),
        ("b.test", "/"): page("fine"),
        ("b.test", "/forbidden"): page("never"),
        ("c.test", "/"): moved("http://b.test/forbidden"),
    }
    for at, target in enumerate([*targets, *SCHEMES]):
        pages["a.test", f"/to/{at}"] = moved(target)
        pages[f"r{at}.test", "/robots.txt"] = moved(target)
        pages[f"r{at}.test", "/"] = page("never, for its robots.txt cannot be had")
    urls = "".join(f"<url><loc>{target.replace('&', '&amp;')}</loc></url>" for target in targets)
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    pages["a.test", "/map.xml"] = Answer(200, (("Content-Type", "application/xml"),), sitemap.encode())
    return pages


class Strayed:
    """The crawl, and what it tried to connect to."""

    def __init__(self, crawled: Crawled, tried: set[tuple[str, int]], web: Web, met: list[str]) -> None:
        self.crawled, self.tried, self.web, self.met = crawled, tried, web, met


@pytest.fixture(scope="module")
def strayed(tmp_path_factory) -> Iterator[Strayed]:
    folder = tmp_path_factory.mktemp("strayed")
    log = folder / "connections"
    log.write_text("")
    met: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            met.append(self.path)

        def log_message(self, *_: object) -> None:
            """Keep stderr clean."""

    with ExitStack() as stack:
        listener = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Listener))
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        pages = astray_web(listener.server_address[1])
        web = stack.enter_context(Web(pages))
        hosts = sorted({host for host, _ in pages})
        seeds = folder / "seeds.txt"
        seeds.write_text(
            "\n".join([*(f"http://{host}/" for host in hosts), *(f"http://{host}/seed" for host in ASTRAY)])
        )
        proxies = dict.fromkeys(
            ("http_proxy", "HTTP_PROXY", "ALL_PROXY"), f"http://127.0.0.1:{listener.server_address[1]}"
        )
        crawled = crawl(
            str(seeds),
            "--follow",
            "all",
            "--contact",
            "me@example.org",
            data=folder / "data",
            env=environment(NAMES, WATCH, TEST_CONNECTIONS=str(log), **proxies),
            LINKGRAPH_RESOLVE=web.resolve_hosts(*hosts),
            RETRY_TIMES=0,
        )
        lines = [line.split() for line in log.read_text().splitlines()]
        yield Strayed(crawled, {(address, int(port)) for address, port in lines}, web, met)
        listener.shutdown()


@pytest.mark.row("N3")
def test_n3_nothing_but_the_web_itself_is_connected_to(strayed):
    assert strayed.crawled.code in (0, 1), strayed.crawled.err
    assert strayed.tried == {("127.0.0.1", strayed.web.port)}
    assert strayed.met == []


@pytest.mark.row("D11")
def test_d11_the_frontier_is_a_file_and_waits_for_no_server(strayed):
    # The row is about queues that lie in a server: none is asked, so that none can lose a URL.
    assert {address for address in strayed.tried if address[1] != strayed.web.port} == set()
    assert (strayed.crawled.data / "runs" / "r" / "frontier.sqlite").read_bytes().startswith(b"SQLite format 3")


@pytest.mark.row("N3")
def test_n3_each_disguise_ends_with_a_reason(strayed):
    ended = {
        row["url"]: row["outcome_reason"] for row in strayed.crawled.pages if row["url"].endswith(("/secret", "/seed"))
    }

    assert len(ended) > 60
    assert {url: reason for url, reason in ended.items() if not reason.startswith("guard:")} == {}
    assert strayed.crawled.problems == []


@pytest.mark.row("N3")
def test_n3_a_robots_file_that_leads_inside_is_unreachable(strayed):
    outcomes = {row["host"]: row["outcome_reason"] for row in strayed.crawled.pages if row["host"].startswith("r")}

    assert len(outcomes) > 60
    # Redirects of a robots.txt bind the site that was asked: that one has none that can be had.
    wrong = {host: reason for host, reason in outcomes.items() if reason not in ("robots:unreachable", None)}
    assert wrong == {}
    allowed = [host for host, reason in outcomes.items() if reason is None]
    assert allowed == [], "its robots.txt led to a host that may not be asked"


@pytest.mark.row("N4")
def test_n4_ports_of_other_services_are_refused(strayed):
    for port in PORTS:
        assert strayed.crawled.outcome(f"http://b.test:{port}/")[:2] == ("refused-by-guard", "guard:port")


@pytest.mark.row("N5")
def test_n5_proxies_of_the_environment_are_not_consent(strayed):
    assert strayed.met == []
    assert strayed.crawled.outcome("http://b.test/") == ("fetched", None, 200)


@pytest.mark.row("C2")
def test_c2_each_redirect_is_asked_about_anew(strayed):
    assert strayed.crawled.outcome("http://c.test/") == ("redirected", "redirect", 302)
    assert strayed.crawled.outcome("http://b.test/forbidden") == ("refused-by-robots", "robots:disallowed", None)
    assert "/forbidden" not in strayed.web.paths("b.test")
    redirects = [row for row in strayed.crawled.pages if row["url"].startswith("http://a.test/to/")]
    assert {row["status"] for row in redirects} == {302}
    assert sum(row["outcome_reason"] == "redirect:target" for row in redirects) == len(SCHEMES)


# --- N6: certificates ---------------------------------------------------------------------------------------------

DEFECTS = {
    "good": None,
    "expired": "tls:expired",
    "early": "tls:expired",
    "wronghost": "tls:wrong-host",
    "selfsigned": "tls:untrusted",
    "stranger": "tls:untrusted",
    "old": "tls:protocol",
    "plain": "tls:protocol",
}


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
CA_CONFIG = """
[ca]
default_ca=a
[a]
database=index
serial=serial
new_certs_dir=.
default_md=sha256
policy=p
copy_extensions=copy
unique_subject=no
[p]
commonName=supplied
"""


def certificates(folder: Path) -> None:
    """Make an authority, a stranger, and a certificate with each defect."""
    (folder / "ca.cnf").write_text(CA_CONFIG)
    (folder / "index").touch()
    (folder / "serial").write_text("01")
    for name in ("ca", "unknown"):
        openssl(
            "req",
            "-x509",
            *KEY,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            folder=folder,
        )
    openssl(
        "req", "-x509", *KEY, "-keyout", "selfsigned.key", "-out", "selfsigned.pem", "-days", "2",
        "-subj", "/CN=selfsigned.test", "-addext", "subjectAltName=DNS:selfsigned.test", folder=folder,
    )  # fmt: skip
    times = {"expired": ("20200101000000Z", "20200201000000Z"), "early": ("20900101000000Z", "20900201000000Z")}
    for name in ("good", "expired", "early", "wronghost", "stranger", "old"):
        host = "elsewhere.test" if name == "wronghost" else f"{name}.test"
        openssl(
            "req", "-new", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", folder=folder,
        )  # fmt: skip
        start, end = times.get(name, ("20200101000000Z", "20900101000000Z"))
        signer = "unknown" if name == "stranger" else "ca"
        openssl(
            "ca", "-batch", "-config", "ca.cnf", "-cert", f"{signer}.pem", "-keyfile", f"{signer}.key",
            "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", start, "-enddate", end, folder=folder,
        )  # fmt: skip


class Encrypted(ThreadingHTTPServer):
    """Answers over TLS with one certificate; `old` speaks TLS 1.0 only, `plain` none."""

    daemon_threads = True

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Hello)
        self.context = None
        if name != "plain":
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        if name == "old":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.context.minimum_version = self.context.maximum_version = ssl.TLSVersion.TLSv1
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def finish_request(self, request, client_address):
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, *_: object) -> None:
        """Keep stderr clean: clients that hang up are what this is about."""


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<title>hello</title>" if self.path == "/" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep stderr clean."""


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory) -> dict[str, Crawled]:
    folder = tmp_path_factory.mktemp("tls")
    certificates(folder)
    seeds = ",".join(f"https://{name}.test/" for name in DEFECTS)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Encrypted(name, folder)) for name in DEFECTS}
        resolve = ",".join(f"{name}.test:443=127.0.0.1:{one.server_address[1]}" for name, one in servers.items())
        found = {}
        for name, options in (("verified", {}), ("unverified", {"DOWNLOAD_VERIFY_CERTIFICATES": 0})):
            env = environment(SSL_CERT_FILE=str(folder / "ca.pem"))
            found[name] = crawl(seeds, data=folder / name, env=env, LINKGRAPH_RESOLVE=resolve, RETRY_TIMES=0, **options)
        for one in servers.values():
            one.shutdown()
        return found


@pytest.mark.row("N6")
@pytest.mark.parametrize("name", DEFECTS, ids=[f"N6-{name}" for name in DEFECTS])
def test_each_defect_of_a_certificate_ends_with_its_reason(encrypted, name):
    outcome, reason, _ = encrypted["verified"].outcome(f"https://{name}.test/")

    assert (outcome, reason) == (("failed", DEFECTS[name]) if DEFECTS[name] else ("fetched", None))


@pytest.mark.row("N6")
def test_n6_who_does_not_want_certificates_checked_says_so(encrypted):
    reasons = {name: encrypted["unverified"].outcome(f"https://{name}.test/")[1] for name in DEFECTS}

    assert {name for name, reason in reasons.items() if reason} == {"old", "plain"}


def test_a_failure_that_is_none_of_tls_has_no_reason_of_it():
    assert tls_reason(OSError("refused")) is None
    assert tls_reason(None) is None
    looped = ValueError()
    looped.__cause__ = looped
    assert tls_reason(looped) is None

"""The demo web over real HTTP, and the process that serves it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from linkgraph.demo import DEAD_HOSTS, DemoWeb, ServedWeb, serve
from linkgraph.errors import UsageError

PARENT = """
import signal, time
from linkgraph.demo import serve
signal.signal(signal.SIGINT, lambda *_: None)  # a handler is not inherited: the server decides for itself
with serve() as web:
    print(web.port, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "requests.log"


@pytest.fixture(scope="module")
def served(log):
    with serve(log=log) as web:
        yield web


@pytest.fixture
def connection(served: ServedWeb):
    with closing(http.client.HTTPConnection(served.address, served.port, timeout=10)) as opened:
        yield opened


def get(connection, host, path="/", method="GET", **headers):
    connection.request(method, path, headers={"Host": host, **headers})
    response = connection.getresponse()
    return response, response.read()


def exchange(served: ServedWeb, request: bytes) -> bytes:
    with socket.create_connection((served.address, served.port), timeout=10) as raw:
        raw.sendall(request)
        received = b""
        while piece := raw.recv(65536):
            received += piece
    return received


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_server_is_told_apart_by_host_and_answers_what_the_web_answers(connection):
    web = DemoWeb.build()
    for host in ("crumbandcrust.example", "zvezdny-dnevnik.example", "ada.hearthpages.example"):
        response, body = get(connection, host)
        expected = web.respond(host, "/")
        assert (response.status, body) == (200, expected.body)
        assert response.headers["Content-Type"] == dict(expected.headers)["Content-Type"]


def test_one_connection_serves_many_requests(connection):
    get(connection, "hop.test")
    opened = connection.sock
    for number in range(20):
        assert get(connection, "hop.test", f"/s/{number + 1}")[0].status in (301, 302)
    assert connection.sock is opened is not None


def test_pipelined_requests_are_answered_in_order(served):
    requests = [
        b"GET /s/1 HTTP/1.1\r\nHost: hop.test\r\n\r\n",
        b"GET /none HTTP/1.1\r\nHost: hop.test\r\nConnection: close\r\n\r\n",
    ]
    received = exchange(served, b"".join(requests))
    assert received.startswith(b"HTTP/1.1 301 Moved Permanently\r\n")
    assert received.index(b"HTTP/1.1 404 Not Found\r\n") > 0


def test_a_request_in_pieces_is_answered_once_it_is_whole(served):
    with socket.create_connection((served.address, served.port), timeout=10) as raw:
        for piece in (b"GET /robots.txt HT", b"TP/1.0\r\nHost: hop.te", b"st\r\n\r", b"\n"):
            raw.sendall(piece)
            time.sleep(0.02)
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_ports_and_case_of_the_host_header_do_not_matter(connection):
    assert get(connection, "HOP.Test:80")[0].status == 200


def test_the_absolute_form_of_a_target_names_the_host(connection):
    response, body = get(connection, "ignored.invalid", "http://crumbandcrust.example/feed.xml")
    assert response.status == 200
    assert b"Crumb &amp; Crust" in body


@pytest.mark.parametrize("host", [*DEAD_HOSTS, "never-heard-of.example"])
def test_a_host_without_a_server_gets_no_answer(connection, host):
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        get(connection, host)


def test_an_unchanged_page_is_not_sent_again(connection):
    etag = get(connection, "crumbandcrust.example")[0].headers["ETag"]
    response, body = get(connection, "crumbandcrust.example", **{"If-None-Match": etag})
    assert (response.status, body) == (304, b"")
    assert get(connection, "crumbandcrust.example", **{"If-None-Match": '"other"'})[0].status == 200


def test_head_sends_the_length_and_no_body(connection):
    whole = get(connection, "crumbandcrust.example")[1]
    response, body = get(connection, "crumbandcrust.example", method="HEAD")
    assert (int(response.headers["Content-Length"]), body) == (len(whole), b"")


def test_other_methods_and_junk_are_refused(served, connection):
    assert get(connection, "hop.test", method="POST")[0].status == 405
    assert exchange(served, b"\x16\x03\x01\x02\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert exchange(served, b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000).startswith(b"HTTP/1.1 400 ")


def test_every_request_is_a_line_of_the_log(connection, log):
    get(connection, "hop.test", "/log-me?x=1")
    moment, host, path, status = log.read_text().splitlines()[-1].split(" ")
    assert (host, path, status) == ("hop.test", "/log-me?x=1", "404")
    assert abs(float(moment) - time.time()) < 60


def test_the_process_is_gone_when_the_context_closes():
    with serve() as web:
        assert listens(web.port)
    assert not listens(web.port)


def test_the_server_outlives_ctrl_c_and_ends_with_its_parent(root):
    environment = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    with parent:
        port = int(parent.stdout.readline())
        os.killpg(parent.pid, signal.SIGINT)
        time.sleep(0.2)
        assert listens(port)
        parent.kill()
    deadline = time.monotonic() + 5
    while listens(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not listens(port)


def test_a_port_in_use_is_named_in_the_error(served):
    with pytest.raises(UsageError, match=rf"{served.port}.*in use.*another port"), serve(port=served.port):
        pass


def test_a_log_that_cannot_be_written_is_named_in_the_error(tmp_path):
    missing = tmp_path / "no" / "such.log"
    with pytest.raises(UsageError, match=r"such\.log"), serve(log=missing):
        pass

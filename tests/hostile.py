"""A host name → a server that means harm: traps, tarpits, bombs, floods and farms, and among them good ones.

    with Hostile() as web:
        crawl(seeds, LINKGRAPH_RESOLVE=web.resolve)
        web.asked["calendar.test"]  # requests so far

Promises to stay on 127.0.0.0/8, one address for each host of `KINDS`, and that each endless thing ends by itself after
30 MB or 60 s. `python tests/hostile.py` serves until it is stopped and prints what `LINKGRAPH_RESOLVE` needs.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import sys
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from itertools import islice
from typing import Self

WORDS = [
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "inlet",
    "juniper",
    "kelp",
    "lagoon",
    "meadow",
    "north",
    "orchard",
    "prairie",
    "quarry",
    "river",
    "summit",
    "timber",
    "upland",
    "valley",
    "willow",
    "yarrow",
    "zephyr",
    "anchor",
    "beacon",
    "candle",
    "drift",
    "engine",
    "fable",
    "garden",
]
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
ENDLESS = 30_000_000
Pieces = Iterator[bytes | float]
"""What is sent, piece by piece; a number is a pause in seconds."""


def babble(seed: str, number: int) -> str:
    """So many words that are always the same for the same seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=number))


def page(url: str, *hrefs: str, words: int = 400) -> Pieces:
    """A page of text of its own and some links."""
    links = "".join(f"<p>{babble(href, 4)} <a href='{href}'>{babble(href, 2)}</a></p>" for href in hrefs)
    yield answer(f"<!doctype html><title>{babble(url, 3)}</title><body><p>{babble(url, words)}</p>{links}".encode())


def answer(body: bytes, head: bytes = HTML) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def moved(target: str) -> Pieces:
    yield f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


def number_in(path: str) -> int:
    return int("".join(filter(str.isdigit, path))[-9:] or 0)


def repeat(head: bytes, piece: bytes, pause: float = 0.0) -> Pieces:
    yield head
    for _ in range(ENDLESS // len(piece)):
        yield piece
        if pause:
            yield pause


def calendar(host: str, path: str) -> Pieces:
    """Every day links to the next, the one before, and the month after; the days are alike."""
    day = number_in(path)
    menu = "".join(f"<li><a href=/about-{word}>{babble(word, 4)}</a>" for word in WORDS[:20])
    days = "".join(f"<a href='/cal?d={day + step}&amp;view={step % 3}'>{day + step}</a> " for step in (-1, 1, 30))
    text = f"<title>Day {day}</title><body><ul>{menu}</ul><p>There are no events on day {day}.</p>{days}"
    yield answer(text.encode() + b" " * 2000)


def archive(host: str, path: str) -> Pieces:
    """The same, with the day in the path."""
    day = number_in(path)
    text = f"<title>Archive</title><body><p>{babble('menu', 300)}</p><p>Nothing on {day}</p>"
    yield answer(f"{text}<a href=/archive/{day + 1}/>next</a> <a href=/archive/{day + 2}/>later</a>".encode())


def sessions(host: str, path: str) -> Pieces:
    """Twenty pages; every link carries a new session."""
    new = f"{random.getrandbits(80):020x}"
    return page(path.partition("?")[0], *(f"/{word}?PHPSESSID={new}" for word in WORDS[:20]))


def path_sessions(host: str, path: str) -> Pieces:
    new = f"{random.getrandbits(80):020X}"
    return page(path.partition(";")[0], *(f"/{word};jsessionid={new}" for word in WORDS[:20]))


def loop(host: str, path: str) -> Pieces:
    """Relative links that lead to themselves, one deeper each time."""
    return page(path, "x/", "y/", "../z/")


def wild(host: str, path: str) -> Pieces:
    """Every host links to three new ones of the same domain."""
    return page(host, *(f"http://{random.getrandbits(32):x}.wild.test/" for _ in range(3)))


def maze(host: str, path: str) -> Pieces:
    """New text and new links for ever, as tarpits for crawlers give out."""
    numbers = random.Random(path)
    return page(path, *("/" + "-".join(numbers.choices(WORDS, k=5)) for _ in range(6)))


def drip(host: str, path: str) -> Pieces:
    return repeat(HTML + b"Content-Length: 100000\r\n\r\n", b"x", 1.0)


def facets(host: str, path: str) -> Pieces:
    """A shop whose every link toggles one of twelve filters; the lists are alike."""
    have = set(path.partition("?")[2].replace("=1", "").split("&")) - {""}
    hrefs = ["/shop?" + "&".join(f"{one}=1" for one in sorted(have ^ {word})) for word in WORDS[:12]]
    return page("/shop", *hrefs)


def soft_error(host: str, path: str) -> Pieces:
    """The same page at every address, and it says 200."""
    return page("/nothing-here", *(f"/item/{number}" for number in range(100)))


def ring(host: str, path: str) -> Pieces:
    return moved(f"/hop/{number_in(path) + 1}")


def refresh(host: str, path: str) -> Pieces:
    text = f"<meta http-equiv=refresh content='0;url={path}?again={number_in(path) + 1}'><p>wait"
    yield answer(text.encode())


def endless(host: str, path: str) -> Pieces:
    head = HTML + b"Transfer-Encoding: chunked\r\n\r\n"
    return repeat(head, b"10000\r\n" + b"<p>text" * 9362 + b"xx" + b"\r\n")


@cache
def packed(start: bytes, piece: bytes, times: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(start) + b"".join(packer.compress(piece) for _ in range(times)) + packer.flush()


@cache
def _bomb() -> bytes:
    inner = packed(b"<a href=/next>next</a>", b" " * 1_000_000, 100)
    return answer(gzip.compress(inner), HTML + b"Content-Encoding: gzip, gzip\r\n")


def bomb(host: str, path: str) -> Pieces:
    """A hundred megabytes of blanks, packed twice."""
    yield _bomb()


def headers(host: str, path: str) -> Pieces:
    return repeat(HTML, b"X-Flood: " + b"y" * 200 + b"\r\n")


def slow_headers(host: str, path: str) -> Pieces:
    return repeat(HTML, b"X-Slow: 1\r\n", 0.5)


def interim(host: str, path: str) -> Pieces:
    return repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def cookies(host: str, path: str) -> Pieces:
    yield HTML + b"Set-Cookie: a=%s\r\n" % (b"x" * 4000) * 2000 + b"Content-Length: 0\r\n\r\n"


@cache
def _wide() -> bytes:
    return answer(b"".join(b"<a href=/%d>t</a>" % one for one in range(300_000)))


def wide(host: str, path: str) -> Pieces:
    """Three hundred thousand links."""
    yield _wide() if path == "/" else answer(b"<p>" + path.encode())


@cache
def _knots() -> tuple[bytes, ...]:
    attributes = b" ".join(b"a%d='>'" % number for number in range(100_000))
    return (
        answer(b"<div " + attributes + b"><a href=/1>t</a>"),
        answer(b"<div>" * 200_000 + b"<a href=/2>t</a>"),
        answer(b"".join(b"<font a%d><p>" % number for number in range(20_000)) + b"<a href=/3>t</a>"),
        answer(b"<a href=/4>" + "\u0301".encode() * 500_000 + b"</a>"),
        answer(b"<base href=//b.test/" + b"x" * 1_000_000 + b"><a href=/5>t</a>"),
    )


def knots(host: str, path: str) -> Pieces:
    """Markup that costs parsers most."""
    yield _knots()[number_in(path) % len(_knots())]


@cache
def _sitemap() -> bytes:
    xml = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
    return answer(packed(b"<urlset>", b"<x a='1'/>&" * 100_000, 48), xml)


def sitemap_bomb(host: str, path: str) -> Pieces:
    """robots.txt names a sitemap of 50 MB, packed."""
    xml = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
    if path == "/sitemap.xml.gz":
        yield _sitemap()
    elif path == "/laughs.xml":
        entities = b"".join(b'<!ENTITY %c "%s">' % (98 + one, b"&%c;" % (97 + one) * 10) for one in range(9))
        yield answer(b'<!DOCTYPE x [<!ENTITY a "ha">' + entities + b"]><urlset><url><loc>&j;</loc></url></urlset>", xml)
    else:
        yield answer(b"<a href=/>home</a>")


def garbage(host: str, path: str) -> Pieces:
    yield random.Random(path).randbytes(3000)


def silent(host: str, path: str) -> Pieces:
    yield 30.0


def farm(host: str, path: str) -> Pieces:
    """Every host of the farm links to the same target and to others of the farm."""
    numbers = random.Random(host)
    return page(host, "http://target.test/", *(f"http://farm{numbers.randrange(10_000)}.test/" for _ in range(3)))


KINDS: dict[str, Callable[[str, str], Pieces]] = {
    f"{name}.test": kind
    for name, kind in {
        "calendar": calendar, "archive": archive, "sessions": sessions, "path-sessions": path_sessions, "loop": loop,
        "wild": wild, "maze": maze, "drip": drip, "facets": facets, "soft": soft_error, "ring": ring,
        "refresh": refresh, "endless": endless, "bomb": bomb, "headers": headers, "slow-headers": slow_headers,
        "interim": interim, "cookies": cookies, "wide": wide, "knots": knots, "sitemap": sitemap_bomb,
        "garbage": garbage, "silent": silent, "farm0": farm,
    }.items()
}  # fmt: skip
"""Hosts by name; each is asked for whatever path."""

ONE_ANSWER = (garbage, interim, headers, slow_headers, silent, drip, endless, cookies)
"""After these no further answer on a connection could be told from the one before."""

GOOD = tuple(f"good{number}.test" for number in range(10))
GOOD_PAGES = 20


def good(host: str, path: str) -> Pieces:
    """A site of twenty pages, each linked from the one before and from the first."""
    at = number_in(path)
    ahead = [f"/page/{one}" for one in range(1, GOOD_PAGES)] if at == 0 else [f"/page/{(at + 1) % GOOD_PAGES or 1}"]
    return page(host + path, *ahead, f"http://good{(int(host[4]) + 1) % 10}.test/", f"http://out{at}-{host}/")


class Hostile:
    """The servers; a context manager."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        """Requests by host, robots.txt included."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self.port = 0

    @property
    def resolve(self) -> str:
        """A `LINKGRAPH_RESOLVE` that sends each host to its own address, and any other to the last one."""
        each = [f"{host}:80=127.0.1.{number}:{self.port}" for number, host in enumerate((*KINDS, *GOOD), 1)]
        return ",".join([*each, f"*:80=127.0.1.250:{self.port}"])

    def __enter__(self) -> Self:
        for build in (_bomb, _wide, _knots, _sitemap):
            build()  # once a request waits for it, all others would wait too
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        async def stop() -> None:
            for server in self._servers:
                server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.05)  # what was aborted is closed in the loop's next turns

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self) -> None:
        addresses = [f"127.0.1.{number}" for number in (*range(1, len(KINDS) + len(GOOD) + 1), 250)]
        for address in addresses:
            server = await asyncio.start_server(self._handle, address, self.port)
            self.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(60):
                while True:
                    asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                    path = asked[0].split(" ")[1]
                    host = (
                        next(line for line in asked if line.lower().startswith("host:"))[5:].strip().partition(":")[0]
                    )
                    self.asked[host] += 1
                    async for piece in self._pieces(host, path):
                        writer.write(piece)
                        await writer.drain()
                    if KINDS.get(host) in ONE_ANSWER:
                        break
            writer.close()
            await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.CancelledError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.transport.abort()

    async def _pieces(self, host: str, path: str) -> AsyncIterator[bytes]:
        if path == "/robots.txt":
            named = f"Sitemap: http://{host}/sitemap.xml.gz\nSitemap: http://{host}/laughs.xml\n"
            body = named.encode() if host == "sitemap.test" else b""
            yield answer(body, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
            return
        for piece in islice(_kind(host)(host, path), 1_000_000):
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                yield piece


def _kind(host: str) -> Callable[[str, str], Pieces]:
    if host in KINDS:
        return KINDS[host]
    if host in GOOD:
        return good
    if host.endswith(".wild.test"):
        return wild
    return farm if host.startswith("farm") else lambda host, path: page(host + path)


if __name__ == "__main__":
    with Hostile() as serving:
        sys.stdout.write(serving.resolve + "\n")
        sys.stdout.flush()
        sys.stdin.read()

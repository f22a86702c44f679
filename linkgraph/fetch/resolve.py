"""Host and port → the addresses to connect to: the user's own map first, then DNS, then the guard.

Promises that what is checked is what is connected to: a name is looked up once, and its refused addresses are gone
before a socket is opened, so that a second answer of a hostile name server is never asked for.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver

from linkgraph.errors import RefusedError, UsageError
from linkgraph.fetch.guard import Guard, is_literal, is_loopback

DNS_TIMEOUT = 5.0
"""Seconds; a name that takes longer is treated as having no address."""

DNS_MEMORY = 600.0
"""Seconds for which an answer of the name server is kept, and the lack of one as well."""

_KNOWN_NAMES = 100_000
_MAX_ADDRESSES = 16
"""Of one name; a name server may send hundreds."""

_DEFAULT_PORT = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Mapping:
    """One pair of `LINKGRAPH_RESOLVE`: connect to *address* and *port* instead of what *host* and *host_port* say."""

    host: str
    """`*` for any."""
    host_port: int | None
    address: str
    port: int | None


def parse_mappings(text: str) -> tuple[Mapping, ...]:
    """Return the pairs of `LINKGRAPH_RESOLVE`, as `host:port=address:port` separated by commas or white space.

    `*` stands for any host or port; a port left out on the left means any, on the right the same.

    Raises:
        UsageError: a pair that reads otherwise; names it.
    """
    return tuple(_parse_mapping(pair) for pair in text.replace(",", " ").split())


def _parse_mapping(pair: str) -> Mapping:
    try:
        left, right = pair.split("=")
        host, host_port = _host_and_port(left)
        address, port = _host_and_port(right)
        ip_address(address)
    except ValueError as error:
        raise UsageError(
            f"LINKGRAPH_RESOLVE: {pair!r} is not host:port=address:port, e.g. *:80=127.0.0.1:8080"
        ) from error
    return Mapping(host, host_port, address, port)


def _host_and_port(text: str) -> tuple[str, int | None]:
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "*")
    host = host.strip("[]").lower()
    if not host:
        raise ValueError(text)
    return host, None if port in ("*", "") else int(port)


def mapped(mappings: tuple[Mapping, ...], host: str, port: int) -> tuple[str, int] | None:
    """Return the address and port that the first fitting pair names, or None."""
    for one in mappings:
        if one.host in ("*", host) and one.host_port in (None, port):
            return one.address, one.port or port
    return None


def leads_to_loopback(mappings: tuple[Mapping, ...], host: str, port: int) -> bool:
    """Tell whether a connection for *host* and *port* certainly stays on this machine."""
    found = mapped(mappings, host, port)
    target = found[0] if found else host.strip("[]")
    if target == "localhost":
        return True
    try:
        return is_loopback(ip_address(target))
    except ValueError:
        return False


class GuardedResolver(AbstractResolver):
    """The resolver of the connection pool. An address that the user's own map names passes the guard."""

    def __init__(
        self, guard: Guard, mappings: tuple[Mapping, ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._guard = guard
        self._mappings = mappings
        self._clock = clock
        self._system: ThreadedResolver | None = None
        self._known: OrderedDict[str, tuple[float, _Found]] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[_Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of *host* that the guard allows.

        Raises:
            RefusedError: every address is refused; carries the guard's reason.
            OSError: the name has no address.
        """
        if found := self.fixed(host, port):
            return found
        addresses = await self._addresses(host)
        families = (socket.AF_UNSPEC, socket.AF_INET6)
        return [_result(host, one, port) for one in addresses if family in families or ":" not in one]

    async def _addresses(self, host: str) -> tuple[str, ...]:
        moment, found = self._known.get(host, (0.0, _Found()))
        if not (found.known and self._clock() < moment + DNS_MEMORY):
            if (task := self._under_way.get(host)) is None:
                task = self._under_way[host] = asyncio.ensure_future(self._look_up(host))
            found = await asyncio.shield(task)
        if found.refusal:
            raise RefusedError(found.refusal, found.problem)
        if found.problem:
            raise OSError(found.problem)
        return found.addresses

    async def _look_up(self, host: str) -> _Found:
        try:
            found = await self._ask(host)
            self._remember(host, found)
            return found
        finally:
            del self._under_way[host]

    def _remember(self, host: str, found: _Found) -> None:
        now = self._clock()
        self._known[host] = now, found
        self._known.move_to_end(host)
        while len(self._known) > _KNOWN_NAMES or next(iter(self._known.values()))[0] + DNS_MEMORY <= now:
            self._known.popitem(last=False)

    async def _ask(self, host: str) -> _Found:
        if self._system is None:
            self._system = ThreadedResolver()
        try:
            answers = await asyncio.wait_for(self._system.resolve(host, 0, socket.AF_UNSPEC), DNS_TIMEOUT)
        except TimeoutError:
            return _Found(problem=f"no answer for {host} within {DNS_TIMEOUT} s")
        except UnicodeError as error:  # a label of more than 63 bytes is a URL's host, but no name
            return _Found(problem=f"{host} is no host name ({error})")
        except OSError as error:
            return _Found(problem=str(error) or f"{host} has no address")
        named = dict.fromkeys(answer["host"] for answer in answers)
        refused = {address: self._guard.refuses(address) for address in islice(named, _MAX_ADDRESSES)}
        good = tuple(address for address, reason in refused.items() if reason is None)
        if good:
            return _Found(good)
        refusal = next(filter(None, refused.values()), "dns:failed")
        return _Found(problem=f"{host} is {', '.join(refused) or 'no address'}", refusal=refusal)

    def fixed(self, host: str, port: int) -> list[ResolveResult] | None:
        """Return where the user's map or *host* itself, being an address, leads without a look-up; None for a name.

        Raises:
            RefusedError: the guard refuses the address, or it is mapped outside this machine without a contact.
        """
        if found := mapped(self._mappings, host, port):
            if not self._guard.contact and not is_loopback(ip_address(found[0])):
                raise RefusedError("guard:no-contact", f"{host} is mapped to {found[0]}")
            return [_result(host, *found)]
        if not is_literal(host):
            return None
        if reason := self._guard.refuses(host):
            raise RefusedError(reason, host)
        return [_result(host, host.strip("[]"), port)]

    def is_mapped(self, url: str) -> bool:
        """Tell whether the user's own map says where a connection for *url* goes."""
        place = _place(url)
        return place is not None and mapped(self._mappings, *place) is not None

    def refuses(self, url: str) -> str | None:
        """Return why nothing may be fetched from *url* (a reason of the closed list), as far as is known without DNS.

        Scheme, port, and an address in place of a name. Canonical URLs only: `http://0x7f.1/` is none.
        """
        place = _place(url)
        if place is None:
            return "guard:scheme"
        host, port = place
        if mapped(self._mappings, host, port):
            return None
        if reason := self._guard.refuses_port(port):
            return reason
        return self._guard.refuses(host) if is_literal(host) else None

    async def admit(self, url: str) -> list[ResolveResult]:
        """Return the addresses to which a connection for *url* may be made; whoever connects must use one of them.

        The one question for every request, whoever sends it: pages, redirects, robots.txt, sitemaps, and what a
        rendered page asks for.

        Raises:
            RefusedError: scheme, port or address are refused; carries the reason.
            OSError: the name has no address.
        """
        if reason := self.refuses(url):
            raise RefusedError(reason, url)
        place = _place(url)
        return [] if place is None else await self.resolve(*place)

    async def close(self) -> None:
        """Close the system's resolver."""
        for task in list(self._under_way.values()):
            task.cancel()
        if self._system is not None:
            await self._system.close()


@dataclass(frozen=True, slots=True)
class _Found:
    """What a name server said, judged: addresses, or a problem."""

    addresses: tuple[str, ...] = ()
    problem: str = ""
    refusal: str = ""

    @property
    def known(self) -> bool:
        return bool(self.addresses or self.problem)


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORT or not host:
        return None
    return host, port or _DEFAULT_PORT[parts.scheme]


class GuardedConnector(aiohttp.TCPConnector):
    """A connection pool that asks the guard about every connection.

    aiohttp connects to an address in a URL without asking any resolver: neither the guard nor the user's map would
    be heard.
    """

    def __init__(self, resolver: GuardedResolver, *, idle: int = 100, **options: Any) -> None:
        """Build a pool that keeps at most *idle* connections for later, and takes aiohttp's own *options*."""
        self._guarded = resolver
        self._most_idle = idle
        # The resolver remembers: a second memory would keep addresses that it has forgotten.
        super().__init__(resolver=resolver, use_dns_cache=False, **options)

    def _release(self, key: Any, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close or len(self._conns) >= self._most_idle)

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        return self._guarded.fixed(host, port) or await super()._resolve_host(host, port, traces=traces)


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)

"""Host and port → the addresses to connect to: the user's own map first, then DNS, then the guard.

Promises that what is checked is what is connected to: a name is looked up once, and its refused addresses are gone
before a socket is opened, so that a second answer of a hostile name server is never asked for.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from linkgraph.errors import RefusedError, UsageError
from linkgraph.fetch.guard import Guard, is_literal, is_loopback

DNS_TIMEOUT = 5.0
"""Seconds; a name that takes longer is treated as having no address."""


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

    def __init__(self, guard: Guard, mappings: tuple[Mapping, ...] = ()) -> None:
        self._guard = guard
        self._mappings = mappings
        self._system: ThreadedResolver | None = None

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
        if self._system is None:
            self._system = ThreadedResolver()
        try:
            answers = await asyncio.wait_for(self._system.resolve(host, port, family), DNS_TIMEOUT)
        except TimeoutError as error:
            raise OSError(f"no answer for {host} within {DNS_TIMEOUT} s") from error
        except UnicodeError as error:  # a label of more than 63 bytes is a URL's host, but no name
            raise OSError(f"{host} is no host name ({error})") from error
        refused = {answer["host"]: self._guard.refuses(answer["host"]) for answer in answers}
        good = [answer for answer in answers if refused[answer["host"]] is None]
        if not good:
            raise RefusedError(next(filter(None, refused.values()), "dns:failed"), f"{host} is {', '.join(refused)}")
        return good

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
        return [_result(host, host, port)]

    async def close(self) -> None:
        """Close the system's resolver."""
        if self._system is not None:
            await self._system.close()


class GuardedConnector(aiohttp.TCPConnector):
    """A connection pool that asks the guard about every connection.

    aiohttp connects to an address in a URL without asking any resolver: neither the guard nor the user's map would
    be heard.
    """

    def __init__(self, guard: Guard, mappings: tuple[Mapping, ...], **options: Any) -> None:
        self._guarded = GuardedResolver(guard, mappings)
        super().__init__(resolver=self._guarded, **options)

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        return self._guarded.fixed(host, port) or await super()._resolve_host(host, port, traces=traces)


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)

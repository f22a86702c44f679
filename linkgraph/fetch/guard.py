"""Addresses and ports → whether a connection to them is allowed.

Promises that an address is judged with every IPv4 address it embeds, and that what is not global is refused unless
the user allowed its network. Pure: no look-up happens here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from linkgraph.errors import UsageError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

DEFAULT_PORTS = frozenset({80, 443})
"""What web pages are served on; other ports are databases and mail as often as pages."""

# `is_global` says True for these (Python 3.11), though none is a place of public web pages.
_NOT_WEB = (
    ip_network("192.0.0.0/24"),  # RFC 6890: IETF protocol assignments
    ip_network("192.88.99.0/24"),  # RFC 7526: deprecated 6to4 relays
    ip_network("fec0::/10"),  # RFC 3879: deprecated site-local
    ip_network("168.63.129.16/32"),  # the metadata service of a cloud, at an address that is public by its number
)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ip_network("::/96")  # RFC 4291 2.5.5.1


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_public(address: Address) -> bool:
    """Tell whether *address*, and an IPv4 address embedded in it, is one of the public Internet.

    RFC 6890 registries by `ipaddress`, less the networks that it lets through by mistake.
    """
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
    if any(address in network for network in _NOT_WEB if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_loopback(address: Address) -> bool:
    """Tell whether *address* is this machine.

    Of the embedded forms only the mapped one is: what a tunnel makes of 127.0.0.1 leaves the machine first.
    """
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (inner or address).is_loopback


def is_literal(host: str) -> bool:
    """Tell whether *host*, as it stands in a canonical URL, is an address and no name (`web1` is a name)."""
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def parse_networks(text: str | Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of `LINKGRAPH_ALLOW_ADDRESSES`: CIDRs separated by commas or white space.

    Raises:
        UsageError: a part is no CIDR; names it.
    """
    parts = text.replace(",", " ").split() if isinstance(text, str) else list(text)
    networks = []
    for part in parts:
        try:
            networks.append(ip_network(part.strip(), strict=False))
        except ValueError as error:
            raise UsageError(f"LINKGRAPH_ALLOW_ADDRESSES: {part!r} is no network ({error}), e.g. 10.0.0.0/8") from error
    return tuple(networks)


@dataclass(frozen=True, slots=True)
class Guard:
    """What a crawl may connect to."""

    allowed: tuple[Network, ...] = ()
    """Networks let through although they are not public."""
    ports: Collection[int] = DEFAULT_PORTS
    contact: str = ""
    """Without a contact nothing but loopback is asked: a site must know whom to write to."""

    def refuses(self, address: str) -> str | None:
        """Return why no connection to *address* is made (a reason of the closed list), or None."""
        try:
            parsed = ip_address(address.strip("[]").partition("%")[0])
        except ValueError:
            return "guard:private-address"
        if not self.contact and not is_loopback(parsed):
            return "guard:no-contact"
        if any(parsed in network for network in self.allowed if network.version == parsed.version):
            return None
        return None if is_public(parsed) else "guard:private-address"

    def refuses_port(self, port: int) -> str | None:
        """Return `guard:port` where *port* is neither a web port nor allowed, else None."""
        return None if port in self.ports else "guard:port"

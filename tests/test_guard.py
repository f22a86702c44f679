"""Which addresses a crawl may connect to: the disguises of private ones, by table."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.errors import UsageError
from linkgraph.fetch.guard import Guard, is_literal, is_loopback, is_public, parse_networks

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::1"]
PRIVATE = {
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "the end of loopback": "127.255.255.254",
    "RFC 1918, ten": "10.0.0.1",
    "RFC 1918, twenty bits": "172.16.0.1",
    "RFC 1918, the end of twenty bits": "172.31.255.255",
    "RFC 1918, sixteen bits": "192.168.1.1",
    "carrier NAT, and a cloud's metadata": "100.100.100.200",
    "link-local metadata": "169.254.169.254",
    "a cloud's task metadata": "169.254.170.2",
    "a cloud's wire server": "168.63.129.16",
    "IETF protocol assignments": "192.0.0.8",
    "a cloud's metadata in the IETF block": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relays": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "the end of multicast": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 unspecified": "::",
    "IPv6 loopback": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped ten": "::ffff:10.0.0.1",
    "mapped metadata": "::ffff:a9fe:a9fe",
    "compatible loopback": "::127.0.0.1",
    "compatible ten": "::10.0.0.1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of ten": "64:ff9b::10.0.0.1",
    "local NAT64": "64:ff9b:1::808:808",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of ten": "2002:a00:1::1",
    "Teredo to loopback": "2001:0:808:808:0:0:80ff:fffe",
    "Teredo to ten": "2001:0:0a00:1:0:0:f5ff:fffe",
    "unique local": "fd00::1",
    "a cloud's metadata, IPv6": "fd00:ec2::254",
    "link-local": "fe80::1",
    "site-local": "fec0::1",
    "the end of site-local": "feff::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 documentation": "2001:db8::1",
    "discard": "100::1",
    "ORCHID": "2001:10::1",
    "segment routing": "5f00::1",
    "unallocated": "4000::1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address):
    assert is_public(ip_address(address))
    assert Guard(contact="me@example.org").refuses(address) is None


@pytest.mark.row("N3")
@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_not_the_public_internet_is_refused(name):
    assert not is_public(ip_address(PRIVATE[name]))
    assert Guard(contact="me@example.org").refuses(PRIVATE[name]) == "guard:private-address"


@pytest.mark.row("N3")
@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_every_form_that_embeds_an_ipv4_address_is_judged_by_it(inner):
    number = int(inner)
    forms = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
    ]

    assert {is_public(form) for form in forms} == {is_public(inner)}


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_any_address_gets_an_answer(address):
    assert Guard(contact="x").refuses(str(address)) in (None, "guard:private-address")


def test_nonsense_is_refused():
    for text in ("", "example.org", "127.1", "0x7f000001", "2130706433", "[::1", "1.2.3.4.5", "\x00"):
        assert Guard(contact="x").refuses(text) == "guard:private-address"


def test_a_zone_does_not_hide_an_address():
    assert Guard(contact="x").refuses("fe80::1%eth0") == "guard:private-address"
    assert Guard(contact="x").refuses("[::1]") == "guard:private-address"


def test_a_network_that_the_user_allowed_is_let_through_and_no_other():
    guard = Guard(allowed=parse_networks("10.0.0.0/8, fd00::/8"), contact="x")

    assert guard.refuses("10.1.2.3") is None
    assert guard.refuses("fd12::1") is None
    assert guard.refuses("192.168.0.1") == "guard:private-address"
    assert guard.refuses("::1") == "guard:private-address"


def test_without_a_contact_nothing_but_this_machine_is_asked():
    guard = Guard(allowed=parse_networks("127.0.0.0/8 ::1/128 10.0.0.0/8"))

    assert guard.refuses("8.8.8.8") == "guard:no-contact"
    assert guard.refuses("10.0.0.1") == "guard:no-contact"
    assert guard.refuses("127.0.0.1") is None
    assert guard.refuses("::1") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("::127.0.0.1", False),
        ("0.0.0.0", False),
        ("8.8.8.8", False),
    ],
)
def test_this_machine_is_told_by_what_needs_no_network(address, expected):
    assert is_loopback(ip_address(address)) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("[::1]", True), ("web1", False), ("a.test", False), ("shop.web3", False), ("", False)],
)
def test_a_name_that_ends_in_a_digit_is_no_address(host, expected):
    assert is_literal(host) == expected


@pytest.mark.row("N4")
def test_ports_of_the_web_and_of_the_user_are_open():
    guard = Guard(ports={80, 443, 8080})

    assert [guard.refuses_port(port) for port in (80, 443, 8080)] == [None] * 3
    assert {guard.refuses_port(port) for port in (0, 22, 25, 6379, 8081)} == {"guard:port"}


def test_a_network_that_cannot_be_read_is_named():
    with pytest.raises(UsageError, match=r"LINKGRAPH_ALLOW_ADDRESSES: '10\.0\.0\.0/99'"):
        parse_networks("127.0.0.0/8 10.0.0.0/99")

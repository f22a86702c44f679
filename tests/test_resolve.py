"""Names and addresses → where a connection goes: the user's map, DNS, and the guard after both."""

from __future__ import annotations

import asyncio
import socket

import pytest

from linkgraph.errors import RefusedError, UsageError
from linkgraph.fetch.guard import Guard, parse_networks
from linkgraph.fetch.resolve import (
    DNS_MEMORY,
    GuardedConnector,
    GuardedResolver,
    Mapping,
    leads_to_loopback,
    mapped,
    parse_mappings,
)

OPEN = Guard(contact="me@example.org")


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("a.test:80=127.0.0.1:8080", Mapping("a.test", 80, "127.0.0.1", 8080)),
        ("A.Test:80=127.0.0.1:8080", Mapping("a.test", 80, "127.0.0.1", 8080)),
        ("*:443=127.0.0.1:8443", Mapping("*", 443, "127.0.0.1", 8443)),
        ("*=127.0.0.1", Mapping("*", None, "127.0.0.1", None)),
        ("*:*=127.0.0.1:8080", Mapping("*", None, "127.0.0.1", 8080)),
        ("a.test=[::1]:8080", Mapping("a.test", None, "::1", 8080)),
        ("a.test=::1", Mapping("a.test", None, "::1", None)),
        ("a.test:80=[::1]", Mapping("a.test", 80, "::1", None)),
        ("[::1]:80=127.0.0.1:8080", Mapping("::1", 80, "127.0.0.1", 8080)),
    ],
)
def test_a_mapping_is_read_in_every_form(text, mapping):
    assert parse_mappings(text) == (mapping,)


def test_mappings_are_separated_by_commas_or_space():
    assert len(parse_mappings("a.test=127.0.0.1, b.test=127.0.0.2\n*=127.0.0.3")) == 3
    assert parse_mappings("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "a.test",
        "a.test=",
        "=127.0.0.1",
        "a=b=c",
        "a.test=b.test",
        "a.test:x=127.0.0.1",
        "a.test=127.0.0.1:x",
        ":80=127.0.0.1",
    ],
)
def test_a_mapping_that_cannot_be_read_is_named(text):
    with pytest.raises(UsageError, match="LINKGRAPH_RESOLVE"):
        parse_mappings(text)


def test_the_first_fitting_mapping_counts_and_a_port_left_out_stays_the_same():
    mappings = parse_mappings("a.test:80=127.0.0.1:1,a.test=127.0.0.2,*:81=127.0.0.3:3")

    assert mapped(mappings, "a.test", 80) == ("127.0.0.1", 1)
    assert mapped(mappings, "a.test", 443) == ("127.0.0.2", 443)
    assert mapped(mappings, "b.test", 81) == ("127.0.0.3", 3)
    assert mapped(mappings, "b.test", 80) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.test", True),
        ("b.test", False),
        ("c.test", False),
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_stays_on_this_machine_is_known_without_a_look_up(host, expected):
    assert leads_to_loopback(parse_mappings("a.test=127.0.0.1,c.test=10.0.0.1"), host, 80) == expected


class Names:
    """A name server that is a dict of lists of answers, one list a question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port, family):
        self.asked += 1
        found = self.answers.pop(0)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        family = socket.AF_INET
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0} for one in found
        ]

    async def close(self):
        """Nothing to close."""


def resolve(guard: Guard, *answers: list[str], mappings: str = "", host: str = "a.test") -> list[str]:
    async def ask() -> list[str]:
        resolver = GuardedResolver(guard, parse_mappings(mappings))
        resolver._system = Names(*answers)
        return [f"{one['host']}:{one['port']}" for one in await resolver.resolve(host, 80)]

    return asyncio.run(ask())


@pytest.mark.row("N2")
def test_addresses_that_are_refused_vanish_from_the_answer():
    assert resolve(OPEN, ["10.0.0.1", "8.8.8.8", "127.0.0.1", "::ffff:10.0.0.1"]) == ["8.8.8.8:80"]


def test_a_name_with_only_refused_addresses_is_refused_with_the_reason():
    with pytest.raises(RefusedError, match=r"10\.0\.0\.1") as refusal:
        resolve(OPEN, ["10.0.0.1", "192.168.0.1"])
    assert refusal.value.reason == "guard:private-address"


def test_a_name_without_an_address_is_an_os_error():
    with pytest.raises(OSError, match="not known"):
        resolve(OPEN, [])


@pytest.mark.row("N1")
def test_a_slow_name_server_is_an_os_error(monkeypatch):
    class Slow(Names):
        async def resolve(self, host, port, family):
            await asyncio.sleep(60)

    async def ask() -> None:
        resolver = GuardedResolver(OPEN)
        resolver._system = Slow()
        await resolver.resolve("a.test", 80)

    monkeypatch.setattr("linkgraph.fetch.resolve.DNS_TIMEOUT", 0.02)
    with pytest.raises(OSError, match=r"no answer for a\.test"):
        asyncio.run(ask())


def test_the_users_map_is_asked_before_dns_and_passes_the_guard():
    assert resolve(Guard(), mappings="a.test:80=127.0.0.1:8080") == ["127.0.0.1:8080"]
    assert resolve(OPEN, mappings="*=10.0.0.7") == ["10.0.0.7:80"]


def test_a_map_out_of_this_machine_still_needs_a_contact():
    with pytest.raises(RefusedError) as refusal:
        resolve(Guard(), mappings="*=10.0.0.7")
    assert refusal.value.reason == "guard:no-contact"


def test_a_literal_is_judged_and_mapped_like_a_name():
    assert resolve(OPEN, host="8.8.8.8") == ["8.8.8.8:80"]
    assert resolve(OPEN, host="10.0.0.1", mappings="10.0.0.1=127.0.0.1:8080") == ["127.0.0.1:8080"]
    with pytest.raises(RefusedError):
        resolve(OPEN, host="169.254.169.254")


def connect(*answers: list[str], host: str = "a.test", guard: Guard = OPEN, mappings: str = "", times: int = 1):
    """What the connection pool would connect to."""

    async def ask():
        connector = GuardedConnector(GuardedResolver(guard, parse_mappings(mappings)))
        names = connector._guarded._system = Names(*answers)
        found = [[one["host"] for one in await connector._resolve_host(host, 80)] for _ in range(times)]
        await connector.close()
        return found, names.asked

    return asyncio.run(ask())


@pytest.mark.row("N2")
def test_a_second_answer_of_a_hostile_name_server_is_never_asked_for():
    found, asked = connect(["8.8.8.8"], ["127.0.0.1"], times=3)

    assert found == [["8.8.8.8"]] * 3
    assert asked == 1


def test_names_whose_answers_have_expired_are_not_kept():
    async def ask():
        moment = 0.0
        resolver = GuardedResolver(OPEN, clock=lambda: moment)
        resolver._system = Names(*[["8.8.8.8"]] * 100)
        for number in range(100):
            moment = number * DNS_MEMORY / 10
            await resolver.resolve(f"host{number}.test", 80)
        return list(resolver._known)

    assert asyncio.run(ask()) == [f"host{number}.test" for number in range(90, 100)]


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1"])
def test_the_connection_pool_refuses_an_address_in_a_url(host):
    with pytest.raises(RefusedError):
        connect(host=host)


def test_the_connection_pool_follows_the_map_for_an_address_in_a_url():
    found, asked = connect(host="203.0.113.9", guard=Guard(), mappings="*:80=127.0.0.1:8080")

    assert found == [["127.0.0.1"]]
    assert asked == 0


def test_an_allowed_network_is_let_through():
    assert resolve(Guard(allowed=parse_networks("10.0.0.0/8"), contact="x"), ["10.0.0.1"]) == ["10.0.0.1:80"]

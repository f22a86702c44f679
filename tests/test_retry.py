"""Which failures are tried again, how often and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from linkgraph.extract.answer import bare_page
from linkgraph.frontier.retry import Retries, read_retry_after

FAILED = replace(bare_page("http://a.test/"), outcome="failed")


def status(code: int):
    return replace(FAILED, outcome_reason="http:status", status=code)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_passing_status_is_tried_again(code):
    assert Retries(2).wait(1, status(code)) is not None


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451, 501, 505, 999])
def test_a_lasting_status_is_not(code):
    assert Retries(2).wait(1, status(code)) is None


@pytest.mark.row("C8")
@pytest.mark.parametrize("reason", ["transport:timeout", "transport:failed", "transport:refused"])
def test_a_broken_connection_is_tried_again(reason):
    assert Retries(2).wait(1, replace(FAILED, outcome_reason=reason)) is not None


@pytest.mark.parametrize("reason", ["dns:failed", "extract:error", "redirect:target"])
def test_other_failures_are_final(reason):
    assert Retries(2).wait(1, replace(FAILED, outcome_reason=reason)) is None


@pytest.mark.row("C8")
def test_tries_are_bounded_and_each_comes_later():
    retries = Retries(3)

    waits = [retries.wait(1, status(500)) for _ in range(4)]

    assert waits == [1.0, 2.0, 4.0, None]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"17", 17.0),
        (b" 0 ", 0.0),
        (b"9" * 5000, float("inf")),
        (b"Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        (b"Sunday, 22-Nov-26 10:00:30 GMT", 30.0),
        (b"Sun Nov 22 10:00:30 2026", 30.0),
        (b"Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        (b"Sun, 22 Nov 2026 10:00:30 -0000", 30.0),
        (b"soon", None),
        (b"", None),
        (b"-5", None),
        (b"1.5", None),
        (b"\xb2", None),
        (None, None),
    ],
)
def test_a_server_names_a_time_in_seconds_or_as_a_date(value, seconds):
    found = read_retry_after(value, datetime(2026, 11, 22, 10, tzinfo=UTC))

    assert found == seconds or (seconds == float("inf") and found is not None and found > 1e290)


def test_each_url_has_tries_of_its_own_and_is_forgotten_when_it_is_settled():
    retries = Retries(1)
    retries.wait(1, status(500))

    assert retries.wait(2, status(500)) == 1.0
    assert retries.wait(1, replace(FAILED, outcome="fetched")) is None
    assert retries.wait(2, status(500)) is None
    assert retries._tries == {}


def test_no_tries_means_none():
    assert Retries(0).wait(1, status(500)) is None

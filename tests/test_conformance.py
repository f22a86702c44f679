"""Public suites decide what is right: every case passes, or is listed with the reason why it does not."""

from __future__ import annotations

import pytest
from support.conformance import KNOWN_FAILURES, SUITES

CASES = {"url": 891, "host": 2775, "suffix": 73, "label": 430, "sniffing": 82, "charset": 736, "tree": 75}
"""How many cases each suite has: fewer would mean that some are no longer read."""


@pytest.mark.parametrize("suite", SUITES)
def test_exactly_the_listed_cases_of_a_suite_fail(shared, suite):
    if not (shared / "conformance").is_dir():
        pytest.skip(f"{shared / 'conformance'} is absent")
    label, cases = SUITES[suite]
    found = list(cases(shared / "conformance"))
    failed = {case.name: (case.expected, case.found) for case in found if not case.passed}

    assert len(found) >= CASES[suite], label
    assert failed.keys() == {case for name, case in KNOWN_FAILURES if name == suite}, failed


def test_a_listed_failure_has_a_reason_and_a_suite():
    assert [case for case, reason in KNOWN_FAILURES.items() if len(reason) < 20 or case[0] not in SUITES] == []


def test_two_cases_of_a_suite_never_share_a_name(shared):
    if not (shared / "conformance").is_dir():
        pytest.skip(f"{shared / 'conformance'} is absent")
    names = [case.name for case in SUITES["tree"][1](shared / "conformance")]

    assert len(names) == len(set(names))

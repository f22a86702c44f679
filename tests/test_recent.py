"""What the ledger remembers in memory: never wrong, never more than it may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linkgraph.frontier.recent import Recent

MOST = 8
LOOK_UPS = st.lists(st.tuples(st.sampled_from(["get", "put"]), st.integers(0, 20), st.integers(0, 99)))


@given(LOOK_UPS)
def test_an_answer_is_what_was_put_last_or_that_nothing_is_known(steps: list[tuple[str, int, int]]) -> None:
    recent: Recent[int] = Recent(MOST, -1)
    put: dict[int, int] = {}
    for step, key, value in steps:
        if step == "put":
            recent.put(key, value)
            put[key] = value
        else:
            assert recent[key] in (-1, put.get(key, -1))
        assert len(recent) <= MOST


def test_what_is_met_again_and_again_is_remembered_however_much_else_comes() -> None:
    recent: Recent[str] = Recent(MOST, -1)
    recent.put("menu", 3)
    for number in range(1000):
        recent.put(f"maze {number}", number)
        assert recent["menu"] == 3
    assert recent["maze 1"] == -1


def test_the_latest_half_is_remembered() -> None:
    recent: Recent[int] = Recent(MOST, -1)
    for number in range(100):
        recent.put(number, number)
    assert [recent[number] for number in range(97, 100)] == [97, 98, 99]


def test_nothing_is_known_after_all_is_forgotten() -> None:
    recent: Recent[int] = Recent(MOST, -1)
    for number in range(MOST):
        recent.put(number, number)
    recent.clear()
    assert [recent[number] for number in range(MOST)] == [-1] * MOST

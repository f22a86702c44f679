"""What one turn of the event loop does at most, and when it looks for garbage."""

from __future__ import annotations

import asyncio
import gc
from itertools import pairwise

from linkgraph.frontier.garbage import LEAST, Garbage
from linkgraph.frontier.turns import SHARE, Turns


class Clock:
    """Processor time that passes when work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_work_that_comes_at_once_is_spread_over_turns_and_all_of_it_is_done():
    clock, piece, pieces = Clock(), SHARE / 3, 40
    turns, ends, done = Turns(clock), [], []

    async def work(number: int) -> None:
        await turns.wait()
        clock.now += piece
        done.append(number)

    async def beat() -> None:
        while len(done) < pieces:
            ends.append(clock.now)
            await asyncio.sleep(0)

    async def everything() -> None:
        await asyncio.gather(beat(), *(work(number) for number in range(pieces)))

    asyncio.run(everything())

    assert sorted(done) == list(range(pieces))
    gaps = [late - early for early, late in pairwise(ends)]
    assert max(gaps) <= SHARE + piece + 1e-9
    assert max(gaps) > piece, "what fits into a turn goes together"


def test_a_loop_that_was_closed_in_the_middle_of_a_turn_leaves_nothing_behind():
    clock = Clock()
    turns = Turns(clock)
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        turns.over()

    loop.run_until_complete(begin())
    loop.close()
    clock.now += 10 * SHARE

    asyncio.run(turns.wait())
    gc.collect()


def test_the_whole_heap_is_searched_after_commits_only_and_seldom_and_the_collector_is_given_back():
    before, clock = gc.get_threshold(), Clock()
    searched = []

    def note(phase: str, info: dict) -> None:
        if phase == "start" and info["generation"] == 2:
            searched.append(clock.now)
            clock.now += 0.5

    garbage = Garbage(clock)
    try:
        garbage.begin()
        gc.callbacks.append(note)
        kept = [[one] for one in range(200_000)]
        assert searched == [], "no growth of the heap begins a search"
        for clock.now in (1.0, LEAST + 1, LEAST + 2, LEAST + 40, LEAST + 60):
            garbage.committed()
    finally:
        gc.callbacks.remove(note)
        garbage.end()

    assert len(kept) == 200_000
    assert searched == [LEAST + 1, LEAST + 60], "a search of 0.5 s rests for a hundred times as long"
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0

"""An error that was dealt with holds nothing that only a search for garbage could find."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from crawling import crawl, environment

from linkgraph.frontier.garbage import let_go

COUNT = """
import gc, sys
import linkgraph.frontier.garbage as garbage

def begin(self):
    gc.collect()
    gc.freeze()
    gc.disable()

def end(self):
    sys.stderr.write(f"LEFT {gc.collect()}\\n")

garbage.Garbage.begin, garbage.Garbage.committed, garbage.Garbage.end = begin, lambda self: None, end
"""


class Held:
    """Something that can be watched as it goes."""


@pytest.fixture
def no_search():
    gc.disable()
    yield
    gc.enable()


def fail(held):
    try:
        int("away")
    except ValueError as error:
        kept = error  # as Twisted's callbacks keep their Failure: the frame holds the error
        raise ConnectionError(str(kept)) from error


@pytest.mark.parametrize("forgotten", [True, False])
def test_what_the_frames_of_an_error_held_is_free_once_it_is_let_go(no_search, forgotten):
    held = Held()
    watched = weakref.ref(held)
    try:
        fail(held)
    except ConnectionError as error:
        if forgotten:
            let_go(error)
    del held

    assert (watched() is None) == forgotten


def test_a_coroutine_that_caught_the_error_goes_on():
    async def caught():
        try:
            fail(None)
        except ConnectionError as error:
            let_go(error)
            await asyncio.sleep(0)
            return str(error)

    assert asyncio.run(caught()) == "invalid literal for int() with base 10: 'away'"


def test_hosts_that_refuse_connections_leave_no_garbage(tmp_path):
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("\n".join(f"http://127.0.0.{number}:9/" for number in range(1, 101)), "utf-8")
    settings = {"LINKGRAPH_ALLOW_ADDRESSES": "127.0.0.0/8", "LINKGRAPH_ADDRESS_DELAY": 0, "LINKGRAPH_BACKOFF": 0}
    done = crawl(str(seeds), data=tmp_path / "data", env=environment(patch=COUNT), RETRY_TIMES=0, **settings)

    assert done.code == 0, done.err
    (left,) = (int(line.split()[1]) for line in done.err.splitlines() if line.startswith("LEFT"))
    assert left < 1000, "a hundred hosts left 26,000 objects when errors kept their frames"

"""Work that may wait → how much of it one turn of the event loop does.

Promises that pieces of work that ask here share a turn: when its time is used up they wait for the next, so that many
answers that came at once hold the loop no longer than one. Time is the processor's: a busy machine costs no turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

SHARE = 0.008
"""Seconds of one turn after which work waits for the next. With the largest page that is read on the loop (`aside`)
and what the network wants meanwhile, two turns stay below 50 ms."""


class Turns:
    """The turns of whatever loop is running."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = 0.0

    def over(self) -> bool:
        """Tell whether the turn has done its share; whoever asks first in a turn begins it."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return self._clock() - self._began > SHARE
        self._loop, self._began = loop, self._clock()
        loop.call_soon(self._end)
        return False

    def _end(self) -> None:
        self._loop = None

    async def wait(self) -> None:
        """Return in a turn that has time left."""
        while self.over():  # noqa: ASYNC110 - an event would wake all at once, and all in one turn
            await asyncio.sleep(0)


TURNS = Turns()
"""Those of the process: it has one loop that downloads."""

"""`linkgraph crawl` with or without politeness: `python -m support.impolite VARIANT ARGUMENT...`.

`whole`: nothing is left out. `bare`: no robots.txt is asked for, no address or port is judged, no answer is learnt
from. For servers of one's own, to see what these cost; there is no such setting. `timed`: nothing is left out, and the
processor seconds inside these questions are printed at the end, beside those of the whole thread.
"""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import typer

from linkgraph.cli.crawl import crawl
from linkgraph.fetch.guard import Guard
from linkgraph.fetch.middleware import PolitenessMiddleware
from linkgraph.fetch.resolve import GuardedResolver
from linkgraph.frontier.frontier import Frontier


async def let_through(_middleware: PolitenessMiddleware, request: Any) -> None:
    """Ask nobody; Scrapy gives the request by its name."""
    del request


class Timed:
    """A coroutine whose own processor seconds are summed up, without those of others while it waits."""

    seconds = 0.0

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, None]:
        step, given = self._coroutine.send, None
        while True:
            began = time.thread_time()
            try:
                waited = step(given)
            except StopIteration:
                return
            finally:
                Timed.seconds += time.thread_time() - began
            try:
                step, given = self._coroutine.send, (yield waited)
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's to answer
                step, given = self._coroutine.throw, error


def time_questions() -> None:
    """Sum up the processor seconds of what `bare` leaves out, and print them at the end."""
    ask, learn = PolitenessMiddleware.process_request, Frontier.answered

    async def asked(middleware: PolitenessMiddleware, request: Any) -> None:
        await Timed(ask(middleware, request))

    PolitenessMiddleware.process_request = asked
    Frontier.answered = timed(learn)
    before = time.thread_time()
    atexit.register(lambda: print(f"{Timed.seconds} {time.thread_time() - before}"))


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, its processor seconds summed up."""

    def call(*given: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*given)
        finally:
            Timed.seconds += time.thread_time() - began

    return call


def main(variant: str, arguments: list[str]) -> None:
    if variant == "bare":
        PolitenessMiddleware.process_request = let_through
        GuardedResolver.refuses = Guard.refuses = Guard.refuses_port = lambda *_: None
        Frontier.answered = lambda *_: None
    elif variant == "timed":
        time_questions()
    sys.argv = ["linkgraph crawl", *arguments]
    typer.run(crawl)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Long work beside the page, which says meanwhile how far it has come and can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
Said = TypeVar("Said")

SAID_EVERY = 0.3  # seconds between two words on how far it has come


class Unwanted(Exception):
    """The person chose something else, pressed Stop, or went away."""


def beside(work: Callable[[Callable[[], None]], T], say: Callable[[], Said]) -> Generator[Said, None, T]:
    """Do ``work`` in a thread. What there is to ``say`` of it is yielded every ``SAID_EVERY``, and what came of it comes back.

    ``work`` is given what it has to call often: that raises ``Unwanted`` once nobody waits for this generator any more.
    """
    wanted = True

    def check() -> None:
        if not wanted:
            raise Unwanted

    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(work, check)
        try:
            while wait([working], timeout=SAID_EVERY).not_done:
                yield say()
        finally:
            wanted = False  # else work that nobody waits for would be waited for
    return working.result()

"""Long work beside the page, which says meanwhile how far it has come and can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
Said = TypeVar("Said")

SAID_EVERY = 0.3  # seconds between two words on how far it has come


@dataclass(eq=False)
class Trial:
    """Long work. The person may not want it any more."""

    wanted: bool = True
    ended: bool = False


# Of an event whose work takes a ``Turn``: what goes on is ended by it, not waited for.
AT_ONCE: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": None}


@dataclass(eq=False)
class Turn:
    """Whose turn it is to say something. Work that other work has followed, or that is about what is not looked at any more,
    says nothing more; Gradio's own way to cancel comes too late when it is just ending.
    """

    trial: Trial | None = None
    about: object = None  # what is worked on

    def taken(self, work: Callable[[Trial], Iterator[Said]], about: object = None) -> Iterator[Said]:
        """What ``work`` says while it is its turn, which begins now."""
        self.give_up()
        mine = self.trial = Trial()
        self.about = about
        try:
            for said in work(mine):
                if self.trial is not mine:
                    return
                yield said
        finally:
            mine.ended = True

    @property
    def busy(self) -> bool:
        """Whether something goes on."""
        return self.trial is not None and not self.trial.ended

    def give_up(self) -> None:
        """What goes on, if anything does. It may still say so."""
        if self.trial:
            self.trial.wanted = False

    def over(self, now: object) -> bool:
        """Whether it is, since ``now`` is looked at. A page may tell so only after something was asked for about it."""
        if self.trial and self.about == now:
            return False
        self.give_up()
        self.trial = self.about = None
        return True


class Unwanted(Exception):
    """The person chose something else, pressed Stop, or went away."""


def beside(
    work: Callable[[Callable[[], None]], T], say: Callable[[], Said], trial: Trial | None = None
) -> Generator[Said, None, T]:
    """Do ``work`` in a thread. What there is to ``say`` of it is yielded every ``SAID_EVERY``, and what came of it comes back.

    ``work`` is given what it has to call often: that raises ``Unwanted`` once nobody waits for this generator any more, or the
    ``trial`` is not wanted.
    """
    wanted = True

    def check() -> None:
        if not wanted or (trial and not trial.wanted):
            raise Unwanted

    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(copy_context().run, work, check)  # it speaks as we do
        try:
            while wait([working], timeout=SAID_EVERY).not_done:
                yield say()
        finally:
            wanted = False  # else work that nobody waits for would be waited for
    return working.result()

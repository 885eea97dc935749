"""How far a stage has come, and the wish to stop."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from resnet_finetune.words.events import Event, Progress, Stage

T = TypeVar("T")
Work = Callable[[Callable[[int, int], None]], T]  # long work that tells (done, total) to what it is given

EVENT_PERIOD = 0.5  # seconds between two events that tell how far it has come


class StopAsked(Exception):
    """The person wants no more training."""


def told(stage: Stage, work: Work[T], check_stop: Callable[[], None]) -> Generator[Event, None, T]:
    """Do ``work`` in a thread and yield how far it has come. A stop, or the end of this generator, ends the work."""
    came: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
    wanted = True

    def tell(done: int, total: int) -> None:
        if not wanted:
            raise StopAsked
        came.put((done, total))

    def finish() -> T:
        try:
            return work(tell)
        finally:
            came.put(None)

    pace = Pace(stage)
    with ThreadPoolExecutor(1) as thread:
        try:
            future = thread.submit(finish)
            while (news := came.get()) is not None:
                check_stop()
                yield from pace(*news)
        finally:
            wanted = False
    return future.result()


def drained(steps: Generator[Event, None, T], see: Callable[[Event], None] = lambda event: None) -> T:
    """Run ``steps`` to their end, show each event to ``see``, and give back what came of them."""
    while True:
        try:
            see(next(steps))
        except StopIteration as end:
            result: T = end.value
            return result


class Pace:
    """Tells how far a stage has come, at most every ``EVENT_PERIOD`` and at its end, with the time left at the pace so far."""

    def __init__(self, stage: Stage) -> None:
        self._stage: Stage = stage
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> Iterator[Progress]:
        now = time.monotonic()
        if done < total and now - self._told < EVENT_PERIOD:
            return
        self._told = now
        left = (now - self._began) / done * (total - done) if done else None
        yield Progress(stage=self._stage, done=done, total=total, seconds_left=left)

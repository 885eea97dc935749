"""How many photos go through the network at once: as many as fit into memory, found out by trying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch

from resnet_finetune.model.hardware import about_memory
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Noted
from resnet_finetune.words.language import say

T = TypeVar("T")


class MicroBatches:
    """Photos are shown to the network ``photos`` at a time. That number halves whenever memory runs out, and stays so."""

    def __init__(self, photos: int) -> None:
        self.photos = photos
        self.notes: list[str] = []  # a sentence for the person each time
        self._told = 0

    def of(self, indices: np.ndarray) -> list[np.ndarray]:
        return [indices[start : start + self.photos] for start in range(0, len(indices), self.photos)]

    def each(self, indices: np.ndarray, work: Callable[[np.ndarray], T]) -> Iterator[T]:
        """What ``work`` makes of each micro-batch; one for which memory ran out is worked on again, in halves.

        Raises:
            UserError: not even a single photo fits.
        """
        done = 0
        while done < len(indices):
            chosen = indices[done : done + self.photos]
            try:
                result = work(chosen)
            except RuntimeError as error:
                self.halve(error)
                continue
            done += len(chosen)
            yield result

    def halve(self, error: RuntimeError) -> None:
        """After ``error`` stopped some work. It is raised again if it was about something else than memory.

        Raises:
            UserError: not even a single photo fits.
        """
        if not about_memory(error):
            raise error
        if self.photos == 1:
            raise UserError(
                say(
                    "The memory is too small for this network, even with one photo at a time: choose a shallower one "
                    "(Depth), or close other programs that use the graphics card."
                )
            ) from error
        self.photos //= 2
        error.__traceback__ = None  # which keeps what was computed so far in memory
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        some = say("one photo") if self.photos == 1 else say("{n} photos", n=self.photos)
        self.notes.append(
            say(
                "Memory ran out, so the network is shown {some} at a time from here on. The training steps are as large "
                "as before (gradients are accumulated); it takes somewhat longer.",
                some=some,
            )
        )

    def news(self) -> Iterator[Noted]:
        """The notes that were not told yet."""
        while self._told < len(self.notes):
            self._told += 1
            yield Noted(note=self.notes[self._told - 1])

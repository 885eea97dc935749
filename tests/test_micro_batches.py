"""Memory that runs out: by raising what PyTorch raises, because no test should really fill the memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from resnet_finetune.engine.micro_batches import MicroBatches
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Noted


class Card:
    """Remembers the photos it was shown; has room for only so many at once."""

    def __init__(self, room: int, error: RuntimeError | None = None) -> None:
        self.room = room
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        self.seen: list[int] = []

    def __call__(self, photos: np.ndarray) -> int:
        if len(photos) > self.room:
            raise self.error
        self.seen += photos.tolist()
        return len(photos)


def test_without_trouble_nothing_is_said() -> None:
    batches, card = MicroBatches(16), Card(room=16)
    assert list(batches.each(np.arange(40), card)) == [16, 16, 8]
    assert card.seen == list(range(40))
    assert batches.notes == [] == list(batches.news())


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory: you tried to allocate 9"),
    ],
)
def test_the_number_halves_until_it_fits_and_no_photo_is_left_out(error: RuntimeError) -> None:
    batches, card = MicroBatches(16), Card(5, error)
    assert list(batches.each(np.arange(10), card)) == [4, 4, 2]
    assert card.seen == list(range(10))
    told = list(batches.news())
    assert told == [Noted(note=note) for note in batches.notes]
    assert ["8 photos at a time" in told[0].note, "4 photos at a time" in told[1].note] == [True, True]
    assert list(batches.news()) == []
    assert [len(part) for part in batches.of(np.arange(10))] == [4, 4, 2]  # it stays so


def test_when_not_one_photo_fits_a_sentence_says_what_to_do() -> None:
    with pytest.raises(UserError, match="shallower"):
        list(MicroBatches(4).each(np.arange(4), Card(room=0)))


def test_another_error_is_no_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        list(MicroBatches(4).each(np.arange(4), Card(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))))

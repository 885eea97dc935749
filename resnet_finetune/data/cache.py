"""Photos decoded once and kept as raw pixels, so that no later pass waits for a decoder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from resnet_finetune.data.dataset import Photo
from resnet_finetune.data.images import UnreadablePhoto, decode, square
from resnet_finetune.words.errors import UserError


def read_pixels(photos: Sequence[Photo], size: int, file: Path, progress: Callable[[int, int], None]) -> np.ndarray:
    """Decode every photo into uint8 [N, size, size, 3], in order, kept in ``file`` and mapped from there.

    The file is written anew; the system keeps in memory what there is room for. ``progress(done, total)`` is called in
    this thread; what it raises ends the reading.

    Raises:
        UserError: a photo that was there when the data were scanned has gone or changed since.
        OSError: there is no room for ``file`` (N × size × size × 3 bytes).
    """
    with file.open("wb") as storage:
        _reserve(storage.fileno(), len(photos) * size * size * 3)
    pixels = np.memmap(file, dtype=np.uint8, mode="r+", shape=(len(photos), size, size, 3))

    def read(index: int) -> None:
        photo = photos[index]
        try:
            pixels[index] = square(decode(photo.path, size), size)
        except UnreadablePhoto as error:
            raise UserError(
                f"The photo {photo.name} changed or went away while the run was reading it. {error.message} Then train again."
            ) from error

    executor = ThreadPoolExecutor(os.cpu_count())
    try:
        for done, _ in enumerate(executor.map(read, range(len(photos))), start=1):
            progress(done, len(photos))
    finally:
        executor.shutdown(cancel_futures=True)
    return pixels


def _reserve(descriptor: int, length: int) -> None:
    """Claim the room now: a disk that fills up later would kill the process at a write to mapped memory (SIGBUS)."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, length)
    else:
        os.ftruncate(descriptor, length)

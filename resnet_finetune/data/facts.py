"""What is measured of a photo while its pixels are at hand, so that nobody need read it again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import imagehash
import numpy as np
from PIL import Image

from resnet_finetune.data.images import Header

THUMB = 16  # pixels, side of the tiny copy that near-copies are compared by
GRID = 64  # lines and columns that a photo's edges are looked at with
_DOTS = (0, 9, 18, 27, 36, 45, 54, GRID - 1)  # of them, those that are looked at first
FLAT = 24  # gray levels by which a border of one colour may vary: what JPEG does to it

Border = tuple[int, int, int, int]  # lines of one colour at the left, top, right and bottom, in 64ths of the photo
Level = TypeVar("Level", int, np.ndarray)


@dataclass(frozen=True, kw_only=True)
class Facts(Header):
    """``bright``, ``sharp``, ``look`` and ``thumb`` are of the centred square, which is all that the network sees."""

    bright: int  # 95th percentile of luma in the tiny copy, 0 to 255
    sharp: float  # root mean square of the second difference of green, in levels of 256
    border: Border
    look: int  # difference hash, 64 bits (imagehash.dhash)
    thumb: bytes  # uint8 [THUMB, THUMB, 3]

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"thumb": b64encode(self.thumb).decode()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Facts:
        """What ``to_json`` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        thumb = b64decode(values["thumb"])
        if len(thumb) != 3 * THUMB**2:
            raise ValueError(f"a tiny copy of {len(thumb)} bytes")
        return cls(**values | {"thumb": thumb, "border": tuple(values["border"])})


def measure(photos: Sequence[tuple[Header, Border, np.ndarray]]) -> list[Facts]:
    """``photos`` come with their borders and the pixels of their centred squares, uint8 [S, S, 3] with S a multiple of 80.

    Several at once, because threads that measure one by one mostly wait for each other: NumPy hands over at each small step.
    """
    squares = [pixels for _, _, pixels in photos]
    thumbs = tiny(squares)
    grays = _luma(*np.moveaxis(thumbs.astype(np.uint32), -1, 0)).astype(np.uint8)
    brights = np.sort(grays.reshape(len(grays), -1))[:, round(0.95 * (THUMB**2 - 1))]
    return [
        Facts(
            **vars(header),
            bright=bright,
            sharp=round(sharp, 2),
            border=border,
            look=int.from_bytes(np.packbits(imagehash.dhash(Image.fromarray(gray)).hash).tobytes(), "big"),
            thumb=thumb.tobytes(),
        )
        for (header, border, _), bright, sharp, gray, thumb in zip(
            photos, brights.tolist(), _sharpness(squares).tolist(), grays, thumbs, strict=True
        )
    ]


def tiny(squares: Sequence[np.ndarray]) -> np.ndarray:
    """Copies of ``THUMB`` × ``THUMB`` pixels, each the mean of 25 that lie in it: uint8 [N, THUMB, THUMB, 3]."""
    step = len(squares[0]) // (5 * THUMB)
    lines = np.stack([pixels[step // 2 :: step].reshape(THUMB, 5, -1).sum(1, dtype=np.uint16) for pixels in squares])
    dots = lines.reshape(len(lines), THUMB, THUMB, 5 * step, 3)[:, :, :, step // 2 :: step]
    means: np.ndarray = (np.einsum("nijdc->nijc", dots) + 12) // 25
    return means.astype(np.uint8)


def _sharpness(squares: Sequence[np.ndarray]) -> np.ndarray:
    """Float [N]; of three neighbouring lines in fifteen: as telling as all of them, in a fraction of the time."""
    size = len(squares[0]) // 15 * 15
    green = np.stack([pixels[:size, :, 1].reshape(-1, 15, pixels.shape[1])[:, :3] for pixels in squares]).astype(np.int16)
    above, line, below = green[:, :, 0], green[:, :, 1], green[:, :, 2]
    across = 2 * line[..., 1:-1] - line[..., :-2] - line[..., 2:]
    down = 2 * line - above - below
    squares_sum: np.ndarray = sum(np.square(part, dtype=np.float32).sum((1, 2)) for part in (across, down))
    root: np.ndarray = np.sqrt(squares_sum / (across[0].size + down[0].size))
    return root


def border(photo: Image.Image) -> Border:
    """Of the whole photo, RGB."""
    if not _may_have_border(photo):
        return 0, 0, 0, 0
    grid = np.asarray(photo.resize((GRID, GRID), Image.Resampling.NEAREST).convert("L"))
    return _flat(grid.T), _flat(grid), _flat(grid.T[::-1]), _flat(grid[::-1])


def _may_have_border(photo: Image.Image) -> bool:
    """Whether a few dots at one of the edges, all of them on the grid, are of one colour. Nearly always none are: the look at
    the whole grid, which is spread over all of the photo's memory, is saved.
    """
    columns = [int((dot + 0.5) * photo.width / GRID) for dot in _DOTS]
    lines = [int((dot + 0.5) * photo.height / GRID) for dot in _DOTS]
    return any(
        _one_colour(photo, edge)
        for edge in (
            [(columns[0], y) for y in lines],
            [(x, lines[0]) for x in columns],
            [(columns[-1], y) for y in lines],
            [(x, lines[-1]) for x in columns],
        )
    )


def _one_colour(photo: Image.Image, dots: list[tuple[int, int]]) -> bool:
    pixel = photo.load()
    assert pixel is not None  # only a photo that was closed has none
    low, high = 255, 0
    for dot in dots:
        red, green, blue = pixel[dot]  # type: ignore[misc]  # it is RGB
        luma = _luma(red, green, blue)
        low, high = min(low, luma), max(high, luma)
        if high - low > FLAT:
            return False
    return True


def _luma(red: Level, green: Level, blue: Level) -> Level:
    """As Pillow's ``convert("L")`` has it (ITU-R BT.601-2): of numbers, or of arrays of them in 32 bits."""
    luma: Level = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    return luma


def _flat(lines: np.ndarray) -> int:
    """How many lines are of one colour, from the first on: of uint8 [lines, columns], in luma."""
    if int(lines[0].max()) - int(lines[0].min()) > FLAT:  # nearly always, and quickly told
        return 0
    low, high = np.minimum.accumulate(lines.min(1)), np.maximum.accumulate(lines.max(1))
    return int((high.astype(np.int16) - low <= FLAT).sum())

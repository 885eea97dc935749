"""Which hash finds near-copies, and how many: ``python benchmarks/near_copies.py [FOLDER …]``, or the demo's photos.

Every photo is compared with a changed copy of itself (it should be found) and with every other photo (it should not be,
unless the folder holds near-copies: look at what is named). The app takes the row "dhash + correlation".
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageEnhance

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.cache import SIZE
from resnet_finetune.data.facts import tiny
from resnet_finetune.data.images import UnreadablePhoto, read, square
from resnet_finetune.data.intake import open_data
from resnet_finetune.data.likeness import LEAST_CORRELATION, MOST_BITS

HASHES: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
    "average_hash": imagehash.average_hash,
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "whash": imagehash.whash,
}


def saved(photo: Image.Image, scale: float, quality: int) -> Image.Image:
    file = io.BytesIO()
    photo.resize((round(photo.width * scale), round(photo.height * scale))).save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def cropped(photo: Image.Image, share: float) -> Image.Image:
    x, y = round(share * photo.width), round(share * photo.height)
    return photo.crop((x, y, photo.width - x, photo.height - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size, quality 75": lambda photo: saved(photo, 0.5, 75),
    "a quarter, quality 75": lambda photo: saved(photo, 0.25, 75),
    "quality 30": lambda photo: saved(photo, 1, 30),
    "brighter by a fifth": lambda photo: ImageEnhance.Brightness(photo).enhance(1.2),
    "less contrast": lambda photo: ImageEnhance.Contrast(photo).enhance(0.8),
    "2 % cut off each side": lambda photo: cropped(photo, 0.02),
    "5 % cut off each side": lambda photo: cropped(photo, 0.05),
}


class Looks:
    """Hashes and standardised tiny copies of some photos."""

    def __init__(self, photos: list[Image.Image]) -> None:
        thumbs = tiny([square(photo, SIZE) for photo in photos])
        self.hashes: dict[str, np.ndarray] = {}
        self.milliseconds: dict[str, float] = {}
        small = [Image.fromarray(thumb).convert("L") for thumb in thumbs]
        for name, hashed in HASHES.items():
            began = time.perf_counter()
            self.hashes[name] = np.array([hashed(gray).hash.ravel() for gray in small])
            self.milliseconds[name] = 1000 * (time.perf_counter() - began) / len(photos)
        flat = thumbs.reshape(len(thumbs), -1).astype(np.float32)
        flat -= flat.mean(1, keepdims=True)
        self.thumbs = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)

    def alike(self, name: str, others: Looks) -> np.ndarray:
        """bool [photos, others]"""
        hash_name, _, correlated = name.partition(" + ")
        bits = (self.hashes[hash_name][:, None] != others.hashes[hash_name][None]).sum(2)
        close: np.ndarray = bits <= MOST_BITS
        return close & (self.thumbs @ others.thumbs.T >= LEAST_CORRELATION) if correlated else close


def main() -> None:
    for data in sys.argv[1:] or ["demo"]:
        photos = []
        for file in sorted(open_data(data).rglob("*")):
            try:
                photos.append(read(file, SIZE)[0])
            except UnreadablePhoto:
                continue
        looks = Looks(photos)
        changed = {change: Looks([make(photo) for photo in photos]) for change, make in CHANGES.items()}
        pairs = len(photos) * (len(photos) - 1) // 2
        print(f"\n{data}: {len(photos)} photos, {pairs:,} pairs. Found of each change, in per cent:")
        names = [*HASHES, *(f"{name} + correlation" for name in HASHES)]
        print("| hash | ms a photo | " + " | ".join(CHANGES) + " | pairs of different files |")
        print("|---|---|" + "---|" * (len(CHANGES) + 1))
        for name in names:
            cells = [f"{100 * np.diagonal(looks.alike(name, copies)).mean():.0f}" for copies in changed.values()]
            found = int(np.triu(looks.alike(name, looks), 1).sum())
            print(f"| {name} | {looks.milliseconds[name.partition(' ')[0]]:.2f} | {' | '.join(cells)} | {found} |")


if __name__ == "__main__":
    main()

"""How fast a folder is scanned and cached, as a share of what this machine's cores can decode: ``python benchmarks/scan.py``.

Makes 10,000 synthetic JPEGs of 500 × 375 pixels in a temporary folder (about 600 MB, and 3 GB for the cache). Then, in turn:

- before and after the scan, this machine's single-core decode rate: one thread that does with Pillow what everybody does,
  and nothing else: open, convert("RGB"), resize the centred square to 320 pixels, to an array; 1,000 files;
- the same by the app's own decoder, which also looks for orientation, colour profile and damage;
- the scan of all files with all it does: reading, hashing, decoding, measuring, caching; with as many threads as cores;
- the same again, when everything is cached already.

The figure is the median, over the rounds, of (photos scanned a second) / (cores × Pillow's decode rate of the same round).
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.cache import PHOTO_BYTES, SIZE
from resnet_finetune.data.images import read, square
from resnet_finetune.data.scan import scan_files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="scan-benchmark-") as folder:
        root = Path(folder, "photos")
        os.environ["RESNET_FINETUNE_HOME"] = str(Path(folder, "home"))
        make_photos(root, options.photos)
        cold = scan(root)  # after it the files are in memory, the libraries loaded
        shares, rows = [], []
        for number in range(options.rounds):
            before, own = decode_rate(root, by_pillow), decode_rate(root, by_the_app)
            shutil.rmtree(Path(folder, "home"))
            fill_memory(Path(folder, "fill"), options.photos * PHOTO_BYTES)
            first = scan(root)
            rate = statistics.harmonic_mean([before, decode_rate(root, by_pillow)])  # the machine is not always equally fast
            again = scan(root)
            shares.append(first / (cores * rate))
            rows.append((rate, own, first, again))
            print(f"round {number + 1}: {rate:.0f}, {own:.0f}, {first:.0f}, {again:.0f} photos a second", flush=True)
    rate, own, first, again = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{platform.processor() or platform.machine()}, {cores} cores, {options.photos} photos, medians of {options.rounds}:")
    print(f"one core decodes {rate:.0f} photos a second with Pillow, {own:.0f} with the app's decoder")
    print(f"scanned and cached: {first:.0f} a second; again, from the cache: {again:.0f} a second")
    print(f"the very first scan, libraries not loaded and memory not used before: {cold:.0f} a second")
    print(f"share of cores × decode rate: {statistics.median(shares):.0%} (min {min(shares):.0%}, max {max(shares):.0%})")


def make_photos(root: Path, count: int) -> None:
    """Smooth shapes with some noise, which come to about as many bytes as real photos do; each different."""

    def make(number: int) -> None:
        rng = np.random.default_rng(number)
        shapes = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize((500, 375), Image.Resampling.BICUBIC)
        pixels = np.asarray(shapes).astype(np.int16) + rng.integers(-12, 12, (375, 500, 3), dtype=np.int16)
        file = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
        (root / f"class {number % 10}" / f"{number:05}.jpg").write_bytes(file.getvalue())

    for number in range(10):
        (root / f"class {number}").mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(make, range(count)))


def fill_memory(file: Path, size: int) -> None:
    """Use as much memory for files as the cache will, and free it. A virtual machine gives freed memory back to its host after
    some seconds; where it does, getting 3 GB of it again takes as long as a third of the scan.
    """
    block = bytes(2**20)
    with file.open("wb") as out:
        for _ in range(size // len(block)):
            out.write(block)
    file.unlink()


def by_pillow(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        left, short = (image.width - image.height) // 2, image.height
        box = (left, 0, left + short, short)
        return np.array(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box))


def by_the_app(file: Path) -> np.ndarray:
    return square(read(file, SIZE)[0], SIZE)


def decode_rate(root: Path, decode: Callable[[Path], np.ndarray]) -> float:
    """Photos a second, of one thread that only decodes."""
    files = sorted(root.rglob("*.jpg"))[:1000]
    began = time.perf_counter()
    for file in files:
        decode(file)
    return len(files) / (time.perf_counter() - began)


def scan(root: Path) -> float:
    """Photos a second. Includes the cache on the disk, as far as the system takes it."""
    began = time.perf_counter()
    found = scan_files(root, lambda done, total: None)
    seconds = time.perf_counter() - began
    if found.shelf.full or found.problems:
        raise SystemExit("There is no room on the disk for the cache: nothing was measured.")
    return len(found.photos) / seconds


if __name__ == "__main__":
    main()

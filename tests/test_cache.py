"""Photos kept as pixels are the same as decoded ones, and what can go wrong meanwhile is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_photos

from resnet_finetune.data.cache import read_pixels
from resnet_finetune.data.dataset import Dataset, scan
from resnet_finetune.data.images import decode, square
from resnet_finetune.words.errors import UserError

SIZE = 24  # pixels; the photos have 64, so that the decoder halves them

FULL_DISK = """
import resource, sys
from pathlib import Path
from resnet_finetune.data.cache import read_pixels
from resnet_finetune.data.dataset import scan
photos = scan(Path(sys.argv[1]), lambda done, total: None).photos
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    read_pixels(photos, 48, Path(sys.argv[2]), lambda done, total: None)
except OSError:
    print("refused")
"""


def silent(done: int, total: int) -> None:
    pass


@pytest.fixture
def dataset(photos: Path) -> Dataset:
    return scan(photos, silent)


def test_every_photo_in_order_as_the_one_decoder_gives_it(dataset: Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    pixels = read_pixels(dataset.photos, SIZE, tmp_path / "pixels", lambda done, total: told.append((done, total)))
    assert pixels.dtype == np.uint8 and pixels.shape == (24, SIZE, SIZE, 3)
    for row, photo in zip(pixels, dataset.photos, strict=True):
        assert np.array_equal(row, square(decode(photo.path, SIZE), SIZE))
    assert told == [(done, 24) for done in range(1, 25)]


def test_a_file_from_before_is_written_anew(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "pixels"
    file.write_bytes(b"\xaa" * 10_000_000)
    read_pixels(dataset.photos[:2], SIZE, file, silent)
    assert file.stat().st_size == 2 * SIZE * SIZE * 3


@pytest.mark.parametrize("after", [b"", b"no photo any more", None], ids=["emptied", "overwritten", "gone"])
def test_a_photo_that_changed_since_is_named(dataset: Dataset, tmp_path: Path, after: bytes | None) -> None:
    photo = dataset.photos[5]
    photo.path.unlink()
    if after is not None:
        photo.path.write_bytes(after)
    with pytest.raises(UserError, match=photo.name):
        read_pixels(dataset.photos, SIZE, tmp_path / "pixels", silent)


def test_what_progress_raises_ends_the_reading(dataset: Dataset, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    told: list[int] = []

    def stop_at_third(done: int, total: int) -> None:
        told.append(done)
        if done == 3:
            raise Enough

    with pytest.raises(Enough):
        read_pixels(dataset.photos, SIZE, tmp_path / "pixels", stop_at_third)
    assert told == [1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot claim room")
def test_room_is_claimed_before_the_first_photo_is_read(dataset: Dataset, tmp_path: Path) -> None:
    """A disk that fills up later would kill the process at a write to mapped memory (SIGBUS)."""
    dataset.photos[0].path.unlink()
    with pytest.raises(UserError):
        read_pixels(dataset.photos[:1] * 500, SIZE, tmp_path / "pixels", silent)  # writes no pixel
    assert (tmp_path / "pixels").stat().st_blocks * 512 >= 500 * SIZE * SIZE * 3


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of POSIX")
def test_a_full_disk_is_an_error_and_no_crash(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", each=2)
    command = [sys.executable, "-c", FULL_DISK, str(photos), str(tmp_path / "pixels")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr

"""Photos kept as pixels are the same as decoded ones, whatever happened to the disk, the photos or the app meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_photos
from PIL import Image

from resnet_finetune.data import cache
from resnet_finetune.data.cache import BOX_PHOTOS, ORPHAN_AGE, Pixels, Shelf
from resnet_finetune.data.images import decode, square
from resnet_finetune.data.photos import PhotoFile
from resnet_finetune.data.scan import Scan, scan_files
from resnet_finetune.words.errors import UserError

PHOTOS = 12  # of two classes
SIZE, PHOTO_BYTES = 320, 320 * 320 * 3
pytestmark = pytest.mark.usefixtures("full_size")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", classes=["a", "b"], each=PHOTOS // 2)


def read_all(root: Path) -> Scan:
    return scan_files(root, lambda done, total: None)


def pixels_of(found: Scan) -> Pixels:
    return found.shelf.pixels(found.photos)


def files(home: Path, suffix: str = ".u8") -> list[Path]:
    return sorted((home / "pixels").glob(f"*/*{suffix}"))


def everything_in(home: Path) -> set[str]:
    return {file.suffix for file in (home / "pixels").rglob("*") if file.is_file()}


def assert_as_the_one_decoder_gives_it(pixels: Pixels, photos: list[PhotoFile]) -> None:
    assert len(pixels) == len(photos)
    for row, photo in zip(pixels[range(len(photos))], photos, strict=True):
        assert np.array_equal(row, square(decode(photo.path, SIZE), SIZE)), photo.name


def assert_whole(home: Path) -> None:
    """Every list has its pixels, and there is nothing else."""
    lists = files(home, ".json")
    assert [file.with_suffix(".u8") for file in lists] == files(home)
    for file in lists:
        assert file.with_suffix(".u8").stat().st_size == PHOTO_BYTES * len(json.loads(file.read_bytes())["rows"])
    assert everything_in(home) <= {".json", ".u8"}


# --- What is kept ------------------------------------------------------------------------------------------------------


def test_every_photo_in_the_order_that_is_asked_for(root: Path, home: Path) -> None:
    found = read_all(root)
    pixels = pixels_of(found)
    assert pixels.missing == 0
    assert_as_the_one_decoder_gives_it(pixels, found.photos)
    some = pixels[np.array([7, 0, 7])]
    assert some.dtype == np.uint8 and some.shape == (3, SIZE, SIZE, 3)
    assert np.array_equal(some, pixels[range(PHOTOS)][[7, 0, 7]])
    assert some.flags.writeable and some.base is None  # torch takes it as it is
    assert pixels[[]].shape == (0, SIZE, SIZE, 3)
    assert_whole(home)


def test_a_second_scan_takes_everything_from_the_shelf(root: Path, home: Path) -> None:
    """What the shelf knows is believed: a fact that was changed there comes back."""
    read_all(root)
    (about,) = files(home, ".json")
    values = json.loads(about.read_bytes())
    for row in values["rows"]:
        row["facts"]["bright"] = 7
    about.write_text(json.dumps(values))
    again = read_all(root)
    assert {photo.facts.bright for photo in again.photos} == {7}
    assert files(home, ".json") == [about]
    assert pixels_of(again).missing == 0


def test_only_new_photos_are_added(root: Path, home: Path) -> None:
    read_all(root)
    before = {file: file.read_bytes() for file in files(home)}
    make_photos(root / "more", classes=["c"], each=7)
    found = read_all(root)
    (new,) = set(files(home)) - before.keys()
    assert new.stat().st_size == PHOTO_BYTES  # six of the seven are the same photos as those of class a
    assert all(file.read_bytes() == content for file, content in before.items())
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)


def test_copies_are_kept_once(root: Path, home: Path) -> None:
    for number in range(5):
        (root / "a" / f"copy {number}.png").write_bytes((root / "a" / "00.png").read_bytes())
    found = read_all(root)
    (box,) = files(home)
    assert box.stat().st_size == PHOTOS * PHOTO_BYTES
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)


def test_another_folder_has_a_shelf_of_its_own(root: Path, tmp_path: Path, home: Path) -> None:
    read_all(root)
    read_all(make_photos(tmp_path / "other", classes=["a"], each=2))
    assert len({file.parent for file in files(home)}) == 2
    assert Shelf(tmp_path / "third").find(read_all(root).photos[0].digest) is None


def test_a_photo_that_was_renamed_is_found_again(root: Path, home: Path) -> None:
    before = read_all(root)
    (root / "a" / "00.png").rename(root / "b" / "new name.png")
    again = read_all(root)
    assert {photo.digest for photo in again.photos} == {photo.digest for photo in before.photos}
    assert len(files(home)) == 1
    assert_as_the_one_decoder_gives_it(pixels_of(again), again.photos)


def test_a_photo_that_changed_gets_its_new_pixels_though_size_and_time_are_the_same(tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "a" / "0.bmp"
    photo.parent.mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(photo)
    (red,) = pixels_of(read_all(tmp_path / "photos"))[[0]]
    before = photo.stat()
    Image.new("RGB", (64, 64), "blue").save(photo)
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (photo.stat().st_size, photo.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    (blue,) = pixels_of(read_all(tmp_path / "photos"))[[0]]
    assert (red == (255, 0, 0)).all()
    assert (blue == (0, 0, 255)).all()


def test_boxes_are_of_limited_size(root: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "BOX_PHOTOS", 5)
    found = read_all(root)
    assert sorted(file.stat().st_size // PHOTO_BYTES for file in files(home)) == [2, 5, 5]
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)
    assert_whole(home)
    again = read_all(root)
    assert len(files(home)) == 3
    assert_as_the_one_decoder_gives_it(pixels_of(again), again.photos)


# --- Damage ------------------------------------------------------------------------------------------------------------


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def made_by_another_version(file: Path) -> None:
    values = json.loads(file.read_bytes())
    file.write_text(json.dumps({**values, "making": [cache.MAKING + 1, SIZE]}))


def without_facts(file: Path) -> None:
    values = json.loads(file.read_bytes())
    for row in values["rows"]:
        del row["facts"]["look"]
    file.write_text(json.dumps(values))


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "pixels cut": (".u8", cut),
    "pixels empty": (".u8", lambda file: file.write_bytes(b"")),
    "pixels gone": (".u8", Path.unlink),
    "pixels too many": (".u8", lambda file: file.write_bytes(file.read_bytes() + bytes(PHOTO_BYTES))),
    "list cut": (".json", cut),
    "list empty": (".json", lambda file: file.write_bytes(b"")),
    "list of zeros": (".json", lambda file: file.write_bytes(bytes(5000))),
    "no list": (".json", lambda file: file.write_text("3")),
    "an empty object": (".json", lambda file: file.write_text("{}")),
    "rows that are none": (".json", lambda file: file.write_text(json.dumps({"making": [cache.MAKING, SIZE], "rows": 3}))),
    "another version": (".json", made_by_another_version),
    "without facts": (".json", without_facts),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_box_is_thrown_away_and_made_anew(root: Path, home: Path, what: str) -> None:
    whole = read_all(root)
    suffix, spoil = DAMAGE[what]
    (box,) = files(home, suffix)
    spoil(box)
    again = read_all(root)
    assert again.photos == whole.photos
    assert not box.exists()
    assert pixels_of(again).missing == 0
    assert_as_the_one_decoder_gives_it(pixels_of(again), again.photos)
    assert_whole(home)


@pytest.mark.parametrize("page", [0, 1, 74, 75, 150, 5 * 75 + 33, PHOTOS * 75 - 1])
def test_a_page_that_a_power_cut_lost_is_noticed_and_the_photo_is_decoded_again(root: Path, home: Path, page: int) -> None:
    """4096 bytes of zeros: 75 pages are one photo."""
    read_all(root)
    (box,) = files(home)
    with box.open("r+b") as file:
        file.seek(4096 * page)
        file.write(bytes(4096))
    found = read_all(root)
    pixels = pixels_of(found)
    assert pixels.missing == 1
    assert_as_the_one_decoder_gives_it(pixels, found.photos)
    assert not box.exists()
    assert pixels_of(read_all(root)).missing == 0  # made anew


def test_what_another_process_threw_away_is_decoded_again(root: Path, home: Path) -> None:
    found = read_all(root)
    for file in [*files(home), *files(home, ".json")]:
        file.unlink()
    pixels = pixels_of(found)
    assert pixels.missing == PHOTOS
    assert_as_the_one_decoder_gives_it(pixels, found.photos)


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be deleted there")
def test_what_is_thrown_away_while_it_is_used_stays_readable(root: Path, home: Path) -> None:
    found = read_all(root)
    pixels = pixels_of(found)
    for file in [*files(home), *files(home, ".json")]:
        file.unlink()
    for photo in found.photos:
        photo.path.rename(photo.path.with_suffix(".moved"))
    assert pixels[range(PHOTOS)].any(axis=(1, 2, 3)).all()


# --- No room -----------------------------------------------------------------------------------------------------------


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from resnet_finetune.data.cache import SIZE
from resnet_finetune.data.images import decode, square
from resnet_finetune.data.scan import scan_files
from resnet_finetune.words.home import home
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
found = scan_files(Path(sys.argv[1]), lambda done, total: None)
left = sum(file.is_file() for file in (home() / "pixels").rglob("*"))
pixels = found.shelf.pixels(found.photos)
same = [np.array_equal(pixels[[n]][0], square(decode(p.path, SIZE), SIZE)) for n, p in enumerate(found.photos)]
print(len(found.photos), found.shelf.full, pixels.missing > 0, all(same), left)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of POSIX")
@pytest.mark.parametrize("room", [0, 100, 5 * PHOTO_BYTES // 2, 3 * PHOTO_BYTES, PHOTOS * PHOTO_BYTES - 1000])
def test_on_a_full_disk_photos_are_decoded_when_they_are_needed(root: Path, room: int) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(root), str(room)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(PHOTOS), "True", "True", "True", "0"]  # nothing that was half written stays


@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", BOX_PHOTOS * PHOTO_BYTES - 1), ("SPARE", 10**18)])
def test_no_more_is_kept_than_there_is_room_for(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cache, limit, value)
        found = read_all(root)
        assert found.shelf.full
        assert files(home) == []
        assert pixels_of(found).missing == PHOTOS
        assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)

    again = read_all(root)  # there is room now
    assert not again.shelf.full
    assert again.photos == found.photos
    assert pixels_of(again).missing == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is no folder")
def test_a_home_that_cannot_be_written_keeps_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_FINETUNE_HOME", "/dev/full")
    found = read_all(root)
    assert found.shelf.full
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)


def changed(photo: Path) -> None:
    photo.write_bytes(photo.with_name("01.png").read_bytes())


@pytest.mark.parametrize("after", [changed, lambda photo: photo.write_bytes(b""), Path.unlink], ids=["other", "empty", "gone"])
def test_a_photo_that_has_to_be_read_again_and_is_another_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, after: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 0)
    pixels = pixels_of(read_all(root))
    after(root / "a" / "00.png")
    with pytest.raises(UserError, match=r"a/00\.png"):
        _ = pixels[[3, 0]]
    assert pixels[[3]].any()


def last_used(box: Path, days_ago: int) -> None:
    moment = box.with_suffix(".json").stat().st_mtime - days_ago * 24 * 60 * 60
    os.utime(box.with_suffix(".json"), (moment, moment))


@pytest.fixture
def room_for_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes of four photos, and room for three of them."""
    monkeypatch.setattr(cache, "BOX_PHOTOS", 4)
    monkeypatch.setattr(cache, "MOST_BYTES", 12 * PHOTO_BYTES)


@pytest.mark.usefixtures("room_for_three")
def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, home: Path) -> None:
    boxes = {}
    for age, name in ((1, "old"), (3, "oldest"), (2, "older")):
        before = set(files(home))
        read_all(make_photos(tmp_path / name, classes=["a"], each=4))
        (boxes[name],) = set(files(home)) - before
        last_used(boxes[name], days_ago=age)
    read_all(tmp_path / "oldest")  # it is the newest now
    read_all(make_photos(tmp_path / "new", classes=["a"], each=4))
    assert {name for name, box in boxes.items() if box.exists()} == {"old", "oldest"}
    assert len(files(home)) == 3
    assert_whole(home)


@pytest.mark.usefixtures("room_for_three")
def test_a_folder_never_pushes_out_its_own_photos(tmp_path: Path, home: Path) -> None:
    read_all(make_photos(tmp_path / "other", classes=["a"], each=4))
    found = read_all(make_photos(tmp_path / "large", classes=["a"], each=20))
    assert found.shelf.full
    assert pixels_of(found).missing == 8
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)
    assert len({file.parent for file in files(home)}) == 1  # the other folder had to go
    assert_whole(home)
    again = read_all(tmp_path / "large")
    assert pixels_of(again).missing == 8


# --- Others at the same time -------------------------------------------------------------------------------------------


def test_two_scans_of_a_folder_at_the_same_time_leave_both_whole(root: Path, home: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(read_all, [root, root]))
    for found in both:
        assert pixels_of(found).missing == 0
        assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)
    assert_whole(home)
    again = read_all(root)
    assert_as_the_one_decoder_gives_it(pixels_of(again), again.photos)
    assert_whole(home)


KILLED = """
import os, signal, sys
from pathlib import Path
from resnet_finetune.data import cache
from resnet_finetune.data.scan import scan_files
cache.BOX_PHOTOS = 5
def kill(done, total):
    if done == total:
        os.kill(os.getpid(), signal.SIGKILL)
scan_files(Path(sys.argv[1]), kill)
"""


@pytest.fixture
def killed(root: Path, home: Path) -> Path:
    """The box that a process was filling, its third, when it was killed."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(root)], cwd=ROOT, timeout=120)
    assert done.returncode == -signal.SIGKILL
    lists = {file.with_suffix(".u8") for file in files(home, ".json")}
    (orphan,) = set(files(home)) - lists
    return orphan


@pytest.mark.skipif(os.name == "nt", reason="needs a signal of POSIX")
def test_a_scan_that_was_killed_costs_only_the_box_that_it_was_filling(root: Path, home: Path, killed: Path) -> None:
    whole = [file.with_suffix(".u8") for file in files(home, ".json")]
    kept = Shelf(root)
    found = read_all(root)
    assert sum(kept.find(photo.digest) is not None for photo in found.photos) == 10
    assert pixels_of(found).missing == 0
    assert_as_the_one_decoder_gives_it(pixels_of(found), found.photos)
    assert all(file.exists() for file in whole)


@pytest.mark.skipif(os.name == "nt", reason="needs a signal of POSIX")
def test_what_a_killed_scan_left_goes_first_when_room_is_needed(
    root: Path, home: Path, killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [file.with_suffix(".u8") for file in files(home, ".json")]
    long_ago = killed.stat().st_mtime - ORPHAN_AGE - 1
    os.utime(killed, (long_ago, long_ago))
    monkeypatch.setattr(cache, "BOX_PHOTOS", 5)
    monkeypatch.setattr(cache, "MOST_BYTES", 15 * PHOTO_BYTES)
    found = read_all(root)
    assert not killed.exists()
    assert all(file.exists() for file in whole)
    assert pixels_of(found).missing == 0

"""Every file under a folder is read once, and is a photo, a table, or listed with the reason why it is neither."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, left_out, scanned, shared, some_of, write_photos
from PIL import Image

from resnet_finetune.data import scan
from resnet_finetune.data.cache import SIZE, Shelf
from resnet_finetune.data.images import decode, square
from resnet_finetune.data.names import located
from resnet_finetune.data.photos import fingerprint
from resnet_finetune.data.scan import Scan, scan_files

needs_links = pytest.mark.skipif(os.name == "nt", reason="links and odd names need rights there")


def read_all(root: Path) -> Scan:
    return scan_files(root, lambda done, total: None)


def kinds(found: Scan) -> dict[str, str]:
    return {problem.path: problem.kind for problem in found.problems}


def test_every_photo_is_hashed_measured_and_kept(demo: Path, tmp_path: Path) -> None:
    found = read_all(some_of(demo, tmp_path / "photos", each=3, classes=["Apple", "Melon"]))
    assert [photo.name for photo in found.photos] == sorted(photo.name for photo in found.photos)
    assert len(found.photos) == 6
    for photo, pixels in zip(found.photos, found.shelf.pixels(found.photos)[range(6)], strict=True):
        assert photo.path == tmp_path / "photos" / photo.name
        assert photo.digest == hashlib.sha256(photo.path.read_bytes()).hexdigest()
        with Image.open(photo.path) as image:
            assert (photo.facts.width, photo.facts.height) == image.size
        assert np.array_equal(pixels, square(decode(photo.path, SIZE), SIZE))


def test_every_file_is_used_or_listed(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*3", "dogs*2")
    (tmp_path / "cats" / "empty.jpg").touch()
    (tmp_path / "cats" / "notes.txt").write_text("buy milk")
    (tmp_path / "dogs" / "cut.png").write_bytes((tmp_path / "dogs" / "0.png").read_bytes()[:200])
    (tmp_path / "readme.md").write_text("# Pets")
    found = read_all(tmp_path)
    assert kinds(found) == {
        "cats/empty.jpg": "empty",
        "cats/notes.txt": "not-a-photo",
        "dogs/cut.png": "truncated",
        "readme.md": "not-a-photo",
    }
    assert len(found.photos) == 5
    assert all(problem.message.endswith(".") for problem in found.problems)
    assert sorted(found.folders) == ["cats", "dogs"]


def test_a_table_of_labels_is_read_and_a_damaged_one_is_listed(tmp_path: Path) -> None:
    write_photos(tmp_path, "1.png", "2.png")
    (tmp_path / "labels.csv").write_text("file,label\n1.png,cat\n2.png,dog\n")
    (tmp_path / "prices.csv").write_text("what,price\nmilk,1\nbread,2\n")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and then nothing of use")
    found = read_all(tmp_path)
    assert {name: table.labels for name, table in found.tables.items()} == {"labels.csv": {"1.png": "cat", "2.png": "dog"}}
    assert kinds(found) == {"prices.csv": "not-a-photo", "broken.xlsx": "unreadable-table"}


def test_a_photo_that_is_called_a_table_is_a_photo(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats/odd.csv")
    assert [photo.name for photo in read_all(tmp_path).photos] == ["cats/odd.csv"]


def test_nothing_under_the_folder_is_changed(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "photos", "cats*3")

    def state() -> list[tuple[Path, int, bytes]]:
        return sorted((file, file.stat().st_mtime_ns, file.read_bytes()) for file in root.rglob("*") if file.is_file())

    before = state()
    read_all(root)
    assert state() == before


def test_system_files_and_folders_are_passed_over_in_silence(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*2", "dogs*2", "__MACOSX/cats/._0.png", ".ipynb_checkpoints/a.png", "@eaDir/b.png")
    for name in ("Thumbs.db", "cats/desktop.ini", "cats/.DS_Store", "dogs/._0.png"):
        (tmp_path / name).write_bytes(b"not for you")
    found = read_all(tmp_path)
    assert len(found.photos) == 4
    assert found.problems == []
    assert sorted(found.folders) == ["cats", "dogs"]


def test_the_root_itself_may_be_hidden(tmp_path: Path) -> None:
    assert len(read_all(write_photos(tmp_path / ".cache", "cats*2", "dogs*2")).photos) == 4


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system there composes names itself")
def test_names_are_composed(tmp_path: Path) -> None:
    (photo,) = read_all(write_photos(tmp_path, unicodedata.normalize("NFD", "Käfer*1"))).photos
    assert photo.name == "Käfer/0.png"
    assert photo.path.is_file()
    assert located(tmp_path, photo.name).samefile(photo.path)
    photo.path.unlink()
    assert not located(tmp_path, photo.name).exists()
    assert not located(tmp_path / "gone", photo.name).exists()
    assert located(tmp_path, "ä" * 300) == tmp_path / ("ä" * 300)  # such a name cannot be
    (other,) = read_all(write_photos(tmp_path / "more", "Käfer*1")).photos  # beside the other, as after a merge
    write_photos(tmp_path / "more", unicodedata.normalize("NFD", "Käfer*2"))
    assert located(tmp_path / "more", "Käfer/1.png").is_file() and located(tmp_path / "more", other.name).is_file()


@needs_links
@pytest.mark.skipif(sys.platform == "darwin", reason="the file system there refuses such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    write_photos(tmp_path, "dogs*2", *(os.fsdecode(name) for name in (b"c\xe4t/\xff.png", b"c\xe4t/\xfe.png")))
    dataset = scanned(tmp_path)
    assert dataset.classes == ["c\ufffdt", "dogs"]
    assert left_out(dataset) == {"c\ufffdt/\ufffd.png": "same-name"}  # both are shown as �.png
    assert len(dataset.photos) + dataset.rejected == 4
    assert all(located(tmp_path, photo.name).samefile(photo.path) for photo in dataset.photos)
    fingerprint(dataset).encode()


@needs_links
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write_photos(tmp_path / "outside", "secret*1")
    root = write_photos(tmp_path / "root", "cats*2", "dogs*2")
    (root / "cats" / "link.png").symlink_to(outside / "secret" / "0.png")
    (root / "cats" / "broken.png").symlink_to("nowhere.png")
    (root / "secret").symlink_to(outside / "secret")
    (root / "dogs" / "loop").symlink_to(root)
    found = read_all(root)
    assert len(found.photos) == 4
    assert kinds(found) == dict.fromkeys(["cats/link.png", "cats/broken.png", "secret", "dogs/loop"], "link")


def test_a_junction_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Windows has any: here a folder is only taken for one."""
    root = write_photos(tmp_path, "cats*2", "dogs*2", "dogs/loop*1")
    monkeypatch.setattr(scan, "_is_junction", lambda entry: entry.name == "loop")
    found = read_all(root)
    assert kinds(found) == {"dogs/loop": "link"}
    assert len(found.photos) == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*2")
    os.mkfifo(tmp_path / "cats" / "pipe.jpg")
    assert kinds(read_all(tmp_path)) == {"cats/pipe.jpg": "unreadable"}


@pytest.mark.skipif(os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may read everything")
def test_what_may_not_be_read_is_listed(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*2", "dogs*2")
    (tmp_path / "cats" / "0.png").chmod(0)
    (tmp_path / "dogs").chmod(0)
    try:
        assert kinds(read_all(tmp_path)) == {"cats/0.png": "unreadable", "dogs": "unreadable"}
    finally:
        (tmp_path / "dogs").chmod(0o755)


def test_progress_counts_every_file(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    scan_files(write_photos(tmp_path, "cats*3", "dogs*2"), lambda done, total: seen.append((done, total)))
    assert seen[-5:] == [(done, 5) for done in range(1, 6)]
    assert seen[:-5] in ([(0, 2), (0, 5)], [(0, 3), (0, 5)])  # whichever folder is listed first


def test_it_can_be_stopped_while_folders_are_listed(tmp_path: Path) -> None:
    class StopNow(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert done == 0
        raise StopNow

    with pytest.raises(StopNow):
        scan_files(write_photos(tmp_path, "cats*3", "dogs*2"), stop)


def test_what_progress_raises_ends_the_scan_and_keeps_what_was_read(tmp_path: Path) -> None:
    class StopNow(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise StopNow

    root = write_photos(tmp_path / "photos", "cats*30")
    before = threading.active_count()
    with pytest.raises(StopNow):
        scan_files(root, stop)
    assert threading.active_count() <= before
    kept = Shelf(root)
    assert all(kept.find(photo.digest) is not None for photo in read_all(root).photos[:3])
    assert len(read_all(root).photos) == 30


def test_an_empty_folder(tmp_path: Path) -> None:
    found = read_all(tmp_path)
    assert (found.photos, found.problems, found.folders, found.tables) == ([], [], [], {})


def test_copies_are_measured_alike(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats/a.png")
    (tmp_path / "cats" / "b.png").write_bytes((tmp_path / "cats" / "a.png").read_bytes())
    first, second = read_all(tmp_path).photos
    assert (first.digest, first.facts) == (second.digest, second.facts)


def test_hostile_images_in_one_folder(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of memory is read there")
    root = shared("hostile_images.tar.gz", tmp_path / "unpacked")
    (tmp_path / "one" / "class").mkdir(parents=True)
    total = 0
    for file in sorted(root.rglob("*")):
        if file.is_file():
            file.rename(tmp_path / "one" / "class" / f"{total:04}{file.suffix}")
            total += 1
    program = (  # VmHWM, in kB; ru_maxrss would be that of the tests themselves, from which this process is forked
        "import pathlib, re, sys; from resnet_finetune.data.dataset import scan;"
        "data = scan(pathlib.Path(sys.argv[1]), lambda done, total: None);"
        "peak = re.search('VmHWM:\\s*(\\d+)', pathlib.Path('/proc/self/status').read_text())[1];"
        "print(len(data.photos), data.rejected, peak)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "one")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    usable, rejected, kilobytes = map(int, done.stdout.split())
    assert usable + rejected == total > 1000
    assert usable > 600
    assert kilobytes < 1_500_000
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_a_table_that_begins_like_a_picture_is_a_table(tmp_path: Path) -> None:
    write_photos(tmp_path, "images/BMW_1.png", "images/BMW_2.png", "images/VW_1.png", "images/VW_2.png")
    (tmp_path / "labels.csv").write_text("BMW_1.png,BMW\nBMW_2.png,BMW\nVW_1.png,VW\nVW_2.png,VW\n")
    dataset = scanned(tmp_path)
    assert dataset.classes == ["BMW", "VW"] and len(dataset.photos) == 4

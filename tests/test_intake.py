from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from resnet_finetune.data.dataset import scan
from resnet_finetune.data.intake import called, open_data
from resnet_finetune.words.errors import UserError


def photo(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, "PNG")
    return file.getvalue()


def write_zip(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


# --- What is opened ----------------------------------------------------------------------------------------------------


def test_a_folder_is_used_in_place(tmp_path: Path, home: Path) -> None:
    (tmp_path / "my photos" / "cats").mkdir(parents=True)
    for written in (str(tmp_path / "my photos"), f'"{tmp_path / "my photos"}"', f"  {tmp_path / 'my photos'}\n"):
        assert open_data(written) == tmp_path / "my photos"
    assert not home.exists()


def test_relative_and_home_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pets").mkdir()
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert open_data("pets") == open_data("~/pets") == tmp_path / "pets"
    assert open_data("./demo") == tmp_path / "demo"


def test_an_archive_is_unpacked_at_home(tmp_path: Path, home: Path) -> None:
    folder = open_data(str(write_zip(tmp_path / "pets.ZIP", ("cats/1.jpg", b"x"))))
    assert folder.parent == home / "unpacked"
    assert (folder / "cats" / "1.jpg").read_bytes() == b"x"
    assert called(folder) == "pets.ZIP"
    (damaged,) = (home / "unpacked").glob("*.name")
    damaged.write_bytes(b"{")
    assert called(folder) == folder.name
    assert called(tmp_path / "dogs") == "dogs"


def test_the_demo() -> None:
    dataset = scan(open_data("demo"), lambda done, total: None)
    assert dataset.classes == ["Apple", "Melon", "Orange", "Pear", "Satsumas"]
    assert len(dataset.photos) == 200
    assert not dataset.own_split


def test_a_damaged_member_is_left_to_the_scan(tmp_path: Path) -> None:
    whole, hurt = photo("red"), photo("blue") + bytes(1000)
    path = write_zip(tmp_path / "a.zip", ("cats/1.png", whole), ("cats/2.png", hurt), ("dogs/1.png", photo("green")))
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("cats/2.png").header_offset + 30 + len("cats/2.png") + 4
    data = bytearray(path.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    dataset = scan(open_data(str(path)), lambda done, total: None)
    assert [found.name for found in dataset.photos] == ["cats/1.png", "dogs/1.png"]
    assert [problem.path for problem in dataset.problems if problem.left_out] == ["cats/2.png"]


# --- What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "No photos were chosen"),
        ("   ", "No photos were chosen"),
        ("no such folder", "There is no folder or .zip called no such folder"),
        ("no such user's photos.zip", "There is no folder or .zip"),
        ("~no-such-user/photos", "could not be opened"),
        ("x" * 5000, "could not be opened"),
        ("nul\0byte", "There is no folder"),
    ],
)
def test_what_is_not_there(data: str, reason: str) -> None:
    with pytest.raises(UserError) as caught:
        open_data(data)
    (message,) = caught.value.messages
    assert reason in message


def test_an_archive_that_is_not_safe(tmp_path: Path, home: Path) -> None:
    path = write_zip(tmp_path / "photos.zip", ("../evil.jpg", b"x"))
    with pytest.raises(UserError, match=r"^photos\.zip holds a file that would land outside its folder \(\.\./evil\.jpg\): do"):
        open_data(str(path))
    assert not home.exists()


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar", "photos.tar.gz", "photos.tgz"])
@pytest.mark.parametrize("content", [b"", b"<html>Please log in</html>", b"\x1f\x8b and so on", b"PK\x05\x06 and so on"])
def test_an_archive_that_is_not_whole(tmp_path: Path, home: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        open_data(str(tmp_path / name))
    assert caught.value.messages == (f"{name} is not a whole {name.removeprefix('photos')}: download it or copy it again.",)
    assert not home.exists()


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(photo("red"))
    with pytest.raises(UserError, match=r"cat\.png is neither a folder nor a \.zip or \.tar"):
        open_data(str(tmp_path / "cat.png"))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="zero is neither a folder nor"):
        open_data("/dev/zero")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(UserError, match="pipe is neither a folder nor"):
            open_data(str(tmp_path / "pipe"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a place that cannot be written")
def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_FINETUNE_HOME", "/dev/full/home")
    with pytest.raises(UserError, match="could not be opened"):
        open_data(str(write_zip(tmp_path / "a.zip", ("cats/1.jpg", b"x"))))

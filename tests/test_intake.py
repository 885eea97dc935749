from __future__ import annotations

import hashlib
import io
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from PIL import Image

from resnet_finetune.data import intake
from resnet_finetune.data.dataset import scan
from resnet_finetune.data.intake import open_data
from resnet_finetune.words.errors import UserError


def photo(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, "PNG")
    return file.getvalue()


def write_zip(path: Path, *members: str | tuple[str | ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as archive:
        for member in members:
            name, content = (member, b"content of " + member.encode()) if isinstance(member, str) else member
            archive.writestr(name, content)
    return path


def files_under(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_is_unpacked_once(tmp_path: Path, home: Path, method: int) -> None:
    path = write_zip(tmp_path / "pets.ZIP", "cats/1.jpg", "cats/deep/er/1.jpg", "dogs/1.jpg", ("birds/", b""), method=method)
    folder = open_data(str(path))
    assert folder == home / "unpacked" / hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    names = ["cats/1.jpg", "cats/deep/er/1.jpg", "dogs/1.jpg"]
    assert files_under(folder) == {name: b"content of " + name.encode() for name in names}
    assert (folder / "birds").is_dir()
    assert list(folder.parent.iterdir()) == [folder]  # nothing temporary is left

    (folder / "dogs" / "1.jpg").write_bytes(b"touched")
    copy = tmp_path / "the same.zip"
    copy.write_bytes(path.read_bytes())
    assert open_data(str(copy)) == folder
    assert (folder / "dogs" / "1.jpg").read_bytes() == b"touched"


def test_the_demo() -> None:
    dataset = scan(open_data("demo"), lambda done, total: None)
    assert dataset.classes == ["Apple", "Melon", "Orange", "Pear", "Satsumas"]
    assert len(dataset.photos) == 200
    assert not dataset.own_split


def test_system_files_are_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", "cats/1.jpg", "__MACOSX/cats/._1.jpg", "cats/.DS_Store", "cats/Thumbs.db", "a/b.txt")
    assert sorted(files_under(open_data(str(path)))) == ["a/b.txt", "cats/1.jpg"]


def test_a_damaged_member_is_left_to_the_scan(tmp_path: Path) -> None:
    whole, hurt = photo("red"), photo("blue") + bytes(1000)
    path = write_zip(tmp_path / "a.zip", ("cats/1.png", whole), ("cats/2.png", hurt), ("dogs/1.png", photo("green")))
    with ZipFile(path) as archive:
        at = archive.getinfo("cats/2.png").header_offset + 30 + len("cats/2.png") + 4
    data = bytearray(path.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    dataset = scan(open_data(str(path)), lambda done, total: None)
    assert [found.name for found in dataset.photos] == ["cats/1.png", "dogs/1.png"]
    assert [problem.path for problem in dataset.problems] == ["cats/2.png"]


# --- Names -------------------------------------------------------------------------------------------------------------


def renamed(path: Path, placeholder: bytes, name: bytes) -> Path:
    """Put other bytes of the same length in the place of a name, as no Python would write them."""
    assert len(placeholder) == len(name)
    data = path.read_bytes()
    assert data.count(placeholder) == 2
    path.write_bytes(data.replace(placeholder, name))
    return path


def test_names_in_every_encoding(tmp_path: Path) -> None:
    marked = write_zip(tmp_path / "1.zip", ("Gänse 🌼/バラ.jpg", b"x"))
    unmarked = renamed(write_zip(tmp_path / "2.zip", ("G__nse/a.jpg", b"x")), b"G__nse", "Gänse".encode())
    cp437 = renamed(write_zip(tmp_path / "3.zip", ("G_nse/a.jpg", b"x")), b"G_nse", b"G\x84nse")
    mac = write_zip(tmp_path / "4.zip", (unicodedata.normalize("NFD", "Gänse/a.jpg"), b"x"))
    windows = write_zip(tmp_path / "5.zip", ("G__nse_a.jpg", b"x"))
    windows = renamed(windows, b"G__nse_a.jpg", "Gänse\\a.jpg".encode())
    assert list(files_under(open_data(str(marked)))) == ["Gänse 🌼/バラ.jpg"]
    for path in (unmarked, cp437, mac, windows):
        assert list(files_under(open_data(str(path)))) == ["Gänse/a.jpg"], path


def test_names_that_windows_refuses() -> None:
    assert [
        intake._allowed(name) for name in ("what?.jpg", "a:b", "dots...", "con", "aux.jpg", "console", "Äpfel & co.jpg")
    ] == [
        "what_.jpg",
        "a_b",
        "dots",
        "con_",
        "aux_.jpg",
        "console",
        "Äpfel & co.jpg",
    ]


# --- What is refused ---------------------------------------------------------------------------------------------------


def link(name: str, kind: int = stat.S_IFLNK) -> ZipInfo:
    info = ZipInfo(name)
    info.create_system = 3  # Unix
    info.external_attr = (kind | 0o777) << 16
    return info


def with_password(path: Path) -> Path:
    write_zip(path, "cats/1.jpg")
    data = bytearray(path.read_bytes())
    data[6] |= 1  # flags in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the table of contents
    path.write_bytes(data)
    return path


def with_method(path: Path, method: int) -> Path:
    write_zip(path, "cats/1.jpg")
    data = bytearray(path.read_bytes())
    data[8] = method
    data[data.index(b"PK\x01\x02") + 10] = method
    path.write_bytes(data)
    return path


def with_entries(path: Path, count: int, zip64: bool) -> Path:
    """A zip whose table of contents names one empty file ``count`` times."""
    data = write_zip(path, ("cats/000.jpg", b"")).read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    table = data[start:end] * count
    records = b""
    if zip64:
        records = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(table), start)
        records += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(table), 1)
    number, length = (0xFFFF, 0xFFFFFFFF) if zip64 else (count & 0xFFFF, len(table))
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, number, number, length, start, 0)
    path.write_bytes(data[:start] + table + records + tail)
    return path


def garbled(path: Path) -> Path:
    """A name that is marked as UTF-8 and is not."""
    return renamed(write_zip(path, ("cats/ä.jpg", b"x")), "ä".encode(), b"\xff\xff")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "up": (lambda path: write_zip(path, "cats/1.jpg", "../evil.jpg"), "outside its folder"),
    "up inside": (lambda path: write_zip(path, "cats/../../evil.jpg"), "outside its folder"),
    "up, hidden": (lambda path: write_zip(path, "../.evil"), "outside its folder"),
    "absolute": (lambda path: write_zip(path, "/tmp/evil.jpg"), "outside its folder"),
    "drive": (lambda path: write_zip(path, "C:/evil.jpg"), "outside its folder"),
    "backslashes": (lambda path: write_zip(path, "..\\evil.jpg"), "outside its folder"),
    "network": (lambda path: write_zip(path, "\\\\server\\share\\evil.jpg"), "outside its folder"),
    "link": (lambda path: write_zip(path, (link("cats"), b"/tmp"), ("cats/evil.jpg", b"x")), "holds a link"),
    "device": (lambda path: write_zip(path, (link("cats/null", stat.S_IFCHR), b"")), "holds a link"),
    "password": (with_password, "password"),
    "nested": (lambda path: write_zip(path, "cats/1.jpg", "more/Inner.ZIP"), "another .zip"),
    "case of a file": (lambda path: write_zip(path, "cats/a.jpg", "cats/A.JPG"), "take for one"),
    "case of a folder": (lambda path: write_zip(path, "Cats/1.jpg", "cats/2.jpg"), "take for one"),
    "sharp s": (lambda path: write_zip(path, "Straße/1.jpg", "STRASSE/2.jpg"), "take for one"),
    "file and folder": (lambda path: write_zip(path, "cats", "cats/1.jpg"), "take for one"),
    "folder and file": (lambda path: write_zip(path, "cats/1.jpg", "cats"), "take for one"),
    "composed": (lambda path: write_zip(path, "K\u00e4fer/1.jpg", "Ka\u0308fer/1.jpg"), "take for one"),
    "bomb": (lambda path: write_zip(path, ("cats/zeros.bmp", bytes(150_000_000))), "0.1 GB"),
    "many": (lambda path: with_entries(path, 300_000, zip64=True), "more than 100,000 files"),
    "many, unsaid": (lambda path: with_entries(path, 300_000, zip64=False), "more than 100,000 files"),
    "method": (lambda path: with_method(path, 9), "method 9"),
    "long name": (lambda path: write_zip(path, "cats/" + "a" * 256), "too long"),
    "long path": (lambda path: write_zip(path, "a/" * 600 + "1.jpg"), "too long"),
    "garbled": (garbled, "not a whole .zip"),
    "cut": (lambda path: path.write_bytes(write_zip(path, "cats/1.jpg").read_bytes()[:-30]), "not a whole .zip"),
    "table cut": (lambda path: path.write_bytes(with_entries(path, 2, zip64=False).read_bytes()[60:]), "not a whole .zip"),
    "empty": (lambda path: path.touch(), "not a whole .zip"),
    "text": (lambda path: path.write_text("PK\x05\x06 and so on"), "not a whole .zip"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_zips_that_are_refused(name: str, tmp_path: Path, home: Path) -> None:
    write, reason = REFUSED[name]
    inner = tmp_path / "inner"
    inner.mkdir()
    write(inner / "photos.zip")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(UserError) as caught:
        open_data(str(inner / "photos.zip"))
    (message,) = caught.value.messages
    assert reason in message
    assert message.startswith("photos.zip ")
    assert message.endswith(".")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} <= before
    assert not list(home.rglob("*.jpg"))


def test_entries_that_share_one_block_are_counted_each(tmp_path: Path, home: Path) -> None:
    """The bomb without nesting (Fifield 2019, "A better zip bomb"): small itself, large by what its entries promise."""
    path = write_zip(tmp_path / "a.zip", ("00/zeros", bytes(5_000_000)))
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    table = b"".join(data[start:end].replace(b"00/", f"{number:02}/".encode()) for number in range(60))
    path.write_bytes(data[:start] + table + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 60, 60, len(table), start, 0))
    with pytest.raises(UserError, match=r"would grow to 0\.3 GB"):
        open_data(str(path))
    assert not home.exists()


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


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(photo("red"))
    with pytest.raises(UserError, match=r"cat\.png is neither a folder nor a \.zip"):
        open_data(str(tmp_path / "cat.png"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a place that cannot be written")
def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_FINETUNE_HOME", "/dev/full/home")
    with pytest.raises(UserError, match="could not be opened"):
        open_data(str(write_zip(tmp_path / "a.zip", "cats/1.jpg")))


def test_a_zip_for_which_the_disk_has_no_room(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "SPARE", 10**18)  # more than any disk has
    with pytest.raises(UserError, match="make room first"):
        open_data(str(write_zip(tmp_path / "a.zip", "cats/1.jpg")))
    assert files_under(home) == {}

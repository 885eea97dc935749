from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import stat
import struct
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from tarfile import TarInfo
from zipfile import ZipFile, ZipInfo

import pytest

from resnet_finetune.data import names, tars, unpacking
from resnet_finetune.data.archives import unpack
from resnet_finetune.data.names import Places, UnsafeName, archive_suffix, shown
from resnet_finetune.data.unpacking import NotWhole
from resnet_finetune.data.zips import TooManyEntries, open_zip
from resnet_finetune.words.errors import UserError

Member = str | tuple[str, bytes]

TARS = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"]
KINDS = [".zip", *TARS]
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def content_of(member: Member) -> tuple[str, bytes]:
    return (member, b"content of " + member.encode()) if isinstance(member, str) else member


def write_zip(path: Path, *members: Member | tuple[ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as archive:
        for member in members:
            name, content = member if not isinstance(member, str) else content_of(member)
            archive.writestr(name, content)
    return path


def write_tar(path: Path, *members: Member | TarInfo, format: int = tarfile.PAX_FORMAT) -> Path:
    ending = path.suffix[1:].replace("tgz", "gz").replace("tar", "")
    with tarfile.open(path, f"w:{ending}", format=format) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, TarInfo):
                archive.addfile(member)
                continue
            name, content = content_of(member)
            info = TarInfo(name)
            info.size = len(content)
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            archive.addfile(info, io.BytesIO(content))
    return path


def write(path: Path, *members: Member) -> Path:
    return write_zip(path, *members) if path.suffix == ".zip" else write_tar(path, *members)


def files_under(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


# --- What is unpacked --------------------------------------------------------------------------------------------------


def check_unpacked_once(path: Path, parent: Path) -> None:
    folder = unpack(path, parent)
    assert folder == parent / hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    names = ["cats/1.jpg", "cats/deep/er/1.jpg", "dogs/1.jpg"]
    assert files_under(folder) == {name: b"content of " + name.encode() for name in names}
    assert (folder / "birds").is_dir()
    assert list(parent.iterdir()) == [folder]  # nothing temporary is left

    (folder / "dogs" / "1.jpg").write_bytes(b"touched")
    copy = path.with_name("the same" + path.suffix)
    copy.write_bytes(path.read_bytes())
    assert unpack(copy, parent) == folder
    assert (folder / "dogs" / "1.jpg").read_bytes() == b"touched"


PETS = ("cats/1.jpg", "cats/deep/er/1.jpg", "dogs/1.jpg", ("birds/", b""))


@pytest.mark.parametrize("method", METHODS)
def test_a_zip_is_unpacked_once(tmp_path: Path, method: int) -> None:
    check_unpacked_once(write_zip(tmp_path / "pets.zip", *PETS, method=method), tmp_path / "unpacked")


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("kind", TARS)
def test_a_tar_is_unpacked_once(tmp_path: Path, kind: str, format: int) -> None:
    check_unpacked_once(write_tar(tmp_path / f"pets{kind}", *PETS, format=format), tmp_path / "unpacked")


def test_an_archive_is_known_by_its_content(tmp_path: Path) -> None:
    for kind in KINDS:
        path = write(tmp_path / f"pets{kind}", "cats/1.jpg").rename(tmp_path / "download")
        assert list(files_under(unpack(path, tmp_path / "unpacked"))) == ["cats/1.jpg"]


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.zip", ".zip"),
        ("A.ZIP", ".zip"),
        ("a.tar", ".tar"),
        ("a.b.Tar.GZ", ".tar.gz"),
        ("a.tgz", ".tgz"),
        ("a.tar.bz2", ".tar.bz2"),
        ("a.txz", ".txz"),
        ("a.gz", None),
        ("a.jpg", None),
        ("zip", None),
    ],
)
def test_endings(name: str, ending: str | None) -> None:
    assert archive_suffix(name) == ending


@pytest.mark.parametrize("kind", KINDS)
def test_system_files_are_not_unpacked(tmp_path: Path, kind: str) -> None:
    members = ("cats/1.jpg", "__MACOSX/cats/._1.jpg", "cats/.DS_Store", "cats/Thumbs.db", "a/b.txt", ".git/inner.zip")
    path = write(tmp_path / f"a{kind}", *members)
    assert sorted(files_under(unpack(path, tmp_path / "unpacked"))) == ["a/b.txt", "cats/1.jpg"]


def test_a_link_of_the_system_is_passed_over(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", special("cats/.1.jpg", tarfile.SYMTYPE), "cats/1.jpg")
    assert list(files_under(unpack(path, tmp_path / "unpacked"))) == ["cats/1.jpg"]


def test_rights_and_owners_are_not_taken_over(tmp_path: Path) -> None:
    info = TarInfo("cats/1.jpg")
    info.mode, info.uid, info.gid, info.mtime = 0o6777, 1, 1, 1
    place = unpack(write_tar(tmp_path / "a.tar", info), tmp_path / "unpacked") / "cats" / "1.jpg"
    (tmp_path / "plain").touch()
    expected, found = (tmp_path / "plain").stat(), place.stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (expected.st_mode, expected.st_uid, expected.st_gid)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize("patience", [0, 3])
def test_it_can_be_stopped_and_leaves_nothing(tmp_path: Path, name: str, patience: int) -> None:
    class StopNow(Exception):
        pass

    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > patience:
            raise StopNow

    path = write(tmp_path / name, *(f"cats/{number}.jpg" for number in range(9)))
    with pytest.raises(StopNow):
        unpack(path, tmp_path / "unpacked", check)
    assert not everything(tmp_path / "unpacked")
    assert len(files_under(unpack(path, tmp_path / "unpacked"))) == 9


def test_what_a_kill_left_of_another_archive_goes_after_a_day(tmp_path: Path) -> None:
    parent = tmp_path / "unpacked"
    old, new = parent / ".unpacking-old", parent / ".unpacking-new"
    for left in (old, new):
        (left / "photos").mkdir(parents=True)
        (left / "photos" / "1.jpg").write_bytes(b"x")
    day_before = time.time() - 25 * 60 * 60
    os.utime(old, (day_before, day_before))
    folder = unpack(write_zip(tmp_path / "a.zip", "cats/1.jpg"), parent)
    os.utime(folder, (day_before, day_before))
    assert set(parent.iterdir()) == {folder, new}  # the other may be in the making
    unpack(write_zip(tmp_path / "b.zip", "cats/2.jpg"), parent)
    assert files_under(folder) == {"cats/1.jpg": b"content of cats/1.jpg"}


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_member_of_a_zip_is_kept_as_far_as_it_can_be_read(tmp_path: Path, method: int) -> None:
    whole, hurt = os.urandom(1000), os.urandom(300_000)
    path = write_zip(tmp_path / "a.zip", ("cats/1.jpg", whole), ("cats/2.jpg", hurt), ("dogs/1.jpg", whole), method=method)
    with ZipFile(path) as archive:
        at = archive.getinfo("cats/2.jpg").header_offset + 30 + len("cats/2.jpg") + 250_000
    data = bytearray(path.read_bytes())
    data[at : at + 1000] = bytes(1000)
    path.write_bytes(data)
    found = files_under(unpack(path, tmp_path / "unpacked"))
    assert found["cats/1.jpg"] == found["dogs/1.jpg"] == whole
    assert found["cats/2.jpg"] != hurt
    if method != zipfile.ZIP_BZIP2:  # its blocks are larger than this file
        assert found["cats/2.jpg"][:100_000] == hurt[:100_000]


def test_a_member_that_is_said_to_lie_before_the_zip_is_empty(tmp_path: Path) -> None:
    """As when the first bytes of a file are lost."""
    path = write_zip(tmp_path / "a.zip", ("cats/1.jpg", b"first"), ("cats/2.jpg", b"second"))
    path.write_bytes(path.read_bytes()[7:])
    assert files_under(unpack(path, tmp_path / "unpacked")) == {"cats/1.jpg": b"", "cats/2.jpg": b"second"}


def test_a_large_zip_of_a_mac_is_read_to_its_end(tmp_path: Path) -> None:
    """Over 4 GB, it says the last 32 bits of each offset only. Here what lies between two photos takes no room on the disk."""
    names = [f"cats/{number}.jpg" for number in range(8)]
    data = write_zip(tmp_path / "small.zip", *names).read_bytes()
    with ZipFile(tmp_path / "small.zip") as archive:
        at = [info.header_offset for info in archive.infolist()] + [archive.start_dir]
    places = [place + number * 3 * 2**29 for number, place in enumerate(at)]
    table = bytearray(data[at[-1] :])
    entries = [match.start() + 42 for match in re.finditer(b"PK\x01\x02", table)]
    for told, place in zip([*entries, table.index(b"PK\x05\x06") + 16], places, strict=True):
        struct.pack_into("<L", table, told, place % 2**32)
    with (tmp_path / "large.zip").open("wb") as file:
        for here, end, place in zip(at, at[1:], places, strict=False):
            file.seek(place)
            file.write(data[here:end])
        file.seek(places[-1])
        file.write(table)
    with (tmp_path / "large.zip").open("rb", buffering=0) as raw, open_zip(raw, 10) as archive:
        assert [archive.read(info).decode() for info in archive.infolist()] == [f"content of {name}" for name in names]


@pytest.mark.parametrize("method", METHODS)
def test_a_member_of_a_zip_gets_no_larger_than_it_claims(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "a.zip", ("cats/1.bmp", bytes(50_000_000)), method=method)
    data = path.read_bytes()
    data = data.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 1000))
    path.write_bytes(data)
    found = files_under(unpack(path, tmp_path / "unpacked"))
    assert len(found["cats/1.bmp"]) <= 1000


# --- Names -------------------------------------------------------------------------------------------------------------


def renamed(path: Path, placeholder: bytes, name: bytes) -> Path:
    """Put other bytes of the same length in the place of a name, as no Python would write them."""
    assert len(placeholder) == len(name)
    data = path.read_bytes()
    assert data.count(placeholder) == 2
    path.write_bytes(data.replace(placeholder, name))
    return path


def test_names_in_every_encoding(tmp_path: Path) -> None:
    def names(path: Path) -> list[str]:
        return list(files_under(unpack(path, tmp_path / "unpacked")))

    assert names(write_zip(tmp_path / "1.zip", ("Gänse 🌼/バラ.jpg", b"x"))) == ["Gänse 🌼/バラ.jpg"]
    unmarked = renamed(write_zip(tmp_path / "2.zip", ("G__nse/a.jpg", b"x")), b"G__nse", "Gänse".encode())
    cp437 = renamed(write_zip(tmp_path / "3.zip", ("G_nse/a.jpg", b"x")), b"G_nse", b"G\x84nse")
    mac = write_zip(tmp_path / "4.zip", (unicodedata.normalize("NFD", "Gänse/a.jpg"), b"x"))
    windows = write_zip(tmp_path / "5.zip", ("G__nse_a.jpg", b"x"))
    windows = renamed(windows, b"G__nse_a.jpg", "Gänse\\a.jpg".encode())
    for path in (unmarked, cp437, mac, windows):
        assert names(path) == ["Gänse/a.jpg"], path


def in_gbk(path: Path, *wanted: str, told: str = "", of: bytes = b"") -> Path:
    """A zip as Windows packs it in Chinese; ``told`` is what the first entry says its name is, if that is ``of`` in bytes."""
    spare = [str(number) * len(name.encode("gb18030")) for number, name in enumerate(wanted)]
    entries = [(ZipInfo(name), b"x") for name in spare]
    if told:
        field = struct.pack("<BL", 1, zlib.crc32(of)) + told.encode()
        entries[0][0].extra = struct.pack("<HHxHH", 0x9999, 1, 0x7075, len(field)) + field  # behind another field
    write_zip(path, *entries)
    for name, placeholder in zip(wanted, spare, strict=True):
        renamed(path, placeholder.encode(), name.encode("gb18030"))
    return path


def test_names_from_windows_in_chinese(tmp_path: Path) -> None:
    wanted = ["照片/苹果/图1.jpg", "照片/蘋果（紅）/图“2”.jpg", "照片/乗\\图3.jpg"]
    assert b"\\" in "乗".encode("gb18030")[1:]
    unpacked = unpack(in_gbk(tmp_path / "a.zip", *wanted), tmp_path / "unpacked")
    assert set(files_under(unpacked)) == {name.replace("\\", "/") for name in wanted}


@pytest.mark.parametrize(
    "wanted", ["①苹果/1.jpg", "苹果25℃/1.jpg", "★苹果/1.jpg", "苹果×2/1.jpg", "苹果/α1.jpg", "苹果·红—“大”…/1.jpg"]
)
def test_a_sign_beside_chinese_names(tmp_path: Path, wanted: str) -> None:
    for number, those in enumerate(([wanted], [wanted, "梨/2.jpg"])):
        unpacked = unpack(in_gbk(tmp_path / f"{number}.zip", *those), tmp_path / "unpacked")
        assert set(files_under(unpacked)) == set(those)


@pytest.mark.parametrize(
    "wanted", [["cañón/1.jpg"], ["cañón/1.jpg", "árbol/2.jpg"], ["Grün/1.jpg", "Größe/2.jpg", "piñón/3.jpg"]]
)
def test_names_whose_letters_could_be_signs_in_chinese(tmp_path: Path, wanted: list[str]) -> None:
    assert "ñó".encode("cp437").decode("gb2312") == "あ"
    spare = [str(number) * len(name) for number, name in enumerate(wanted)]
    path = write_zip(tmp_path / "a.zip", *((name, b"x") for name in spare))
    for name, placeholder in zip(wanted, spare, strict=True):
        renamed(path, placeholder.encode(), name.encode("cp437"))
    assert set(files_under(unpack(path, tmp_path / "unpacked"))) == set(wanted)


def test_a_name_that_is_told_once_more_in_unicode(tmp_path: Path) -> None:
    raw = "사과/1.jpg".encode("cp949")
    name = raw.decode("gb18030")

    def found(told: str, of: bytes) -> list[str]:
        return list(files_under(unpack(in_gbk(tmp_path / "a.zip", name, told=told, of=of), tmp_path / "unpacked")))

    assert found("사과/1.jpg", raw) == ["사과/1.jpg"]
    assert found("사과/1.jpg", b"the name before it was changed") == [name]
    for told in ("../1.jpg", "/etc/1.jpg", "C:\\1.jpg"):
        with pytest.raises(UserError, match=OUTSIDE):
            found(told, raw)


LONG = "Gänse/" + "weit/" * 20 + "weg " * 40 + "🌼.jpg"  # too long for a header of its own


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_in_a_tar(tmp_path: Path, format: int, encoding: str) -> None:
    wanted = ["Gänse/a.jpg", unicodedata.normalize("NFD", "Gänse/b.jpg"), LONG]
    if encoding == "latin-1":
        wanted = ["Gänse/a.jpg", "Gänse/b.jpg"]
    with tarfile.open(tmp_path / "a.tar", "w", format=format, encoding=encoding) as archive:
        for name in wanted:
            archive.addfile(TarInfo(name))
    found = files_under(unpack(tmp_path / "a.tar", tmp_path / "unpacked"))
    assert set(found) == {unicodedata.normalize("NFC", name) for name in wanted}


def test_a_long_name_in_the_header_itself(tmp_path: Path) -> None:
    name = "a" * 90 + "/" + "b" * 90 + ".jpg"
    path = write_tar(tmp_path / "a.tar", name, format=tarfile.USTAR_FORMAT)
    assert list(files_under(unpack(path, tmp_path / "unpacked"))) == [name]


def test_names_that_windows_refuses() -> None:
    allowed = {
        "what?.jpg": "what_.jpg",
        "a:b": "a_b",
        "dots...": "dots",
        "con": "con_",
        "aux.jpg": "aux_.jpg",
        "console": "console",
        "Äpfel & co.jpg": "Äpfel & co.jpg",
    }
    assert {name: names._allowed_on_windows(name) for name in allowed} == allowed


def test_a_path_is_taken_whole_or_not_at_all() -> None:
    places = Places()
    places.take(("cats", "1.jpg"), is_file=True)
    assert len(places) == 2
    for parts in (("Cats", "a", "2.jpg"), ("cats", "1.jpg", "2.jpg"), ("cats", "1.JPG"), ("cats", "1.jpg")):
        with pytest.raises(UnsafeName):
            places.take(parts, is_file=True)
    assert len(places) == 2
    places.take(("cats", "a", "2.jpg"), is_file=True)
    places.take(("cats",), is_file=False)
    assert len(places) == 4


def test_names_are_shown_on_one_line() -> None:
    assert shown("Gänse 🌼/バラ.jpg") == "Gänse 🌼/バラ.jpg"
    assert shown("a\nb\x1b\u202ec") == "a�b��c"
    assert shown("x" * 1000) == "x" * 99 + "…"


# --- What is refused ---------------------------------------------------------------------------------------------------


def zip_special(name: str, kind: int) -> ZipInfo:
    info = ZipInfo(name)
    info.create_system = 3  # Unix
    info.external_attr = (kind | 0o777) << 16
    return info


def special(name: str, kind: bytes) -> TarInfo:
    info = TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def with_flag(path: Path, flag: int) -> Path:
    write_zip(path, "cats/1.jpg")
    data = bytearray(path.read_bytes())
    data[6] |= flag  # in the member's header
    data[data.index(b"PK\x01\x02") + 8] |= flag  # and in the table of contents
    path.write_bytes(data)
    return path


def with_version(path: Path, version: int) -> Path:
    write_zip(path, "cats/1.jpg")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = version
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


def with_long_table(path: Path) -> Path:
    """A large file that is its own table of contents, which nobody should read into memory."""
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")  # by which a zip is known
        file.seek(200_000_000)
        file.write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, 200_000_000, 0, 0))
    return path


def with_decoy(path: Path, count: int) -> Path:
    """Such a zip whose last entry has a comment that looks like zip64's record of the end, and says that there is no table."""
    data = with_entries(path, count, zip64=False).read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    decoy = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 0, 0, 0, 0) + bytes(20)
    table = bytearray(data[start:end])
    struct.pack_into("<H", table, table.rindex(b"PK\x01\x02") + 32, len(decoy))
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0, 0, len(table) + len(decoy), start, 0)
    path.write_bytes(data[:start] + table + decoy + tail)
    return path


END = bytes(2 * 512)


def header(name: str = "cats/1.bmp", size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def filled(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def packed(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content, 6) if path.suffix == ".gz" else content)
    return path


def bomb(path: Path, behind: bytes = b"") -> Path:
    """200 MB of nothing, perhaps behind something; as many bytes are claimed as come."""
    with gzip.open(path, "wb") as file:
        if behind:
            file.write(header("cats/1.jpg", len(behind)) + filled(behind))
        for number in range(10):
            file.write(header(f"cats/{number}.bmp", 20_000_000) + filled(bytes(20_000_000)))
        file.write(END)
    return path


def note(record: bytes) -> bytes:
    return header(size=len(record), kind=b"x") + filled(record) + header() + END


def checksummed(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def with_size(field: bytes) -> bytes:
    block = bytearray(header())
    block[124:136] = field
    return checksummed(block)


OUTSIDE, ONE = "outside its folder", "some computers take for another"

REFUSED_IN_ALL: dict[str, tuple[tuple[Member, ...], str]] = {
    "up": (("cats/1.jpg", "../evil.jpg"), OUTSIDE),
    "up inside": (("cats/../../evil.jpg",), OUTSIDE),
    "up, hidden": (("../.evil",), OUTSIDE),
    "absolute": (("/tmp/evil.jpg",), OUTSIDE),
    "drive": (("C:/evil.jpg",), OUTSIDE),
    "backslashes": (("..\\evil.jpg",), OUTSIDE),
    "network": (("\\\\server\\share\\evil.jpg",), OUTSIDE),
    "nested zip": (("cats/1.jpg", "more/Inner.ZIP"), "holds another .zip (more/Inner.ZIP)"),
    "nested tar": (("cats/1.jpg", "inner.tar.gz"), "holds another .tar.gz (inner.tar.gz)"),
    "case of a file": (("cats/a.jpg", "cats/A.JPG"), ONE),
    "case of a folder": (("Cats/1.jpg", "cats/2.jpg"), ONE),
    "sharp s": (("Straße/1.jpg", "STRASSE/2.jpg"), ONE),
    "file and folder": (("cats", "cats/1.jpg"), ONE),
    "folder and file": (("cats/1.jpg", "cats"), ONE),
    "composed": (("K\u00e4fer/1.jpg", "Ka\u0308fer/1.jpg"), "is there twice"),
    "bomb": ((("cats/zeros.bmp", bytes(150_000_000)),), "would grow to 0.1 GB, more than 100 times its own size"),
    "long name": (("cats/" + "a" * 256,), "too long"),
    "long path": (("a/" * 600 + "1.jpg",), "too long"),
    "no files": ((), "is empty"),
    "only files of the system": (("__MACOSX/1.jpg", ".DS_Store"), "is empty"),
}  # fmt: skip

REFUSED_ZIPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (lambda path: write_zip(path, (zip_special("cats", stat.S_IFLNK), b"/tmp"), "cats/1.jpg"), "holds a link (cats)"),
    "device": (lambda path: write_zip(path, (zip_special("null", stat.S_IFCHR), b"")), "neither a file nor a folder (null)"),
    "pipe": (lambda path: write_zip(path, (zip_special("cats/pipe", stat.S_IFIFO), b"")), "neither a file nor a folder"),
    "password": (lambda path: with_flag(path, 0x1), "is locked with a password"),
    "patch": (lambda path: with_flag(path, 0x20), "packed in a way that cannot be read"),
    "version": (lambda path: with_version(path, 99), "packed in a way that cannot be read (zip file version 9.9)"),
    "method": (lambda path: with_method(path, 9), "method 9"),
    "many": (lambda path: with_entries(path, 300_000, zip64=True), "more than 100,000 files"),
    "many, unsaid": (lambda path: with_entries(path, 300_000, zip64=False), "more than 100,000 files"),
    "a table without an end": (with_long_table, "more than 100,000 files"),
}  # fmt: skip

REFUSED_TARS: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (lambda path: write_tar(path, special("cats", tarfile.SYMTYPE), "cats/evil.jpg"), "holds a link (cats)"),
    "hard link": (lambda path: write_tar(path, "cats/1.jpg", special("cats/2.jpg", tarfile.LNKTYPE)), "a link (cats/2.jpg)"),
    "character device": (lambda path: write_tar(path, special("null", tarfile.CHRTYPE)), "neither a file nor a folder (null)"),
    "block device": (lambda path: write_tar(path, special("disk", tarfile.BLKTYPE)), "neither a file nor a folder"),
    "pipe": (lambda path: write_tar(path, special("cats/pipe", tarfile.FIFOTYPE)), "neither a file nor a folder"),
    "sparse": (lambda path: packed(path, header(kind=tarfile.GNUTYPE_SPARSE) + END), "packed in a way that cannot be read"),
    "several disks": (lambda path: packed(path, header(kind=b"M") + END), "packed in a way that cannot be read"),
    "twice": (lambda path: write_tar(path, "cats/1.jpg", "cats/1.jpg"), "is there twice (cats/1.jpg)"),
    "many": (lambda path: packed(path, header() * 300_000 + END), "more than 100,000 files"),
    "many folders": (
        lambda path: packed(path, b"".join(header(f"{n}" + "/a" * 45, kind=b"5") for n in range(2500)) + END),
        "more than 100,000 files",
    ),
    "claim": (lambda path: packed(path, header(size=10**10) + bytes(10**6)), "would grow to 10.0 GB"),
    "binary claim": (lambda path: packed(path, with_size(b"\x80" + b"\xff" * 11) + END), "would grow to"),
    "claims": (lambda path: packed(path, (header(size=6000) + bytes(6144)) * 20_000 + END), "would grow to"),
    "long name of accents": (
        lambda path: packed(path, header(size=800_000, kind=b"L") + filled("\u0301\u0323".encode() * 200_000) + header() + END),
        "too long",
    ),
    "long header": (lambda path: packed(path, header(size=10**9, kind=b"x") + bytes(10**6)), "of headers for one file"),
    "endless headers": (lambda path: packed(path, (header(size=9, kind=b"L") + filled(b"cats/1.jp")) * 5000), "of headers for"),
    "link in a long name": (
        lambda path: packed(path, header(size=9, kind=b"L") + filled(b"../e.jpg\0") + header() + END), OUTSIDE,
    ),
}  # fmt: skip

NOT_WHOLE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.touch(),
    "text": lambda path: path.write_text("PK\x05\x06 and so on"),
    "zip, garbled": lambda path: renamed(write_zip(path, ("cats/ä.jpg", b"x")), "ä".encode(), b"\xff\xff"),
    "zip, cut": lambda path: path.write_bytes(write_zip(path, "cats/1.jpg").read_bytes()[:-30]),
    "zip, table cut": lambda path: path.write_bytes(with_entries(path, 2, zip64=False).read_bytes()[60:]),
    "tar, cut in a file": lambda path: path.write_bytes(header(size=5000) + bytes(4000)),
    "tar, cut in a header": lambda path: path.write_bytes(header() + header()[:300]),
    "tar, cut between files": lambda path: path.write_bytes(header() + header("cats/2.jpg")),
    "tar, cut before the last padding": lambda path: path.write_bytes(header(size=100) + bytes(100)),
    "tar, a header hurt": lambda path: path.write_bytes(header() + header("cats/2.jpg").replace(b"cats", b"bats") + END),
    "tar, negative size": lambda path: path.write_bytes(header() + with_size(b"-0000001000\0") + END),
    "tar, negative binary size": lambda path: path.write_bytes(header() + with_size(b"\xff" * 12) + END),
    "tar, size in words": lambda path: path.write_bytes(header() + with_size(b"0o12\0\0\0\0\0\0\0\0") + END),
    "tar, record without length": lambda path: path.write_bytes(note(b"path=a\n")),
    "tar, record of no length": lambda path: path.write_bytes(note(b"0 path=a\n")),
    "tar, record too long": lambda path: path.write_bytes(note(b"99 path=a")),
    "tar, no size": lambda path: path.write_bytes(note(b"10 size=x\n")),
    "gzip of text": lambda path: path.write_bytes(gzip.compress(b"file,label\n" * 100)),
    "gzip, hurt": lambda path: path.write_bytes(gzip.compress(header() + END)[:20] + b"\xff" * 50),
    "bzip2, hurt": lambda path: path.write_bytes(b"BZh9 and so on"),
    "xz, hurt": lambda path: path.write_bytes(b"\xfd7zXZ\0 and so on, which is not what it should be"),
}  # fmt: skip


def check_refused(path: Path, tmp_path: Path, reason: str) -> None:
    before = everything(tmp_path)
    with pytest.raises(UserError) as caught:
        unpack(path, tmp_path / "unpacked")
    (message,) = caught.value.messages
    assert reason in message
    assert message.startswith(f"{path.name} ")
    assert message.endswith(".")
    assert len(message) < 400
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", REFUSED_IN_ALL)
def test_what_is_refused_in_every_kind(name: str, kind: str, tmp_path: Path) -> None:
    members, reason = REFUSED_IN_ALL[name]
    if name == "bomb" and kind == ".tar":
        pytest.skip("a plain tar cannot grow")
    (tmp_path / "inner").mkdir()
    check_refused(write(tmp_path / "inner" / f"photos{kind}", *members), tmp_path, reason)


@pytest.mark.parametrize("name", REFUSED_ZIPS)
def test_zips_that_are_refused(name: str, tmp_path: Path) -> None:
    make, reason = REFUSED_ZIPS[name]
    make(tmp_path / "photos.zip")
    check_refused(tmp_path / "photos.zip", tmp_path, reason)


@pytest.mark.parametrize("kind", [".tar", ".tar.gz"])
@pytest.mark.parametrize("name", REFUSED_TARS)
def test_tars_that_are_refused(name: str, kind: str, tmp_path: Path) -> None:
    make, reason = REFUSED_TARS[name]
    if name == "claims" and kind == ".tar":
        pytest.skip("a plain tar cannot grow")
    make(tmp_path / f"photos{kind}")
    check_refused(tmp_path / f"photos{kind}", tmp_path, reason)


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_what_is_no_whole_archive(name: str, tmp_path: Path) -> None:
    NOT_WHOLE[name](tmp_path / "photos")
    before = everything(tmp_path)
    with pytest.raises(NotWhole):
        unpack(tmp_path / "photos", tmp_path / "unpacked")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", TARS[1:])
def test_a_tar_that_is_cut_anywhere(kind: str, tmp_path: Path) -> None:
    whole = write_tar(tmp_path / f"whole{kind}", *((f"cats/{number}.jpg", os.urandom(1000)) for number in range(20)))
    data = whole.read_bytes()
    for part in range(10):
        cut = tmp_path / f"cut{part}"
        cut.write_bytes(data[: len(data) * part // 10])
        with pytest.raises(NotWhole):
            unpack(cut, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_a_bomb_is_found_before_it_is_unpacked_whole(tmp_path: Path) -> None:
    for number, behind in enumerate((b"", os.urandom(3_000_000))):
        path = bomb(tmp_path / f"{number}.tar.gz", behind)
        if behind:  # by its size as a whole it could be photos
            assert path.stat().st_size > 200_000_000 / unpacking.MAX_RATIO
        check_refused(path, tmp_path, "would grow to")


def test_too_much_is_refused_by_what_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_BYTES", 10_000)
    for kind in KINDS:
        path = write(tmp_path / f"photos{kind}", ("cats/1.jpg", os.urandom(6000)), ("cats/2.jpg", os.urandom(6000)))
        check_refused(path, tmp_path, "holds 0 GB: unpack it yourself")


def test_entries_that_share_one_block_are_counted_each(tmp_path: Path) -> None:
    """The bomb without nesting (Fifield 2019, "A better zip bomb"): small itself, large by what its entries promise."""
    path = write_zip(tmp_path / "a.zip", ("00/zeros", bytes(5_000_000)))
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    table = b"".join(data[start:end].replace(b"00/", f"{number:02}/".encode()) for number in range(60))
    path.write_bytes(data[:start] + table + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 60, 60, len(table), start, 0))
    check_refused(path, tmp_path, "would grow to 0.3 GB")


def test_entries_are_counted_before_any_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for zip64 in (False, True):
        with_entries(tmp_path / f"{zip64}.zip", 100_001, zip64)
    with_decoy(tmp_path / "decoy.zip", 100_001)
    monkeypatch.setattr(zipfile, "ZipInfo", None)  # zipfile makes one of each entry that it looks at
    for path in tmp_path.glob("*.zip"):
        with pytest.raises(UserError, match="more than 100,000 files"):
            unpack(path, tmp_path / "unpacked")


def test_a_zip_of_as_many_files_as_may_be(tmp_path: Path) -> None:
    """Each looks like the beginning of an entry, too."""
    path = write_zip(tmp_path / "a.zip", *((f"{n}.jpg", b"PK\x01\x02" * 50) for n in range(99)), method=zipfile.ZIP_STORED)
    for comment in (b"", b"a comment"):
        with ZipFile(path, "a") as archive:
            archive.comment = comment
        with path.open("rb", buffering=0) as raw, open_zip(raw, 10_000) as archive:
            assert {len(archive.read(name)) for name in archive.namelist()} == {200}
    with path.open("rb", buffering=0) as raw, pytest.raises(TooManyEntries), open_zip(raw, 98):
        pass


def test_a_name_cannot_spoil_the_sentence(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", "../\x1b[31mred\n\u202egpj." + "x" * 500)
    with pytest.raises(UserError) as caught:
        unpack(path, tmp_path / "unpacked")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_for_which_the_disk_has_no_room(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "SPARE", 10**18)  # more than any disk has
    with pytest.raises(UserError, match="make room first"):
        unpack(write(tmp_path / f"a{kind}", "cats/1.jpg"), tmp_path / "unpacked")
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_a_tar_that_is_changed_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tar(tmp_path / "a.tar", "cats/1.jpg", "cats/2.jpg")
    judge = unpacking.judge

    def change(*arguments: object) -> object:
        plan = judge(*arguments)  # type: ignore[arg-type]
        write_tar(path, "cats/1.jpg", special("cats/2.jpg", tarfile.SYMTYPE))
        return plan

    monkeypatch.setattr(tars, "judge", change)
    with pytest.raises(NotWhole):
        unpack(path, tmp_path / "unpacked")
    assert list((tmp_path / "unpacked").iterdir()) == []

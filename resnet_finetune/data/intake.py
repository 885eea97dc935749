"""From what the person names (a folder, a .zip of one, the word "demo") to a folder of photos.

A zip is hostile until shown otherwise: everything is checked by its table of contents, before anything is written.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from resnet_finetune.data.names import is_system
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home

DEMO = Path(__file__).parents[2] / "assets" / "demo" / "groceries.zip"

MAX_FILES = 100_000
MAX_BYTES = 100 * 10**9  # unpacked
MAX_RATIO = 100  # unpacked to packed; photos are compressed already and come to about 1
SMALL = 100 * 10**6  # bytes that may be unpacked at any ratio: a few flat drawings compress well
SPARE = 10**9  # bytes left free on the disk, for the run itself
MAX_NAME = 255  # bytes in the name of one file or folder, on every common file system
MAX_PATH = 1000  # bytes in all of it

BY_HAND = "unpack it yourself and choose the folder"


def open_data(data: str) -> Path:
    """The folder of photos that ``data`` names.

    A folder is used in place and never changed. A .zip is unpacked once, into a folder of the app's own that is named by
    the zip's content. "demo" is the photos that come with the app (a folder of that name is written "./demo").

    Raises:
        UserError: there is no such thing, or it is not safe to unpack.
    """
    data = data.strip().strip('"')  # Windows puts quotes around a copied path
    if not data:
        raise UserError("No photos were chosen: name a folder, or a .zip of one.")
    try:
        path = DEMO if data == "demo" else Path(data).expanduser()
        if path.is_dir():
            return path.absolute()
        if not path.exists():
            raise UserError(f"There is no folder or .zip called {data}: check how it is written.")
        return _unpacked(path)
    except (zipfile.BadZipFile, struct.error, ValueError) as error:  # the last two: a table of contents that makes no sense
        if path.suffix.lower() == ".zip":
            raise UserError(f"{path.name} is not a whole .zip: download it or copy it again.") from error
        raise UserError(f"{path.name} is neither a folder nor a .zip: choose the folder that holds your photos.") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: "~somebody" who has no home here
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{data} could not be opened ({reason}): check the drive, its free space and your rights.") from error


def _unpacked(path: Path) -> Path:
    if _entries(path) > MAX_FILES:
        raise UserError(f"{path.name} holds more than {MAX_FILES:,} files: split it up.")
    with ZipFile(path) as archive:
        members = _check(archive, path)
        parent = home() / "unpacked"
        parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file:
            target = parent / hashlib.file_digest(file, "sha256").hexdigest()[:16]
        if not target.is_dir():
            needed = sum(info.file_size for info in members)
            free = shutil.disk_usage(parent).free - SPARE
            if needed > free:
                gigabytes = f"{needed / 1e9:.1f} GB, but only {max(free, 0) / 1e9:.1f} GB"
                raise UserError(f"To unpack {path.name} takes {gigabytes} can be spared on the disk: make room first.")
            _unpack(archive, members, target)
    return target


def _unpack(archive: ZipFile, members: dict[ZipInfo, tuple[str, ...]], target: Path) -> None:
    """Write all members under ``target``, which is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "photos"
        folder.mkdir()
        for info, parts in members.items():
            place = folder.joinpath(*parts)
            if info.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            # What can be read of a damaged member is kept: the scan judges it like any other file and says what is wrong.
            damage = suppress(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
            with place.open("xb") as file, damage, archive.open(info) as content:
                shutil.copyfileobj(content, file)
        if hasattr(os, "sync"):
            os.sync()  # a power cut must not leave a folder that looks whole and is not
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():  # else another window has just unpacked the same zip
                raise


def _entries(path: Path) -> int:
    """No fewer entries than the zip has, without reading each (300,000 take zipfile over a second).

    APPNOTE.TXT 6.3.10 of the zip format, sections 4.3.12 to 4.3.16: the table of contents ends where its end records begin.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail_at = max(0, size - (76 + 22 + 65535))  # records of zip64, end record, comment
        file.seek(tail_at)
        tail = file.read()
        end = tail.rfind(b"PK\x05\x06")
        if not 0 <= end <= len(tail) - 22:
            raise zipfile.BadZipFile("no end record")
        (length,) = struct.unpack_from("<L", tail, end + 12)
        if end >= 76 and tail[end - 76 : end - 72] == b"PK\x06\x06":
            end -= 76
            (length,) = struct.unpack_from("<Q", tail, end + 40)
        if length > 1000 * MAX_FILES:
            return MAX_FILES + 1
        file.seek(max(0, tail_at + end - length))
        return file.read(length).count(b"PK\x01\x02")


def _check(archive: ZipFile, path: Path) -> dict[ZipInfo, tuple[str, ...]]:
    """What is to be unpacked, and where to. Raises ``UserError`` when any of it is not safe or not possible."""
    name = path.name
    members: dict[ZipInfo, tuple[str, ...]] = {}
    for info in archive.infolist():
        parts = _parts(info, name)
        if not parts or any(map(is_system, parts)):
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{name} holds a link ({'/'.join(parts)}), which could lead out of its folder: {BY_HAND}.")
        if info.flag_bits & 0x1:
            raise UserError(f"{name} is locked with a password: {BY_HAND}.")
        if parts[-1].lower().endswith(".zip") and not info.is_dir():
            raise UserError(f"{name} holds another .zip ({'/'.join(parts)}): {BY_HAND}, or choose the inner one.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            raise UserError(f"{name} is packed in a way that cannot be read (method {info.compress_type}): {BY_HAND}.")
        members[info] = parts
    _check_clashes(members, name)
    unpacked = sum(info.file_size for info in members)
    if unpacked > SMALL and unpacked > MAX_RATIO * path.stat().st_size:
        raise UserError(f"{name} would grow to {unpacked / 1e9:,.1f} GB, as no photos do: do not trust this .zip.")
    if unpacked > MAX_BYTES:
        raise UserError(f"{name} holds {unpacked / 1e9:,.0f} GB: {BY_HAND}.")
    return members


def _parts(info: ZipInfo, archive_name: str) -> tuple[str, ...]:
    """Where a member goes, as names of folders and file. Raises ``UserError`` when that is not inside the folder."""
    text = info.orig_filename
    if not info.flag_bits & 0x800:  # not marked as UTF-8: cp437 by the standard, and yet UTF-8 from some tools
        with suppress(UnicodeError):
            text = text.encode("cp437").decode()
    text = unicodedata.normalize("NFC", text.split("\0")[0].replace("\\", "/"))
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or re.match("[A-Za-z]:", text) or ".." in parts:
        raise UserError(f"{archive_name} holds a file that would land outside its folder ({text}): do not trust this .zip.")
    if len(text.encode()) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        raise UserError(f"{archive_name} holds a name that is too long ({text[:40]}…): shorten it.")
    return tuple(map(_allowed, parts)) if os.name == "nt" else tuple(parts)


def _allowed(part: str) -> str:
    """A name that Windows accepts."""
    part = re.sub(r'[<>:"|?*\x00-\x1f]', "_", part).rstrip(". ") or "_"
    return re.sub(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", r"\1_", part)  # names of devices


def _check_clashes(members: dict[ZipInfo, tuple[str, ...]], name: str) -> None:
    """Two names that some file system takes for one would lose photos, or merge two classes."""
    seen: dict[str, tuple[str, bool]] = {}  # folded path → path, whether it is a file
    for info, parts in members.items():
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            is_file = depth == len(parts) and not info.is_dir()
            known = seen.get(path.casefold())
            if known is None:
                seen[path.casefold()] = (path, is_file)
            elif is_file or known != (path, False):
                raise UserError(
                    f"{name} holds names that some computers take for one ({known[0]}, {path}): rename one of them."
                )

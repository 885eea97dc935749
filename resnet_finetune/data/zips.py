"""Unpacking a zip: judged by its table of contents."""

from __future__ import annotations

import bz2
import copy
import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from zipfile import ZipFile, ZipInfo

from resnet_finetune.data.unpacking import (
    BY_HAND,
    CHUNK,
    MAX_FILES,
    Member,
    NotWhole,
    device_fault,
    folder_for,
    judge,
    link_fault,
    read_some,
    too_many,
    write_whole,
)
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

_WRAP = 2**32  # bytes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
PUNCTUATION = re.compile("[\u3000-\u303f\uff00-\uffef·—]")  # the last two are others in Python's GB2312


def unpack_zip(path: Path, parent: Path, check: Callable[[], None]) -> Path:
    """As ``archives.unpack`` says."""
    try:
        with path.open("rb", buffering=0) as raw, open_zip(raw, MAX_FILES) as archive:
            members = list(map(_member, archive.infolist(), _names(archive.infolist())))
            plan = judge(members, path)  # before the whole file is read for its digest
            target = folder_for(path, parent, check)
            if not target.is_dir():
                contents = (_content(archive, info) for info in archive.infolist())
                write_whole(members, contents, plan, path, target, check)
        return target
    except TooManyEntries as error:
        raise too_many(path) from error
    except NotImplementedError as error:
        raise UserError(
            say(
                "{name} is packed in a way that cannot be read ({error}): {by_hand}.",
                name=path.name,
                error=error,
                by_hand=BY_HAND,
            )
        ) from error
    except (zipfile.BadZipFile, struct.error, ValueError) as error:  # the last two: a table of contents that makes no sense
        raise NotWhole(str(error)) from error


class TooManyEntries(zipfile.BadZipFile):
    """A zip whose table of contents is longer than it may be."""


class _Counted(io.BufferedReader):
    """A zip's file, of which zipfile may read no table of contents with more than ``most`` entries.

    It makes 300,000 of them in over a second and 100 MB, and goes by no number that could be asked before. But it reads the
    table in one piece, and each entry begins with these four bytes (APPNOTE.TXT 6.3.10 of the zip format, section 4.3.12).
    """

    most: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is None:
            return super().read(size)
        if size is not None and size > 1000 * self.most:  # before it fills memory
            raise TooManyEntries
        content = super().read(size)
        if content.count(b"PK\x01\x02") > self.most:
            raise TooManyEntries
        return content


@contextmanager
def open_zip(raw: io.RawIOBase | io.BytesIO, most: int) -> Iterator[ZipFile]:
    """The zip in ``raw``. Raises ``TooManyEntries``, before any is looked at, where it has more than ``most``."""
    with _Counted(raw) as file:
        file.most = most
        with ZipFile(file) as archive:
            file.most = None  # the bytes of a photo may be any
            _unwrap(archive.infolist())
            yield archive


def _unwrap(infos: list[ZipInfo]) -> None:
    """Tell where the members of a zip of over 4 GB lie that a Mac has packed: it writes the last 32 bits of each offset only.

    zipfile takes the gigabytes that the table of contents then seems to lie too far behind for something before the zip.
    """
    before = infos[0].header_offset if infos else 0
    if before <= 0 or before % _WRAP:
        return
    wraps, last = 0, 0  # a Mac lists the members as they lie
    for info in infos:
        offset = info.header_offset - before
        wraps += offset < last
        last, info.header_offset = offset, offset + wraps * _WRAP
        if hasattr(info, "_end_offset"):  # newer Pythons compare with it, and found it by the wrong offsets
            info._end_offset = None


def _names(infos: list[ZipInfo]) -> list[str]:
    """The entries' names as they were meant: marked as UTF-8, told once more beside, or guessed from all the others together.

    By the standard those are in cp437 (APPNOTE.TXT, appendix D), but UTF-8 from some tools and GBK from Windows in Chinese.
    """
    told = [info.orig_filename if info.flag_bits & 0x800 else _unicode_path(info) for info in infos]
    others = [_raw(info) for info, name in zip(infos, told, strict=True) if name is None]
    encoding = "gb18030" if is_chinese(others) else "utf-8"
    return [_decoded(_raw(info), encoding) if name is None else name for info, name in zip(infos, told, strict=True)]


def _raw(info: ZipInfo) -> bytes:
    return info.orig_filename.encode("cp437")  # as zipfile decoded it


def _unicode_path(info: ZipInfo) -> str | None:
    """The name in UTF-8 beside the one in another encoding, unless that was changed since (APPNOTE.TXT, section 4.6.9)."""
    at = 0
    while at + 4 <= len(info.extra):
        kind, length = struct.unpack_from("<HH", info.extra, at)
        field = info.extra[at + 4 : at + 4 + length]
        if kind == 0x7075 and field[:5] == struct.pack("<BL", 1, zlib.crc32(_raw(info))):
            with suppress(UnicodeDecodeError):
                return field[5:].decode()
        at += 4 + length
    return None


def is_chinese(names: list[bytes]) -> bool:
    """Whether names or lines, not all of them ASCII, are in GBK. Some German ones could be read so, too, but hardly as the
    letters that people use.
    """
    together = b"\n".join(names)  # no letter of several bytes goes beyond the end of a line
    with suppress(UnicodeDecodeError):
        together.decode()
        return False
    try:
        letters = {letter for letter in set(together.decode("gb18030")) if not letter.isascii()}
    except UnicodeDecodeError:
        return False
    han = set(filter(HAN.match, letters))
    common = sum(map(_in_gb2312, han))
    return all(map(_is_sign, letters - han)) and 0 < len(han) <= 2 * common


def _in_gb2312(letter: str) -> bool:
    return letter.encode("gb2312", errors="ignore") != b""


def _is_sign(letter: str) -> bool:
    """Whether it stands beside Chinese letters: ①, ℃, ★, ×, α (GB2312, rows 1 to 9), and punctuation that is only in GBK."""
    return PUNCTUATION.match(letter) is not None or b"\xa1" <= letter.encode("gb2312", errors="ignore")[:1] <= b"\xa9"


def _decoded(name: bytes, encoding: str) -> str:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        return name.decode("cp437")


def _member(info: ZipInfo, name: str) -> Member:
    fault = ""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        fault = link_fault(name)
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        fault = device_fault(name)
    elif info.flag_bits & 0x1:
        fault = say("is locked with a password: {by_hand}", by_hand=BY_HAND)
    elif info.compress_type not in METHODS or info.flag_bits & 0x20:  # a patch to another file
        fault = say(
            "is packed in a way that cannot be read (method {method}): {by_hand}",
            method=info.compress_type,
            by_hand=BY_HAND,
        )
    return Member(name=name, size=info.file_size, is_folder=name.endswith(("/", "\\")), fault=fault)


def _content(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    """What can be read of a member, and no more than it claims to be."""
    if info.header_offset < 0:  # it is said to lie before the file begins, where the disk would be asked for it
        return
    left = info.file_size
    damage = suppress(NotWhole, zipfile.BadZipFile, struct.error, ValueError, lzma.LZMAError)
    with damage, _opened(archive, info) as content:
        while left and (chunk := read_some(content, min(left, CHUNK))):
            left -= len(chunk)
            yield chunk


def _opened(archive: ZipFile, info: ZipInfo) -> IO[bytes]:
    if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return archive.open(info)
    # zipfile unpacks the other two without a bound, and 4 KB of them can be 5 GB: here it hands out what is packed.
    packed = copy.copy(info)
    packed.compress_type = zipfile.ZIP_STORED
    packed.file_size = packed.compress_size
    del packed.CRC  # that of the unpacked bytes
    file = archive.open(packed)
    if info.compress_type == zipfile.ZIP_BZIP2:
        return bz2.open(file)
    _, flags, window = struct.unpack("<LBL", file.read(9))  # APPNOTE.TXT, section 5.8.8
    lzma1 = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": min(window, max(info.file_size, 4096)),  # nothing is further back than the beginning
        "lc": flags % 9,
        "lp": flags // 9 % 5,
        "pb": flags // 45,
    }
    return lzma.open(file, format=lzma.FORMAT_RAW, filters=[lzma1])

"""Unpacking a .zip or .tar that a stranger packed: whole or not at all.

An archive is hostile until shown otherwise, and everything is judged before anything is written: a zip by its table of
contents; a tar has none, so it is read through once to be judged and once more to be unpacked.
"""

from __future__ import annotations

import bz2
import copy
import gzip
import hashlib
import lzma
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, Protocol
from zipfile import ZipFile, ZipInfo

from resnet_finetune.data.names import OutsideName, Places, UnsafeName, is_system, safe_parts, shown
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import own_folder
from resnet_finetune.words.language import say

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")

MAX_FILES = 100_000  # folders count as well
MAX_BYTES = 100 * 10**9  # unpacked
MAX_RATIO = 100  # unpacked to packed; photos are compressed already and come to about 1
SMALL = 100 * 10**6  # bytes that may be unpacked at any ratio: a few flat drawings compress well
SPARE = 10**9  # bytes left free on the disk, for the run itself
CHUNK = 64 * 1024  # bytes

BY_HAND = say("unpack it yourself and choose the folder")


class NotWhole(Exception):
    """The file is no archive, or a part of it is missing or damaged."""


class _Member(NamedTuple):
    name: str  # as the archive writes it
    size: int  # bytes, as the archive claims; no more are ever unpacked
    is_folder: bool
    fault: str = ""  # why it cannot be unpacked: half a sentence about the archive


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_Plan = dict[int, tuple[str, ...]]  # the place of each member that is unpacked, by its number in the archive


def suffix(name: str) -> str | None:
    """How the name of an archive ends, in lower case (".zip", ".tar.gz", …); None for any other file."""
    return next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)


def unpack(path: Path, parent: Path) -> Path:
    """The folder under ``parent`` that holds what ``path`` packs. It is named by the archive's content and made only once.

    A damaged member of a zip is kept as far as it can be read: the scan judges it like any other file. A tar is one stream,
    in which damage takes away all that follows, so it is refused.

    Raises:
        UserError: it is not safe to unpack, or there is no room for it.
        NotWhole: it is no archive, or not a whole one.
        OSError: the file cannot be read, or ``parent`` cannot be written.
    """
    with path.open("rb") as file:
        return _unpack_tar(path, parent) if _tar_content(file) else _unpack_zip(path, parent)


def _plan(members: Iterable[_Member], path: Path) -> _Plan:
    """What is to be unpacked, and where to. Raises ``UserError`` when any of it is not safe or not possible."""
    plan: _Plan = {}
    places = Places()
    unpacked = 0
    for number, member in enumerate(members):
        parts = _place(member, path)
        if not parts:
            continue
        try:
            places.take(parts, is_file=not member.is_folder)
        except UnsafeName as error:
            raise _unsafe(error, path) from error
        if len(places) > MAX_FILES:
            raise _too_many(path)
        plan[number] = parts
        unpacked += member.size
    if not plan:
        raise UserError(say("{name} is empty: choose the one that holds your photos.", name=path.name))
    _check_growth(unpacked, path)
    return plan


def _place(member: _Member, path: Path) -> tuple[str, ...]:
    """Where a member goes; nothing where it is passed over. Raises ``UserError`` when it cannot be unpacked."""
    try:
        parts = safe_parts(member.name)
    except UnsafeName as error:
        raise _unsafe(error, path) from error
    if any(map(is_system, parts)):
        return ()
    if member.fault:
        raise UserError(say("{name} {fault}.", name=path.name, fault=member.fault))
    inner = suffix(parts[-1]) if parts and not member.is_folder else None
    if inner:
        where = shown("/".join(parts))
        raise UserError(
            say(
                "{name} holds another {inner} ({where}): {by_hand}, or choose the inner one.",
                name=path.name,
                inner=inner,
                where=where,
                by_hand=BY_HAND,
            )
        )
    return parts


def _unsafe(error: UnsafeName, path: Path) -> UserError:
    remedy = say("do not trust it") if isinstance(error, OutsideName) else say("rename it and pack it again")
    return UserError(say("{name} holds a file that {error}: {remedy}.", name=path.name, error=error, remedy=remedy))


def _check_growth(unpacked: int, path: Path) -> None:
    """Raises ``UserError`` when an archive claims to hold more than photos could come to, or than is wise to unpack."""
    if unpacked > SMALL and unpacked > MAX_RATIO * path.stat().st_size:
        size = say(
            "{gigabytes:,.1f} GB, more than {times} times its own size",
            gigabytes=unpacked / 1e9,
            times=MAX_RATIO,
        )
        raise UserError(say("{name} would grow to {size}, as no photos do: do not trust it.", name=path.name, size=size))
    if unpacked > MAX_BYTES:
        raise UserError(
            say("{name} holds {gigabytes:,.0f} GB: {by_hand}.", name=path.name, gigabytes=unpacked / 1e9, by_hand=BY_HAND)
        )


def _too_many(path: Path) -> UserError:
    return UserError(say("{name} holds more than {most:,} files: split it up.", name=path.name, most=MAX_FILES))


def _target(path: Path, parent: Path) -> Path:
    with path.open("rb") as file:
        return parent / hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _write(members: list[_Member], contents: Iterable[Iterable[bytes]], plan: _Plan, path: Path, target: Path) -> None:
    """Write what is planned under ``target``, which is there whole or not at all. ``contents`` has each member's bytes."""
    own_folder(target.parent)
    needed = sum(members[number].size for number in plan)
    free = shutil.disk_usage(target.parent).free - SPARE
    if needed > free:
        gigabytes = say("{needed:.1f} GB, but only {free:.1f} GB", needed=needed / 1e9, free=max(free, 0) / 1e9)
        raise UserError(
            say(
                "To unpack {name} takes {gigabytes} can be spared on the disk: make room first.",
                name=path.name,
                gigabytes=gigabytes,
            )
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "photos"
        folder.mkdir()
        for number, content in enumerate(contents):
            if number not in plan:
                continue
            place = folder.joinpath(*plan[number])
            if members[number].is_folder:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                file.writelines(content)
        if hasattr(os, "sync"):
            os.sync()  # a power cut must not leave a folder that looks whole and is not
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():  # else another window has just unpacked the same archive
                raise


def _read(content: _Readable, size: int) -> bytes:
    """Up to ``size`` bytes. Raises ``NotWhole`` where they cannot be unpacked."""
    try:
        return content.read(size)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, MemoryError) as error:  # MemoryError: an .xz claims it
        raise NotWhole(str(error)) from error
    except OSError as error:
        if error.errno is None:  # not from the disk: gzip and bzip2 say so that they cannot make sense of the bytes
            raise NotWhole(str(error)) from error
        raise


# --- Zip ---------------------------------------------------------------------------------------------------------------

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def _unpack_zip(path: Path, parent: Path) -> Path:
    try:
        if _entries(path) > MAX_FILES:
            raise _too_many(path)
        with ZipFile(path) as archive:
            members = list(map(_zip_member, archive.infolist()))
            plan = _plan(members, path)  # before the whole file is read for its digest
            target = _target(path, parent)
            if not target.is_dir():
                contents = (_zip_content(archive, info) for info in archive.infolist())
                _write(members, contents, plan, path, target)
        return target
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


def _zip_member(info: ZipInfo) -> _Member:
    name = info.orig_filename
    if not info.flag_bits & 0x800:  # not marked as UTF-8: cp437 by the standard, and yet UTF-8 from some tools
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    fault = ""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        fault = _link(name)
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        fault = _neither(name)
    elif info.flag_bits & 0x1:
        fault = say("is locked with a password: {by_hand}", by_hand=BY_HAND)
    elif info.compress_type not in METHODS or info.flag_bits & 0x20:  # a patch to another file
        fault = say(
            "is packed in a way that cannot be read (method {method}): {by_hand}",
            method=info.compress_type,
            by_hand=BY_HAND,
        )
    return _Member(name=name, size=info.file_size, is_folder=name.endswith(("/", "\\")), fault=fault)


def _link(name: str) -> str:
    return say("holds a link ({name}), which could lead out of its folder: {by_hand}", name=shown(name), by_hand=BY_HAND)


def _neither(name: str) -> str:
    return say("holds something that is neither a file nor a folder ({name}): {by_hand}", name=shown(name), by_hand=BY_HAND)


def _zip_content(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    """What can be read of a member, and no more than it claims to be."""
    if info.header_offset < 0:  # it is said to lie before the file begins, where the disk would be asked for it
        return
    left = info.file_size
    damage = suppress(NotWhole, zipfile.BadZipFile, struct.error, ValueError, lzma.LZMAError)
    with damage, _opened(archive, info) as content:
        while left and (chunk := _read(content, min(left, CHUNK))):
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


# --- Tar ---------------------------------------------------------------------------------------------------------------

# Read without tarfile. For 100,000 headers that takes 4.6 seconds, and this half a second; it reads headers of any length into
# memory; and in older versions of Python it can be made to run for ever (CVE-2024-6232, CVE-2025-8194).

# Kinds of header.
FILES = (b"0", b"\0", b"7")
FOLDER = b"5"
LINKS = (b"1", b"2")
DEVICES = (b"3", b"4", b"6")
NOTES = (b"L", b"K", b"x", b"X", b"g")

BLOCK = 512  # bytes; headers fill one, and all else is filled up to a multiple of it
MAX_NOTES = 10**6  # bytes of headers that only tell of the next member: long names, dates, attributes
END = bytes(BLOCK)


def _tar_content(file: BinaryIO) -> _Readable | None:
    """The unpacked bytes of a tar, if this is one (or something else in gzip, bzip2 or xz: its first header will tell)."""
    start = file.read(BLOCK)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    if start.startswith(b"BZh"):
        return bz2.open(file)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.open(file)
    return file if len(start) == BLOCK and (start == END or _is_header(start)) else None


def _unpack_tar(path: Path, parent: Path) -> Path:
    target = _target(path, parent)
    if not target.is_dir():  # asked first, because to judge a tar takes as long as to read it
        with path.open("rb") as file:
            members = []
            for member in _members(_Stream(file, path)):
                members.append(member)
                if member.fault:
                    _place(member, path)  # said at once, rather than after all the rest
        plan = _plan(members, path)
        with path.open("rb") as file:
            stream = _Stream(file, path)
            _write(members, _tar_contents(stream, members), plan, path, target)
    return target


def _tar_contents(stream: _Stream, members: list[_Member]) -> Iterator[Iterable[bytes]]:
    for planned, member in zip_longest(members, _members(stream)):
        if member is None or member != planned:
            raise NotWhole("it was changed while it was read")
        yield stream.chunks(member.size)


class _Stream:
    """The unpacked bytes of a tar, in order; refused as soon as they grow as no photos do."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        content = _tar_content(file)
        if content is None:
            raise NotWhole("it was changed while it was read")
        self.path = path
        self.at = 0
        self._file = file
        self._content = content
        self._unjudged = self._packed_at = self._excess = 0

    def read(self, size: int) -> bytes:
        """``size`` bytes.

        Raises:
            NotWhole: there are fewer, or they cannot be unpacked.
            UserError: what was packed comes to too much.
        """
        data = _read(self._content, size)
        if len(data) < size:
            raise NotWhole("it ends too early")
        self.at += size
        self._unjudged += size
        if self._unjudged >= CHUNK:
            self._judge()
        return data

    def _judge(self) -> None:
        # Bytes in excess of MAX_RATIO, where lately there were any. Not those of all the file so far: a bomb behind real photos
        # would take long to outgrow them.
        packed_at = self._file.tell()
        self._excess = max(0, self._excess + self._unjudged - MAX_RATIO * (packed_at - self._packed_at))
        self._packed_at, self._unjudged = packed_at, 0
        if self._excess > SMALL:
            raise UserError(
                say(
                    "{name} would grow to more than {times} times its own size, as no photos do: do not trust it.",
                    name=self.path.name,
                    times=MAX_RATIO,
                )
            )

    def chunks(self, size: int) -> Iterator[bytes]:
        """``size`` bytes, a few at a time. Raises what ``read`` raises."""
        for start in range(0, size, CHUNK):
            yield self.read(min(CHUNK, size - start))

    def skip_to(self, at: int) -> None:
        """Go on at ``at``. Raises what ``read`` raises."""
        if self._content is not self._file:
            for _ in self.chunks(at - self.at):
                pass
        elif at > self.at:
            self.at = self._file.seek(at)


def _members(stream: _Stream) -> Iterator[_Member]:
    """All members in order, each while ``stream`` stands where its content begins.

    Raises:
        NotWhole: the mark at the end is missing, so that photos may be, or something else makes no sense.
        UserError: there are too many members, or they claim to hold too much; said before any of that is unpacked.
    """
    count = unpacked = notes = 0
    notices: dict[bytes, bytes] = {}  # what the last headers said of the next member
    while (header := stream.read(BLOCK)) != END:
        if not _is_header(header):
            raise NotWhole("a header makes no sense")
        kind, size = header[156:157], _number(header[124:136])
        if kind in NOTES:
            notes += BLOCK + size
            if notes > MAX_NOTES:
                about = say("{notes:,.0f} MB of headers for one file", notes=notes / 1e6)
                raise UserError(
                    say("{name} holds {about}, as no photo has: do not trust it.", name=stream.path.name, about=about)
                )
            notices |= _notices(kind, stream.read(size))
            stream.skip_to(_filled(stream.at))
            continue
        member = _tar_member(header, size, notices)
        notes, notices = 0, {}
        count += 1
        unpacked += member.size
        if count > MAX_FILES:
            raise _too_many(stream.path)
        _check_growth(unpacked, stream.path)
        end = _filled(stream.at + member.size)
        yield member
        stream.skip_to(end)


def _is_header(block: bytes) -> bool:
    """Whether the sum of all bytes, with spaces in the place of the sum itself, is the one written there."""
    try:
        written = _number(block[148:156])
    except NotWhole:
        return False
    # The lower half of Adler-32, when that begins with 0, is the sum modulo 65521, and takes a tenth of the time of sum().
    return zlib.adler32(block[:148] + b" " * 8 + block[156:], 0) & 0xFFFF == written % 65521


def _number(field: bytes) -> int:
    """A number in a header. Raises ``NotWhole``."""
    if field[0] == 0x80:  # in binary, for 8 GB and more
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0") or b"0"
    if digits.strip(b"01234567"):
        raise NotWhole("a number makes no sense")
    return int(digits, 8)


def _filled(at: int) -> int:
    return -(-at // BLOCK) * BLOCK


def _notices(kind: bytes, content: bytes) -> dict[bytes, bytes]:
    """What a header that is no member says of the next member. Raises ``NotWhole``."""
    if kind == b"L":  # by GNU tar: a name of more than 100 bytes
        return {b"path": content.split(b"\0")[0]}
    if kind in (b"K", b"g"):  # where a link leads; what is said of all members, which is no name or size
        return {}
    notices = {}
    at = 0
    while at < len(content):  # by POSIX: "length key=value\n", where the length counts all of it
        length, _, _ = content[at : at + 10].partition(b" ")
        if not length.isdigit() or not len(length) < int(length) <= len(content) - at:
            raise NotWhole("a header makes no sense")
        key, _, value = content[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        notices[key] = value
        at += int(length)
    return notices


def _tar_member(header: bytes, size: int, notices: dict[bytes, bytes]) -> _Member:
    kind = header[156:157]
    name = _text(notices.get(b"path") or _written_name(header))
    if b"size" in notices:
        size = _decimal(notices[b"size"])
    fault = ""
    if kind in LINKS:
        fault = _link(name)
    elif kind in DEVICES:
        fault = _neither(name)
    elif (kind not in FILES and kind != FOLDER) or any(key.startswith(b"GNU.sparse.") for key in notices):
        fault = say("is packed in a way that cannot be read ({name}): {by_hand}", name=shown(name), by_hand=BY_HAND)
    if kind == FOLDER or kind in LINKS or kind in DEVICES:
        size = 0  # whatever is written there, nothing follows
    return _Member(name=name, size=size, is_folder=kind == FOLDER or name.endswith(("/", "\\")), fault=fault)


def _written_name(header: bytes) -> bytes:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeError:
        return name.decode("latin-1")  # a tar does not say what it is, and this never fails


def _decimal(text: bytes) -> int:
    if not (text.isdigit() and len(text) < 20):
        raise NotWhole("a number makes no sense")
    return int(text)

"""Unpacking a tar: it has no table of contents, so it is read through once to be judged and once more to be unpacked.

Read without tarfile. For 100,000 headers that takes 4.6 seconds, and this half a second; it reads headers of any length into
memory; and in older versions of Python it can be made to run for ever (CVE-2024-6232, CVE-2025-8194).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from resnet_finetune.data.names import shown
from resnet_finetune.data.unpacking import (
    BY_HAND,
    CHUNK,
    MAX_FILES,
    MAX_RATIO,
    SMALL,
    Member,
    NotWhole,
    Readable,
    check_growth,
    device_fault,
    folder_for,
    judge,
    link_fault,
    place_of,
    read_some,
    too_many,
    write_whole,
)
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

# Kinds of header.
FILES = (b"0", b"\0", b"7")
FOLDER = b"5"
LINKS = (b"1", b"2")
DEVICES = (b"3", b"4", b"6")
NOTES = (b"L", b"K", b"x", b"X", b"g")

BLOCK = 512  # bytes; headers fill one, and all else is filled up to a multiple of it
MAX_NOTES = 10**6  # bytes of headers that only tell of the next member: long names, dates, attributes
END = bytes(BLOCK)


def tar_content(file: BinaryIO) -> Readable | None:
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


def unpack_tar(path: Path, parent: Path, check: Callable[[], None]) -> Path:
    """As ``archives.unpack`` says."""
    target = folder_for(path, parent, check)
    if not target.is_dir():  # asked first, because to judge a tar takes as long as to read it
        with path.open("rb") as file:
            members = []
            for member in _members(_Stream(file, path, check)):
                members.append(member)
                if member.fault:
                    place_of(member, path)  # said at once, rather than after all the rest
        plan = judge(members, path)
        with path.open("rb") as file:
            stream = _Stream(file, path, check)
            write_whole(members, _contents(stream, members), plan, path, target, check)
    return target


def _contents(stream: _Stream, members: list[Member]) -> Iterator[Iterable[bytes]]:
    for planned, member in zip_longest(members, _members(stream)):
        if member is None or member != planned:
            raise NotWhole("it was changed while it was read")
        yield stream.chunks(member.size)


class _Stream:
    """The unpacked bytes of a tar, in order; refused as soon as they grow as no photos do."""

    def __init__(self, file: BinaryIO, path: Path, check: Callable[[], None]) -> None:
        content = tar_content(file)
        if content is None:
            raise NotWhole("it was changed while it was read")
        self.path = path
        self.at = 0
        self._file = file
        self._content = content
        self._check = check
        self._unjudged = self._packed_at = self._excess = 0

    def read(self, size: int) -> bytes:
        """``size`` bytes.

        Raises:
            NotWhole: there are fewer, or they cannot be unpacked.
            UserError: what was packed comes to too much.
        """
        data = read_some(self._content, size)
        if len(data) < size:
            raise NotWhole("it ends too early")
        self.at += size
        self._unjudged += size
        if self._unjudged >= CHUNK:
            self._judge()
        return data

    def _judge(self) -> None:
        self._check()
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


def _members(stream: _Stream) -> Iterator[Member]:
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
        member = _member(header, size, notices)
        notes, notices = 0, {}
        count += 1
        unpacked += member.size
        if count > MAX_FILES:
            raise too_many(stream.path)
        check_growth(unpacked, stream.path)
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


def _member(header: bytes, size: int, notices: dict[bytes, bytes]) -> Member:
    kind = header[156:157]
    name = _text(notices.get(b"path") or _written_name(header))
    if b"size" in notices:
        size = _decimal(notices[b"size"])
    fault = ""
    if kind in LINKS:
        fault = link_fault(name)
    elif kind in DEVICES:
        fault = device_fault(name)
    elif (kind not in FILES and kind != FOLDER) or any(key.startswith(b"GNU.sparse.") for key in notices):
        fault = say("is packed in a way that cannot be read ({name}): {by_hand}", name=shown(name), by_hand=BY_HAND)
    if kind == FOLDER or kind in LINKS or kind in DEVICES:
        size = 0  # whatever is written there, nothing follows
    return Member(name=name, size=size, is_folder=kind == FOLDER or name.endswith(("/", "\\")), fault=fault)


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

"""What every archive is held to: all of it is judged before anything is written, and it is unpacked whole or not at all.

An archive is hostile until shown otherwise.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from resnet_finetune.data.names import OutsideName, Places, UnsafeName, archive_suffix, is_system, safe_parts, shown
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import own_folder
from resnet_finetune.words.language import say

MAX_FILES = 100_000  # folders count as well
MAX_BYTES = 100 * 10**9  # unpacked
MAX_RATIO = 100  # unpacked to packed; photos are compressed already and come to about 1
SMALL = 100 * 10**6  # bytes that may be unpacked at any ratio: a few flat drawings compress well
SPARE = 10**9  # bytes left free on the disk, for the run itself
CHUNK = 64 * 1024  # bytes
DIGESTED = 1024 * 1024  # bytes at once: a hundredth of a second or so
_UNFINISHED = ".unpacking-"

BY_HAND = say("unpack it yourself and choose the folder")


class NotWhole(Exception):
    """The file is no archive, or a part of it is missing or damaged."""


class Member(NamedTuple):
    name: str  # as the archive writes it
    size: int  # bytes, as the archive claims; no more are ever unpacked
    is_folder: bool
    fault: str = ""  # why it cannot be unpacked: half a sentence about the archive


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


Plan = dict[int, tuple[str, ...]]  # the place of each member that is unpacked, by its number in the archive


def judge(members: Iterable[Member], path: Path) -> Plan:
    """What is to be unpacked, and where to. Raises ``UserError`` when any of it is not safe or not possible."""
    plan: Plan = {}
    places = Places()
    unpacked = 0
    for number, member in enumerate(members):
        parts = place_of(member, path)
        if not parts:
            continue
        try:
            places.take(parts, is_file=not member.is_folder)
        except UnsafeName as error:
            raise _unsafe(error, path) from error
        if len(places) > MAX_FILES:
            raise too_many(path)
        plan[number] = parts
        unpacked += member.size
    if not plan:
        raise UserError(say("{name} is empty: choose the one that holds your photos.", name=path.name))
    check_growth(unpacked, path)
    return plan


def place_of(member: Member, path: Path) -> tuple[str, ...]:
    """Where a member goes; nothing where it is passed over. Raises ``UserError`` when it cannot be unpacked."""
    try:
        parts = safe_parts(member.name)
    except UnsafeName as error:
        raise _unsafe(error, path) from error
    if any(map(is_system, parts)):
        return ()
    if member.fault:
        raise UserError(say("{name} {fault}.", name=path.name, fault=member.fault))
    inner = archive_suffix(parts[-1]) if parts and not member.is_folder else None
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


def check_growth(unpacked: int, path: Path) -> None:
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


def too_many(path: Path) -> UserError:
    return UserError(say("{name} holds more than {most:,} files: split it up.", name=path.name, most=MAX_FILES))


def folder_for(path: Path, parent: Path, check: Callable[[], None]) -> Path:
    """Where an archive is unpacked to, by its content. Raises ``OSError`` when it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(DIGESTED):
            digest.update(chunk)
            check()
    return parent / digest.hexdigest()[:16]


def write_whole(
    members: list[Member],
    contents: Iterable[Iterable[bytes]],
    plan: Plan,
    path: Path,
    target: Path,
    check: Callable[[], None],
) -> None:
    """Write what is planned under ``target``, which is there whole or not at all. ``contents`` has each member's bytes.

    Raises:
        UserError: the disk has no room for it.
        OSError: it cannot be written.
    """
    own_folder(target.parent)
    disk.sweep_folders(target.parent.glob(f"{_UNFINISHED}*"))  # up to MAX_BYTES each
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
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=_UNFINISHED, ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "photos"
        folder.mkdir()
        for number, content in enumerate(contents):
            check()
            if number not in plan:
                continue
            place = folder.joinpath(*plan[number])
            if members[number].is_folder:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                for chunk in content:
                    check()
                    file.write(chunk)
        if hasattr(os, "sync"):
            os.sync()  # a power cut must not leave a folder that looks whole and is not
        try:
            disk.patiently(lambda: folder.rename(target))  # a virus scanner reads what is new
        except OSError:
            if not target.is_dir():  # else another window has just unpacked the same archive
                raise


def read_some(content: Readable, size: int) -> bytes:
    """Up to ``size`` bytes. Raises ``NotWhole`` where they cannot be unpacked."""
    try:
        return content.read(size)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, MemoryError) as error:  # MemoryError: an .xz claims it
        raise NotWhole(str(error)) from error
    except OSError as error:
        if error.errno is None:  # not from the disk: gzip and bzip2 say so that they cannot make sense of the bytes
            raise NotWhole(str(error)) from error
        raise


def link_fault(name: str) -> str:
    return say("holds a link ({name}), which could lead out of its folder: {by_hand}", name=shown(name), by_hand=BY_HAND)


def device_fault(name: str) -> str:
    return say("holds something that is neither a file nor a folder ({name}): {by_hand}", name=shown(name), by_hand=BY_HAND)

"""Files that are either whole or absent: temporary name, fsync, rename."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_UNFINISHED = ".unfinished"
_DAY = 24 * 60 * 60  # seconds; nothing takes so long to be written
WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if os.name == "nt" else ()  # seconds
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoom(OSError):
    """``needed`` bytes found no room in ``folder``."""

    def __init__(self, error: OSError, folder: Path, needed: int) -> None:
        super().__init__(error.errno, error.strerror, str(folder))
        self.folder = folder
        self.needed = needed


def is_text(name: str) -> bool:
    """Linux allows any bytes in a name; Python stands in for those that are no UTF-8 by half a letter (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def patiently(act: Callable[[], T]) -> T:
    """What ``act`` does to a file that others read: Windows refuses to replace or remove one just while it is open.

    Raises:
        OSError: it is refused for longer than somebody reads.
    """
    for seconds in WAITS:
        try:
            return act()
        except PermissionError:
            time.sleep(seconds)
    return act()


def remove(path: Path) -> None:
    """Remove a file that others may be reading; nothing happens where there is none. Raises ``OSError``."""
    patiently(lambda: path.unlink(missing_ok=True))


def replace(new: Path, place: Path) -> Path:
    """Put ``new`` in its place, though others may be reading it, as a virus scanner does, or what was there.

    Raises:
        OSError: as ``patiently`` does.
    """
    return patiently(lambda: new.replace(place))


def write_bytes(path: Path, content: bytes | bytearray) -> None:
    """Replace ``path`` with ``content`` so that a kill or a full disk leaves the old file whole.

    Raises:
        NoRoom: the disk is full; ``path`` is unchanged.
        OSError: it is read-only or gone; ``path`` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")  # mkstemp would shut out all but the owner
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise NoRoom(error, path.parent, len(content)) from error
        if isinstance(error, OSError):
            error.filename = str(path)  # not the temporary one, which means nothing to anybody
        raise
    if os.name == "posix":  # the rename itself must survive a power cut; Windows cannot open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno != errno.EINVAL:  # as some file systems say that they do so for no folder; the file is written
                raise
        finally:
            os.close(folder)


def sweep(folder: Path) -> None:
    """Remove what a kill or a power cut left of files that were being written into ``folder``, of which there is one writer."""
    for left in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError):  # somebody reads it, on Windows: it goes the next time
            remove(left)


def sweep_folders(left: Iterable[Path]) -> None:
    """Remove folders that a kill left half written, once they are a day old: a younger one may be in the making."""
    for folder in left:
        with suppress(OSError):  # another process has just swept it
            if time.time() - folder.stat().st_mtime > _DAY:
                shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as UTF-8 JSON, whole or not at all. NaN and infinity are refused (``ValueError``)."""
    content = bytearray()
    for piece in json.JSONEncoder(ensure_ascii=False, indent=1, allow_nan=False).iterencode(value):
        content += piece.encode()  # json.dumps would hold all pieces at once: of a thousand classes' report gigabytes
    write_bytes(path, content)


def read_json(path: Path) -> Any:
    """Raises ``OSError`` or ``ValueError`` when the file is absent or not JSON."""
    return parse_json(patiently(path.read_bytes))


def parse_json(content: bytes) -> Any:
    """Raises ``ValueError`` when it is not JSON, or holds half a character, which no page and no file can."""
    try:
        value = json.loads(content)
        if b"\\u" in content:
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except RecursionError as error:
        raise ValueError("nested too deeply") from error

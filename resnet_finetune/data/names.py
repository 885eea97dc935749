"""Names of files and folders that strangers chose: what may be written under them, and what is passed over."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path, PurePosixPath

from resnet_finetune.words.language import say

MAX_NAME = 255  # bytes in the name of one file or folder, on every common file system
MAX_PATH = 1000  # bytes in all of it
MAX_SHOWN = 100  # characters

# What operating systems and tools leave in folders. Names that begin with a dot count as well.
SYSTEM_NAMES = {
    "__macosx", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "$recycle.bin",
    "system volume information",
}  # fmt: skip

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")


class UnsafeName(ValueError):
    """A name under which nothing may be written. ``str()`` of it is half a sentence about "a file that …"."""


class OutsideName(UnsafeName):
    """A name that leads out of its folder: no honest tool writes one."""


def is_system(name: str) -> bool:
    """Whether a file or folder of this name belongs to the operating system or a tool and is passed over in silence."""
    return name.startswith(".") or name.casefold() in SYSTEM_NAMES


def archive_suffix(name: str) -> str | None:
    """How the name of an archive ends, in lower case (".zip", ".tar.gz", …); None for any other file."""
    return next((suffix for suffix in ARCHIVES if name.lower().endswith(suffix)), None)


def shown(name: str) -> str:
    """A stranger's name as part of a sentence: on one line, not endless, and without characters that turn text around."""
    printable = "".join(letter if letter.isprintable() else "�" for letter in name[: MAX_SHOWN + 1])
    return printable if len(printable) <= MAX_SHOWN else printable[: MAX_SHOWN - 1] + "…"


def readable(name: str) -> str:
    """A file name as text that can be shown and saved: composed, and with a mark for bytes that are no text."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode(errors="replace"))


def located(root: Path, name: str) -> Path:
    """The file under ``root`` that is called ``name`` by all who read it: on the disk its accents may be signs of their own, as
    on a Mac, or it may be bytes that are no text. A path that is not there if the file is gone.
    """
    path = root / name
    if name.isascii() or os.path.exists(path):  # noqa: PTH110  Path.exists raises for some names
        return path
    places = [root]
    for part in PurePosixPath(name).parts:
        places = [other for place in places for other in _so_called(place, part)]
    return next(iter(places), path)


def _so_called(folder: Path, name: str) -> list[Path]:
    """What is called so in a folder: two of them, perhaps, which are written in two ways."""
    try:
        return _listed(folder, folder.stat().st_mtime_ns).get(name, [])
    except OSError:  # there is no such folder
        return []


@lru_cache(maxsize=4)  # or each of 50,000 photos would have it listed
def _listed(folder: Path, changed: int) -> dict[str, list[Path]]:
    called: dict[str, list[Path]] = {}
    for place in folder.iterdir():
        called.setdefault(readable(place.name), []).append(place)
    return called


def safe_parts(text: str) -> tuple[str, ...]:
    """The names of folders and file in a relative path, composed (Unicode form NFC) and fit for this file system.

    Raises:
        OutsideName: it would lie outside its folder.
        UnsafeName: it is too long.
    """
    if len(text) > 4 * MAX_PATH:  # before it is composed, which takes minutes for a long one of nothing but accents
        raise UnsafeName(say("has a name that is too long ({text})", text=shown(text)))
    text = unicodedata.normalize("NFC", text.split("\0")[0].replace("\\", "/"))
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or re.match("[A-Za-z]:", text) or ".." in parts:
        raise OutsideName(say("would land outside its folder ({text})", text=shown(text)))
    if len(text.encode(errors="replace")) > MAX_PATH or any(len(part.encode(errors="replace")) > MAX_NAME for part in parts):
        raise UnsafeName(say("has a name that is too long ({text})", text=shown(text)))
    return tuple(map(_allowed_on_windows, parts)) if os.name == "nt" else tuple(parts)


def _allowed_on_windows(part: str) -> str:
    part = re.sub(r'[<>:"|?*\x00-\x1f]', "_", part).rstrip(". ") or "_"
    return re.sub(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", r"\1_", part)  # names of devices


class Places:
    """Paths that are all different even where the file system does not tell upper from lower case."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[str, bool]] = {}  # folded path → path, whether it is a file

    def __len__(self) -> int:
        """How many files and folders are taken."""
        return len(self._taken)

    def take(self, parts: tuple[str, ...], is_file: bool) -> None:
        """Take a path and the folders above it, or nothing.

        Raises:
            UnsafeName: some computers would take it for one that is taken; photos would be lost, or two classes merged.
        """
        new: dict[str, tuple[str, bool]] = {}
        for depth in range(len(parts), 0, -1):  # upwards: the first folder that is known has all others above it
            path = "/".join(parts[:depth])
            this_is_file = depth == len(parts) and is_file
            known = self._taken.get(path.casefold())
            if known is None:
                new[path.casefold()] = (path, this_is_file)
            elif not this_is_file and known == (path, False):
                break
            elif known == (path, this_is_file):
                raise UnsafeName(say("is there twice ({path})", path=shown(path)))
            else:
                raise UnsafeName(
                    say("some computers take for another ({known}, {path})", known=shown(known[0]), path=shown(path))
                )
        self._taken |= new

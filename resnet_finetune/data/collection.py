"""Photos that come through the browser, one by one, and stay in a folder of the app's own under the names they had."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from resnet_finetune.data.names import Places, UnsafeName, is_system, safe_parts, shown
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import reason, say

MAX_FILES = 100_000
MAX_BYTES = 100 * 10**9  # of all files
MAX_FILE_BYTES = 500 * 10**6
SPARE = 10**9  # bytes left free on the disk, for the run itself
_DAY = 24 * 60 * 60  # seconds


class NotHere(UserError):
    """There is no such collection (any more)."""


class NoRoom(UserError):
    """Not this file only but none can be taken: a limit is reached, or the disk is full."""


@dataclass(frozen=True)
class Collection:
    """A folder of photos. ``id`` was drawn by ``create`` or checked by ``find``: it is safe in a path."""

    id: str
    name: str  # what the person calls it; may be any text

    @property
    def photos(self) -> Path:
        return _place(self.id) / "photos"

    def add(self, path: str, content: BinaryIO) -> bool:
        """Write one file under its relative path, whole or not at all; a file that is there already is replaced.

        Returns False for what the operating system left among the photos, which is not kept.

        Raises:
            UserError: this file cannot be kept under this name, or is too large.
            NoRoom: neither this nor any other file can be kept.
        """
        parts = _parts(path)
        if any(map(is_system, parts)):
            return False
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        if size > MAX_FILE_BYTES:
            raise UserError(
                say("It has {size:,.0f} MB, more than any photo: leave it out, or save it smaller.", size=size / 1e6)
            )
        shelf = _shelf(self)
        before = shelf.claim(parts, size)
        try:
            shelf.put(parts, content, size)
        except BaseException as error:
            shelf.restore(parts, before)
            if isinstance(error, OSError):
                raise _explained(error) from error
            raise
        return True

    def remove(self, path: str) -> None:
        """Delete one file, and its folder when it was the last in it. One that is not there is gone already.

        Raises:
            UserError: it is not a path inside the collection, or the file is held fast by the system.
        """
        try:
            _shelf(self).take_out(_parts(path))
        except OSError as error:
            raise UserError(
                say(
                    "{path} could not be removed ({reason}): close what uses it, and try again.",
                    path=shown(path),
                    reason=reason(error),
                )
            ) from error

    def file(self, path: str) -> Path:
        """Where the file of this path lies, if it is there.

        Raises:
            UserError: it is not a path inside the collection.
        """
        return self.photos.joinpath(*_parts(path))

    def folders(self) -> dict[str, list[str]]:
        """The names of the files in each folder, the newest first; a folder is named by its path, with "/"."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for file, about in _files(self.photos):
            found[file.parent.relative_to(self.photos).as_posix()].append((-about.st_mtime_ns, file.name))
        return {folder: [name for _, name in sorted(files)] for folder, files in sorted(found.items())}

    def counts(self) -> dict[str, int]:
        """How many files there are in each folder, which is what a class is."""
        return {folder: len(names) for folder, names in self.folders().items()}

    def keep(self) -> None:
        """From now on it is never swept: a run may need these photos again.

        Raises:
            NoRoom: the disk is full or cannot be written to.
        """
        _write_about(self, kept=True)


def create(name: str, *, kept: bool = False) -> Collection:
    """An empty collection. ``kept`` says that its photos will be nowhere else, so that they are never swept.

    Raises:
        NoRoom: the disk is full or cannot be written to.
    """
    sweep()
    collection = Collection(secrets.token_hex(8), shown(name.strip()))
    try:
        own_folder(collection.photos)
    except OSError as error:
        raise _explained(error) from error
    _write_about(collection, kept=kept)
    return collection


def find(id: str) -> Collection:
    """The collection that ``create`` gave this id.

    Raises:
        NotHere: there is none.
    """
    if not re.fullmatch("[0-9a-f]{16}", id):
        raise _not_here()
    try:
        return Collection(id, str(disk.read_json(_place(id) / "about.json")["name"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_here() from error


def name_of(photos: Path) -> str | None:
    """What the person calls the collection whose photos are in this folder, if one's are."""
    if photos.parent.parent == _brought().absolute():
        with suppress(NotHere):
            return find(photos.parent.name).name
    return None


def sweep() -> None:
    """Remove what nobody finished: collections that nothing came to for a day and that are empty, or not to be kept."""
    for place in _brought().glob("*"):
        try:
            # Every file that comes is written beside its folder first, so the place itself tells when the last one came.
            old = time.time() - place.stat().st_mtime > _DAY
            if old and not (_is_kept(place) and any(_files(place / "photos"))):
                shutil.rmtree(place, ignore_errors=True)
                _shelves.pop(place.name, None)
        except OSError:  # another process has just swept it; or what it is cannot be read now, so that it may be kept
            continue


class _Shelf:
    """What lies in one collection, kept in memory so that not every new file has to ask the disk for all others."""

    def __init__(self, collection: Collection) -> None:
        self._photos = collection.photos
        self._lock = Lock()
        self._sizes = {file.relative_to(self._photos).as_posix(): about.st_size for file, about in _files(self._photos)}
        self._total = sum(self._sizes.values())
        self._places = self._taken()

    def claim(self, parts: tuple[str, ...], size: int) -> int | None:
        """Make sure that the file may be written, and count it in. Returns the size of the one it replaces."""
        path = "/".join(parts)
        with self._lock:
            before = self._sizes.get(path)
            if before is None and len(self._sizes) >= MAX_FILES:
                raise NoRoom(say("More than {most:,} files cannot be taken: choose a part of the folder.", most=MAX_FILES))
            if self._total - (before or 0) + size > MAX_BYTES:
                raise NoRoom(
                    say(
                        "More than {most:,.0f} GB cannot be taken: choose a part of the folder.",
                        most=MAX_BYTES / 1e9,
                    )
                )
            if before is None:
                try:
                    self._places.take(parts, is_file=True)
                except UnsafeName as error:
                    raise _unsafe(error) from error
            self._total += size - (before or 0)
            self._sizes[path] = size
            return before

    def restore(self, parts: tuple[str, ...], before: int | None) -> None:
        """Take a claim back."""
        with self._lock:
            if before is None:
                self._forget("/".join(parts))
            else:
                self._total += before - self._sizes.get("/".join(parts), 0)
                self._sizes["/".join(parts)] = before

    def put(self, parts: tuple[str, ...], content: BinaryIO, size: int) -> None:
        if shutil.disk_usage(self._photos).free < size + SPARE:
            raise OSError(errno.ENOSPC, "too little room")
        temporary = self._photos.parent / f".coming-{secrets.token_hex(8)}"
        target = self._photos.joinpath(*parts)
        try:
            with temporary.open("xb") as file:
                shutil.copyfileobj(content, file, 1024 * 1024)
            with self._lock:  # else the folder could be taken out as empty in between
                target.parent.mkdir(parents=True, exist_ok=True)
                disk.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def take_out(self, parts: tuple[str, ...]) -> None:
        target = self._photos.joinpath(*parts)
        with self._lock:
            if "/".join(parts) not in self._sizes:
                return
            target.unlink(missing_ok=True)
            self._forget("/".join(parts))
            for folder in target.parents:
                if folder == self._photos or any(folder.iterdir()):
                    break
                folder.rmdir()

    def _forget(self, path: str) -> None:
        self._total -= self._sizes.pop(path, 0)
        self._places = self._taken()

    def _taken(self) -> Places:
        places = Places()
        for path in self._sizes:
            with suppress(UnsafeName):  # somebody else has put it there
                places.take(tuple(path.split("/")), is_file=True)
        return places


_shelves: dict[str, _Shelf] = {}
_shelves_lock = Lock()


def _shelf(collection: Collection) -> _Shelf:
    with _shelves_lock:
        if collection.id not in _shelves:
            _shelves[collection.id] = _Shelf(collection)
        return _shelves[collection.id]


def _brought() -> Path:
    return home() / "brought"


def _place(id: str) -> Path:
    return _brought() / id


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # removed a moment ago
                yield Path(where, name), Path(where, name).stat()


def _is_kept(place: Path) -> bool:
    """Raises ``OSError`` where it cannot be told for the moment."""
    try:
        return bool(disk.read_json(place / "about.json")["kept"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # it was never made whole
        return False


def _write_about(collection: Collection, *, kept: bool) -> None:
    try:
        disk.write_json(_place(collection.id) / "about.json", {"name": collection.name, "kept": kept})
    except OSError as error:
        raise _explained(error) from error


def _parts(path: str) -> tuple[str, ...]:
    try:
        path.encode()  # half a character that JSON can hold cannot be in the name of a file
        parts = safe_parts(path)
    except UnicodeEncodeError as error:
        raise UserError(say("Its name cannot be written on this computer: rename it, and bring it again.")) from error
    except UnsafeName as error:
        raise _unsafe(error) from error
    if not parts:
        raise UserError(say("It has no name: give it one, and bring it again."))
    return parts


def _unsafe(error: UnsafeName) -> UserError:
    return UserError(say("It is a file that {error}: rename it, and bring it again.", error=error))


def _not_here() -> NotHere:
    return NotHere(say("These photos are not there any more: choose the folder again."))


def _explained(error: OSError) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom(say("The disk is full, so no more photos can be taken: make room on it, and try again."))
    unfit = error.errno in (errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG)  # what a file system says of a name
    if unfit or (error.errno == errno.ENOENT and _brought().is_dir()):  # so Windows calls a path that is too long
        return UserError(say("It could not be written ({reason}): rename it, and bring it again.", reason=reason(error)))
    return NoRoom(
        say(
            "Nothing can be written to the app’s own folder {folder} ({reason}): check the drive and rights.",
            folder=_brought(),
            reason=reason(error),
        )
    )

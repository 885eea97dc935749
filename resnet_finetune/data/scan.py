"""Every file under a folder, read once: photos are decoded, measured and kept; the others get the reason why they are none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from io import BytesIO, FileIO
from pathlib import Path
from threading import Event

import numpy as np

from resnet_finetune.data.cache import SIZE, Shelf
from resnet_finetune.data.facts import Border, border, measure
from resnet_finetune.data.images import Header, UnreadablePhoto, begins_like_a_photo, read, square
from resnet_finetune.data.label_table import LabelTable, UnreadableTable, is_table, read_table
from resnet_finetune.data.names import is_system, readable
from resnet_finetune.data.photos import PhotoFile
from resnet_finetune.data.problems import Problem
from resnet_finetune.words.language import reason, say

# Threads hand files over in batches: for each hand-over, all of them have to wait for each other.
BATCH = 8
MOUNT_POINT = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT of Windows
IN_MEMORY = 64 * 10**6  # bytes; a larger file is not read at once


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What is under ``root``, before anybody asks what it means. The names are relative to it, with "/" between."""

    root: Path
    photos: list[PhotoFile]  # sorted by name
    problems: list[Problem]  # of files that cannot be used
    folders: list[str]
    tables: dict[str, LabelTable]  # by name
    shelf: Shelf  # where the photos' pixels are


def scan_files(root: Path, progress: Callable[[int, int], None]) -> Scan:
    """Read every file under ``root``. Nothing under it is changed; the pixels are kept in the app's own place.

    ``progress(done, total)`` is called in this thread after each file, and before that, while files are still being listed,
    after each folder; what it raises ends the scan.
    """
    files, folders, problems = walk(root, lambda found: progress(0, found))
    photos: list[PhotoFile] = []
    tables: dict[str, LabelTable] = {}
    shelf = Shelf(root)
    try:
        with closing(_read_all(files, shelf)) as outcomes:
            for done, (name, outcome) in enumerate(outcomes, start=1):
                match outcome:
                    case PhotoFile():
                        photos.append(outcome)
                    case LabelTable():
                        tables[name] = outcome
                    case Problem():
                        problems.append(outcome)
                progress(done, len(files))
    finally:
        shelf.close()
    return Scan(root=root, photos=photos, problems=problems, folders=folders, tables=tables, shelf=shelf)


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Windows' other kind of link, to a folder, which may be one that it lies in."""
    if os.name != "nt" or not entry.is_dir():
        return False
    return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == MOUNT_POINT


def walk(root: Path, tell: Callable[[int], None]) -> tuple[dict[str, Path], list[str], list[Problem]]:
    """Every file (name → path, sorted) and folder under ``root`` but the system's; links are problems, never followed.

    After each folder it is told how many files there are already, if any.
    """
    files: dict[str, Path] = {}
    folders: list[str] = []
    problems = []
    waiting: list[tuple[Path, str]] = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            message = say("The folder could not be opened ({reason}): check the drive and your rights.", reason=reason(error))
            problems.append(Problem(path=prefix.rstrip("/"), kind="unreadable", message=message))
            continue
        for entry in entries:
            name = prefix + readable(entry.name)
            if is_system(entry.name):
                continue
            if entry.is_symlink() or _is_junction(entry):
                message = say("It is a link, and links are not followed: put the photo or folder itself there.")
                problems.append(Problem(path=name, kind="link", message=message))
            elif entry.is_dir():
                folders.append(name)
                waiting.append((Path(entry.path), f"{name}/"))
            elif not entry.is_file():  # a pipe, at which we would wait for ever
                message = say("It is no ordinary file: take it out.")
                problems.append(Problem(path=name, kind="unreadable", message=message))
            elif name in files:
                message = say("Another file has the same name, only encoded differently: rename one of them.")
                problems.append(Problem(path=name, kind="same-name", message=message))
            else:
                files[name] = Path(entry.path)
        if files:
            tell(len(files))
    return dict(sorted(files.items())), folders, problems


def _read_all(files: dict[str, Path], shelf: Shelf) -> Generator[tuple[str, PhotoFile | LabelTable | Problem]]:
    """Each name with what it is, in order; read by as many threads as there are processors."""
    executor, stopped = ThreadPoolExecutor(os.cpu_count()), Event()
    try:
        items = list(files.items())
        batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
        for batch, outcomes in zip(batches, executor.map(partial(_read_some, shelf, stopped), batches), strict=True):
            yield from zip([name for name, _ in batch], outcomes, strict=True)
    finally:
        stopped.set()
        executor.shutdown(cancel_futures=True)


def _read_some(shelf: Shelf, stopped: Event, batch: list[tuple[str, Path]]) -> list[PhotoFile | LabelTable | Problem]:
    """Of a batch; not all of it once nobody wants it any more."""
    read = [_read(shelf, name, path) for name, path in batch if not stopped.is_set()]
    measured = iter(_measured(shelf, [outcome for outcome in read if isinstance(outcome, _Decoded)]))
    return [next(measured) if isinstance(outcome, _Decoded) else outcome for outcome in read]


@dataclass(frozen=True)
class _Decoded:
    """A photo that was not on the shelf."""

    path: Path
    name: str
    digest: str
    header: Header
    border: Border
    pixels: np.ndarray  # uint8 [SIZE, SIZE, 3]


def _read(shelf: Shelf, name: str, path: Path) -> PhotoFile | _Decoded | LabelTable | Problem:
    try:
        return _photo(shelf, name, path)
    except UnreadablePhoto as error:
        problem = Problem(path=name, kind=error.kind, message=error.message)
        return (_table(name, path) if is_table(name) else None) or problem  # "BMW_1.jpg,BMW" begins like a BMP
    except OSError as error:
        return Problem(
            path=name,
            kind="unreadable",
            message=say("It vanished while it was read ({reason}): scan again.", reason=reason(error)),
        )


def _photo(shelf: Shelf, name: str, path: Path) -> PhotoFile | _Decoded:
    """Decoded only if the same file was not read before. Raises ``UnreadablePhoto`` and ``OSError``."""
    with path.open("rb", buffering=0) as file:
        small = os.fstat(file.fileno()).st_size <= IN_MEMORY
        source: BytesIO | FileIO = BytesIO(file.read()) if small else file
        if not begins_like_a_photo(source.read(16)):
            read(path, SIZE)  # refuses it, in the usual words: a film of 4 GB is not worth a hash
        source.seek(0)
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        facts = shelf.find(digest)
        if facts is not None:
            return PhotoFile(path=path, name=name, digest=digest, facts=facts)
        source.seek(0)
        whole, header = read(source, SIZE)
        return _Decoded(path, name, digest, header, border(whole), square(whole, SIZE))


def _measured(shelf: Shelf, photos: list[_Decoded]) -> list[PhotoFile]:
    """With their facts, and put on the shelf."""
    if not photos:
        return []
    all_facts = measure([(photo.header, photo.border, photo.pixels) for photo in photos])
    files = []
    for photo, facts in zip(photos, all_facts, strict=True):
        shelf.add(photo.digest, photo.pixels, facts)
        files.append(PhotoFile(path=photo.path, name=photo.name, digest=photo.digest, facts=facts))
    return files


def _table(name: str, path: Path) -> LabelTable | Problem | None:
    try:
        return read_table(path)
    except UnreadableTable as error:
        return Problem(path=name, kind="unreadable-table", message=error.message)

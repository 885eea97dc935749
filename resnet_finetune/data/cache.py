"""Photos decoded once and kept as raw pixels, so that no later pass, and no later run, waits for a decoder.

A shelf belongs to one folder of photos. It holds boxes: ``NAME.u8``, the pixels of some photos one after the other, and
``NAME.json``, what they are of, written when the pixels are whole. Boxes are never changed afterwards. A photo is looked up
by the hash of its file, so that one that was changed, moved or replaced can never get the pixels of another.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import threading
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from resnet_finetune.data.facts import Facts
from resnet_finetune.data.images import UnreadablePhoto, read, square
from resnet_finetune.data.photos import PhotoFile
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import say

# Pixels, the side of the square that is kept. The weights were trained at 224, on crops that show things about so much
# larger (Touvron et al. 2019).
SIZE = 320
PHOTO_BYTES = SIZE * SIZE * 3
MAKING = 2  # to be raised with every change of the decoder, the square or the facts: what is kept is then made anew

BOX_PHOTOS = 1024  # in one box at the most: what a kill in the middle of a scan can cost
MOST_BYTES = 20 * 10**9  # of all shelves together
SPARE = 2 * 10**9  # bytes left free on the disk, for the runs
ORPHAN_AGE = 24 * 60 * 60  # seconds after which pixels without a list are nobody's work any more

_OWNER_GONE = (FileNotFoundError, PermissionError)  # another process was quicker, or Windows still reads it


@dataclass
class _Box:
    """Being filled."""

    path: Path  # without suffix
    file: BinaryIO
    photos: dict[str, _Place] = field(default_factory=dict)  # by digest, in order


@dataclass(frozen=True)
class _Place:
    box: Path  # without suffix
    row: int
    check: int  # CRC-32 of a sample of the pixels
    facts: Facts


class Shelf:
    """The kept photos of one folder. Safe to use by several threads; several processes may fill one at the same time."""

    def __init__(self, root: Path) -> None:
        key = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:16]
        self._folder = home() / "pixels" / key
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._box: _Box | None = None
        self.full = False  # there was no room on the disk for all of them
        for about in sorted(self._folder.glob("*.json")):
            self._open(about)

    def find(self, digest: str) -> Facts | None:
        place = self._places.get(digest)
        return place.facts if place else None

    def add(self, digest: str, pixels: np.ndarray, facts: Facts) -> None:
        """Keep uint8 [SIZE, SIZE, 3]. Where there is no room, it is not kept, and ``full`` says so."""
        try:
            with self._lock:
                if self.full or digest in self._places:
                    return
                box = self._box or self._new_box()
                box.file.write(pixels.data)
                place = _Place(box.path, len(box.photos), _check(pixels.data), facts)
                self._places[digest] = box.photos[digest] = place
                if len(box.photos) < BOX_PHOTOS:
                    return
                self._box = None
            self._finish(box)  # meanwhile, others fill the next one
        except OSError:  # a full disk, or one that cannot be written: the photos are read again whenever they are needed
            self._give_up()

    def close(self) -> None:
        """Make what was added findable for others. To be called when the scan ends, however it ends."""
        box = self._taken_box()
        if box:
            self._finish(box)

    def pixels(self, photos: Sequence[PhotoFile]) -> Pixels:
        """The pixels of these photos, in this order; of a place that cannot be read any more the photo is decoded again."""
        boxes: dict[Path, np.ndarray] = {}
        rows: list[np.ndarray | None] = []
        for photo in photos:
            place = self._places.get(photo.digest)
            pixels = _row(_mapped(place.box, boxes), place) if place else None
            if place and pixels is None:  # after a power cut, or thrown away by another process: to be made anew next time
                _throw_away(place.box)
            rows.append(pixels)
        return Pixels(photos, rows)

    def _open(self, about: Path) -> None:
        """Take up a box. One that is damaged, or was made in another way, is thrown away."""
        box = about.with_suffix("")
        try:
            values = disk.read_json(about)
            rows = values["rows"]
            if values["making"] != [MAKING, SIZE] or box.with_suffix(".u8").stat().st_size != len(rows) * PHOTO_BYTES:
                raise ValueError("made in another way, or cut short")
            places = {
                str(row["digest"]): _Place(box, number, int(row["check"]), Facts.from_json(row["facts"]))
                for number, row in enumerate(rows)
            }
        except (OSError, ValueError, KeyError, TypeError):
            _throw_away(box)
            return
        self._places.update(places)
        with suppress(*_OWNER_GONE):
            os.utime(about)  # used now: the longest unused go first

    def _new_box(self) -> _Box:
        """Raises ``OSError`` when there is no room for a whole one."""
        own_folder(self._folder)
        _make_room(self._folder)
        path = self._folder / secrets.token_hex(8)
        self._box = _Box(path, path.with_suffix(".u8").open("xb"))
        return self._box

    def _finish(self, box: _Box) -> None:
        """Write the list of a box. Not forced to the disk, which would take as long as the scan: what a power cut leaves of it
        is noticed, and made anew.
        """
        rows = [
            {"digest": digest, "check": place.check, "facts": place.facts.to_json()} for digest, place in box.photos.items()
        ]
        content = json.dumps({"making": [MAKING, SIZE], "rows": rows})
        try:
            box.file.close()
            unfinished = box.path.with_suffix(".part")
            unfinished.write_text(content, encoding="utf-8")
            disk.replace(unfinished, box.path.with_suffix(".json"))
        except OSError:
            self._drop(box)

    def _taken_box(self) -> _Box | None:
        """The box that is being filled, which then is so no more."""
        with self._lock:
            box, self._box = self._box, None
        return box

    def _give_up(self) -> None:
        self.full = True
        box = self._taken_box()
        if box:
            self._drop(box)

    def _drop(self, box: _Box) -> None:
        self.full = True
        for digest in box.photos:
            self._places.pop(digest, None)
        with suppress(OSError):
            box.file.close()
        _throw_away(box.path)


class Pixels:
    """The decoded photos of a data set, by their number in it: ``pixels[indices]`` is uint8 [len(indices), SIZE, SIZE, 3]."""

    def __init__(self, photos: Sequence[PhotoFile], kept: Sequence[np.ndarray | None]) -> None:
        self._photos = photos
        self._kept = kept

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def missing(self) -> int:
        """Photos that have to be decoded every time they are asked for."""
        return sum(pixels is None for pixels in self._kept)

    def __getitem__(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Raises ``UserError`` when a photo has to be read again and is not what it was."""
        out = np.empty((len(indices), SIZE, SIZE, 3), np.uint8)
        again = []
        for place, index in enumerate(indices):
            kept = self._kept[index]
            if kept is None:
                again.append((place, index))
            else:
                out[place] = kept
        if again:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                decoded = threads.map(_decode_again, (self._photos[index] for _, index in again))
                for (place, _), pixels in zip(again, decoded, strict=True):
                    out[place] = pixels
        return out


def _decode_again(photo: PhotoFile) -> np.ndarray:
    again = say("train again, without it or with what it is now.")
    try:
        with photo.path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != photo.digest:
                raise UserError(
                    say("The photo {name} was changed while the run needed it: {again}", name=photo.name, again=again)
                )
            file.seek(0)
            return square(read(file, SIZE)[0], SIZE)
    except (OSError, UnreadablePhoto) as error:
        raise UserError(
            say("The photo {name} went away while the run needed it: put it back, or {again}", name=photo.name, again=again)
        ) from error


def _mapped(box: Path, boxes: dict[Path, np.ndarray]) -> np.ndarray:
    """uint8 [photos, SIZE, SIZE, 3] on the disk; nothing where it went away."""
    if box not in boxes:
        try:
            flat = np.memmap(box.with_suffix(".u8"), np.uint8, "r")
            boxes[box] = flat[: len(flat) // PHOTO_BYTES * PHOTO_BYTES].reshape(-1, SIZE, SIZE, 3)
        except (OSError, ValueError):  # ValueError: it is empty
            boxes[box] = np.empty((0, SIZE, SIZE, 3), np.uint8)
    return boxes[box]


def _row(box: np.ndarray, place: _Place) -> np.ndarray | None:
    """The pixels at ``place``, or None where they are not whole."""
    if place.row >= len(box):
        return None
    row: np.ndarray = box[place.row]
    return row if _check(row.data) == place.check else None


def _check(pixels: memoryview) -> int:
    """Of a sample that touches every page of memory (4096 bytes): a power cut loses whole pages."""
    return zlib.crc32(pixels.cast("B")[::509].tobytes())


def _make_room(keep: Path) -> None:
    """Throw away what was not used for longest, but nothing in the folder ``keep``, until there is room for one more box.

    Raises:
        OSError: there is none.
    """
    shelves, needed = home() / "pixels", BOX_PHOTOS * PHOTO_BYTES
    sizes = {pixels.with_suffix(""): _size(pixels) for pixels in shelves.glob("*/*.u8")}
    others = sorted((box for box in sizes if box.parent != keep or not _last_used(box)), key=_last_used)

    def fits(freed: int = 0) -> bool:
        enough = shutil.disk_usage(shelves).free + freed >= needed + SPARE
        return enough and sum(sizes.values()) - freed + needed <= MOST_BYTES

    if fits(sum(sizes[box] for box in others)):  # else they would be thrown away for nothing
        while others and not fits():
            box = others.pop(0)
            _throw_away(box)
            del sizes[box]
    if not fits():
        raise OSError(errno.ENOSPC, "no room for more decoded photos", str(shelves))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # another process threw it away
        return 0


def _last_used(box: Path) -> float:
    """Seconds since the epoch; 0 for pixels without a list that nobody is filling any more."""
    try:
        return box.with_suffix(".json").stat().st_mtime
    except FileNotFoundError:
        with suppress(FileNotFoundError):
            filled = box.with_suffix(".u8").stat().st_mtime
            return filled if time.time() - filled < ORPHAN_AGE else 0
        return 0


def _throw_away(box: Path) -> None:
    for suffix in (".json", ".part", ".u8"):  # the list first: pixels without one are never used
        with suppress(*_OWNER_GONE):
            box.with_suffix(suffix).unlink()

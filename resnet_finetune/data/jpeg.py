"""The scans of a JPEG, found by its markers alone: a decoder goes over all blocks of the photo for each of them.

A usual JPEG has one, for all colour components; a progressive one some ten. No standard says how many there may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 64 * 1024  # bytes

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # ITU-T T.81, table B.1; not restarts, nor a byte 255 of the photo
_ALONE = (0x01, 0xD8)  # without a length: TEM, start of image
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9


def scans(file: BinaryIO) -> Iterator[int]:
    """For each scan of the first photo in ``file``, of how many colour components it is (ITU-T T.81, B.2.3).

    It asks for no more of the file than it has to go through to the next one. A damaged file ends where it makes no sense.
    """
    at = 2
    while found := _next_marker(file, at):
        at, kind = found
        if kind == _END_OF_IMAGE:
            return
        if kind in _ALONE:
            at += 2
            continue
        file.seek(at + 2)
        head = file.read(3)
        if len(head) < 3:
            return
        if kind == _START_OF_SCAN:
            yield head[2]
        at += 2 + max(2, int.from_bytes(head[:2], "big"))


def _next_marker(file: BinaryIO, at: int) -> tuple[int, int] | None:
    """Where it is, and its second byte."""
    file.seek(at)
    chunk = file.read(4)  # most often it is here
    while len(chunk) > 1:
        if found := _MARKER.search(chunk):
            return at + found.start(), chunk[found.start() + 1]
        at += len(chunk) - 1  # whose last byte may be the first of a marker
        file.seek(at)
        chunk = file.read(CHUNK)
    return None

"""Small previews, sent inside the page itself: no file of the person's folders is ever served."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from resnet_finetune.data.images import UnreadablePhoto, read, square
from resnet_finetune.data.names import located
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Report

SIDE = 112  # pixels, of the square; shown at half that on a sharp screen


def jpeg(path: Path, side: int) -> bytes:
    """A square of ``side`` pixels. Raises ``UnreadablePhoto``."""
    return _encoded(square(read(path, side)[0], side))


def thumbnail(path: Path, name: str) -> Markup:
    """An ``<img>`` of about 4 kB, or an empty frame where the photo cannot be read (any more)."""
    try:
        content = jpeg(path, SIDE)
    except (UnreadablePhoto, OSError):
        return _empty(name)
    return Markup('<img class="photo" src="{1}" alt="{0}" title="{0}">').format(name, _source(content))


def of_run(report: Report, name: str) -> Markup:
    """The same of a photo that the run has seen, if where it lies may be asked for it."""
    try:
        path = located(report.folder, name)
    except UserError:
        return _empty(name)
    return thumbnail(path, name)


def picture(pixels: np.ndarray, name: str) -> Markup:
    """An ``<img>`` of uint8 [H, W, 3], as large as it is."""
    return Markup('<img class="picture" src="{}" alt="{}" width="{}" height="{}">').format(
        _source(_encoded(pixels)), name, pixels.shape[1], pixels.shape[0]
    )


def _empty(name: str) -> Markup:
    return Markup('<span class="photo" role="img" aria-label="{0}" title="{0}"></span>').format(name)


def _encoded(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=75)
    return file.getvalue()


def _source(content: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(content).decode()}"

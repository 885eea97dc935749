"""Small previews, sent inside the page itself: no file of the person's folders is ever served."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from resnet_finetune.data.images import UnreadablePhoto, read, square

SIDE = 112  # pixels, of the square; shown at half that on a sharp screen


def jpeg(path: Path, side: int) -> bytes:
    """A square of ``side`` pixels. Raises ``UnreadablePhoto``."""
    file = BytesIO()
    Image.fromarray(square(read(path, side)[0], side)).save(file, "JPEG", quality=75)
    return file.getvalue()


def thumbnail(path: Path, name: str) -> Markup:
    """An ``<img>`` of about 4 kB, or an empty frame where the photo cannot be read (any more)."""
    try:
        content = jpeg(path, SIDE)
    except (UnreadablePhoto, OSError):
        return Markup('<span class="photo" role="img" aria-label="{0}" title="{0}"></span>').format(name)
    source = f"data:image/jpeg;base64,{b64encode(content).decode()}"
    return Markup('<img class="photo" src="{1}" alt="{0}" title="{0}">').format(name, source)

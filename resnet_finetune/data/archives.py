"""Unpacking a .zip or .tar that a stranger packed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from resnet_finetune.data.tars import tar_content, unpack_tar
from resnet_finetune.data.zips import unpack_zip


def unpack(path: Path, parent: Path, check: Callable[[], None] = lambda: None) -> Path:
    """The folder under ``parent`` that holds what ``path`` packs. It is named by the archive's content and made only once.

    A damaged member of a zip is kept as far as it can be read: the scan judges it like any other file. A tar is one stream,
    in which damage takes away all that follows, so it is refused. ``check`` is called often; what it raises ends the work.

    Raises:
        UserError: it is not safe to unpack, or there is no room for it.
        NotWhole: it is no archive, or not a whole one.
        OSError: the file cannot be read, or ``parent`` cannot be written.
    """
    with path.open("rb") as file:
        return unpack_tar(path, parent, check) if tar_content(file) else unpack_zip(path, parent, check)

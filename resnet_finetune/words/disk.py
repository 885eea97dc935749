"""Files that are either whole or absent: temporary name, fsync, rename."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` with ``content`` so that a kill or a full disk leaves the old file whole.

    Raises:
        OSError: the disk is full, read-only or gone; ``path`` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")  # mkstemp would shut out all but the owner, for good
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename itself must survive a power cut; Windows cannot open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as UTF-8 JSON, whole or not at all. NaN and infinity are refused (``ValueError``)."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode())


def read_json(path: Path) -> Any:
    """Raises ``OSError`` or ``ValueError`` when the file is absent or not JSON."""
    try:
        return json.loads(path.read_bytes())
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error

"""Where the app keeps what is its own: runs, unpacked photos, small previews."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """``RESNET_FINETUNE_HOME``, or a folder in the person's own home. Not created here."""
    return Path(os.environ.get("RESNET_FINETUNE_HOME") or Path.home() / ".resnet-finetune")


def own_folder(folder: Path) -> Path:
    """The same, which is there now; nobody but the person may look into what had to be made. Raises ``OSError``."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)  # with ``parents``, those would be open to all
    return folder

"""Where the app keeps what is its own: runs, unpacked photos, small previews."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """``RESNET_FINETUNE_HOME``, or a folder in the person's own home. Not created here."""
    return Path(os.environ.get("RESNET_FINETUNE_HOME") or Path.home() / ".resnet-finetune")

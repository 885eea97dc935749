"""NVIDIA cards, by the tool that comes with every driver of theirs: also those that PyTorch cannot use."""

from __future__ import annotations

import shutil
import subprocess

ASK = 5.0  # seconds that the tool may take to answer


def cards() -> list[str]:
    """Their names; none where there is no card, or no driver that answers."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        said = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=ASK, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):  # a driver without a card, or one that is stuck
        return []
    return [line.strip() for line in said.strip().splitlines()]

"""What of this machine can be trained on, and what stands in the way of its GPU."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from resnet_finetune.model import nvidia
from resnet_finetune.model.hardware import find_device, name_of, too_old
from resnet_finetune.words import shell
from resnet_finetune.words.language import say

_REINSTALL = "-m uv pip install --torch-backend=auto --reinstall torch torchvision"


@dataclass(frozen=True, kw_only=True)
class Machine:
    trains_on: str  # in words
    cores: int  # as the system counts them, hyper-threads too
    memory_gb: float
    unused: str | None  # the name of a GPU that is there, but that PyTorch cannot use
    remedy: str | None  # what to do that it can


def look_at_machine() -> Machine:
    """Takes up to a few seconds where there is an NVIDIA driver that does not answer."""
    device = find_device()
    unused, remedy = _unused_gpu() if device.type == "cpu" else (None, None)
    return Machine(
        trains_on=_described(device),
        cores=os.cpu_count() or 1,
        memory_gb=psutil.virtual_memory().total / 1e9,
        unused=unused,
        remedy=remedy,
    )


def _described(device: torch.device) -> str:
    if device.type != "cuda":
        return name_of(device)
    return f"{name_of(device)}, {torch.cuda.get_device_properties(device).total_memory / 1e9:.0f} GB"


def _unused_gpu() -> tuple[str | None, str | None]:
    cards = nvidia.cards()
    if not cards:
        return None, None
    old = too_old() if torch.cuda.is_available() else None
    return cards[0], _for_old(*old) if old else _for_nvidia(torch.version.cuda)


def _for_old(its: float, needed: float) -> str:
    return say(
        "This PyTorch has no code for so old a card: its compute capability is {its}, and {needed} or more is needed. There is "
        "nothing to be done; all works on the CPU.",
        its=its,
        needed=needed,
    )


def _for_nvidia(built_for: str | None) -> str:
    """``built_for`` is the CUDA version of this PyTorch, None for one that only knows the CPU (the usual one on Windows)."""
    if built_for is None and sys.platform == "win32" and Path(sys.prefix).with_name("start.bat").exists():
        if os.environ.get("UV_TORCH_BACKEND") == "cpu":
            return say(
                "This PyTorch was built without CUDA, as the variable UV_TORCH_BACKEND asks: remove it, close the app and "
                "double-click start.bat again."
            )
        return say(
            "This PyTorch was built without CUDA. Update the NVIDIA driver, close the app, go online and double-click "
            "start.bat again: it fetches the one that can use the card, 2 to 3 GB."
        )
    if built_for is None:
        return say(
            "This PyTorch was built without CUDA. Close the app, run the two commands {first} and {second}, and start the app "
            "again.",
            first=f"{shell.python()} -m pip install uv",
            second=f"{shell.python()} {_REINSTALL}",
        )
    return say(
        "This PyTorch needs a driver for CUDA {version}, and yours is older or not running: update the NVIDIA driver, restart "
        "the computer, and start the app again.",
        version=built_for,
    )

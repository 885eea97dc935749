"""What of this machine can be trained on, and what stands in the way of its GPU."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from resnet_finetune.model import nvidia
from resnet_finetune.model.hardware import find_device, name_of
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
    return (cards[0], _for_nvidia(torch.version.cuda)) if cards else (None, None)


def _for_nvidia(built_for: str | None) -> str:
    """``built_for`` is the CUDA version of this PyTorch, None for one that only knows the CPU (the usual one on Windows)."""
    if built_for is None and sys.platform == "win32" and Path(sys.prefix).with_name("start.bat").exists():
        return say(
            "This PyTorch was built without CUDA. Close the app, go online and double-click start.bat again: it fetches the "
            "one that can use the card, 2 to 3 GB."
        )
    if built_for is None:
        python = f'"{sys.executable}"'
        return say(
            "This PyTorch was built without CUDA. Close the app, run the two commands {first} and {second}, and start the app "
            "again.",
            first=f"{python} -m pip install uv",
            second=f"{python} {_REINSTALL}",
        )
    return say(
        "This PyTorch needs a driver for CUDA {version}, and yours is older or not running: update the NVIDIA driver, restart "
        "the computer, and start the app again.",
        version=built_for,
    )

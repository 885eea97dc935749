"""How several processes are started; without torch, which takes seconds to load, where there are not several GPUs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from resnet_finetune.model import nvidia


def launch_for_each_gpu(arguments: Sequence[str]) -> None:
    """Where there are several CUDA cards: become ``accelerate launch`` of this command, with a process for each of them.

    Not on Windows, where the cards cannot talk to each other (NCCL).
    """
    if os.name != "posix" or "WORLD_SIZE" in os.environ or len(nvidia.cards()) < 2:
        return
    import torch

    from resnet_finetune.model.hardware import find_device

    cards = torch.cuda.device_count()  # that it can use, and may
    if cards > 1 and find_device().type == "cuda":
        command = ["-m", "accelerate.commands.accelerate_cli", "launch", *launch_options(1, cards), *arguments]
        os.execv(sys.executable, [sys.executable, *command])


def launch_options(machines: int, cards: int) -> list[str]:
    """For ``accelerate launch``, with so many cards on each machine."""
    return [
        *("--multi_gpu", "--num_machines", str(machines), "--num_processes", str(machines * cards)),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "--module", "resnet_finetune"),
    ]

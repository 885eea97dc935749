"""Where a training stands after an epoch, on disk: all it needs to go on as if it had never been interrupted.

Randomness needs no place here: every epoch draws from a generator seeded by the run's seed and its own number.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import FirstAnswer, Kept, Planned, Score

FOLDER = "checkpoint"
_STATE = "state.safetensors"
_FIRST = "first.safetensors"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The small things: what was planned, how far it has come, and how good the best model on disk is."""

    fingerprint: str  # of the photos and their split
    precision: str
    first: FirstAnswer
    plan: Planned | None  # None until it is made
    epoch: int  # epochs done
    best_loss: float
    kept: Kept
    scaler: dict[str, Any]
    seconds: float  # spent so far, over all sittings
    rate: float = 1.0  # of the preset's learning rate: less once the loss was no number


def save_first(run: Path, net: nn.Module) -> None:
    """Keep the weights of the first answer: fine-tuned weights are averaged with them, and judged against them."""
    disk.write_bytes(run / FOLDER / _FIRST, save(_contiguous(net.state_dict())))


def load_first(run: Path) -> dict[str, Tensor]:
    return load_file(run / FOLDER / _FIRST)


def save_state(run: Path, standing: Standing, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One file, written whole: weights, optimiser moments and the standing can never be of different epochs."""
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    metadata = {"standing": json.dumps(asdict(standing))}
    disk.write_bytes(run / FOLDER / _STATE, save(_contiguous(tensors), metadata))


def load_standing(run: Path) -> Standing | None:
    """None when the run has no checkpoint yet. Raises ``UserError`` when it is damaged."""
    file = run / FOLDER / _STATE
    if not file.is_file():
        return None
    try:
        with safe_open(file, framework="pt") as opened:
            values = json.loads(opened.metadata()["standing"])
        plan = Planned(**values["plan"]) if values["plan"] else None
        return Standing(**values | {"first": _first_answer(values["first"]), "plan": plan})
    except Exception as error:  # whatever is wrong in the file, the person can only do one thing
        raise UserError(f"The checkpoint {file} is damaged: start a new run with the same settings.") from error


def load_state(run: Path, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put the weights and the optimiser's moments back as they were."""
    tensors = load_file(run / FOLDER / _STATE)
    net.load_state_dict({name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _first_answer(values: dict[str, Any]) -> FirstAnswer:
    return FirstAnswer(**values | {"validation": Score(**values["validation"])})


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().contiguous() for name, value in tensors.items()}

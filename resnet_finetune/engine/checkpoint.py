"""Where a training stands after an epoch, on disk: all it needs to go on as if it had never been interrupted.

Randomness needs no place here: every epoch draws from a generator seeded by the run's seed and its own number.

    first.safetensors                   the weights of the first answer
    000012-<checksum>.safetensors       where it stands; the number counts on
    000011-<checksum>.safetensors       where it stood before, should the newest be damaged
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, load_file, save
from torch import Tensor, nn

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import FirstAnswer, Kept, Planned
from resnet_finetune.words.fitting import OrNoNumber, fitted
from resnet_finetune.words.language import say

FOLDER = "checkpoint"
_FIRST = "first.safetensors"
_KEPT = 2  # the newest and the one before


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The small things: what was planned, how far it has come, and how good the best model on disk is."""

    fingerprint: str  # of the photos and their split
    precision: str
    first: FirstAnswer
    plan: Planned | None  # None until it is made
    epoch: int  # epochs done
    best_loss: OrNoNumber
    kept: Kept
    scaler: dict[str, Any]
    seconds: float  # spent so far, over all sittings
    rate: float = 1.0  # of the preset's learning rate: less once the loss was no number


def prepare(run: Path) -> None:
    """Make the folder, and clear it of what a kill left half written."""
    (run / FOLDER).mkdir(parents=True, exist_ok=True)
    disk.sweep(run / FOLDER)


def save_first(run: Path, net: nn.Module) -> None:
    """Keep the weights of the first answer: fine-tuned weights are averaged with them, and judged against them."""
    disk.write_bytes(run / FOLDER / _FIRST, save(_contiguous(net.state_dict())))


def load_first(run: Path) -> dict[str, Tensor]:
    """Raises ``UserError`` when it is damaged."""
    file = run / FOLDER / _FIRST
    try:
        return load_file(file)
    except SafetensorError as error:
        raise _damaged(file) from error


def save_state(run: Path, standing: Standing, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One file, written whole: weights, optimiser moments and the standing can never be of different epochs.

    Raises ``OSError`` when it cannot be written; what was saved before is then as it was.
    """
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    content = save(_contiguous(tensors), {"standing": json.dumps(asdict(standing))})
    earlier = _states(run)
    number = 1 + max(map(_number, earlier), default=0)
    disk.write_bytes(run / FOLDER / f"{number:06}-{_checksum(content)}.safetensors", content)
    for file in earlier[: 1 - _KEPT]:
        with suppress(OSError):  # somebody reads it, on Windows: it goes the next time
            disk.remove(file)


def load_standing(run: Path) -> Standing | None:
    """Of the newest state that is whole; None when the run has no checkpoint yet.

    Raises:
        UserError: there are states, and all of them are damaged.
    """
    state = _whole_state(run)
    if state is None:
        return None
    try:
        with safe_open(state, framework="pt") as opened:
            standing: Standing = fitted(Standing, disk.parse_json(opened.metadata()["standing"].encode()))
        return standing
    except (SafetensorError, ValueError, KeyError, TypeError) as error:  # as of another version of the app
        raise _damaged(state) from error


def load_state(run: Path, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put the weights and the optimiser's moments back as they were."""
    state = _whole_state(run)
    assert state is not None  # the standing was read from it
    tensors = load(state.read_bytes())
    net.load_state_dict({name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _whole_state(run: Path) -> Path | None:
    """The newest file whose content is what its name says."""
    states = _states(run)
    for file in reversed(states):
        with file.open("rb") as content:
            if _checksum(content.read()) == file.stem.partition("-")[2]:
                return file
    if states:
        raise _damaged(states[-1])
    return None


def _states(run: Path) -> list[Path]:
    """Oldest first."""
    return sorted((run / FOLDER).glob("[0-9]*-*.safetensors"), key=_number)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]  # half of it: names have to fit into Windows' 260 characters


def _number(state: Path) -> int:
    return int(state.stem.partition("-")[0])


def _damaged(file: Path) -> UserError:
    return UserError(say("The checkpoint {file} is damaged: start a new run with the same settings.", file=file))


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().contiguous() for name, value in tensors.items()}

"""What the peers' scripts share: the weights, and a clock that stands still while the test photos are looked at."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
import torchvision
from safetensors.torch import load_file


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="fewer than usual, to see how fast one is")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    return options


def resnet18(weights: Path) -> torch.nn.Module:
    """torchvision's, with the weights that the app has too, and their 1000 classes."""
    net = torchvision.models.resnet18()
    net.load_state_dict({name: value.float() for name, value in load_file(weights).items()}, strict=False)
    return net


class Clock:
    """Runs from when it is made; ``tell`` is called after each epoch, with how to judge the network."""

    def __init__(self, photos: int) -> None:
        self._photos = photos
        self._seconds = 0.0
        self._began = time.perf_counter()

    def tell(self, accuracy: Any) -> None:
        """``accuracy()`` is the share of the test photos that are right; the time it takes is not counted."""
        epoch = time.perf_counter() - self._began
        self._seconds += epoch
        print(
            json.dumps({"seconds": self._seconds, "accuracy": float(accuracy()), "images_per_second": self._photos / epoch}),
            flush=True,
        )
        self._began = time.perf_counter()

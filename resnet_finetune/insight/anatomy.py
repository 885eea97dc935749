"""What was measured of a network, block by block, how it is kept, and which code is that of a block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from resnet_finetune.model import blocks, catalog
from resnet_finetune.words.fitting import fitted

Shape = tuple[int, int, int]  # channels, height, width
REFERENCES: dict[str, Callable[..., nn.Module]] = {  # by the name of timm's block, the one to be read
    "BasicBlock": blocks.BasicBlock,
    "Bottleneck": blocks.Bottleneck,
    "PreActBasic": blocks.PreActBasic,
    "PreActBottleneck": blocks.PreActBottleneck,
}


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """``kernel`` × ``kernel``; ``in_shortcut``: it is the projection, and no part of F."""

    kernel: int
    inputs: int  # channels
    outputs: int
    stride: int
    groups: int
    in_shortcut: bool


@dataclass(frozen=True, kw_only=True)
class Block:
    """``ratio``: ‖F(x)‖ / ‖x‖, the mean over the photos. Where the block changes the shape, it is beside the projection of x.

    ``right``: how many photos the network names right when only the shortcut is left of this block. ``moved``: ‖after −
    before‖ / ‖before‖ of its weights; None where the weights that the training started from are not here any more.
    """

    name: str  # "2.1" is the first block of the second stage
    stage: int  # from 1
    kind: str  # a key of ``REFERENCES``
    takes: Shape
    gives: Shape
    parameters: int
    convolutions: list[Convolution]
    ratio: float
    right: int
    moved: float | None

    @property
    def projects(self) -> bool:
        """Its shortcut is no plain x → x."""
        return any(convolution.in_shortcut for convolution in self.convolutions)


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """``photos`` of ``of`` test photos were shown to the network, and it named ``right`` of them right with all its blocks."""

    model: str  # its name in the catalogue
    classes: list[str]
    photo: Shape
    stem: Shape  # what the first block takes
    features: int  # numbers that the last layer sees
    photos: int
    of: int
    crossed: bool  # a tiny set: the photos were also learnt from
    right: int
    blocks: list[Block]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Anatomy:
        """Raises ``ValueError`` when it is not what ``to_json`` gave: it may be a stranger's."""
        found: Anatomy = fitted(cls, values)
        catalog.find(found.model)
        if not (found.blocks and all(map(_is_sound, found.blocks)) and 0 <= found.right <= found.photos > 0):
            raise ValueError("these are no measurements")
        return found


def convolutions(block: nn.Module) -> list[Convolution]:
    """Those of F in the order in which x goes through them, then the shortcut's."""
    found = [
        Convolution(
            kernel=part.kernel_size[0],
            inputs=part.in_channels,
            outputs=part.out_channels,
            stride=part.stride[0],
            groups=part.groups,
            in_shortcut=name.startswith("downsample"),
        )
        for name, part in block.named_modules()
        if isinstance(part, nn.Conv2d)
    ]
    return sorted(found, key=lambda one: one.in_shortcut)


def reads_the_same(block: Block) -> bool:
    """Whether the reference of its kind has the very same convolutions: not where they are grouped, wider, or pooled before."""
    stride = max(one.stride for one in block.convolutions)
    with torch.device("meta"):  # shapes alone
        reference = REFERENCES[block.kind](block.takes[0], block.gives[0], stride)
    return convolutions(reference) == block.convolutions


def _is_sound(block: Block) -> bool:
    return (
        block.kind in REFERENCES
        and min(block.stage, block.parameters, block.right, block.ratio, block.moved or 0) >= 0
        and min(*block.takes, *block.gives) > 0
        and block.gives[0] >= 4
        and bool(block.convolutions)
        and all(min(one.kernel, one.inputs, one.outputs, one.stride, one.groups) > 0 for one in block.convolutions)
    )

"""A residual network as a chain, stem, blocks and head, and a block as what it is: F(x) + x."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from timm.models import resnet, resnetv2
from torch import Tensor, nn

_SUM_THEN_RELU = (resnet.BasicBlock, resnet.Bottleneck)  # relu(F(x) + x)
_SUM = (resnetv2.PreActBasic, resnetv2.PreActBottleneck)  # F(x) + x


class Chain:
    """A timm ResNet of any family, one block at a time."""

    def __init__(self, net: nn.Module) -> None:
        self.net: Any = net.eval()
        found = [(name, part) for name, part in net.named_modules() if isinstance(part, _SUM_THEN_RELU + _SUM)]
        self.blocks: list[Any] = [part for _, part in found]
        stages = groupby(found, key=lambda pair: pair[0].rpartition(".")[0])
        self.places = [(stage, number) for stage, (_, own) in enumerate(stages, 1) for number, _ in enumerate(own, 1)]

    def stem(self, photos: Tensor) -> Tensor:
        """What the first block takes, of float32 [N, 3, H, W]."""
        net = self.net
        seen: Tensor = net.stem(photos) if hasattr(net, "stem") else net.maxpool(net.act1(net.bn1(net.conv1(photos))))
        return seen

    def logits(self, x: Tensor, after: int = -1) -> Tensor:
        """[N, classes], when ``x`` is what block number ``after`` gave; -1 for the stem."""
        for block in self.blocks[after + 1 :]:
            x = block(x)
        given: Tensor = self.net.forward_head(self.net.norm(x) if hasattr(self.net, "norm") else x)
        return given


def shortcut(block: Any, x: Tensor) -> Tensor:
    """x itself, or the projection of it where ``block`` changes the shape."""
    if block.downsample is None:
        return x
    projected: Tensor = block.downsample(block.norm1(x) if isinstance(block, _SUM) else x)
    return projected


def left_out(block: Any, x: Tensor) -> Tensor:
    """What a block gives when F(x) is not added. After a ReLU, of which x comes, another one changes nothing."""
    kept = shortcut(block, x)
    return kept if isinstance(block, _SUM) else kept.relu()


def added(block: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """F(x), and what the block gives with it."""
    if isinstance(block, _SUM):
        given = block(x)
        return given - shortcut(block, x), given
    seen: list[Tensor] = []
    last = block.bn3 if isinstance(block, resnet.Bottleneck) else block.bn2
    hook = last.register_forward_hook(lambda layer, taken, found: seen.append(found.clone()))  # x is added to it in place
    try:
        given = block(x)
    finally:
        hook.remove()
    return seen[0], given

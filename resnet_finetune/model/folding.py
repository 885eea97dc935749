"""A network that is only asked, never trained: quicker, with the same answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# In timm's ResNets; and in its ResNetV2, where each norm precedes a convolution: the first of a block follows a sum and stays.
_NORM_AFTER = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"), ("conv1", "norm2"), ("conv2", "norm3"))


def folded(net: nn.Module) -> nn.Module:
    """A copy of a timm ResNet with every batch norm that directly follows a convolution multiplied into it: the same to within
    rounding.
    """
    quick = copy.deepcopy(net).eval()
    for module in quick.modules():
        for convolution, norm in _pairs(module):
            owner, name = module, convolution
            before, after = getattr(module, convolution, None), getattr(module, norm, None)
            if isinstance(before, nn.Sequential) and len(before):  # a stem of several convolutions: its last
                owner, name, before = before, str(len(before) - 1), before[-1]
            if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                setattr(owner, name, fuse_conv_bn_eval(before, after))
                setattr(module, norm, getattr(after, "act", nn.Identity()))  # timm's BatchNormAct2d has its ReLU inside
    return quick


def _pairs(module: Any) -> Iterator[tuple[str, str]]:
    """Names of a convolution and the norm that directly follows it, if ``module`` has them."""
    yield from _NORM_AFTER
    if isinstance(module, nn.Sequential):
        names = [name for name, _ in module.named_children()]
        yield from pairwise(names)

"""The blocks that a ResNet is made of, to be read: each class says by itself what one of timm's says among many options.

    He, Zhang, Ren, Sun 2015, "Deep Residual Learning for Image Recognition", arXiv:1512.03385 (the blocks: Fig. 2 and 5)
    He, Zhang, Ren, Sun 2016, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027 (pre-activation: Fig. 1 and 4e)

A block learns what to add to its input: y = F(x) + x. Where nothing has to be added, its weights only have to become small,
and on the way back the gradient passes through the sum undiminished. All blocks are made by ``Block(inputs, outputs, stride)``
and turn float [N, inputs, H, W] into [N, outputs, H / stride, W / stride], rounded up. With ``shortcut=False`` they are those
of the "plain" network of the paper: the same layers without the sum. The names of their weights are timm's.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F


def conv1x1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Mixes the channels of each place: [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
    return nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)  # a norm follows: it has the bias


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Looks at each place and its eight neighbours: [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)


class Projection(nn.Sequential):
    """The shortcut where x and F(x) differ in shape, so that they can be added (He et al. 2015, Eq. 2, option B).

    A convolution of 1 × 1: it changes the number of channels and, by its stride, leaves out places, and costs least of all
    that can do so.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))  # [N, outputs, H / stride, W / stride]


class BasicBlock(nn.Module):
    """Two convolutions of 3 × 3 and the shortcut around them, as in ResNet-18 and 34 (He et al. 2015, Fig. 5 left)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut
        changed = shortcut and (stride != 1 or inputs != outputs)
        self.downsample = Projection(inputs, outputs, stride) if changed else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        """F(x): what the block adds."""
        y = F.relu(self.bn1(self.conv1(x)))  # [N, outputs, H / stride, W / stride]
        added: Tensor = self.bn2(self.conv2(y))  # [N, outputs, H / stride, W / stride]
        return added

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        if self.shortcut:
            y = y + self.downsample(x)
        return F.relu(y)


class Bottleneck(nn.Module):
    """1 × 1 down to a quarter of the channels, 3 × 3 there, 1 × 1 up again: as in ResNet-50, 101 and 152 (Fig. 5 right).

    The convolution of 3 × 3, which would cost most, sees few channels. The stride is at it, as everybody has it today; the
    paper had it at the first of 1 × 1, which throws three places of four away unseen.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        narrow = outputs // 4
        self.conv1 = conv1x1(inputs, narrow)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = conv3x3(narrow, narrow, stride)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = conv1x1(narrow, outputs)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut
        changed = shortcut and (stride != 1 or inputs != outputs)
        self.downsample = Projection(inputs, outputs, stride) if changed else nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        """F(x): what the block adds."""
        y = F.relu(self.bn1(self.conv1(x)))  # [N, outputs / 4, H, W]
        y = F.relu(self.bn2(self.conv2(y)))  # [N, outputs / 4, H / stride, W / stride]
        added: Tensor = self.bn3(self.conv3(y))  # [N, outputs, H / stride, W / stride]
        return added

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        if self.shortcut:
            y = y + self.downsample(x)
        return F.relu(y)


class PreActBasic(nn.Module):
    """The basic block with norm and ReLU before each convolution instead of after it (He et al. 2016, Fig. 4e).

    Nothing comes after the sum: from the first block to the last, x is only ever added to. Where the shape changes, the
    shortcut starts behind the first norm and ReLU.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.shortcut = shortcut
        changed = shortcut and (stride != 1 or inputs != outputs)
        self.downsample = nn.Sequential(OrderedDict(conv=conv1x1(inputs, outputs, stride))) if changed else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))  # [N, inputs, H, W]
        y: Tensor = self.conv1(active)  # [N, outputs, H / stride, W / stride]
        y = self.conv2(F.relu(self.norm2(y)))  # [N, outputs, H / stride, W / stride]
        if self.shortcut:
            y = y + (x if self.downsample is None else self.downsample(active))
        return y


class PreActBottleneck(nn.Module):
    """The bottleneck with norm and ReLU before each convolution instead of after it (He et al. 2016, Fig. 4e), in ResNetV2-50.

    Nothing comes after the sum: from the first block to the last, x is only ever added to. Where the shape changes, the
    shortcut starts behind the first norm and ReLU.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        narrow = outputs // 4
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv1x1(inputs, narrow)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.conv2 = conv3x3(narrow, narrow, stride)
        self.norm3 = nn.BatchNorm2d(narrow)
        self.conv3 = conv1x1(narrow, outputs)
        self.shortcut = shortcut
        changed = shortcut and (stride != 1 or inputs != outputs)
        self.downsample = nn.Sequential(OrderedDict(conv=conv1x1(inputs, outputs, stride))) if changed else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))  # [N, inputs, H, W]
        y: Tensor = self.conv1(active)  # [N, outputs / 4, H, W]
        y = self.conv2(F.relu(self.norm2(y)))  # [N, outputs / 4, H / stride, W / stride]
        y = self.conv3(F.relu(self.norm3(y)))  # [N, outputs, H / stride, W / stride]
        if self.shortcut:
            y = y + (x if self.downsample is None else self.downsample(active))
        return y

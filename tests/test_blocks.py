"""The blocks that are there to be read compute what timm's do: outputs and gradients, for every shape in depths 18 to 152."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from resnet_finetune.model.blocks import BasicBlock, Bottleneck, PreActBasic, PreActBottleneck, Projection

BLOCKS: dict[str, Any] = {block.__name__: block for block in (BasicBlock, Bottleneck, PreActBasic, PreActBottleneck)}
DEPTHS = (18, 34, 50, 101, 152)


def theirs(network: str) -> dict[tuple[str, int, int, int], Any]:
    """A block of timm's network for each kind and (inputs, outputs, stride) in it."""
    found: dict[tuple[str, int, int, int], Any] = {}
    with torch.device("meta"):  # shapes alone: of whole networks, the weights would take long to fill
        whole = timm.create_model(network)
    for block in whole.modules():
        name = type(block).__name__
        if name in BLOCKS:
            convolutions = [getattr(block, f"conv{n}") for n in (1, 2, 3) if hasattr(block, f"conv{n}")]
            stride = max(convolution.stride[0] for convolution in convolutions)
            found.setdefault((name, convolutions[0].in_channels, convolutions[-1].out_channels, stride), block)
    return found


@pytest.fixture(scope="module")
def timms() -> dict[tuple[str, int, int, int], Any]:
    networks = [f"resnet{depth}" for depth in DEPTHS] + [f"resnetv2_{depth}" for depth in DEPTHS]
    blocks = [theirs(network) for network in networks]
    return {shape: block for found in blocks for shape, block in found.items()}


def gradients(block: nn.Module, photos: Tensor, towards: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The output of a block, and the gradients of its input and weights."""
    x = photos.clone().requires_grad_()
    y = block(x)
    block.zero_grad()
    y.backward(towards)
    assert x.grad is not None
    weights = {name: value.grad for name, value in block.named_parameters() if value.grad is not None}
    assert len(weights) == len(list(block.parameters()))
    return y.detach(), {"x": x.grad, **weights}


def assert_same(ours: Tensor, timms: Tensor) -> None:
    assert ours.shape == timms.shape
    assert timms.norm() > 0
    assert (ours - timms).norm() <= 1e-5 * timms.norm()


def test_depths_18_to_152_have_thirty_kinds_of_block(timms: dict[tuple[str, int, int, int], Any]) -> None:
    kinds = [name for name, *_ in timms]
    assert {name: kinds.count(name) for name in BLOCKS} == {
        "BasicBlock": 7,
        "Bottleneck": 8,
        "PreActBasic": 7,
        "PreActBottleneck": 8,
    }


@pytest.mark.parametrize("training", [True, False], ids=["training", "asked"])
@pytest.mark.parametrize("name", BLOCKS)
def test_outputs_and_gradients_are_those_of_timm(
    name: str, training: bool, timms: dict[tuple[str, int, int, int], Any]
) -> None:
    torch.manual_seed(1)
    for (kind, inputs, outputs, stride), their in timms.items():
        if kind != name:
            continue
        their.to_empty(device="cpu")
        for module in their.modules():  # as after a training: none of the norms does nothing
            if isinstance(module, nn.Conv2d):
                module.reset_parameters()
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
                assert module.running_mean is not None and module.running_var is not None
                nn.init.uniform_(module.running_mean, -0.5, 0.5)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
        block = BLOCKS[name](inputs, outputs, stride)
        block.load_state_dict(their.state_dict())
        block.train(training)
        their.train(training)
        photos = torch.randn(3, inputs, 7, 7)
        towards = torch.randn(3, outputs, -(-7 // stride), -(-7 // stride))
        (y, slopes), (their_y, their_slopes) = gradients(block, photos, towards), gradients(their, photos, towards)
        assert_same(y, their_y)
        assert slopes.keys() == their_slopes.keys()
        for weight, slope in slopes.items():
            assert_same(slope, their_slopes[weight])
        for weight, value in block.state_dict().items():  # the statistics that the norms keep, too
            torch.testing.assert_close(value, their.state_dict()[weight], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_shortcut_is_projected_exactly_when_the_shape_changes(name: str) -> None:
    def convolutions(*shape: int) -> int:
        return sum(isinstance(module, nn.Conv2d) for module in BLOCKS[name](*shape).modules())

    plain = convolutions(64, 64)
    assert convolutions(64, 64, 2) == convolutions(64, 128) == convolutions(64, 128, 2) == plain + 1
    assert isinstance(BasicBlock(64, 128).downsample, Projection)


@pytest.mark.parametrize("name", BLOCKS)
def test_without_the_shortcut_the_input_is_not_added(name: str) -> None:
    torch.manual_seed(2)
    x = torch.randn(2, 64, 6, 6)
    with_it, without = BLOCKS[name](64, 64).eval(), BLOCKS[name](64, 64, shortcut=False).eval()
    without.load_state_dict(with_it.state_dict())
    last = "conv3" if hasattr(with_it, "conv3") else "conv2"
    for block in (with_it, without):
        nn.init.zeros_(getattr(block, last).weight)  # F(x) is 0
    ends_in_relu = not name.startswith("PreAct")
    torch.testing.assert_close(with_it(x), x.relu() if ends_in_relu else x)
    assert without(x).abs().max() == 0
    plain = BLOCKS[name](64, 128, 2, shortcut=False)
    assert plain(x).shape == (2, 128, 3, 3)
    assert not any(weight.startswith("downsample") for weight, _ in plain.named_parameters())

"""Without its batch norm a network says the same."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

from resnet_finetune.model import catalog
from resnet_finetune.model.folding import folded


@pytest.mark.parametrize("model", ["resnet18", "resnet50", "resnet18d", "resnetv2_18", "resnetv2_50", "resnext50_32x4d"])
def test_a_folded_network_says_the_same_and_the_first_stays_as_it_was(model: str) -> None:
    torch.manual_seed(0)
    net: Any = timm.create_model(catalog.find(model).timm_name.split(".")[0], num_classes=3)
    norms: list[Any] = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in norms:  # as after a training: none of them does nothing
        nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.uniform_(module.bias, -0.5, 0.5)
        nn.init.uniform_(module.running_mean, -0.5, 0.5)
        nn.init.uniform_(module.running_var, 0.5, 1.5)
    net.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    quick = folded(net)
    photos = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(quick(photos), net(photos), rtol=1e-4, atol=1e-4)
    left = [name for name, module in quick.named_modules() if isinstance(module, nn.BatchNorm2d)]
    if model.startswith("resnetv2"):  # what follows a sum has no convolution before it
        assert all(name == "norm" or name.endswith("norm1") for name in left)
    else:
        assert left == []
    torch.testing.assert_close(net.state_dict(), before)

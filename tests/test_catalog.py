"""The table says what timm builds and what torchvision documents."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision  # type: ignore[import-untyped]
from torch.utils.flop_counter import FlopCounterMode

from resnet_finetune.model.catalog import CATALOG, Model, find, names
from resnet_finetune.words.errors import UserError

rows = pytest.mark.parametrize("model", CATALOG, ids=names())


@rows
def test_parameters_operations_and_size_are_those_of_the_network(model: Model) -> None:
    with torch.device("meta"):  # shapes alone: nothing is computed
        network = timm.create_model(model.timm_name).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 3, 224, 224))
    assert model.parameters_m == pytest.approx(sum(value.numel() for value in network.parameters()) / 1e6, abs=0.005)
    assert model.gflops == pytest.approx(counter.get_total_flops() / 2 / 1e9, abs=0.005)  # two operations per multiply-add
    tensors = sum(value.nbytes for value in network.state_dict().values())
    assert tensors < model.download_mb * 1e6 < tensors + 0.15e6  # and a header


@rows
def test_accuracy_is_what_torchvision_documents(model: Model) -> None:
    documented = torchvision.models.get_weight(f"ResNet{model.depth}_Weights.IMAGENET1K_V1").meta["_metrics"]
    assert model.top1 == pytest.approx(documented["ImageNet-1K"]["acc@1"], abs=0.005)


@rows
def test_licence_is_the_one_timm_states(model: Model) -> None:
    config = timm.get_pretrained_cfg(model.timm_name)
    assert config is not None
    assert config.license == model.licence.lower()


def test_the_five_depths_are_there_and_names_are_unique() -> None:
    assert {model.depth for model in CATALOG if model.family == "ResNet"} >= {18, 34, 50, 101, 152}
    assert len(set(names())) == len(CATALOG)


def test_a_name_that_is_not_in_the_table_gets_the_choice() -> None:
    assert find("resnet50").timm_name == "resnet50.tv_in1k"
    with pytest.raises(UserError, match=r"'resnet19'.*resnet18, resnet34"):
        find("resnet19")

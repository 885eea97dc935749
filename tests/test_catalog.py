"""The table says what timm builds and what torchvision documents."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision  # type: ignore[import-untyped]
from torch.utils.flop_counter import FlopCounterMode

from resnet_finetune.model.catalog import CATALOG, USUAL, Model, families, find, names
from resnet_finetune.model.saved_model import Preprocessing
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


TORCHVISION = {"resnet": "ResNet", "wide_resnet": "Wide_ResNet", "resnext": "ResNeXt"}


@pytest.mark.parametrize("model", [one for one in CATALOG if ".tv" in one.timm_name], ids=lambda model: model.name)
def test_accuracy_of_torchvisions_weights_is_what_it_documents(model: Model) -> None:
    architecture, _, weights = model.timm_name.partition(".")
    kind = architecture.rstrip("0123456789xd_")
    rest = architecture.removeprefix(kind).upper()
    version = "V2" if weights.startswith("tv2") else "V1"
    documented = torchvision.models.get_weight(f"{TORCHVISION[kind]}{rest}_Weights.IMAGENET1K_{version}").meta["_metrics"]
    assert model.top1 == pytest.approx(documented["ImageNet-1K"]["acc@1"], abs=0.005)
    assert model.top1_size == 224


@rows
def test_photos_are_normalised_as_the_weights_were_trained(model: Model) -> None:
    config = timm.get_pretrained_cfg(model.timm_name)
    assert config is not None
    with torch.device("meta"):
        preprocessing = Preprocessing.of(timm.create_model(model.timm_name, num_classes=0), 320)
    assert (preprocessing.mean, preprocessing.std) == (config.mean, config.std)
    assert (preprocessing.mean == (0.5, 0.5, 0.5)) == (model.family == "ResNetV2")
    assert model.top1 is None or model.top1_size in (config.input_size[1], (config.test_input_size or config.input_size)[1])


def test_what_forbids_commercial_use_says_so() -> None:
    assert [model.name for model in CATALOG if not model.commercial] == ["resnext50_32x4d.ssl"]


@rows
def test_licence_is_the_one_timm_states(model: Model) -> None:
    config = timm.get_pretrained_cfg(model.timm_name)
    assert config is not None
    assert config.license == model.licence.lower()


def test_the_five_depths_come_first_and_names_are_unique() -> None:
    assert [model.depth for model in CATALOG if model.family == USUAL] == [18, 34, 50, 101, 152]
    assert families()[0] == USUAL
    assert len(set(names())) == len({model.title for model in CATALOG}) == len(CATALOG)


def test_a_name_that_is_not_in_the_table_gets_the_choice() -> None:
    assert find("resnet50").timm_name == "resnet50.tv_in1k"
    with pytest.raises(UserError, match=r"'resnet19'.*resnet18, resnet34"):
        find("resnet19")

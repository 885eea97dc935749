"""The table of networks a person can choose from. A new one is a new row."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say


@dataclass(frozen=True)
class Model:
    """A network with published ImageNet-1k weights."""

    name: str  # what the person and the command line call it
    family: str
    depth: int  # layers with weights
    timm_name: str  # architecture.weights, as timm and its hub name them
    parameters_m: float  # millions, with the 1000-class head
    gflops: float  # 10^9 multiply-adds for one photo of 224 × 224
    download_mb: float  # 10^6 bytes of the single-precision .safetensors file
    top1: float  # % right on the ImageNet-1k validation photos, as torchvision documents it
    licence: str  # of the weights


CATALOG: tuple[Model, ...] = (
    Model("resnet18", "ResNet", 18, "resnet18.tv_in1k", 11.69, 1.81, 46.8, 69.76, "BSD-3-Clause"),
    Model("resnet34", "ResNet", 34, "resnet34.tv_in1k", 21.80, 3.66, 87.3, 73.31, "BSD-3-Clause"),
    Model("resnet50", "ResNet", 50, "resnet50.tv_in1k", 25.56, 4.09, 102.5, 76.13, "BSD-3-Clause"),
    Model("resnet101", "ResNet", 101, "resnet101.tv_in1k", 44.55, 7.80, 178.7, 77.37, "BSD-3-Clause"),
    Model("resnet152", "ResNet", 152, "resnet152.tv_in1k", 60.19, 11.51, 241.5, 78.31, "BSD-3-Clause"),
)


def names() -> tuple[str, ...]:
    return tuple(model.name for model in CATALOG)


def find(name: str) -> Model:
    """The row called ``name``.

    Raises:
        UserError: there is none.
    """
    for model in CATALOG:
        if model.name == name:
            return model
    raise UserError(say("There is no model called {name!r}: choose one of {names}.", name=name, names=names()))

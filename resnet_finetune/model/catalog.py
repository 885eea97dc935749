"""The table of networks a person can choose from. A new one is a new row."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

USUAL = "ResNet"  # the family that is offered first; the others are for who wants to know


@dataclass(frozen=True)
class Model:
    """A network with published ImageNet-1k weights."""

    name: str  # what the command line calls it
    title: str  # what the person calls it; a sentence where it is more than names
    family: str
    depth: int  # layers with weights
    timm_name: str  # architecture.weights, as timm and its hub name them
    parameters_m: float  # millions, with the 1000-class head
    gflops: float  # 10^9 multiply-adds for one photo of 224 × 224
    download_mb: float  # 10^6 bytes of the single-precision .safetensors file
    top1: float | None  # % right on the ImageNet-1k validation photos; None where no figure was found published
    top1_size: int  # pixels, side of the photos that this was measured with
    licence: str  # of the weights

    @property
    def commercial(self) -> bool:
        """Whether the licence of the weights lets them be used in business."""
        return "-NC" not in self.licence


def _a1(depth: int) -> str:
    return say("ResNet-{depth}, recipe A1", depth=depth)


# Where accuracy is from: of torchvision's weights (.tv…) its documentation; of resnetv2_34 Wightman 2024, "Trick or ResNet
# Treat" (blog of Hugging Face); of the others timm's results/results-imagenet.csv. The licences are those that timm states.
CATALOG: tuple[Model, ...] = (
    # He et al. 2015, arXiv:1512.03385
    Model("resnet18", "ResNet-18", USUAL, 18, "resnet18.tv_in1k", 11.69, 1.81, 46.8, 69.76, 224, "BSD-3-Clause"),
    Model("resnet34", "ResNet-34", USUAL, 34, "resnet34.tv_in1k", 21.80, 3.66, 87.3, 73.31, 224, "BSD-3-Clause"),
    Model("resnet50", "ResNet-50", USUAL, 50, "resnet50.tv_in1k", 25.56, 4.09, 102.5, 76.13, 224, "BSD-3-Clause"),
    Model("resnet101", "ResNet-101", USUAL, 101, "resnet101.tv_in1k", 44.55, 7.80, 178.7, 77.37, 224, "BSD-3-Clause"),
    Model("resnet152", "ResNet-152", USUAL, 152, "resnet152.tv_in1k", 60.19, 11.51, 241.5, 78.31, 224, "BSD-3-Clause"),
    # The same networks by longer and richer recipes: Wightman et al. 2021, arXiv:2110.00476 (A1); torchvision 2021 (V2)
    Model("resnet18.a1", _a1(18), "Recipe", 18, "resnet18.a1_in1k", 11.69, 1.81, 46.8, 73.16, 288, "Apache-2.0"),
    Model("resnet34.a1", _a1(34), "Recipe", 34, "resnet34.a1_in1k", 21.80, 3.66, 87.3, 77.92, 288, "Apache-2.0"),
    Model("resnet50.a1", _a1(50), "Recipe", 50, "resnet50.a1_in1k", 25.56, 4.09, 102.5, 81.21, 288, "Apache-2.0"),
    Model(
        "resnet50.tv2",
        say("ResNet-{depth}, weights V2", depth=50),
        "Recipe",
        50,
        "resnet50.tv2_in1k",
        25.56,
        4.09,
        102.5,
        80.86,
        224,
        "BSD-3-Clause",
    ),
    # Another stem and gentler shortcuts: He et al. 2018, arXiv:1812.01187
    Model("resnet18d", "ResNet-18-D", "ResNet-D", 18, "resnet18d.ra2_in1k", 11.71, 2.05, 46.9, 73.79, 288, "Apache-2.0"),
    Model("resnet34d", "ResNet-34-D", "ResNet-D", 34, "resnet34d.ra2_in1k", 21.82, 3.90, 87.4, 78.44, 288, "Apache-2.0"),
    Model("resnet50d", "ResNet-50-D", "ResNet-D", 50, "resnet50d.ra2_in1k", 25.58, 4.33, 102.6, 81.36, 288, "Apache-2.0"),
    # Pre-activation: He et al. 2016, arXiv:1603.05027
    Model(
        "resnetv2_18",
        "ResNetV2-18",
        "ResNetV2",
        18,
        "resnetv2_18.ra4_e3600_r224_in1k",
        11.69,
        1.81,
        46.8,
        None,
        224,
        "Apache-2.0",
    ),
    Model(
        "resnetv2_34",
        "ResNetV2-34",
        "ResNetV2",
        34,
        "resnetv2_34.ra4_e3600_r224_in1k",
        21.80,
        3.66,
        87.3,
        77.64,
        224,
        "Apache-2.0",
    ),
    Model("resnetv2_50", "ResNetV2-50", "ResNetV2", 50, "resnetv2_50.a1h_in1k", 25.55, 4.09, 102.4, 81.40, 288, "Apache-2.0"),
    # Zagoruyko & Komodakis 2016, arXiv:1605.07146
    Model(
        "wide_resnet50_2",
        "Wide ResNet-50-2",
        "Wide ResNet",
        50,
        "wide_resnet50_2.tv_in1k",
        68.88,
        11.40,
        275.9,
        78.47,
        224,
        "BSD-3-Clause",
    ),
    # Xie et al. 2016, arXiv:1611.05431; ".ssl": with 91 million unlabelled photos, Yalniz et al. 2019, arXiv:1905.00546
    Model(
        "resnext50_32x4d",
        "ResNeXt-50 (32×4d)",
        "ResNeXt",
        50,
        "resnext50_32x4d.tv_in1k",
        25.03,
        4.23,
        100.4,
        77.62,
        224,
        "BSD-3-Clause",
    ),
    Model(
        "resnext50_32x4d.ssl",
        "ResNeXt-50 (32×4d), SSL",
        "ResNeXt",
        50,
        "resnext50_32x4d.fb_ssl_yfcc100m_ft_in1k",
        25.03,
        4.23,
        100.4,
        80.34,
        224,
        "CC-BY-NC-4.0",
    ),
    Model(
        "resnext101_32x8d",
        "ResNeXt-101 (32×8d)",
        "ResNeXt",
        101,
        "resnext101_32x8d.tv_in1k",
        88.79,
        16.41,
        356.1,
        79.31,
        224,
        "BSD-3-Clause",
    ),
)


def names() -> tuple[str, ...]:
    return tuple(model.name for model in CATALOG)


def families() -> tuple[str, ...]:
    """In the order of the table."""
    return tuple(dict.fromkeys(model.family for model in CATALOG))


def find(name: str) -> Model:
    """The row called ``name``.

    Raises:
        UserError: there is none.
    """
    for model in CATALOG:
        if model.name == name:
            return model
    raise UserError(say("There is no model called {name!r}: choose one of {names}.", name=name, names=names()))

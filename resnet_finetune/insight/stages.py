"""A photo on its way through the network: what lights up at the end of each stage, and what of it speaks for a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from resnet_finetune.insight.anatomy import Shape
from resnet_finetune.insight.chain import Chain
from resnet_finetune.insight.explain import heat_map
from resnet_finetune.model.saved_model import Classifier

STRONGEST = 3  # channels that are shown by themselves


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Of one photo, as the last block of a stage gives it: ``mean`` float32 [H, W] of the channels' absolute values, 0 to 1;
    the ``strongest`` channels, by number, drawn likewise; and ``heat`` float32 [S, S], 0 to 1, of what spoke for the class.
    """

    gives: Shape
    mean: np.ndarray
    strongest: list[tuple[int, np.ndarray]]
    heat: np.ndarray


def stages_of(model: Classifier, pixels: np.ndarray, of_class: int) -> list[Stage]:
    """Of a photo uint8 [S, S, 3] as the network sees it, from the first stage to the last."""

    def drawn() -> list[Stage]:
        return [_stage(seen, heat_map(model, pixels, of_class, block)) for block, seen in _ends(model, pixels)]

    return model.where_there_is_room(drawn)


@torch.inference_mode()
def _ends(model: Classifier, pixels: np.ndarray) -> list[tuple[nn.Module, np.ndarray]]:
    """The last block of each stage, and the size of what it gives: float32 [C, H, W]."""
    chain = Chain(model.net)
    device = next(model.net.parameters()).device
    x = chain.stem(model.preprocessing.normalise(torch.from_numpy(pixels[None]).to(device)))
    last: dict[int, tuple[nn.Module, np.ndarray]] = {}
    for (stage, _), block in zip(chain.places, chain.blocks, strict=True):
        x = block(x)
        last[stage] = block, x[0].abs().cpu().numpy()
    return list(last.values())


def _stage(seen: np.ndarray, heat: np.ndarray) -> Stage:
    channels, height, width = seen.shape
    strongest = np.argsort(-seen.mean((1, 2)), kind="stable")[:STRONGEST]
    return Stage(
        gives=(channels, height, width),
        mean=_to_one(seen.mean(0)),
        strongest=[(int(channel), _to_one(seen[channel])) for channel in strongest],
        heat=heat,
    )


def _to_one(values: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = values / max(float(values.max()), 1e-12)
    return scaled

"""One step of the optimiser: which weights move how fast, and a batch of photos that moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from timm.models import group_parameters
from timm.optim import param_groups_layer_decay
from torch import nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine.augment import draw_views
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.share import own_gradient
from resnet_finetune.engine.team import Order
from resnet_finetune.words.gradients import Norms

STEM_SHARE = 1 / 32  # of the learning rate is left at the first layer; between, it falls by the same factor at each block
WEIGHT_DECAY = 0.05
WARM_UP = 0.1  # share of the steps


@dataclass(frozen=True)
class Learner:
    """The network that is being trained, and what moves it."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler  # does nothing unless the precision is float16


def make_optimizer(net: nn.Module) -> torch.optim.Optimizer:
    """AdamW whose learning rate falls block by block from the head to the stem: what sees edges has least to learn."""

    def groups(decay: float) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = param_groups_layer_decay(net, weight_decay=WEIGHT_DECAY, layer_decay=decay)
        return parts

    depth = len({group["lr_scale"] for group in groups(0.5)}) - 1  # layers below the head
    return torch.optim.AdamW(groups(STEM_SHARE ** (1 / depth)))  # the loop sets the learning rate of every step


def learning_rate(step: int, steps: int, highest: float) -> float:
    """Of the head: linear warm-up, then half a cosine down to nothing (Loshchilov & Hutter 2017)."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return highest * (step + 1) / warm_up
    return highest * 0.5 * (1 + math.cos(math.pi * (step - warm_up + 1) / (steps - warm_up + 1)))


def one_batch(material: Material, learner: Learner, size: int, batch: np.ndarray, generator: torch.Generator) -> float:
    """One step of the optimiser; the mean loss of its photos comes back. Its gradient stays in the network until the next."""
    material.check_stop()
    learner.optimizer.zero_grad()
    team, photos = material.team, len(batch)
    views = draw_views(photos, SIZE, size, generator)
    learner.scaler.scale(torch.zeros((), device=material.hardware.device))  # or it does not know its scale yet
    scale = learner.scaler.get_scale()
    team.order(Order.LEARN, photos, size, scale)
    team.photos(batch, photos)
    team.views(views, photos)
    team.weights(learner.net)
    mine = team.share(photos)
    total = team.gradient(learner.net, own_gradient(learner.net, material, batch[mine], size, views[mine], scale / photos))
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    return total / photos


@torch.no_grad()
def gradients_by_stage(learner: Learner) -> Norms:
    """Norm of the last step's gradient in each stage: stem, layer1 to layer4, head. Nothing of a step that float16 spoilt.

    The stages are those that timm groups the layers by for learning rates, coarsely. The device is waited for once.
    """
    parameters = dict(learner.net.named_parameters())
    parts = group_parameters(learner.net, learner.net.group_matcher(coarse=True)).values()  # type: ignore[operator]
    gradients = [[grad for name in part if (grad := parameters[name].grad) is not None] for part in parts]
    norms: list[float] = torch.stack([nn.utils.get_total_norm(part).float() for part in gradients]).tolist()
    names = ["stem", *(f"layer{number}" for number in range(1, len(norms) - 1)), "head"]
    if learner.scaler.is_enabled() and not all(map(math.isfinite, norms)):
        return {}
    return {name: norm if math.isfinite(norm) else None for name, norm in zip(names, norms, strict=True)}

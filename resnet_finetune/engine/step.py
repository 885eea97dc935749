"""One step of the optimiser: which weights move how fast, and a batch of photos that moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn

from resnet_finetune.engine.augment import augment
from resnet_finetune.engine.material import Material

LEARNING_RATE = 5e-5  # of the head
STEM_SHARE = 1 / 32  # of the learning rate is left at the first layer; between, it falls by the same factor at each block
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.02  # the head starts from a sharp fit: more would spend the first epochs on undoing it
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
    return torch.optim.AdamW(groups(STEM_SHARE ** (1 / depth)), lr=LEARNING_RATE)


def learning_rate(step: int, steps: int) -> float:
    """Of the head: linear warm-up, then half a cosine down to nothing (Loshchilov & Hutter 2017)."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return LEARNING_RATE * (step + 1) / warm_up
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - warm_up + 1) / (steps - warm_up + 1)))


def one_batch(material: Material, learner: Learner, size: int, batch: np.ndarray, generator: torch.Generator) -> float:
    """One step of the optimiser; the mean loss of its photos comes back."""
    while True:
        before = generator.get_state()
        try:
            total = _gradient(material, learner, size, batch, generator)
            break
        except RuntimeError as error:
            material.micro_batches.halve(error)
        learner.optimizer.zero_grad()  # a part of the gradient may have been added up
        generator.set_state(before)
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    learner.optimizer.zero_grad()
    return total / len(batch)


def _gradient(material: Material, learner: Learner, size: int, batch: np.ndarray, generator: torch.Generator) -> float:
    """Added up over micro-batches; the sum of the photos' losses comes back.

    With batch statistics frozen, the sum is the gradient of the whole batch.
    """
    total = 0.0
    for chosen in material.micro_batches.of(batch):
        material.check_stop()
        loss = losses(learner.net, material, chosen, size, generator).sum()
        learner.scaler.scale(loss / len(batch)).backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return total


def losses(net: nn.Module, material: Material, chosen: np.ndarray, size: int, generator: torch.Generator) -> Tensor:
    """Cross-entropy [N] of augmented photos, in training mode but with the pretrained batch-norm statistics kept.

    A handful of photos says less of a channel's mean than ImageNet did.
    """
    net.train()
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    device = material.hardware.device
    photos = augment(torch.from_numpy(material.pixels[chosen]).to(device), size, generator)
    labels = torch.from_numpy(material.labels(chosen)).to(device)
    with material.hardware.autocast():
        logits = net(material.preprocessing.normalise(photos))
    return F.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING, reduction="none")

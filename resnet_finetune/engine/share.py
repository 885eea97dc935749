"""One process's share of the work: what it computes of photos that it holds, as many at a time as fit into its memory."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_finetune.engine.augment import augment
from resnet_finetune.engine.material import Material

LABEL_SMOOTHING = 0.02  # the head starts from a sharp fit: more would spend the first epochs on undoing it


@torch.no_grad()
def own_features(net: nn.Module, material: Material, indices: np.ndarray) -> Tensor:
    """Features of whole photos, by a network without a head that is only asked: float32 [N, D] on the CPU."""

    def some(chosen: np.ndarray) -> Tensor:
        material.check_stop()
        with material.hardware.autocast():
            seen: Tensor = net(_photos(material, chosen)).float().cpu()
        return seen

    return torch.cat([torch.zeros(0, net.num_features), *material.micro_batches.each(indices, some)])  # type: ignore[call-overload]


@torch.no_grad()
def own_logits(net: nn.Module, material: Material, indices: np.ndarray) -> Tensor:
    """Float32 [N, classes] on the CPU, of whole photos without augmentation, by a network that is only asked."""

    def some(chosen: np.ndarray) -> Tensor:
        material.check_stop()
        with material.hardware.autocast():
            answers: Tensor = net(_photos(material, chosen)).float().cpu()
        return answers

    return torch.cat([torch.zeros(0, len(material.dataset.classes)), *material.micro_batches.each(indices, some)])


def own_gradient(net: nn.Module, material: Material, indices: np.ndarray, size: int, views: Tensor, weight: float) -> float:
    """Leaves in ``net`` the gradient of ``weight`` × the sum of these photos' losses, seen in ``views``; that sum comes back.

    With batch statistics frozen, the sum over micro-batches, and over processes, is the gradient of the whole batch.
    """

    def one(chosen: np.ndarray, views: Tensor) -> float:
        """In a function of its own: what it keeps for the way back goes with it, also when memory runs out."""
        loss = losses(net, material, chosen, size, views).sum()
        (weight * loss).backward()  # type: ignore[no-untyped-call]
        return loss.item()

    while True:
        total, done = 0.0, 0
        try:
            for chosen in material.micro_batches.of(indices):
                material.check_stop()
                total += one(chosen, views[done : done + len(chosen)])
                done += len(chosen)
            return total
        except RuntimeError as error:
            material.micro_batches.halve(error)
        net.zero_grad()  # a part of the gradient may have been added up


def losses(net: nn.Module, material: Material, chosen: np.ndarray, size: int, views: Tensor) -> Tensor:
    """Cross-entropy [N] of augmented photos, in training mode but with the pretrained batch-norm statistics kept.

    A handful of photos says less of a channel's mean than ImageNet did.
    """
    net.train()
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    device = material.hardware.device
    photos = augment(torch.from_numpy(material.pixels[chosen]).to(device), size, views)
    labels = torch.from_numpy(material.labels(chosen)).to(device)
    with material.hardware.autocast():
        logits = net(material.preprocessing.normalise(photos))
    return F.cross_entropy(logits.float(), labels, label_smoothing=LABEL_SMOOTHING, reduction="none")


def _photos(material: Material, chosen: np.ndarray) -> Tensor:
    """Whole, float32 [N, 3, S, S] on the device."""
    return material.preprocessing.normalise(torch.from_numpy(material.pixels[chosen]).to(material.hardware.device))

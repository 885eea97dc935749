"""The first answer, seconds after the photos are read: the pretrained network with a fitted linear head."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor, nn

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.judge import Verdict, judged, logits
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.probe import linear_head
from resnet_finetune.engine.progress import Pace
from resnet_finetune.engine.share import own_features
from resnet_finetune.engine.step import make_optimizer
from resnet_finetune.engine.team import Order
from resnet_finetune.model.folding import folded
from resnet_finetune.words.events import Event, FirstAnswer
from resnet_finetune.words.report import confusion_matrix

AT_ONCE = 128  # photos for each process of a team between two words on how far it has come


def first_answer(material: Material, net: nn.Module) -> Generator[Event, None, tuple[Standing, Verdict]]:
    """Give ``net`` a fitted linear head and judge it on the validation photos. Fine-tuning starts from what comes back."""
    train, validation = material.indices("train"), material.indices("validation")
    seen = yield from features_of(material, net, train)
    classes = len(material.dataset.classes)
    head = linear_head(seen, material.labels(train), material.groups(train), classes, material.settings.seed)
    add_head(net, classes, head)
    labels = material.labels(validation)
    verdict = judged((yield from logits(net, material, validation)), labels)
    first = FirstAnswer(
        validation=verdict.score,
        confusion=confusion_matrix(labels.tolist(), verdict.predicted, classes),
        seconds=material.clock(),
    )
    standing = Standing(
        fingerprint=material.fingerprint,
        precision=material.hardware.precision,
        first=first,
        plan=None,
        epoch=0,
        best_loss=verdict.loss,
        kept="first answer",
        scaler={},
        seconds=material.clock(),
    )
    material.classifier(net).save(material.run)
    checkpoint.save_first(material.run, net)
    checkpoint.save_state(material.run, standing, net, make_optimizer(net))
    yield first
    return standing, verdict


def features_of(material: Material, net: nn.Module, indices: np.ndarray) -> Generator[Event, None, np.ndarray]:
    """Features of these photos, float32 [N, D], and how far it has come."""
    quick = folded(net)
    team, pace, seen, done = material.team, Pace("features"), [], 0
    at_once = material.micro_batches.photos if team.size == 1 else AT_ONCE * team.size
    for start in range(0, len(indices), at_once):
        material.check_stop()
        some = indices[start : start + at_once]
        team.order(Order.FEATURES, len(some))
        team.photos(some, len(some))
        seen.append(team.answers(own_features(quick, material, some[team.share(len(some))]), len(some)).numpy())
        done += len(some)
        yield from material.micro_batches.news()
        yield from pace(done, len(indices))
    return np.concatenate(seen)


def add_head(net: nn.Module, classes: int, fitted: tuple[Tensor, Tensor] | None = None) -> None:
    """Give a headless timm network a linear layer for so many classes, with the ``fitted`` weight and bias if there are."""
    net.reset_classifier(classes)  # type: ignore[operator]
    head: nn.Linear | nn.Conv2d = net.get_classifier()  # type: ignore[operator]
    head.to(next(net.parameters()).device)
    if fitted:
        with torch.no_grad():
            head.weight.copy_(fitted[0].view_as(head.weight))  # of ResNetV2, [classes, D, 1, 1]
            assert head.bias is not None
            head.bias.copy_(fitted[1])

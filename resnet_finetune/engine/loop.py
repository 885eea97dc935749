"""Fine-tuning of the whole network: its plan, its epochs, its steps."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.augment import augment
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.judge import judged, logits
from resnet_finetune.engine.material import BATCH, Material
from resnet_finetune.engine.progress import EVENT_PERIOD
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Epoch, Event, Planned, Step

LEARNING_RATE = 5e-5  # of the head
SHARE = 0.3  # of the fine-tuned weights in the average with the first answer's
STEM_SHARE = 1 / 32  # of the learning rate is left at the first layer; between, it falls by the same factor at each block
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.02  # the head starts from a sharp fit: more would spend the first epochs on undoing it
WARM_UP = 0.1  # share of the steps
MOST_EPOCHS = 100
SAVE_PERIOD = 20.0  # seconds between checkpoints; epochs since the last are done again, in the same way
SMOOTHING = 0.9  # of the loss that is told


@dataclass(frozen=True)
class Preset:
    photo_size: int  # pixels, side of the crops that are trained on
    epochs: int


PRESETS = {"quick": Preset(208, 6), "balanced": Preset(224, 12), "thorough": Preset(224, 30)}


class _Smooth:
    """Running means of a step's seconds and loss."""

    def __init__(self) -> None:
        self._values: tuple[float, float] | None = None

    def __call__(self, seconds: float, loss: float) -> tuple[float, float]:
        old = self._values or (seconds, loss)
        self._values = (SMOOTHING * old[0] + (1 - SMOOTHING) * seconds, SMOOTHING * old[1] + (1 - SMOOTHING) * loss)
        return self._values


@dataclass(frozen=True)
class _Learner:
    """The network that is being trained, and what moves it."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler  # does nothing unless the precision is float16
    smooth: _Smooth


def fine_tune_network(material: Material, net: nn.Module, standing: Standing) -> Generator[Event, None, None]:
    """Fine-tune the whole of ``net`` from where ``standing`` says; the best model on the validation photos is kept on disk.

    Judged after each epoch is the average of its weights with the first answer's: on photos that come from elsewhere than the
    training photos it is the better (WiSE-FT: Wortsman et al. 2022, CVPR, sec. 4). It is kept only if it beats the first answer
    by more than chance.
    """
    optimizer = make_optimizer(net)
    scaler = torch.amp.GradScaler(material.hardware.device.type, enabled=material.hardware.precision == "float16")
    learner = _Learner(net, optimizer, scaler, _Smooth())
    checkpoint.load_state(material.run, net, optimizer)
    scaler.load_state_dict(standing.scaler)
    first = checkpoint.load_first(material.run)
    average = copy.deepcopy(net)
    average.load_state_dict(first)
    validation = material.indices("validation")
    labels = material.labels(validation)
    first_verdict = judged(logits(average, material, validation), labels)

    def epoch_event(train_loss: float | None, loss: float, accuracy: float, best: bool) -> Epoch:
        done = standing.epoch * _steps(len(material.indices("train")))
        return Epoch(
            epoch=standing.epoch,
            epochs=plan.epochs,
            train_loss=train_loss,
            validation_loss=loss,
            validation_accuracy=accuracy,
            learning_rate=_learning_rate(done - 1, plan.steps) if done else 0.0,
            best=best,
            seconds=standing.seconds,
        )

    minutes = material.settings.minutes
    plan = standing.plan or _plan(material, net, None if minutes is None else minutes * 60 - material.clock())
    if standing.plan is None:
        standing = replace(standing, plan=plan, seconds=material.clock())
        checkpoint.save_state(material.run, standing, net, optimizer)
        yield plan
        yield epoch_event(None, standing.best_loss, standing.first.validation.accuracy, best=True)
    saved = standing.seconds
    for epoch in range(standing.epoch + 1, plan.epochs + 1):
        train_loss = yield from _one_epoch(material, learner, plan, epoch)
        average.load_state_dict(_mean(first, net.state_dict()))
        verdict = judged(logits(average, material, validation), labels)
        best = verdict.loss < standing.best_loss and verdict.beats(first_verdict)
        if best:
            material.classifier(average).save(material.run)
        standing = replace(
            standing,
            epoch=epoch,
            best_loss=verdict.loss if best else standing.best_loss,
            kept="fine-tuned" if best else standing.kept,
            scaler=scaler.state_dict(),
            seconds=material.clock(),
        )
        if best or standing.seconds - saved > SAVE_PERIOD:
            saved = standing.seconds
            checkpoint.save_state(material.run, standing, net, optimizer)
        yield epoch_event(train_loss, verdict.loss, verdict.score.accuracy, best)


def _one_epoch(material: Material, learner: _Learner, plan: Planned, epoch: int) -> Generator[Event, None, float]:
    """Every training photo once, in an order and in views drawn from the run's seed and the epoch. The mean loss comes back."""
    train = material.indices("train")
    generator = torch.Generator().manual_seed(material.settings.seed * (MOST_EPOCHS + 1) + epoch)
    order = train[torch.randperm(len(train), generator=generator).numpy()]
    batches = np.array_split(order, _steps(len(train)))
    total, last = 0.0, time.monotonic()
    for number, batch in enumerate(batches):
        step = (epoch - 1) * len(batches) + number
        began = time.monotonic()
        for group in learner.optimizer.param_groups:
            group["lr"] = group["lr_scale"] * _learning_rate(step, plan.steps)
        loss = _one_batch(material, learner, plan.photo_size, batch, generator)
        yield from material.micro_batches.news()
        if not math.isfinite(loss):
            raise UserError(
                "The training lost its footing (the loss is no number any more). The best model so far is kept; "
                "train again with another seed or a shallower network."
            )
        total += loss * len(batch)
        now = time.monotonic()
        seconds, mean = learner.smooth(now - began, loss)
        if now - last >= EVENT_PERIOD or number == len(batches) - 1:
            last = now
            yield Step(
                step=step + 1,
                steps=plan.steps,
                loss=mean,
                images_per_second=len(batch) / seconds,
                seconds_left=seconds * (plan.steps - step - 1),
            )
    return total / len(train)


def _one_batch(material: Material, learner: _Learner, size: int, batch: np.ndarray, generator: torch.Generator) -> float:
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


def _gradient(material: Material, learner: _Learner, size: int, batch: np.ndarray, generator: torch.Generator) -> float:
    """Added up over micro-batches; the sum of the photos' losses comes back.

    With batch statistics frozen, the sum is the gradient of the whole batch.
    """
    total = 0.0
    for chosen in material.micro_batches.of(batch):
        material.check_stop()
        losses = _losses(learner.net, material, chosen, size, generator)
        learner.scaler.scale(losses.sum() / len(batch)).backward()  # type: ignore[no-untyped-call]
        total += losses.sum().item()
    return total


def _losses(net: nn.Module, material: Material, chosen: np.ndarray, size: int, generator: torch.Generator) -> Tensor:
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


def make_optimizer(net: nn.Module) -> torch.optim.Optimizer:
    """AdamW whose learning rate falls block by block from the head to the stem: what sees edges has least to learn."""

    def groups(decay: float) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = param_groups_layer_decay(net, weight_decay=WEIGHT_DECAY, layer_decay=decay)
        return parts

    depth = len({group["lr_scale"] for group in groups(0.5)}) - 1  # layers below the head
    return torch.optim.AdamW(groups(STEM_SHARE ** (1 / depth)), lr=LEARNING_RATE)


def _learning_rate(step: int, steps: int) -> float:
    """Of the head: linear warm-up, then half a cosine down to nothing (Loshchilov & Hutter 2017)."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return LEARNING_RATE * (step + 1) / warm_up
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - warm_up + 1) / (steps - warm_up + 1)))


def _mean(one: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, Tensor]:
    """Between two sets of weights, ``SHARE`` of the way. Counters, which no fine-tuning changes, are taken from the second."""
    return {
        name: torch.lerp(one[name].to(value.device), value, SHARE) if value.is_floating_point() else value
        for name, value in other.items()
    }


def _plan(material: Material, net: nn.Module, left: float | None) -> Planned:
    """How many epochs, and how long they will take at the pace of a trial; as many as fit into ``left`` seconds, if given."""
    preset = PRESETS[material.settings.preset]
    train, validation, test = (len(material.indices(split)) for split in ("train", "validation", "test"))
    learn, judge = _seconds_per_photo(material, net, preset.photo_size)
    epoch_seconds = learn * train + judge * validation
    epochs = preset.epochs
    if left is not None:
        test_seconds = 4 * judge * test  # two models, in full precision
        epochs = max(1, min(MOST_EPOCHS, int((left - test_seconds) / epoch_seconds)))
    return Planned(
        epochs=epochs,
        steps=epochs * _steps(train),
        photo_size=preset.photo_size,
        batch=min(BATCH, train),
        seconds=epochs * epoch_seconds,
    )


def _seconds_per_photo(material: Material, net: nn.Module, size: int) -> tuple[float, float]:
    """To learn from a photo and to judge one; from the second of two tries, as the first sets things up."""

    def tried(chosen: np.ndarray) -> tuple[float, float]:
        net.zero_grad()
        began = time.monotonic()
        logits(net, material, chosen)
        judged = time.monotonic()
        _losses(net, material, chosen, size, torch.Generator().manual_seed(0)).sum().backward()  # type: ignore[no-untyped-call]
        net.zero_grad()
        learnt = time.monotonic()
        return (learnt - judged) / len(chosen), (judged - began) / len(chosen)

    photos = material.indices("train")[: material.micro_batches.photos]
    next(material.micro_batches.each(photos, tried))
    return next(material.micro_batches.each(photos, tried))


def _steps(photos: int) -> int:
    return max(1, round(photos / BATCH))

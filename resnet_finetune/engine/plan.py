"""What fine-tuning will do: as a preset says, or what fits into the person's time, by what a photo costs on this machine."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine.augment import draw_views
from resnet_finetune.engine.material import BATCH, Material
from resnet_finetune.engine.share import losses, own_logits
from resnet_finetune.engine.strangers import kept_photos
from resnet_finetune.model.folding import folded
from resnet_finetune.words.events import Planned

MOST_EPOCHS = 100
FEWEST_EPOCHS = 4  # before photos are made smaller
SMALLER = (176, 144)  # pixels, where time is short
TRIAL = 0.5  # seconds, about, to find out what a photo costs
TEST_COST = 2  # in full precision, against that of autocast


@dataclass(frozen=True)
class Preset:
    photo_size: int  # pixels, side of the crops that are trained on
    epochs: int
    learning_rate: float  # of the head, at its highest
    share: float  # of the fine-tuned weights in the average with the first answer's


PRESETS = {
    "quick": Preset(208, 3, 5e-5, 0.3),
    "balanced": Preset(208, 6, 5e-5, 0.3),
    "thorough": Preset(224, 16, 1.5e-4, 0.5),
}


@dataclass(frozen=True)
class Cost:
    """Seconds for a photo: to learn from it, and to judge one."""

    learn: float
    judge: float


def make_plan(material: Material, net: nn.Module) -> Planned:
    """The preset's epochs; or, where ``settings.minutes`` are given, as many as fit, of smaller photos if need be, or none."""
    preset = PRESETS[material.settings.preset]
    size, cost = preset.photo_size, photo_cost(material, net, preset.photo_size)
    if material.settings.minutes is None:
        return _planned(material, size, preset.epochs, cost)

    def fitting() -> int:
        return _fitting(material, epoch_seconds(material, cost), _test_seconds(material, cost))

    for smaller in SMALLER:
        if fitting() >= FEWEST_EPOCHS:
            break
        size, cost = smaller, photo_cost(material, net, smaller)
    return _planned(material, size, fitting(), cost)


def steps_per_epoch(photos: int) -> int:
    return max(1, round(photos / BATCH))


def replanned(plan: Planned, material: Material, done: int, pace: float) -> Planned:
    """``plan``, after ``done`` epochs that took ``pace`` seconds each, for a run that is to take its minutes.

    It has fewer epochs when those left would take too long, and more, up to its middle, when there is time for more.
    """
    if material.settings.minutes is None:
        return plan
    epochs = min(MOST_EPOCHS, done + _fitting(material, pace, plan.test_seconds))
    too_late = epochs > plan.epochs and 2 * done > plan.epochs  # the learning rate has fallen too far to start over
    if epochs == plan.epochs or too_late:
        return plan
    return replace(plan, epochs=epochs, steps=epochs * steps_per_epoch(len(material.indices("train"))), seconds=epochs * pace)


def _planned(material: Material, size: int, epochs: int, cost: Cost) -> Planned:
    train = len(material.indices("train"))
    return Planned(
        epochs=epochs,
        steps=epochs * steps_per_epoch(train),
        photo_size=size,
        batch=min(BATCH, train),
        seconds=epochs * epoch_seconds(material, cost),
        test_seconds=_test_seconds(material, cost),
    )


def _fitting(material: Material, epoch_seconds: float, test_seconds: float) -> int:
    """Epochs for which there is time from now on."""
    assert material.settings.minutes is not None
    rest = material.settings.minutes * 60 - material.clock() - test_seconds
    return max(0, min(MOST_EPOCHS, int(rest / epoch_seconds)))


def epoch_seconds(material: Material, cost: Cost) -> float:
    """To learn from every training photo and to judge the validation photos, shared among the team."""
    alone = cost.learn * len(material.indices("train")) + cost.judge * len(material.indices("validation"))
    return alone / material.team.size


def _test_seconds(material: Material, cost: Cost) -> float:
    """Two models see the test photos; the better one also sees those that it keeps, and all it will show in full precision."""
    test, validation = len(material.indices("test")), len(kept_photos(material, "validation"))
    autocast = test + len(kept_photos(material, "train"))
    return cost.judge * (TEST_COST * (test + validation) + autocast)


def photo_cost(material: Material, net: nn.Module, size: int) -> Cost:
    """What a photo costs ``net`` at ``size`` pixels: the median of some tries; of a slow one, a single try or two."""
    photos = material.indices("train")[: material.micro_batches.photos]
    quick = folded(net)
    views = draw_views(len(photos), SIZE, size, torch.Generator().manual_seed(0))

    def tried(chosen: np.ndarray) -> Cost:
        net.zero_grad()
        began = time.perf_counter()
        own_logits(quick, material, chosen)
        judged = time.perf_counter()
        loss = losses(net, material, chosen, size, views[: len(chosen)]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        loss.item()  # waits for the GPU
        net.zero_grad()
        return Cost(learn=(time.perf_counter() - judged) / len(chosen), judge=(judged - began) / len(chosen))

    def one() -> Cost:
        return next(material.micro_batches.each(photos, tried))

    began = time.perf_counter()
    costs = [one()]
    if time.perf_counter() - began < TRIAL:
        costs.clear()  # what it took to set things up is a part of it
    until = time.perf_counter() + TRIAL
    while not costs or time.perf_counter() < until:
        costs.append(one())
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("learn", "judge")))

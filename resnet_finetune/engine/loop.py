"""Fine-tuning of the whole network, epoch by epoch."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.judge import Verdict, judged, logits
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.plan import MOST_EPOCHS, PRESETS, make_plan, replanned, steps_per_epoch
from resnet_finetune.engine.progress import EVENT_PERIOD
from resnet_finetune.engine.step import Learner, gradients_by_stage, learning_rate, make_optimizer, one_batch
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Epoch, Event, Noted, Planned, Step
from resnet_finetune.words.language import say
from resnet_finetune.words.report import REPORT

SAVE_PERIOD = 20.0  # seconds between checkpoints; epochs since the last are done again, in the same way
SMOOTHING = 0.9  # of the loss that is told
LOWER = 0.1  # of the learning rate, once the loss was no number

_NO_TIME = say("The time was too short to fine-tune the network, so the first answer is kept: give it more minutes.")

_MOST = say(
    "{n} passes over the photos are the most that are made, for more would hardly teach it more: it may end before your time "
    "is over.",
    n=MOST_EPOCHS,
)

_WENT_BACK = say(
    "The training lost its footing (the loss was no number any more), so it went back to where it was last "
    "saved and goes on with a tenth of the learning rate."
)


class _NotFinite(Exception):
    """The loss is no number any more: the weights of this epoch are worth nothing."""


class _Smooth:
    """Running means of a step's seconds and loss."""

    def __init__(self) -> None:
        self._values: tuple[float, float] | None = None

    def __call__(self, seconds: float, loss: float) -> tuple[float, float]:
        old = self._values or (seconds, loss)
        self._values = (SMOOTHING * old[0] + (1 - SMOOTHING) * seconds, SMOOTHING * old[1] + (1 - SMOOTHING) * loss)
        return self._values


def fine_tune_network(
    material: Material, net: nn.Module, standing: Standing, first_verdict: Verdict | None
) -> Generator[Event, None, None]:
    """Fine-tune the whole of ``net`` from where ``standing`` says; the best model on the validation photos is kept on disk.

    Judged after each epoch is the average of its weights with the first answer's: on photos that come from elsewhere than the
    training photos it is the better (WiSE-FT: Wortsman et al. 2022, CVPR, sec. 4). It is kept only if it beats the first answer
    by more than chance. ``first_verdict`` is the first answer's, where it was just judged.
    """
    preset = PRESETS[material.settings.preset]
    optimizer = make_optimizer(net)
    scaler = torch.amp.GradScaler(material.hardware.device.type, enabled=material.hardware.precision == "float16")
    learner = Learner(net, optimizer, scaler)
    _load(material, learner, standing)
    first = checkpoint.load_first(material.run)
    average = copy.deepcopy(net)
    average.load_state_dict(first)
    if standing.plan and standing.kept == "first answer" and not (material.run / REPORT).exists():
        material.classifier(average).save(material.run)  # a kill may have left a better one there, of which nothing was noted
    validation = material.indices("validation")
    labels = material.labels(validation)
    if first_verdict is None:
        first_verdict = judged((yield from logits(average, material, validation)), labels)

    def highest() -> float:
        return standing.rate * (material.settings.learning_rate or preset.learning_rate)

    def epoch_event(train_loss: float | None, loss: float, accuracy: float, best: bool) -> Epoch:
        done = standing.epoch * steps_per_epoch(len(material.indices("train")))
        return Epoch(
            epoch=standing.epoch,
            epochs=plan.epochs,
            train_loss=train_loss,
            validation_loss=loss,
            validation_accuracy=accuracy,
            learning_rate=learning_rate(done - 1, plan.steps, highest()) if done else 0.0,
            best=best,
            seconds=standing.seconds,
        )

    plan = standing.plan or make_plan(material, net)
    if plan.epochs == 0:
        material.notes.append(_NO_TIME)
        yield Noted(note=_NO_TIME)
    if standing.rate < 1:  # in an earlier sitting
        material.notes.append(_WENT_BACK)
    if standing.plan is None:
        standing = replace(standing, plan=plan, seconds=material.clock())
        checkpoint.save_state(material.run, standing, net, optimizer)
        yield plan
        if material.settings.minutes is not None and plan.epochs == MOST_EPOCHS:
            yield Noted(note=_MOST)
        yield epoch_event(None, standing.best_loss, standing.first.validation.accuracy, best=True)
    saved, before = standing.seconds, standing.epoch
    began, smooth = time.perf_counter(), _Smooth()
    while standing.epoch < plan.epochs:
        epoch = standing.epoch + 1
        try:
            train_loss = yield from _one_epoch(material, learner, plan, epoch, highest(), smooth)
        except _NotFinite as error:
            standing = _gone_back(material, learner, standing, error)
            assert standing.plan is not None  # as of every checkpoint
            saved, before, began = standing.seconds, standing.epoch, time.perf_counter()
            if plan != standing.plan:
                plan = standing.plan
                yield plan
            yield Noted(note=_WENT_BACK)
            continue
        average.load_state_dict(_mean(first, net.state_dict(), preset.share))
        verdict = judged((yield from logits(average, material, validation)), labels)
        best = verdict.loss < standing.best_loss and verdict.beats(first_verdict)
        if best:
            disk.remove(material.run / REPORT)  # of an earlier sitting: it is about another model
            material.classifier(average).save(material.run)
        standing = replace(
            standing,
            epoch=epoch,
            best_loss=verdict.loss if best else standing.best_loss,
            kept="fine-tuned" if best else standing.kept,
            scaler=scaler.state_dict(),
            seconds=material.clock(),
        )
        pace = (time.perf_counter() - began) / (epoch - before)
        if (changed := replanned(plan, material, epoch, pace)) != plan:
            plan = changed
            standing = replace(standing, plan=plan)
            yield plan
        sound = math.isfinite(verdict.loss)  # else there would be nothing to go back to
        if best or (sound and standing.seconds - saved > SAVE_PERIOD):
            saved = standing.seconds
            checkpoint.save_state(material.run, standing, net, optimizer)
        yield epoch_event(train_loss, verdict.loss, verdict.score.accuracy, best)


def _gone_back(material: Material, learner: Learner, standing: Standing, error: _NotFinite) -> Standing:
    """To the last checkpoint, with a lower learning rate from there on.

    Raises:
        UserError: it was lowered before.
    """
    if standing.rate < 1:
        raise UserError(
            say(
                "The training lost its footing again (the loss is no number any more). The best model so far is kept; "
                "train again with another seed or a shallower network."
            )
        ) from error
    saved = checkpoint.load_standing(material.run)
    assert saved is not None and saved.plan is not None  # it is written before the first epoch
    _load(material, learner, saved)
    material.notes.append(_WENT_BACK)
    standing = replace(saved, rate=LOWER)
    checkpoint.save_state(material.run, standing, learner.net, learner.optimizer)
    return standing


def _load(material: Material, learner: Learner, standing: Standing) -> None:
    """Weights, moments and scale, as they were saved. Before the first step there is no scale to go back to."""
    checkpoint.load_state(material.run, learner.net, learner.optimizer)
    if standing.scaler:
        learner.scaler.load_state_dict(standing.scaler)


def _one_epoch(
    material: Material, learner: Learner, plan: Planned, epoch: int, highest: float, smooth: _Smooth
) -> Generator[Event, None, float]:
    """Every training photo once, in an order and in views drawn from the run's seed and the epoch. The mean loss comes back."""
    train = material.indices("train")
    generator = torch.Generator().manual_seed(material.settings.seed * (MOST_EPOCHS + 1) + epoch)
    order = train[torch.randperm(len(train), generator=generator).numpy()]
    batches = np.array_split(order, steps_per_epoch(len(train)))
    total, last = 0.0, time.perf_counter()
    for number, batch in enumerate(batches):
        step = (epoch - 1) * len(batches) + number
        began = time.perf_counter()
        for group in learner.optimizer.param_groups:
            group["lr"] = group["lr_scale"] * learning_rate(step, plan.steps, highest)
        loss = one_batch(material, learner, plan.photo_size, batch, generator)
        yield from material.micro_batches.news()
        if not math.isfinite(loss):
            raise _NotFinite
        total += loss * len(batch)
        now = time.perf_counter()
        seconds, mean = smooth(now - began, loss)
        if step == 0 or now - last >= EVENT_PERIOD or number == len(batches) - 1:  # the first: what others are held against
            last = now
            yield Step(
                step=step + 1,
                steps=plan.steps,
                loss=mean,
                images_per_second=len(batch) / seconds,
                seconds_left=seconds * (plan.steps - step - 1),
                gradients=gradients_by_stage(learner),
            )
    return total / len(train)


def _mean(one: dict[str, Tensor], other: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Between two sets of weights, ``share`` of the way. Counters, which no fine-tuning changes, are taken from the second."""
    return {
        name: torch.lerp(one[name].to(value.device), value, share) if value.is_floating_point() else value
        for name, value in other.items()
    }

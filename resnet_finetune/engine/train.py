"""The training of one run: read the photos, a first answer, fine-tuning of the whole network, one test at the end.

    scan → pixels → first answer → epochs → test

Everything here is a generator of events. Whoever reads them decides what to do with them; nothing is drawn or printed.
"""

from __future__ import annotations

import copy
import math
import queue
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn

from resnet_finetune.data import dataset as datasets
from resnet_finetune.data import intake
from resnet_finetune.data.cache import read_pixels
from resnet_finetune.data.dataset import Dataset
from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.augment import augment
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.probe import features, linear_head
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.catalog import Model
from resnet_finetune.model.hardware import Hardware, find_device, find_hardware
from resnet_finetune.model.saved_model import BATCH as FORWARD_BATCH
from resnet_finetune.model.saved_model import Classifier, Preprocessing, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import (
    Epoch,
    Event,
    Finished,
    FirstAnswer,
    Kept,
    Planned,
    Progress,
    Score,
    Split,
    Stage,
    Started,
    Step,
    Stopped,
)
from resnet_finetune.words.report import FirstScore, Judged, Report, confusion_matrix, make_result, wilson
from resnet_finetune.words.settings import Settings

T = TypeVar("T")
Work = Callable[[Callable[[int, int], None]], T]  # long work that tells (done, total) to what it is given

# Pixels; the weights were trained at 224, on crops that show things about so much larger (Touvron et al. 2019).
TEST_SIZE = 320
REPORT = "report.json"
BATCH = 16  # photos in one step of the optimiser
LEARNING_RATE = 1e-4  # of the head
STEM_SHARE = 1 / 32  # of the learning rate is left at the first layer; between, it falls by the same factor at each block
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.02  # the head starts from a sharp fit: more would spend the first epochs on undoing it
WARM_UP = 0.1  # share of the steps
MOST_EPOCHS = 100
EVENT_PERIOD = 0.5  # seconds between two steps that are told
SAVE_PERIOD = 20.0  # seconds between checkpoints; epochs since the last are done again, in the same way
SMOOTHING = 0.9  # of the loss that is told


@dataclass(frozen=True)
class Preset:
    photo_size: int  # pixels, side of the crops that are trained on
    epochs: int


PRESETS = {"quick": Preset(208, 6), "balanced": Preset(224, 12), "thorough": Preset(224, 30)}


class _StopAsked(Exception):
    """The person wants no more training."""


@dataclass(frozen=True, kw_only=True)
class _Material:
    """What a training works on; fixed from the start."""

    run: Path
    settings: Settings
    dataset: Dataset
    model: Model
    hardware: Hardware
    preprocessing: Preprocessing
    pixels: np.ndarray  # uint8 [photos, S, S, 3], in the order of the data set
    check_stop: Callable[[], None]
    clock: Callable[[], float]  # seconds spent on this run so far

    def indices(self, split: Split) -> np.ndarray:
        return np.array([index for index, photo in enumerate(self.dataset.photos) if photo.split == split])

    def labels(self, indices: np.ndarray) -> np.ndarray:
        return np.array([self.dataset.photos[index].label for index in indices])

    @property
    def micro_batch(self) -> int:
        """Photos that go through the network at once. On a CPU a deep network is asked often whether it should stop."""
        return BATCH if self.hardware.device.type != "cpu" else max(1, min(BATCH, round(BATCH * 2 / self.model.gflops)))


def fine_tune(settings: Settings, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Train in ``settings.run_dir``, or go on from the checkpoint there. Ends with ``Finished`` or ``Stopped``.

    ``model.safetensors`` and ``model.json`` are the best model so far from the first answer on, ``report.json`` comes with the
    end. ``stop`` is asked between small batches.

    Raises:
        UserError: the settings, the photos or the weights are not such that a training could come of them.
        OSError: the run folder cannot be written.
    """
    settings.check(catalog.names())
    run = Path(settings.run_dir)
    (run / checkpoint.FOLDER).mkdir(parents=True, exist_ok=True)
    standing = checkpoint.load_standing(run)
    began = time.monotonic() - (standing.seconds if standing else 0)

    def clock() -> float:
        return time.monotonic() - began

    def check_stop() -> None:
        if stop():
            raise _StopAsked

    material = None
    try:
        material, net = yield from _gather(settings, run, standing, check_stop, clock)
        if standing is None:
            standing = yield from _first_answer(material, net)
        else:
            _add_head(net, len(material.dataset.classes))  # its weights come from the checkpoint
        yield from _train(material, net, standing)
    except _StopAsked:
        if material is None or checkpoint.load_standing(run) is None:
            yield Stopped(test=None, kept=None, seconds=clock())
        else:
            test, kept = yield from _test(material, compare=False)
            yield Stopped(test=test, kept=kept, seconds=clock())
        return
    test, kept = yield from _test(material, compare=True)
    yield Finished(test=test, kept=kept, seconds=clock())
    shutil.rmtree(run / checkpoint.FOLDER, ignore_errors=True)  # only needed to go on; Windows may still hold the pixels


# --- Photos and network --------------------------------------------------------------------------------------------------


def _gather(
    settings: Settings, run: Path, standing: Standing | None, check_stop: Callable[[], None], clock: Callable[[], float]
) -> Generator[Event, None, tuple[_Material, nn.Module]]:
    """The photos, decoded, and the pretrained network, without a head."""
    model = catalog.find(settings.model)
    found = weights.find_weights(model, settings.weights)
    root = intake.open_data(settings.data)
    dataset = yield from _told("scan", lambda tell: datasets.scan(root, tell), check_stop)
    datasets.require_trainable(dataset)
    dataset = datasets.split(dataset, settings.seed)
    fingerprint = datasets.fingerprint(dataset)
    if standing and standing.fingerprint != fingerprint:
        raise UserError("The photos changed since this run began, so it cannot go on as it was: start a new run.")
    hardware = Hardware(device=find_device(), precision=standing.precision) if standing else find_hardware()
    net = weights.load_backbone(model, found)
    preprocessing = Preprocessing.of(net, TEST_SIZE)
    yield Started(
        classes=dataset.classes,
        counts={split: _counts(dataset, split) for split in ("train", "validation", "test")},
        rejected=dataset.rejected,
        own_split=dataset.own_split,
        model=model.name,
        weights=found.source,
        device=hardware.describe(),
        root=str(root.absolute()),
        fingerprint=fingerprint,
    )
    file = run / checkpoint.FOLDER / "pixels.u8"
    pixels = yield from _told("read", lambda tell: read_pixels(dataset.photos, TEST_SIZE, file, tell), check_stop)
    material = _Material(
        run=run,
        settings=settings,
        dataset=dataset,
        model=model,
        hardware=hardware,
        preprocessing=preprocessing,
        pixels=pixels,
        check_stop=check_stop,
        clock=clock,
    )
    return material, net.to(hardware.device).to(memory_format=torch.channels_last)


def _counts(dataset: Dataset, split: Split) -> list[int]:
    return [sum(p.label == label and p.split == split for p in dataset.photos) for label in range(len(dataset.classes))]


def _told(stage: Stage, work: Work[T], check_stop: Callable[[], None]) -> Generator[Event, None, T]:
    """Do ``work`` in a thread and yield how far it has come. A stop, or the end of this generator, ends the work."""
    came: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
    wanted = True

    def tell(done: int, total: int) -> None:
        if not wanted:
            raise _StopAsked
        came.put((done, total))

    def finish() -> T:
        try:
            return work(tell)
        finally:
            came.put(None)

    pace = _Pace(stage)
    with ThreadPoolExecutor(1) as thread:
        try:
            future = thread.submit(finish)
            while (news := came.get()) is not None:
                check_stop()
                yield from pace(*news)
        finally:
            wanted = False
    return future.result()


class _Pace:
    """Tells how far a stage has come, at most every ``EVENT_PERIOD`` and at its end, with the time left at the pace so far."""

    def __init__(self, stage: Stage) -> None:
        self._stage: Stage = stage
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> Iterator[Progress]:
        now = time.monotonic()
        if done < total and now - self._told < EVENT_PERIOD:
            return
        self._told = now
        left = (now - self._began) / done * (total - done) if done else None
        yield Progress(stage=self._stage, done=done, total=total, seconds_left=left)


# --- First answer --------------------------------------------------------------------------------------------------------


def _first_answer(material: _Material, net: nn.Module) -> Generator[Event, None, Standing]:
    """Give ``net`` a fitted linear head, judge it on the validation photos, and plan the fine-tuning from it."""
    train, validation = material.indices("train"), material.indices("validation")
    pace, seen = _Pace("features"), []
    for start in range(0, len(train), material.micro_batch):
        material.check_stop()
        chosen = train[start : start + material.micro_batch]
        seen.append(features(net, material.pixels[chosen], material.preprocessing, material.hardware))
        yield from pace(start + len(chosen), len(train))
    classes = len(material.dataset.classes)
    weight, bias = linear_head(np.concatenate(seen), material.labels(train), classes, material.settings.seed)
    head = _add_head(net, classes)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)

    labels = material.labels(validation)
    loss, score, predicted = _judged(_logits(net, material, validation), labels)
    first = FirstAnswer(
        validation=score, confusion=confusion_matrix(labels.tolist(), predicted, classes), seconds=material.clock()
    )
    standing = Standing(
        fingerprint=datasets.fingerprint(material.dataset),
        precision=material.hardware.precision,
        first=first,
        plan=None,
        epoch=0,
        best_loss=loss,
        kept="first answer",
        scaler={},
        seconds=material.clock(),
    )
    _classifier(net, material).save(material.run)
    checkpoint.save_first(material.run, net)
    checkpoint.save_state(material.run, standing, net, _optimizer(net))
    yield first
    return standing


def _add_head(net: nn.Module, classes: int) -> nn.Linear:
    """Give a headless timm network a linear layer for so many classes."""
    net.reset_classifier(classes)  # type: ignore[operator]
    head: nn.Linear = net.get_classifier()  # type: ignore[operator]
    return head.to(next(net.parameters()).device)


def _plan(material: _Material, net: nn.Module, left: float | None) -> Planned:
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


def _seconds_per_photo(material: _Material, net: nn.Module, size: int) -> tuple[float, float]:
    """To learn from a photo and to judge one; from the second of two tries, as the first sets things up."""
    chosen = material.indices("train")[: material.micro_batch]
    for _ in range(2):
        began = time.monotonic()
        _logits(net, material, chosen)
        judged = time.monotonic()
        _losses(net, material, chosen, size, torch.Generator().manual_seed(0)).sum().backward()  # type: ignore[no-untyped-call]
        net.zero_grad()
        learnt = time.monotonic()
    return (learnt - judged) / len(chosen), (judged - began) / len(chosen)


def _steps(photos: int) -> int:
    return max(1, round(photos / BATCH))


# --- Fine-tuning ---------------------------------------------------------------------------------------------------------


def _train(material: _Material, net: nn.Module, standing: Standing) -> Generator[Event, None, None]:
    """Fine-tune the whole of ``net`` from where ``standing`` says; the best model on the validation photos is kept on disk.

    Judged after each epoch is the average of its weights with the first answer's: on photos that come from elsewhere than the
    training photos it is the better (WiSE-FT: Wortsman et al. 2022, CVPR, sec. 4). It is not kept if it is right on fewer
    photos than the first answer.
    """
    optimizer = _optimizer(net)
    checkpoint.load_state(material.run, net, optimizer)
    scaler = torch.amp.GradScaler(material.hardware.device.type, enabled=material.hardware.precision == "float16")
    scaler.load_state_dict(standing.scaler)
    first = checkpoint.load_first(material.run)
    average = copy.deepcopy(net)
    validation = material.indices("validation")
    labels = material.labels(validation)

    def told(train_loss: float | None, loss: float, accuracy: float, best: bool) -> Epoch:
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
        yield told(None, standing.best_loss, standing.first.validation.accuracy, best=True)
    saved = standing.seconds
    for epoch in range(standing.epoch + 1, plan.epochs + 1):
        train_loss = yield from _one_epoch(material, net, optimizer, scaler, plan, epoch)
        average.load_state_dict(_mean(first, net.state_dict()))
        loss, score, _ = _judged(_logits(average, material, validation), labels)
        best = loss < standing.best_loss and score.accuracy >= standing.first.validation.accuracy
        if best:
            _classifier(average, material).save(material.run)
        standing = replace(
            standing,
            epoch=epoch,
            best_loss=loss if best else standing.best_loss,
            kept="fine-tuned" if best else standing.kept,
            scaler=scaler.state_dict(),
            seconds=material.clock(),
        )
        if best or standing.seconds - saved > SAVE_PERIOD:
            saved = standing.seconds
            checkpoint.save_state(material.run, standing, net, optimizer)
        yield told(train_loss, loss, score.accuracy, best)


def _one_epoch(
    material: _Material,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    plan: Planned,
    epoch: int,
) -> Generator[Event, None, float]:
    """Every training photo once, in an order and in views drawn from the run's seed and the epoch. The mean loss comes back."""
    train = material.indices("train")
    generator = torch.Generator().manual_seed(material.settings.seed * (MOST_EPOCHS + 1) + epoch)
    order = train[torch.randperm(len(train), generator=generator).numpy()]
    batches = np.array_split(order, _steps(len(train)))
    total, told, smooth = 0.0, time.monotonic(), _Smooth()
    for number, batch in enumerate(batches):
        step = (epoch - 1) * len(batches) + number
        began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = group["lr_scale"] * _learning_rate(step, plan.steps)
        loss = _one_batch(material, net, optimizer, scaler, plan, batch, generator)
        if not math.isfinite(loss):
            raise UserError(
                "The training lost its footing (the loss is no number any more). The best model so far is kept; "
                "train again with another seed or a shallower network."
            )
        total += loss * len(batch)
        now = time.monotonic()
        seconds, mean = smooth(now - began, loss)
        if now - told >= EVENT_PERIOD or number == len(batches) - 1:
            told = now
            yield Step(
                step=step + 1,
                steps=plan.steps,
                loss=mean,
                images_per_second=len(batch) / seconds,
                seconds_left=seconds * (plan.steps - step - 1),
            )
    return total / len(train)


def _one_batch(
    material: _Material,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    plan: Planned,
    batch: np.ndarray,
    generator: torch.Generator,
) -> float:
    """One step of the optimiser, its gradient added up over micro-batches; the mean loss of its photos comes back.

    With batch statistics frozen, a sum over micro-batches is the gradient of the whole batch.
    """
    total = 0.0
    for start in range(0, len(batch), material.micro_batch):
        material.check_stop()
        losses = _losses(net, material, batch[start : start + material.micro_batch], plan.photo_size, generator)
        scaler.scale(losses.sum() / len(batch)).backward()  # type: ignore[no-untyped-call]
        total += losses.sum().item()
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()
    return total / len(batch)


def _losses(net: nn.Module, material: _Material, chosen: np.ndarray, size: int, generator: torch.Generator) -> Tensor:
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


def _optimizer(net: nn.Module) -> torch.optim.Optimizer:
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


class _Smooth:
    """Running means of a step's seconds and loss."""

    def __init__(self) -> None:
        self._values: tuple[float, float] | None = None

    def __call__(self, seconds: float, loss: float) -> tuple[float, float]:
        old = self._values or (seconds, loss)
        self._values = (SMOOTHING * old[0] + (1 - SMOOTHING) * seconds, SMOOTHING * old[1] + (1 - SMOOTHING) * loss)
        return self._values


def _mean(one: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, Tensor]:
    """Halfway between two sets of weights. Counters, which no fine-tuning changes, are taken from the second."""
    return {
        name: torch.lerp(one[name].to(value.device), value, 0.5) if value.is_floating_point() else value
        for name, value in other.items()
    }


# --- Validation and test -------------------------------------------------------------------------------------------------


@torch.no_grad()
def _logits(net: nn.Module, material: _Material, indices: np.ndarray) -> Tensor:
    """Float32 [N, classes] on the CPU, of whole photos without augmentation."""
    net.eval()
    logits = []
    for start in range(0, len(indices), material.micro_batch):
        material.check_stop()
        photos = torch.from_numpy(material.pixels[indices[start : start + material.micro_batch]]).to(material.hardware.device)
        with material.hardware.autocast():
            logits.append(net(material.preprocessing.normalise(photos)).float().cpu())
    return torch.cat(logits)


def _judged(logits: Tensor, labels: np.ndarray) -> tuple[float, Score, list[int]]:
    """Mean cross-entropy, accuracy, and the predicted classes."""
    true = torch.from_numpy(labels)
    predicted = logits.argmax(1)
    return F.cross_entropy(logits, true).item(), wilson(int((predicted == true).sum()), len(true)), predicted.tolist()


def _classifier(net: nn.Module, material: _Material) -> Classifier:
    return Classifier(net, material.model.name, material.dataset.classes, material.preprocessing)


def _test(material: _Material, compare: bool) -> Generator[Event, None, tuple[Score, Kept]]:
    """Judge the model as it lies on disk on the test photos, once, and write the report.

    With ``compare`` the first answer is judged on them too, so that both can be shown side by side; it changes nothing.
    """
    standing = checkpoint.load_standing(material.run)
    assert standing is not None  # it is written with the first answer
    test = material.indices("test")
    photos = [material.dataset.photos[index] for index in test]
    model = load_model(material.run)
    scores = yield from _scores(model, material.pixels, test)
    judged = [Judged(path=p.name, true=p.label, scores=s) for p, s in zip(photos, scores, strict=True)]
    result = make_result(model.classes, judged)

    first_accuracy = result.test.accuracy if standing.kept == "first answer" else None
    if compare and first_accuracy is None:
        model.net.load_state_dict(checkpoint.load_first(material.run))
        first_scores = yield from _scores(model, material.pixels, test)
        right = np.argmax(first_scores, 1) == material.labels(test)
        first_accuracy = float(right.mean())
    first = FirstScore(
        accuracy=first_accuracy,
        validation_accuracy=standing.first.validation.accuracy,
        seconds=standing.first.seconds,
    )
    parts = {spec.name: getattr(result, spec.name) for spec in fields(result)}
    report = Report(**parts, root=str(material.dataset.root.absolute()), kept=standing.kept, first_answer=first)
    disk.write_json(material.run / REPORT, report.to_json())
    return report.test, report.kept


def _scores(model: Classifier, pixels: np.ndarray, indices: np.ndarray) -> Generator[Event, None, list[list[float]]]:
    pace = _Pace("test")
    scores: list[list[float]] = []
    for start in range(0, len(indices), FORWARD_BATCH):
        scores += model.scores(pixels[indices[start : start + FORWARD_BATCH]]).tolist()
        yield from pace(len(scores), len(indices))
    return scores

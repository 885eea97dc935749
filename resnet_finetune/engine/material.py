"""What a training works on: the photos, decoded and divided, and the pretrained network."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from resnet_finetune.data import intake
from resnet_finetune.data.cache import SIZE, Pixels
from resnet_finetune.data.dataset import understand
from resnet_finetune.data.photos import Dataset, Photo, fingerprint
from resnet_finetune.data.problems import listed
from resnet_finetune.data.scan import scan_files
from resnet_finetune.data.split import judges, lacking, require_trainable, split, strictest
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.micro_batches import MicroBatches
from resnet_finetune.engine.progress import told
from resnet_finetune.engine.team import Team
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.catalog import Model
from resnet_finetune.model.hardware import Hardware, find_device, find_hardware, placed
from resnet_finetune.model.saved_model import ABOUT, WEIGHTS, Classifier, Preprocessing
from resnet_finetune.words import corrections, disk, servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Noted, Split, Started
from resnet_finetune.words.fitting import fitted
from resnet_finetune.words.language import say
from resnet_finetune.words.settings import Settings

BATCH = 16  # photos in one step of the optimiser
PHOTOS = "photos.json"  # in a run folder: the sha256 of every photo → the split it was in
ALIKE = 0.8  # groups for each photo: where there are fewer, the score's interval promises too much


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a training works on; fixed from the start."""

    run: Path
    settings: Settings
    dataset: Dataset
    fingerprint: str  # of the photos and their split
    model: Model
    hardware: Hardware
    preprocessing: Preprocessing
    pixels: Pixels  # in the order of the data set
    notes: list[str]  # on what makes the score less honest, or the training slower
    micro_batches: MicroBatches
    team: Team
    check_stop: Callable[[], None]
    clock: Callable[[], float]  # seconds spent on this run so far

    def indices(self, split: Split) -> np.ndarray:
        return np.array([index for index, photo in enumerate(self.dataset.photos) if photo.split == split])

    def labels(self, indices: np.ndarray) -> np.ndarray:
        return np.array([self.dataset.photos[index].label for index in indices])

    def groups(self, indices: np.ndarray) -> np.ndarray:
        return np.array([self.dataset.photos[index].group for index in indices])

    def classifier(self, net: nn.Module) -> Classifier:
        return Classifier(net, self.model.name, self.dataset.classes, self.preprocessing)


def gather(
    settings: Settings,
    run: Path,
    standing: Standing | None,
    check_stop: Callable[[], None],
    clock: Callable[[], float],
    team: Team,
) -> Generator[Event, None, tuple[Material, nn.Module]]:
    """The photos, decoded, and the pretrained network, without a head."""
    model = catalog.find(settings.model)
    if settings.train_on:
        _require_network(Path(settings.train_on), model)
    start = str(Path(settings.train_on, WEIGHTS)) if settings.train_on else settings.weights
    if not model.commercial:
        yield Noted(
            note=say(
                "The weights of {model} are under {licence}: commercial use is forbidden.",
                model=model.name,
                licence=model.licence,
            )
        )
    found = yield from told("fetch", lambda tell: weights.find_weights(model, start, tell), check_stop)
    if settings.train_on:
        found = replace(found, source=say("the earlier run {name}", name=Path(settings.train_on).name))
    learnt = _splits_of(Path(settings.train_on)) if settings.train_on else {}
    alike = _splits_of(Path(settings.split_of)) if settings.split_of else {}
    before = alike | learnt  # what was learnt from never judges
    root = intake.open_data(settings.data, check_stop)
    scanned = yield from told("scan", lambda tell: scan_files(root, tell), check_stop)
    corrected = corrections.of_run(run) if team.leads else _corrections_of(settings)
    dataset = understand(scanned, corrected)
    require_trainable(dataset, before)
    dataset = split(dataset, settings.seed, before)
    data_fingerprint = fingerprint(dataset)
    if standing and standing.fingerprint != data_fingerprint:
        raise UserError(say("The photos changed since this run began, so it cannot go on as it was: start a new run."))
    hardware = Hardware(device=find_device(), precision=standing.precision) if standing else find_hardware()
    net = weights.load_backbone(model, found)
    preprocessing = Preprocessing.of(net, SIZE)
    pixels = scanned.shelf.pixels(dataset.photos)
    notes = list(_notes(dataset, pixels))
    seen = sum(before.get(photo.digest, "test") != "test" for photo in _judging(dataset))
    if seen and settings.train_on:
        notes.append(
            say(
                "{n} of the photos that it is judged on were trained on in the earlier run, so this score looks "
                "better than it is.",
                n=seen,
            )
        )
    chose = sum(photo.split == "validation" and before.get(photo.digest) == "train" for photo in dataset.photos)
    if chose and settings.train_on:
        notes.append(
            say(
                "{n} of the photos that choose the model (validation) were trained on in the earlier run, because too few are "
                "new: it may be less sure of its answers than it says.",
                n=chose,
            )
        )
    absent = corrected.keys() - {photo.name for photo in scanned.photos}
    if absent:
        notes.append(
            say(
                "{n} of the photos to correct or to leave out are not there: {names}.",
                n=len(absent),
                names=listed(sorted(absent)),
            )
        )
    if team.leads:
        disk.write_json(run / PHOTOS, _noted(dataset, learnt))
    yield Started(
        classes=dataset.classes,
        counts={split: _counts(dataset, split) for split in ("train", "validation", "test")},
        rejected=dataset.rejected,
        own_split=dataset.own_split,
        model=model.name,
        weights=found.source,
        device=hardware.describe()
        if team.size == 1
        else say("{device}, {n} processes", device=hardware.describe(), n=team.size),
        root=str(root.absolute()),
        fingerprint=data_fingerprint,
        notes=notes,
    )
    material = Material(
        run=run,
        settings=settings,
        dataset=dataset,
        fingerprint=data_fingerprint,
        model=model,
        hardware=hardware,
        preprocessing=preprocessing,
        pixels=pixels,
        notes=notes,
        micro_batches=first_micro_batches(model, hardware),
        team=team,
        check_stop=team.guarded(check_stop),
        clock=clock,
    )
    return material, placed(net, hardware.device)


def of_no_run(
    settings: Settings, model: Model, preprocessing: Preprocessing, check_stop: Callable[[], None]
) -> Generator[Event, None, Material]:
    """For work that leaves nothing on disk. Raises ``UserError`` when the photos cannot be trained on."""
    root = intake.open_data(settings.data, check_stop)
    scanned = yield from told("scan", lambda tell: scan_files(root, tell), check_stop)
    dataset = understand(scanned, _corrections_of(settings))
    require_trainable(dataset)
    dataset = split(dataset, settings.seed)
    began = time.monotonic()
    hardware = find_hardware()
    return Material(
        run=Path(),
        settings=settings,
        dataset=dataset,
        fingerprint="",
        model=model,
        hardware=hardware,
        preprocessing=preprocessing,
        pixels=scanned.shelf.pixels(dataset.photos),
        notes=[],
        micro_batches=first_micro_batches(model, hardware),
        team=Team(),
        check_stop=check_stop,
        clock=lambda: time.monotonic() - began,
    )


def of_any_network(settings: Settings, check_stop: Callable[[], None]) -> Generator[Event, None, Material]:
    """The same, for work that makes its networks by itself: the model and the preprocessing in it are nobody's."""
    nobodys = Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    return (yield from of_no_run(settings, catalog.CATALOG[0], nobodys, check_stop))


def with_network(settings: Settings, check_stop: Callable[[], None]) -> Generator[Event, None, tuple[Material, nn.Module]]:
    """As ``of_no_run``, and the pretrained network, without a head. ``UserError`` also if its weights are out of reach."""
    model = catalog.find(settings.model)
    net = weights.load_backbone(model, weights.find_weights(model, settings.weights))
    material = yield from of_no_run(settings, model, Preprocessing.of(net, SIZE), check_stop)
    return material, placed(net, material.hardware.device)


def _require_network(run: Path, model: Model) -> None:
    """Weights that fit by their shapes may be of another network of the catalogue, with another name and licence."""
    servers.check(str(run))
    with suppress(OSError, ValueError, AttributeError):  # what else is wrong with the run is told when its weights are read
        its = disk.read_json(run / ABOUT).get("model")
        if its in catalog.names() and its != model.name:
            raise UserError(
                say(
                    "The earlier run {name} trained {its}, not {model}: choose that network (--model {its}), or start without "
                    "the run.",
                    name=run.name,
                    its=its,
                    model=model.name,
                )
            )


def _splits_of(run: Path) -> dict[str, Split]:
    """Of the photos that the network of an earlier run has seen."""
    servers.check(str(run))
    try:
        splits: dict[str, Split] = fitted(dict[str, Split], disk.read_json(run / PHOTOS))
        return splits
    except (OSError, ValueError) as error:
        raise UserError(
            say(
                "The earlier run {name} did not note which photos it was trained on, so no test of it would be honest: "
                "start a new run without it.",
                name=run.name,
            )
        ) from error


def _corrections_of(settings: Settings) -> dict[str, str | None]:
    """Where there may be no run folder. A run has its own: what it was told by may have become another list since."""
    own = corrections.kept(Path(settings.run_dir)) if settings.run_dir else None
    if own is None and settings.corrections:
        servers.check(settings.corrections)
        return corrections.read(Path(settings.corrections))
    return own or {}


def first_micro_batches(model: Model, hardware: Hardware) -> MicroBatches:
    """Before memory runs out. On a CPU a deep network is asked often whether it should stop."""
    return MicroBatches(BATCH if hardware.device.type != "cpu" else max(1, min(BATCH, round(BATCH * 2 / model.gflops))))


def _notes(dataset: Dataset, pixels: Pixels) -> Iterator[str]:
    leaks = len({problem.path for problem in dataset.problems if problem.kind == "leak"})
    if leaks:
        yield (
            say(
                "{n} photos stand on both sides, among the training photos and among those that judge the model (as copies, "
                "near-copies or taken in one go): the score looks better than it is.",
                n=leaks,
            )
        )
    few = [f"“{problem.path}”" for problem in dataset.problems if problem.kind == "few-occasions"]
    if few:
        yield (
            say(
                "The photos of {names} were taken on very few occasions, so some much like the test photos were trained "
                "on: the score looks better than it is.",
                names=listed(few),
            )
        )
    if dataset.cross_validated:
        yield _too_few(dataset)
    judging = _judging(dataset)
    digests = {photo.digest for photo in judging}
    same = [photo for photo in dataset.photos if photo.digest in digests]
    copies = len(same) - len(judging) if dataset.cross_validated else sum(photo.split is None for photo in same)
    if copies:
        yield say(
            "{n} photos are exact copies of others that the model is judged on, and are not counted again in its score.",
            n=copies,
        )
    unjudged = lacking(dataset, {photo.label for photo in judging})
    if unjudged:
        yield say(
            "No photo of {names} is among those that judge the model, so how well it knows them was not measured.",
            names=listed(unjudged),
        )
    groups = len({photo.group for photo in judging})
    if groups <= ALIKE * len(judging):
        yield say(
            "The {n} photos that the model is judged on are much alike, as near-copies or series: only {groups} of them really "
            "differ, so the true accuracy is less certain than the interval says.",
            n=len(judging),
            groups=groups,
        )
    if pixels.missing:
        needed = pixels.missing * SIZE * SIZE * 3 / 1e9
        yield (
            say(
                "There is no room on the disk to keep {n} of the decoded photos ({gigabytes:.1f} GB), so they are "
                "decoded again in every pass, which is slower: make room to be quicker next time.",
                n=pixels.missing,
                gigabytes=needed,
            )
        )


def _too_few(dataset: Dataset) -> str:
    groups = len({photo.group for photo in dataset.photos})
    if groups > ALIKE * len(dataset.photos):
        return say(
            "{n} photos are too few to hold some back for a test, so each is judged by a model trained on the others "
            "(cross-validation). The network is not fine-tuned, because nothing could tell whether that helped.",
            n=len(dataset.photos),
        )
    return say(
        "Of {n} photos only {groups} really differ (the others are copies, near-copies or series), and these are too few to "
        "hold some back for a test, so each is judged by a model trained on others (cross-validation). The network is not "
        "fine-tuned, because nothing could tell whether that helped.",
        n=len(dataset.photos),
        groups=groups,
    )


def _judging(dataset: Dataset) -> list[Photo]:
    """The photos that the score is about."""
    if not dataset.cross_validated:
        return [photo for photo in dataset.photos if photo.split == "test"]
    return [photo for photo, fair in zip(dataset.photos, judges(dataset), strict=True) if fair]


def _noted(dataset: Dataset, before: Mapping[str, Split]) -> dict[str, Split]:
    """Digest → what the network knows of that photo, by any copy of it and from any earlier training."""
    noted = {**before}
    for photo in dataset.photos:
        if best := strictest([noted.get(photo.digest), photo.split]):
            noted[photo.digest] = best
    return noted


def _counts(dataset: Dataset, split: Split) -> list[int]:
    return [sum(p.label == label and p.split == split for p in dataset.photos) for label in range(len(dataset.classes))]

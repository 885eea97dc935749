"""What a training works on: the photos, decoded and divided, and the pretrained network."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from resnet_finetune.data import dataset as datasets
from resnet_finetune.data import intake
from resnet_finetune.data.cache import read_pixels
from resnet_finetune.data.dataset import Dataset
from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.checkpoint import Standing
from resnet_finetune.engine.progress import told
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.catalog import Model
from resnet_finetune.model.hardware import Hardware, find_device, find_hardware
from resnet_finetune.model.saved_model import Classifier, Preprocessing
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Split, Started
from resnet_finetune.words.settings import Settings

# Pixels; the weights were trained at 224, on crops that show things about so much larger (Touvron et al. 2019).
TEST_SIZE = 320
BATCH = 16  # photos in one step of the optimiser


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
    pixels: np.ndarray  # uint8 [photos, S, S, 3], in the order of the data set
    check_stop: Callable[[], None]
    clock: Callable[[], float]  # seconds spent on this run so far

    def indices(self, split: Split) -> np.ndarray:
        return np.array([index for index, photo in enumerate(self.dataset.photos) if photo.split == split])

    def labels(self, indices: np.ndarray) -> np.ndarray:
        return np.array([self.dataset.photos[index].label for index in indices])

    def classifier(self, net: nn.Module) -> Classifier:
        return Classifier(net, self.model.name, self.dataset.classes, self.preprocessing)

    @property
    def micro_batch(self) -> int:
        """Photos that go through the network at once. On a CPU a deep network is asked often whether it should stop."""
        return BATCH if self.hardware.device.type != "cpu" else max(1, min(BATCH, round(BATCH * 2 / self.model.gflops)))


def gather(
    settings: Settings, run: Path, standing: Standing | None, check_stop: Callable[[], None], clock: Callable[[], float]
) -> Generator[Event, None, tuple[Material, nn.Module]]:
    """The photos, decoded, and the pretrained network, without a head."""
    model = catalog.find(settings.model)
    found = yield from told("fetch", lambda tell: weights.find_weights(model, settings.weights, tell), check_stop)
    root = intake.open_data(settings.data)
    dataset = yield from told("scan", lambda tell: datasets.scan(root, tell), check_stop)
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
    pixels = yield from told("read", lambda tell: read_pixels(dataset.photos, TEST_SIZE, file, tell), check_stop)
    material = Material(
        run=run,
        settings=settings,
        dataset=dataset,
        fingerprint=fingerprint,
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

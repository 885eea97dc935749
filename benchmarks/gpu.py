"""How much of a GPU is used: ``python benchmarks/gpu.py [--photos N] [--steps N] [--depths …]``.

For each depth, in turn and several times: training steps as the app makes them (photos from the cache on the disk, moved to
the GPU, cut and mirrored there, learnt from), and the same steps on a batch that lies in the GPU's memory, ready cut. The
figure is the median ratio of the two, in photos a second. Random weights: they are as quick as any. Without a GPU it runs on
the CPU, which tells something as well: how much of the time goes into reading and cutting.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.dataset import understand
from resnet_finetune.data.scan import scan_files
from resnet_finetune.data.split import split
from resnet_finetune.engine.first_answer import add_head
from resnet_finetune.engine.material import Material, first_micro_batches
from resnet_finetune.engine.plan import PRESETS
from resnet_finetune.engine.step import Learner, make_optimizer, one_batch
from resnet_finetune.engine.team import Team
from resnet_finetune.model.catalog import CATALOG, USUAL, Model
from resnet_finetune.model.hardware import find_hardware
from resnet_finetune.model.saved_model import Preprocessing
from resnet_finetune.words.settings import Settings

ROUNDS = 5
PRESET = PRESETS["balanced"]
FAMILY = [model for model in CATALOG if model.family == USUAL]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50, help="in a round")
    parser.add_argument("--depths", type=int, nargs="+", default=[model.depth for model in FAMILY])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpu-benchmark-") as folder:
        os.environ["RESNET_FINETUNE_HOME"] = str(Path(folder, "home"))
        material = prepared(make_photos(Path(folder, "photos"), options.photos))
        print(f"{material.hardware.describe()}, {PRESET.photo_size} pixels")
        for model in FAMILY:
            if model.depth in options.depths:
                compare(model, material, options.steps)


def make_photos(root: Path, photos: int) -> Path:
    for number in range(photos):
        folder = root / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (24, 32, 3), np.uint8)
        Image.fromarray(noise).resize((400, 300)).save(folder / f"{number}.jpg")
    return root


def prepared(root: Path) -> Material:
    scanned = scan_files(root, lambda done, total: None)
    dataset = split(understand(scanned), seed=0)
    hardware = find_hardware()
    return Material(
        run=Path(),
        settings=Settings(),
        dataset=dataset,
        fingerprint="",
        model=CATALOG[0],
        hardware=hardware,
        preprocessing=Preprocessing(size=320, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        pixels=scanned.shelf.pixels(dataset.photos),
        notes=[],
        micro_batches=first_micro_batches(CATALOG[0], hardware),
        team=Team(),
        check_stop=lambda: None,
        clock=lambda: 0.0,
    )


def compare(model: Model, material: Material, steps: int) -> None:
    device = material.hardware.device
    net = timm.create_model(model.timm_name, num_classes=0).to(device).to(memory_format=torch.channels_last)
    add_head(net, 2)
    scaler = torch.amp.GradScaler(device.type, enabled=material.hardware.precision == "float16")
    learner = Learner(net, make_optimizer(net), scaler)
    train = material.indices("train")
    generator = torch.Generator().manual_seed(0)
    ready = torch.randn(16, 3, PRESET.photo_size, PRESET.photo_size, device=device).to(memory_format=torch.channels_last)
    labels = torch.zeros(16, dtype=torch.int64, device=device)

    def as_the_app_does() -> None:
        chosen = train[torch.randint(len(train), (16,), generator=generator).numpy()]
        one_batch(material, learner, PRESET.photo_size, chosen, generator)

    def on_what_is_there() -> None:
        with material.hardware.autocast():
            loss = F.cross_entropy(net(ready).float(), labels)
        scaler.scale(loss).backward()
        scaler.step(learner.optimizer)
        scaler.update()
        learner.optimizer.zero_grad()
        loss.item()

    for work in (as_the_app_does, on_what_is_there):
        rate(work, 5, device)
    rounds = [(rate(as_the_app_does, steps, device), rate(on_what_is_there, steps, device)) for _ in range(ROUNDS)]
    app, best = (statistics.median(column) for column in zip(*rounds, strict=True))
    share = statistics.median(one / other for one, other in rounds)
    print(f"{model.name}: {app:.0f} of {best:.0f} photos a second, {share:.0%}", flush=True)


def rate(work: Callable[[], None], steps: int, device: torch.device) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return 16 * steps / (time.perf_counter() - began)


if __name__ == "__main__":
    main()

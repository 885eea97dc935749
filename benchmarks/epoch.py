"""One pass over the training photos with the whole network at 224 pixels: ``python benchmarks/epoch.py [--rounds N]``.

The app, PyTorch's tutorial and fastai take turns on the 200 demo photos, with ResNet-18; of each the second pass counts, when
nothing has to be set up any more. Beside images/s: which share of this machine's rate of multiplying large bfloat16 matrices
the app keeps up while it trains (a training step counted as three forward passes), and which share of its time goes into
reading and cutting photos. Medians of the rounds, and the median of each round's ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from compare import PEERS, WEIGHTS, environment, lay_out

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine.augment import augment, draw_views
from resnet_finetune.engine.first_answer import add_head
from resnet_finetune.engine.material import Material, gather
from resnet_finetune.engine.plan import steps_per_epoch
from resnet_finetune.engine.progress import drained
from resnet_finetune.engine.step import Learner, make_optimizer, one_batch
from resnet_finetune.engine.team import Team
from resnet_finetune.words.settings import Settings

PHOTO_SIZE = 224  # pixels
FORWARD = 2 * 1.814e9  # floating-point operations of ResNet-18 on a photo of that size (He et al. 2015, table 1)
MATRIX = 4096
OTHERS = ("tutorial", "fastai")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="epoch-") as folder:
        os.environ["RESNET_FINETUNE_HOME"] = str(Path(folder, "home"))
        photos = lay_out("groceries", Path(folder, "photos"))
        settings = Settings(data=str(photos), run_dir=folder)
        material, net = drained(gather(settings, Path(folder), None, lambda: None, lambda: 0.0, Team()))
        add_head(net, len(material.dataset.classes))
        optimizer = make_optimizer(net)
        for group in optimizer.param_groups:
            group["lr"] = 1e-5
        learner = Learner(net, optimizer, torch.amp.GradScaler("cpu", enabled=False))
        found: dict[str, list[float]] = {name: [] for name in ("app", *OTHERS, "share of matrix rate", "waiting for photos")}
        one_pass(material, learner)
        for _ in range(options.rounds):
            rate = matrix_rate()
            speed = one_pass(material, learner)
            found["app"].append(speed)
            found["share of matrix rate"].append(speed * 3 * FORWARD / rate)
            found["waiting for photos"].append(waiting(material) * speed)
            for other in OTHERS:
                found[other].append(peer(other, photos))
            print({name: round(values[-1], 3) for name, values in found.items()}, file=sys.stderr, flush=True)
    print(f"{material.hardware.describe()}, {os.cpu_count()} cores, {options.rounds} rounds")
    for name, values in found.items():
        print(f"{name}: {statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})")
    for other in OTHERS:
        ratios = [mine / theirs for mine, theirs in zip(found["app"], found[other], strict=True)]
        print(f"app / {other}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def batches(material: Material) -> list[np.ndarray]:
    train = material.indices("train")
    return np.array_split(np.random.default_rng(0).permutation(train), steps_per_epoch(len(train)))


def one_pass(material: Material, learner: Learner) -> float:
    """Photos a second."""
    generator = torch.Generator().manual_seed(0)
    began = time.perf_counter()
    for batch in batches(material):
        one_batch(material, learner, PHOTO_SIZE, batch, generator)
    return len(material.indices("train")) / (time.perf_counter() - began)


def waiting(material: Material) -> float:
    """Seconds for a photo, to read and to cut it."""
    generator = torch.Generator().manual_seed(0)
    began = time.perf_counter()
    for batch in batches(material):
        views = draw_views(len(batch), SIZE, PHOTO_SIZE, generator)
        material.preprocessing.normalise(augment(torch.from_numpy(material.pixels[batch]), PHOTO_SIZE, views))
    return (time.perf_counter() - began) / len(material.indices("train"))


def matrix_rate() -> float:
    """Floating-point operations a second, in a product of large bfloat16 matrices."""
    one, other = (torch.ones(MATRIX, MATRIX, dtype=torch.bfloat16) for _ in range(2))
    one @ other
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        one @ other
        seconds.append(time.perf_counter() - began)
    return 2 * MATRIX**3 / statistics.median(seconds)


def peer(name: str, photos: Path) -> float:
    """Photos a second of its second pass, with the whole network free."""
    script, extra, package = PEERS[name]
    command = [environment(package), Path(__file__).parent / "peers" / script, *extra, photos / "train", photos / "test"]
    done = subprocess.run([*command, "--weights", WEIGHTS, "--epochs", "2"], stdout=subprocess.PIPE, check=True, cwd=photos)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"seconds"')]
    return float(told[-1]["images_per_second"])


if __name__ == "__main__":
    main()

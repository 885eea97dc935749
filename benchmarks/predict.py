"""Photos classified per second on the CPU by the app, in its exact and in its faster way, against the plain fp32 network; and
whether all say the same.

    .venv/bin/python benchmarks/predict.py RUN [--rounds 12] [--more FOLDER]

From decoded pixels to probabilities, as in the app: photos are cut to squares in the measured time. They are the demo's 75 new
ones and those in ``--more``. All are compared, but for those by which the faster way sets its margins; in each round the ways
take turns on the same batch, and in the next on another.
"""

from __future__ import annotations

import argparse
import copy
import random
import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.images import decode, square
from resnet_finetune.model.faster import LEARNT_FROM, made_faster
from resnet_finetune.model.saved_model import BATCH, Classifier, load_model

NEW_PHOTOS = Path(__file__).parents[1] / "assets" / "demo" / "new_photos.zip"
PLAIN = "plain fp32"
Way = Callable[[np.ndarray], np.ndarray]  # photos uint8 [N, size, size, 3] to probabilities [N, classes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run on the demo")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--more", type=Path, help="a folder of more photos")
    arguments = parser.parse_args()
    model = load_model(arguments.run)
    model.net.cpu().eval()
    size = model.preprocessing.size
    more = sorted(arguments.more.rglob("*.jpg")) if arguments.more else []
    photos = new_photos(size) + [decode(file, size) for file in more]
    random.Random(0).shuffle(photos)
    began = time.perf_counter()
    learnt, photos = photos[:LEARNT_FROM], photos[LEARNT_FROM:]
    if not photos:
        parser.error(f"there is nothing left to compare: more than {LEARNT_FROM} photos are needed")
    faster = made_faster(model, squares(learnt, size))
    print(f"The faster way was made ready in {time.perf_counter() - began:.0f} s.", file=sys.stderr, flush=True)
    ways: dict[str, Way] = {PLAIN: plain(model), "the app": model.scores, "the app, faster": faster.scores}
    batches = [photos[start : start + BATCH] for start in range(0, len(photos), BATCH)]
    answers = {name: np.concatenate([way(squares(batch, size)) for batch in batches]) for name, way in ways.items()}
    print("All were compared; now the time is taken.", file=sys.stderr, flush=True)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for batch in islice(batches * arguments.rounds, arguments.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(squares(batch, size))
            rates[name].append(len(batch) / (time.perf_counter() - began))
    for name in ways:
        ratios = [own / usual for usual, own in zip(rates[PLAIN], rates[name], strict=True)]
        same = (answers[name].argmax(1) == answers[PLAIN].argmax(1)).sum()
        gap = np.abs(answers[name] - answers[PLAIN]).max()
        print(
            f"{name:16} {statistics.median(rates[name]):6.1f} photos/s  {statistics.median(ratios):5.2f} × "
            f"({min(ratios):.2f} to {max(ratios):.2f})  same class {same} of {len(photos)}, "
            f"probabilities {gap:.4f} apart at most"
        )


def new_photos(side: int) -> list[np.ndarray]:
    with zipfile.ZipFile(NEW_PHOTOS) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        return [decode(archive.open(name), side) for name in names]  # type: ignore[arg-type]


def squares(photos: Sequence[np.ndarray], size: int) -> np.ndarray:
    return np.stack([square(photo, size) for photo in photos])


def plain(model: Classifier) -> Way:
    """timm's network as it is, eager, in fp32."""
    net = copy.deepcopy(model.net).to(memory_format=torch.contiguous_format)

    @torch.inference_mode()
    def classify(photos: np.ndarray) -> np.ndarray:
        values = model.preprocessing.normalise(torch.from_numpy(photos)).contiguous()
        probabilities: np.ndarray = model.calibrated(net(values)).numpy()
        return probabilities

    return classify


if __name__ == "__main__":
    main()

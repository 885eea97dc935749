"""Photos classified per second on the CPU, by the plain network and by what could be quicker; and whether they say the same.

    .venv/bin/python benchmarks/predict.py RUN [--rounds 3]

The photos are the demo's 75 new ones, decoded and cut to squares beforehand. All are compared; the first 25 are timed, as a
batch. ONNX Runtime takes them one at a time, as an exported model does, and its figures include the resizing that is in the
graph. All ways take turns.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.images import decode, square
from resnet_finetune.exports.eight_bits import quantise
from resnet_finetune.exports.whole_photo import ONNX, write_onnx
from resnet_finetune.model.folding import folded
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.words.report import read_report

NEW_PHOTOS = Path(__file__).parents[1] / "assets" / "demo" / "new_photos.zip"
BATCH = 25
UNSURE = 0.3  # between the probabilities of the two likeliest classes
Way = Callable[[np.ndarray], np.ndarray]  # photos uint8 [N, size, size, 3] to probabilities [N, classes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run on the demo")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    model = load_model(arguments.run)
    model.net.cpu().eval()
    photos = new_photos(model.preprocessing.size)
    report = read_report(arguments.run)
    assert report is not None
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(model, Path(folder))
        exact = through_onnx(Path(folder))
        quantise(Path(folder), report, model.preprocessing.size)
        eight_bits = through_onnx(Path(folder))
    ways = {**in_torch(model), "ONNX Runtime": exact, "ONNX Runtime, 8 bits": eight_bits}
    ways["8 bits, the unsure again"] = unsure_again(eight_bits, model.scores)
    ways["bf16, the unsure again"] = unsure_again(ways["bf16, folded"], model.scores)
    plain = next(iter(ways))
    answers = {name: np.concatenate([way(batch) for batch in photos]) for name, way in ways.items()}  # and warm up
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(photos[0])
            seconds[name].append(time.perf_counter() - began)
    for name in ways:
        ratios = [usual / own for usual, own in zip(seconds[plain], seconds[name], strict=True)]
        same = (answers[name].argmax(1) == answers[plain].argmax(1)).mean()
        gap = np.abs(answers[name] - answers[plain]).max()
        print(
            f"{name:32} {BATCH / statistics.median(seconds[name]):6.1f} photos/s  {statistics.median(ratios):5.2f} × "
            f"({min(ratios):.2f} to {max(ratios):.2f})  same class {same:.1%}, probabilities {gap:.4f} apart at most"
        )


def new_photos(size: int) -> list[np.ndarray]:
    with zipfile.ZipFile(NEW_PHOTOS) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        squares = [square(decode(archive.open(name), size), size) for name in names]  # type: ignore[arg-type]
    return [np.stack(squares[start : start + BATCH]) for start in range(0, len(squares), BATCH)]


def in_torch(model: Classifier) -> dict[str, Way]:
    plain = copy.deepcopy(model.net).to(memory_format=torch.contiguous_format)
    last = copy.deepcopy(model.net).to(memory_format=torch.channels_last)
    quick = folded(last)
    return {
        "fp32": way(model, plain, contiguous=True),
        "fp32, channels last": way(model, last),
        "the app (also folded)": model.scores,
        "bf16, folded": way(model, quick.bfloat16()),
        "bf16, folded, compiled": way(model, torch.compile(quick)),
    }


def way(model: Classifier, net: nn.Module, contiguous: bool = False) -> Way:
    type = next(net.parameters()).dtype

    @torch.inference_mode()
    def classify(photos: np.ndarray) -> np.ndarray:
        values = model.preprocessing.normalise(torch.from_numpy(photos)).to(type)
        logits = net(values.contiguous() if contiguous else values)
        probabilities: np.ndarray = (logits.float() / model.temperature).softmax(1).numpy()
        return probabilities

    return classify


def unsure_again(quick: Way, exact: Way) -> Way:
    """The app is asked again about photos whose two likeliest classes are close together."""

    def classify(photos: np.ndarray) -> np.ndarray:
        answers = quick(photos).copy()
        second, first = np.sort(answers, 1)[:, -2:].T
        unsure = first - second < UNSURE
        if unsure.any():
            answers[unsure] = exact(photos[unsure])
        return answers

    return classify


def through_onnx(folder: Path) -> Way:
    session = onnxruntime.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])
    return lambda photos: np.stack([session.run(None, {"photo": photo})[0] for photo in photos])


if __name__ == "__main__":
    main()

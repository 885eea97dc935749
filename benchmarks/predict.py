"""Photos classified per second on the CPU, by the plain network and by what could be quicker; and whether they say the same.

    .venv/bin/python benchmarks/predict.py RUN [--rounds 3] [--more FOLDER]

From decoded pixels to probabilities. The photos are the demo's 75 new ones, and those in ``--more``. All are compared; the
first 25 are timed. PyTorch and "in batches" take squares, which are cut in the measured time; an exported ONNX model takes one
photo at a time and resizes it itself. All ways take turns.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.images import decode, square
from resnet_finetune.exports.eight_bits import other_photos, quantise
from resnet_finetune.exports.whole_photo import ONNX, write_onnx
from resnet_finetune.model.folding import folded
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.words.report import Report, read_report

NEW_PHOTOS = Path(__file__).parents[1] / "assets" / "demo" / "new_photos.zip"
BATCH = 25
UNSURE = 0.2  # between the probabilities of the two likeliest classes
Way = Callable[[Sequence[np.ndarray]], np.ndarray]  # N photos uint8 [H, W, 3] to probabilities [N, classes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run on the demo")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--more", type=Path, help="a folder of more photos, to be compared only")
    arguments = parser.parse_args()
    model = load_model(arguments.run)
    model.net.cpu().eval()
    size = model.preprocessing.size
    more = sorted(arguments.more.rglob("*.jpg")) if arguments.more else []
    photos = new_photos(size) + [decode(file, size) for file in more]
    report = read_report(arguments.run)
    assert report is not None
    ways = {**in_torch(model), **through_onnx(model, report)}
    plain = next(iter(ways))
    batches = [photos[start : start + BATCH] for start in range(0, len(photos), BATCH)]
    answers = {name: np.concatenate([way(batch) for batch in batches]) for name, way in ways.items()}  # and warm up
    print("All were compared; now the time is taken.", file=sys.stderr, flush=True)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(batches[0])
            seconds[name].append(time.perf_counter() - began)
    for name in ways:
        ratios = [usual / own for usual, own in zip(seconds[plain], seconds[name], strict=True)]
        same = (answers[name].argmax(1) == answers[plain].argmax(1)).mean()
        gap = np.abs(answers[name] - answers[plain]).max()
        print(
            f"{name:32} {BATCH / statistics.median(seconds[name]):6.1f} photos/s  {statistics.median(ratios):5.2f} × "
            f"({min(ratios):.2f} to {max(ratios):.2f})  same class {same:.1%}, probabilities {gap:.4f} apart at most"
        )


def new_photos(side: int) -> list[np.ndarray]:
    with zipfile.ZipFile(NEW_PHOTOS) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        return [decode(archive.open(name), side) for name in names]  # type: ignore[arg-type]


def squares(photos: Sequence[np.ndarray], size: int) -> np.ndarray:
    return np.stack([square(photo, size) for photo in photos])


def in_torch(model: Classifier) -> dict[str, Way]:
    plain = copy.deepcopy(model.net).to(memory_format=torch.contiguous_format)
    last = copy.deepcopy(model.net).to(memory_format=torch.channels_last)
    quick = folded(last)
    return {
        "fp32": way(model, plain, contiguous=True),
        "fp32, channels last": way(model, last),
        "the app (also folded)": app(model),
        "bf16, folded": way(model, quick.bfloat16()),
    }


def way(model: Classifier, net: nn.Module, contiguous: bool = False) -> Way:
    type = next(net.parameters()).dtype

    @torch.inference_mode()
    def classify(photos: Sequence[np.ndarray]) -> np.ndarray:
        pixels = torch.from_numpy(squares(photos, model.preprocessing.size))
        values = model.preprocessing.normalise(pixels).to(type)
        logits = net(values.contiguous() if contiguous else values)
        probabilities: np.ndarray = (logits.float() / model.temperature).softmax(1).numpy()
        return probabilities

    return classify


def app(model: Classifier) -> Way:
    return lambda photos: model.scores(squares(photos, model.preprocessing.size))


def through_onnx(model: Classifier, report: Report) -> dict[str, Way]:
    """The exports, and the same network with squares in batches; those in 8 bits also with the unsure asked again."""
    size = model.preprocessing.size
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(model, Path(folder))
        exact = one_by_one(Path(folder))
        quantise(Path(folder), other_photos(report, size))
        small = one_by_one(Path(folder))
        write_batches(model, Path(folder))
        exact_batch = in_batches(Path(folder), size)
        quantise(Path(folder), (square(photo, size)[None] for photo in other_photos(report, size)))
        small_batch = in_batches(Path(folder), size)
    return {
        "ONNX": exact,
        "ONNX, 8 bits": small,
        "ONNX in batches": exact_batch,
        "ONNX in batches, 8 bits": small_batch,
        "the same, the unsure again": unsure_again(small_batch, exact_batch),
    }


class Batches(nn.Module):
    """From squares, uint8 [N, size, size, 3], to probabilities [N, classes]."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.net = model.net
        self.model = model

    def forward(self, photo: Tensor) -> Tensor:
        return self.model.calibrated(self.model.logits(self.model.features(photo)))


def write_batches(model: Classifier, folder: Path) -> None:
    size = model.preprocessing.size
    program = torch.onnx.export(
        Batches(model).eval(),
        (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
        input_names=["photo"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("n")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(str(folder / ONNX))


def one_by_one(folder: Path) -> Way:
    session = session_of(folder)
    return lambda photos: np.stack([session.run(["probabilities"], {"photo": photo})[0] for photo in photos])


def in_batches(folder: Path, size: int) -> Way:
    session = session_of(folder)
    return lambda photos: session.run(["probabilities"], {"photo": squares(photos, size)})[0]


def session_of(folder: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])


def unsure_again(quick: Way, exact: Way) -> Way:
    """``exact`` is asked about photos whose two likeliest classes are close together."""

    def classify(photos: Sequence[np.ndarray]) -> np.ndarray:
        answers = quick(photos).copy()
        second, first = np.sort(answers, 1)[:, -2:].T
        unsure = np.flatnonzero(first - second < UNSURE)
        if len(unsure):
            answers[unsure] = exact([photos[number] for number in unsure])
        return answers

    return classify


if __name__ == "__main__":
    main()

"""A model taken away as ONNX, with its preprocessing in the graph, and the proof that it answers the same."""

from __future__ import annotations

import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from resnet_finetune.data.images import UnreadablePhoto, decode, square
from resnet_finetune.model.saved_model import ABOUT, Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import read_report

MODEL = "model.onnx"
TOLERANCE = 1e-3  # largest difference of a probability in an export that is good


@dataclass(frozen=True, kw_only=True)
class Parity:
    """On ``n`` test photos, how many get the same class from both, and the largest difference of any probability."""

    n: int
    agree: int
    max_abs_diff: float


@dataclass(frozen=True, kw_only=True)
class Exported:
    files: list[Path]
    parity: Parity


class _WholePhoto(nn.Module):
    """From a decoded photo of any size, uint8 [H, W, 3], to probabilities [classes]: what ``square`` does, and the network."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.net = model.net  # so that its weights are known to be this module's
        self.model = model

    def forward(self, photo: Tensor) -> Tensor:
        height, width = photo.shape[0], photo.shape[1]
        short = torch.sym_min(height, width)
        values = photo.float().permute(2, 0, 1)  # [3, H, W]
        # Along rows, then along columns, rounded after each.
        values = (values @ self._resampling(width, short).T + 0.5).floor()  # [3, H, size]
        values = (self._resampling(height, short) @ values + 0.5).floor()  # [3, size, size]
        logits: Tensor = self.net(self.model.preprocessing.normalise(values.permute(1, 2, 0)[None]))
        return self.model.calibrated(logits)[0]

    def _resampling(self, length: int, short: int | torch.SymInt) -> Tensor:
        """Weights [size, length] of an antialiased bilinear resize of the centred ``short`` of ``length`` pixels.

        Rounded to as many bits as let the largest of them fit into 16, sign included: else some pixels round the other way.
        """
        size = self.model.preprocessing.size
        scale: Tensor = torch.ones(1, 1, dtype=torch.float64) * short / size  # type: ignore[assignment]
        place = torch.arange(length)[None] - (length - short) // 2 + 0.5  # in the square
        distance = (place - (torch.arange(size)[:, None] + 0.5) * scale) / scale.clamp(min=1)
        weights = (1 - distance.abs()).clamp(min=0) * ((place > 0) & (place < short))
        weights = weights / weights.sum(1, keepdim=True)
        unit = 2 ** ((2**15 - 0.5) / weights.max()).log2().floor().clamp(max=22)
        return ((weights * unit + 0.5).floor() / unit).float()


def export_onnx(run: Path, to: Path) -> Exported:
    """Write ``model.onnx`` and ``model.json`` into ``to``, after every test photo of the run got the same answer from it.

    The graph takes ``photo``, uint8 [H, W, 3] as the app's decoder gives it, and returns ``probabilities`` [classes].

    Raises:
        UserError: there is no finished model, its test photos are gone, ``to`` cannot be written, or the answers differ.
    """
    model = load_model(run)
    model.net.cpu()
    photos = _test_photos(run, model.preprocessing.size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MODEL
        _write(model, file)
        parity = _compare(model, file, photos)
        content = file.read_bytes()
    if parity.agree < parity.n or parity.max_abs_diff > TOLERANCE:
        raise UserError(
            f"The exported model was thrown away because it answers differently: the same class on {parity.agree} of "
            f"{parity.n} test photos, probabilities up to {parity.max_abs_diff:.4f} apart. Use the model in the app instead."
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
        disk.write_bytes(to / MODEL, content)
        disk.write_bytes(to / ABOUT, (run / ABOUT).read_bytes())
    except OSError as error:
        raise UserError(f"{to} cannot be written ({error.strerror}): choose another folder.") from error
    return Exported(files=[to / MODEL, to / ABOUT], parity=parity)


def _test_photos(run: Path, size: int) -> list[np.ndarray]:
    report = read_report(run)
    if report is None:
        raise UserError(f"{run} has no results yet: let the training finish, so that the export can be tested.")
    try:
        return [decode(Path(report.root, judged.path), size) for judged in report.judged]
    except UnreadablePhoto as error:
        raise UserError(f"The run's test photos are needed to prove the export. {error.message}") from error


def _write(model: Classifier, file: Path) -> None:
    any_size = {0: torch.export.Dim("height", min=8), 1: torch.export.Dim("width", min=8)}
    example = torch.zeros(model.preprocessing.size + 7, model.preprocessing.size + 30, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own workings
        program = torch.onnx.export(
            _WholePhoto(model).eval(),
            (example,),
            input_names=["photo"],
            output_names=["probabilities"],
            dynamic_shapes=(any_size,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    onnx.helper.set_model_props(graph, {"classes": json.dumps(model.classes)})
    onnx.save(graph, file)


def _compare(model: Classifier, file: Path, photos: list[np.ndarray]) -> Parity:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    agree, gap = 0, 0.0
    for photo in photos:
        ours = model.scores(square(photo, model.preprocessing.size)[None])[0]
        theirs = session.run(["probabilities"], {"photo": photo})[0]
        agree += int(ours.argmax() == theirs.argmax())
        gap = max(gap, float(np.abs(ours - theirs).max()))
    return Parity(n=len(photos), agree=agree, max_abs_diff=gap)

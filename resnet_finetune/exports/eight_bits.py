"""The network's weights and activations in 8 bits: a quarter of the size, and faster on most processors. The preprocessing
stays as exact as it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from resnet_finetune.data.images import UnreadablePhoto, decode
from resnet_finetune.exports.whole_photo import ONNX
from resnet_finetune.words.report import Report

CALIBRATED_ON = 100  # photos, that show how large the activations get


def quantise(folder: Path, photos: Iterator[np.ndarray]) -> None:
    """Replace the ``ONNX`` file in ``folder``. The activations are measured on ``photos``, as the graph takes them."""
    exact = folder / f"exact-{ONNX}"
    quant_pre_process(folder / ONNX, exact, skip_symbolic_shape=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its notes on its own workings
        quantize_static(
            exact,
            folder / ONNX,
            _Photos(photos),
            per_channel=True,
            # Of 8 bits of a weight 7 are used: with all of them, sums overflow on processors without VNNI, and the answers
            # would depend on the machine.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=_network(exact),
        )
    exact.unlink()


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, photos: Iterator[np.ndarray]) -> None:
        self._photos = photos

    def get_next(self) -> dict[str, np.ndarray] | None:
        photo = next(self._photos, None)
        return None if photo is None else {"photo": photo}


def other_photos(report: Report, side: int) -> Iterator[np.ndarray]:
    """Some of the photos beside the test photos, decoded; where all were judged (tiny sets), some of those."""
    root = report.folder
    judged = {root / photo.path for photo in report.judged}
    files = sorted({path for path in root.rglob("*") if path.is_file()} - judged) or sorted(judged)
    taken = 0
    for file in files[:: max(1, len(files) // (CALIBRATED_ON * 3 // 2))]:  # some are no photos
        if taken == CALIBRATED_ON:
            return
        try:
            yield decode(file, side)
        except UnreadablePhoto:
            continue
        taken += 1


def _network(graph: Path) -> list[str]:
    """Names of the nodes between the first convolution and the last layer. These two stay exact: they are a small part of the
    work, and in 8 bits they cost most of what is lost (benchmarks/README.md). So does what only tells how strange a photo is.
    """
    nodes = onnx.load(graph, load_external_data=False).graph.node
    first = next(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    needed, names = {"probabilities"}, []
    for node in reversed(nodes[first + 1 :]):  # each comes after those whose outputs it takes
        if needed & set(node.output):
            needed |= set(node.input)
            if node.op_type not in ("Gemm", "MatMul"):
                names.append(node.name)
    return names

"""A network's weights and activations in 8 bits: a quarter of the size, and faster on most processors. What prepares the photo
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


def quantise(graph: Path, photos: Iterator[np.ndarray], output: str) -> None:
    """Replace an ONNX file, which takes ``photo``; what leads to ``output`` is put into 8 bits. How large the activations get
    is measured on ``photos``, as the graph takes them.
    """
    exact = graph.with_name(f"exact-{graph.name}")
    quant_pre_process(graph, exact, skip_symbolic_shape=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its notes on its own workings
        quantize_static(
            exact,
            graph,
            _Photos(photos),
            per_channel=True,
            # Of 8 bits of a weight 7 are used: with all of them, sums overflow on processors without VNNI, and the answers
            # would depend on the machine.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=_network(exact, output),
        )
    exact.unlink()


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, photos: Iterator[np.ndarray]) -> None:
        self._photos = photos

    def get_next(self) -> dict[str, np.ndarray] | None:
        photo = next(self._photos, None)
        return None if photo is None else {"photo": photo}


def _network(graph: Path, output: str) -> list[str]:
    """Names of the nodes between the first convolution and the last layer. These two stay exact: they are a small part of the
    work, and in 8 bits they cost most of what is lost (benchmarks/README.md). So does what does not lead to ``output``, and the
    pooling, whose largest number is the same one in 32 bits.
    """
    nodes = onnx.load(graph, load_external_data=False).graph.node
    first = next(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    needed, names = {output}, []
    for node in reversed(nodes[first + 1 :]):  # each comes after those whose outputs it takes
        if needed & set(node.output):
            needed |= set(node.input)
            if node.op_type not in ("Gemm", "MatMul", "MaxPool"):
                names.append(node.name)
    return names

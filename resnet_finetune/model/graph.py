"""A network as an ONNX graph."""

from __future__ import annotations

import warnings
from typing import Any

import onnx
import torch
from torch import Tensor, nn


def onnx_graph(network: nn.Module, example: Tensor, sizes: dict[int, Any], outputs: list[str]) -> onnx.ModelProto:
    """``network`` with everything that it does to ``photo``, of which ``example`` is one; those of its sizes may vary that
    ``sizes`` has.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own workings
        program = torch.onnx.export(
            network.eval(),
            (example,),
            input_names=["photo"],
            output_names=outputs,
            dynamic_shapes=(sizes,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto

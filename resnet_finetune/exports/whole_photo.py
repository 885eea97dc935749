"""The network with its preprocessing in one graph, from a decoded photo to probabilities and to how strange it is, as ONNX and
as a PyTorch program."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import onnx
import torch
from safetensors.numpy import save
from torch import Tensor, nn
from torch.nn import functional as F

from resnet_finetune.model.graph import onnx_graph
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words import disk

ONNX = "model.onnx"
PROGRAM = "model.pt2"
KNOWN = "known.safetensors"


class WholePhoto(nn.Module):
    """From a decoded photo of any size, uint8 [H, W, 3], to probabilities [classes]: what ``square`` does, and the network.
    With a gallery also to the photo's strangeness [1]: beyond its threshold, it is of none of the classes.
    """

    known: Tensor  # [T, D], of unit length

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.net = model.net  # so that its weights are known to be this module's
        self.model = model
        if model.gallery:
            self.register_buffer("known", torch.from_numpy(model.gallery.known), persistent=False)

    def forward(self, photo: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        height, width = photo.shape[0], photo.shape[1]
        short = torch.sym_min(height, width)
        values = photo.float().permute(2, 0, 1)  # [3, H, W]
        # Along rows, then along columns, rounded after each.
        values = (values @ self._resampling(width, short).T + 0.5).floor()  # [3, H, size]
        values = (self._resampling(height, short) @ values + 0.5).floor()  # [3, size, size]
        features = self.model.features(values.permute(1, 2, 0)[None])
        probabilities = self.model.calibrated(self.model.logits(features))[0]
        return (probabilities, self._strangeness(features)) if self.model.gallery else probabilities

    def _strangeness(self, features: Tensor) -> Tensor:
        """Float32 [1] of ``features`` [1, D]: how far it is from the ``neighbours``-th nearest of ``known``."""
        assert self.model.gallery
        similar = (F.normalize(features) @ self.known.T)[0].topk(self.model.gallery.neighbours).values[-1:]
        return (2 - 2 * similar).clamp(min=0).sqrt()

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


def write_onnx(model: Classifier, folder: Path) -> None:
    """The graph takes ``photo``, uint8 [H, W, 3], and returns ``probabilities`` [classes] and, with a gallery, ``strangeness``
    [1].
    """
    outputs = ["probabilities", "strangeness"] if model.gallery else ["probabilities"]
    graph = onnx_graph(WholePhoto(model), _example(model), _any_size(), outputs)
    onnx.helper.set_model_props(graph, {"classes": json.dumps(model.classes)})
    onnx.save(graph, folder / ONNX)


def write_program(model: Classifier, folder: Path) -> None:
    """The same for ``torch.export.load``: weights as bare bytes, the graph as JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(WholePhoto(model).eval(), (_example(model),), dynamic_shapes=(_any_size(),))
        program.example_inputs = None  # they would be pickled
        torch.export.save(program, folder / PROGRAM)


def write_weights(model: Classifier, folder: Path) -> None:
    """Not one graph, but its parts: the network's weights, and the features float32 [T, D] of what it learnt from."""
    model.save_weights(folder)
    if model.gallery:
        disk.write_bytes(folder / KNOWN, save({"known": model.gallery.known}))


def _example(model: Classifier) -> Tensor:
    size = model.preprocessing.size
    return torch.zeros(size + 7, size + 30, 3, dtype=torch.uint8)


def _any_size() -> dict[int, torch.export.Dim]:
    return {0: torch.export.Dim("height", min=8), 1: torch.export.Dim("width", min=8)}

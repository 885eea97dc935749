"""Why a model answers so: where in the photo it looked, and which of the photos that it learnt from are like it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam
from timm.models.resnetv2 import ResNetV2
from torch import nn

from resnet_finetune.model.gallery import Seen
from resnet_finetune.model.saved_model import Classifier

NEAREST = 8  # photos
GREY = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are to the eye (ITU-R BT.601)
# From dark blue over grey to yellow, which people who cannot tell red from green see apart, and which is ever brighter.
COLOURS = np.array([[0, 34, 78], [66, 78, 108], [124, 123, 120], [187, 173, 108], [254, 232, 56]], np.float32)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Of one photo: ``pixels`` uint8 [S, S, 3] as the network saw it, probabilities ``scores`` float32 [classes], and ``heat``
    float32 [S, S], 0 to 1, of what spoke for ``of_class``.
    """

    pixels: np.ndarray
    scores: np.ndarray
    none_of_these: bool
    of_class: int
    heat: np.ndarray
    nearest: list[tuple[Seen, float]]  # with their cosine similarity; empty for a model that kept none


def explain(model: Classifier, path: Path, of_class: int | None = None, readiness: float | None = None) -> Explanation:
    """With the class that it names first, unless another is asked about. ``readiness``: of ``Gallery.threshold_at``.

    Raises ``UnreadablePhoto``.
    """
    pixels = model.preprocessing.read(path)
    return model.where_there_is_room(lambda: _explained(model, pixels, of_class, readiness))


def _explained(model: Classifier, pixels: np.ndarray, of_class: int | None, readiness: float | None) -> Explanation:
    (features,), logits = model.look(pixels[None])
    scores = model.calibrated(torch.from_numpy(logits))[0].numpy()
    asked = int(scores.argmax()) if of_class is None else of_class
    gallery = model.gallery
    return Explanation(
        pixels=pixels,
        scores=scores,
        none_of_these=gallery is not None and bool(gallery.strangeness(features[None])[0] > gallery.threshold_at(readiness)),
        of_class=asked,
        heat=heat_map(model, pixels, asked),
        nearest=gallery.nearest(features, NEAREST) if gallery else [],
    )


def heat_map(model: Classifier, pixels: np.ndarray, of_class: int, block: nn.Module | None = None) -> np.ndarray:
    """What in a photo uint8 [S, S, 3] spoke for a class: float32 [S, S] from 0 to 1; nothing but 0 where nothing did.

    Grad-CAM (Selvaraju et al. 2017, ICCV, sec. 3): the maps of ``block``, each weighted by how much the logit grows with it,
    and enlarged; unless said, of the last one, with one place for 32 × 32 pixels.
    """
    net: Any = model.net.eval()
    last = net.norm if isinstance(net, ResNetV2) else net.layer4[-1]  # what is averaged and judged
    device = next(net.parameters()).device
    photo = model.preprocessing.normalise(torch.from_numpy(pixels[None]).to(device))
    coarse = LayerGradCam(net, last if block is None else block).attribute(photo, target=of_class, relu_attributions=True)
    fine: np.ndarray = LayerAttribution.interpolate(coarse, pixels.shape[:2], "bilinear")[0, 0].detach().cpu().numpy()
    return fine / max(float(fine.max()), 1e-12)


def painted(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The photo uint8 [S, S, 3] in grey under the colours of ``heat`` [S, S]."""
    mixed: np.ndarray = (0.5 * (pixels @ GREY)[..., None] + 0.5 * coloured(heat)).round().astype(np.uint8)
    return mixed


def coloured(heat: np.ndarray) -> np.ndarray:
    """The colours of ``heat`` [H, W], 0 to 1: float [H, W, 3], 0 to 255."""
    places = np.linspace(0, 1, len(COLOURS))
    return np.stack([np.interp(heat, places, channel) for channel in COLOURS.T], axis=-1)

"""Thousands of photos answered faster on a CPU: by the network in 8 bits, and by the exact one wherever 8 bits could change the
answer.

Whether both ways answer the same, and whether the one is faster on this computer, is tried on some of the photos first.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.model.eight_bits import quantise
from resnet_finetune.model.folding import folded
from resnet_finetune.model.graph import onnx_graph
from resnet_finetune.model.saved_model import BATCH, Classifier
from resnet_finetune.words.language import Sentence, reason, say

FEWEST = 1000  # photos, and
LONG = 60  # seconds in the exact way: with fewer the faster one would be ready when the exact one is done
LEARNT_FROM = 2 * BATCH  # photos, that show how large the activations get, and by how much 8 bits change what is said
TRIED_ON = 200  # other photos, on which both ways have to say the same
AT_ONCE = 4  # photos: no slower than more, and it takes less memory
WORTH_IT = 1.2  # times as fast
SPREADS = 2.5  # standard deviations of what 8 bits change: a photo that is nearer to another answer is asked about again


@dataclass(frozen=True, kw_only=True)
class Way:
    """How many photos are answered, and ``why`` so, in a sentence."""

    name: Literal["exact", "faster"]
    why: Sentence


class Faster(Classifier):
    """Answers as ``exact`` does, by the features that its network in 8 bits, ``quick``, has; but where the two largest logits
    are less than ``margin`` apart, or the strangeness is less than ``leeway`` from the threshold, by its own.
    """

    def __init__(self, exact: Classifier, quick: Callable[[np.ndarray], np.ndarray], margin: float, leeway: float) -> None:
        super().__init__(exact.net, exact.model, exact.classes, exact.preprocessing, exact.temperature, exact.gallery)
        self._exact = exact
        self._eight_bits = quick  # photos uint8 [N, size, size, 3] to features float32 [N, D]
        self._margin = margin
        self._leeway = leeway

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features = self._eight_bits(pixels)
        logits = _logits(self, features)
        unsure = _lead(logits) < self._margin
        if self.gallery:
            unsure |= abs(self.gallery.strangeness(features) - self.gallery.threshold) < self._leeway
        if unsure.any():
            features[unsure], logits[unsure] = self._exact.look(pixels[unsure])
        return features, logits


def find_way(model: Classifier, files: Sequence[Path], tell: Callable[[int, int], None]) -> tuple[Classifier, Way]:
    """What answers for ``files`` in the faster way, or ``model`` itself where that is no worse.

    ``tell`` is told of how many of how many photos it was tried on, and may raise to stop that.
    """
    too_few = say("there are too few photos for the faster one to save time")
    if len(files) < FEWEST:
        return _exactly(model, too_few)
    photos = list(islice(_readable(model, files), LEARNT_FROM + TRIED_ON))
    first, others = photos[:LEARNT_FROM], photos[LEARNT_FROM:]
    if len(others) < TRIED_ON or _seconds(model, np.stack(first)) * len(files) < LONG:
        return _exactly(model, too_few)
    tell(0, TRIED_ON)
    try:
        faster = made_faster(model, np.stack(first))
    except OSError as error:
        return _exactly(model, say("the faster one needs room on the disk for a moment ({reason})", reason=reason(error)))
    different, gap, ratio = _compared(model, faster, np.stack(others), tell)
    if different:
        return _exactly(
            model, say("the faster one answers {different} of {n} photos differently", different=different, n=TRIED_ON)
        )
    if ratio < WORTH_IT:
        return _exactly(model, say("the faster one is only {ratio:.1f} times as fast on this computer", ratio=ratio))
    why = say(
        "Answered in the faster way, {ratio:.1f} times as fast on this computer. {n} of the photos were asked about in the "
        "exact way, too: all get the same answer, and probabilities differ by {gap:.1f} points at most.",
        ratio=ratio,
        n=TRIED_ON,
        gap=100 * gap,
    )
    return faster, Way(name="faster", why=why)


def made_faster(model: Classifier, photos: np.ndarray) -> Faster:
    """In 8 bits, and with how much that changes, by some ``photos`` uint8 [N, size, size, 3]. Raises ``OSError`` when there is
    no room for its files, which are gone afterwards.
    """
    quick = _in_eight_bits(model, photos)
    features, logits = model.look(photos)
    close = quick(photos)
    margin = SPREADS * _spread(_lead(_logits(model, close)) - _lead(logits))
    known = model.gallery
    leeway = SPREADS * _spread(known.strangeness(close) - known.strangeness(features)) if known else 0.0
    return Faster(model, quick, margin, leeway)


def _exactly(model: Classifier, because: Sentence) -> tuple[Classifier, Way]:
    return model, Way(name="exact", why=say("Answered in the exact way: {because}.", because=because))


def _readable(model: Classifier, files: Sequence[Path]) -> Iterator[np.ndarray]:
    """The readable ones uint8 [size, size, 3], from all over the folder, where what is alike lies together."""
    for file in random.Random(0).sample(files, len(files)):
        try:
            yield model.preprocessing.read(file)
        except UnreadablePhoto:
            continue


def _seconds(model: Classifier, photos: np.ndarray) -> float:
    """For each of the photos; the first time, when the network is made ready, does not count."""
    model.look(photos)
    began = time.perf_counter()
    model.look(photos)
    return (time.perf_counter() - began) / len(photos)


def _compared(
    exact: Classifier, faster: Classifier, photos: np.ndarray, tell: Callable[[int, int], None]
) -> tuple[int, float, float]:
    """How many photos get another answer, the largest difference of a probability, and how many times as fast it is."""
    different, gap, spent = 0, 0.0, np.zeros(2)
    for start in range(0, len(photos), BATCH):
        tell(start, len(photos))
        batch = photos[start : start + BATCH]
        (ours, sure, seconds), (theirs, as_sure, fewer_seconds) = _asked(exact, batch), _asked(faster, batch)
        different += int((ours != theirs).sum())
        gap = max(gap, float(abs(sure - as_sure).max()))
        spent += seconds, fewer_seconds
    return different, gap, float(spent[0] / spent[1])


def _asked(model: Classifier, photos: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The number of each one's class, -1 for none of these; its probabilities [N, classes]; and the seconds that it took."""
    began = time.perf_counter()
    features, logits = model.look(photos)
    answers = logits.argmax(1)
    if model.gallery:
        answers[model.gallery.strangeness(features) > model.gallery.threshold] = -1
    probabilities = model.calibrated(torch.from_numpy(logits)).numpy()
    return answers, probabilities, time.perf_counter() - began


# --- In 8 bits ---------------------------------------------------------------------------------------------------------


class _Features(nn.Module):
    """From photos uint8 [N, size, size, 3] to features float32 [N, D]."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.net = folded(model.net).cpu()  # so that its weights are known to be this module's
        self.model = Classifier(self.net, model.model, model.classes, model.preprocessing)

    def forward(self, photos: Tensor) -> Tensor:
        return self.model.features(photos)


def _in_eight_bits(model: Classifier, photos: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    size = model.preprocessing.size
    graph = onnx_graph(
        _Features(model), torch.zeros(2, size, size, 3, dtype=torch.uint8), {0: torch.export.Dim("photos")}, ["features"]
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "features.onnx")
        onnx.save(graph, file)
        quantise(file, _pieces(photos), "features")
        session = onnxruntime.InferenceSession(
            file.read_bytes(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["QDQPropagationTransformer"],  # it would pool in 8 bits, which is slow (benchmarks/README.md)
        )

    def quick(photos: np.ndarray) -> np.ndarray:
        return np.concatenate([session.run(["features"], {"photo": piece})[0] for piece in _pieces(photos)])

    return quick


def _pieces(photos: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(photos), AT_ONCE):
        yield photos[start : start + AT_ONCE]


@torch.inference_mode()
def _logits(model: Classifier, features: np.ndarray) -> np.ndarray:
    device = next(model.net.parameters()).device
    logits: np.ndarray = model.logits(torch.from_numpy(features).to(device)).cpu().numpy()
    return logits


def _spread(changes: np.ndarray) -> float:
    """Their size: the root of the mean square."""
    return float(np.sqrt(np.square(changes).mean()))


def _lead(logits: np.ndarray) -> np.ndarray:
    """By how much the largest of each row is larger than the next."""
    second, first = np.sort(logits, 1)[:, -2:].T
    lead: np.ndarray = first - second
    return lead

"""A trained model and its preprocessing, which are one thing: in memory and on disk.

``model.safetensors`` holds the weights as timm names them, ``model.json`` the rest. Both are data; nothing in them is run. What
``gallery`` keeps beside them tells a photo that is of none of the classes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from resnet_finetune.data.images import UnreadablePhoto, read, square
from resnet_finetune.model import catalog
from resnet_finetune.model.folding import folded
from resnet_finetune.model.gallery import DamagedGallery, Gallery, Seen, load_gallery, load_photos
from resnet_finetune.model.hardware import about_memory, find_device, layout, placed
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say

T = TypeVar("T")

WEIGHTS = "model.safetensors"
ABOUT = "model.json"
FORMAT = 1  # of model.json
BATCH = 32  # photos; bounds the memory of a forward pass
MOST_CLASSES = 10_000
SIZES = range(32, 1025)  # pixels


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """A decoded photo becomes its centred square of ``size`` pixels, then ``(value / 255 - mean) / std`` by channel."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of(cls, net: nn.Module, size: int) -> Preprocessing:
        """What the pretrained weights of ``net``, a timm model, expect."""
        published: dict[str, Any] = net.pretrained_cfg  # type: ignore[assignment]
        return cls(size=size, mean=_triple(published["mean"]), std=_triple(published["std"]))

    def read(self, path: Path) -> np.ndarray:
        """uint8 [size, size, 3]. Raises ``UnreadablePhoto``."""
        return square(read(path, self.size)[0], self.size)

    def normalise(self, photos: Tensor) -> Tensor:
        """0 to 255 [N, H, W, 3] of any type to float32 [N, 3, H, W], laid out as the device likes it."""
        mean, std = (torch.tensor(values, device=photos.device)[:, None, None] * 255 for values in (self.mean, self.std))
        values = (photos.permute(0, 3, 1, 2).float() - mean) / std  # as bytes they are put into order most quickly
        return values.contiguous(memory_format=layout(photos.device))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says of one file: probabilities in class order, or the ``error`` that made it unreadable.

    With ``none_of_these`` it is like no photo of any class, and has neither ``label`` nor ``confidence``; what it would have
    been is in ``scores``. ``strangeness`` is how far it is from what was trained on; None of a model that cannot tell.
    """

    path: Path
    label: str | None
    confidence: float | None
    scores: list[float] | None
    none_of_these: bool
    strangeness: float | None
    error: str | None

    def judged(self, classes: Sequence[str], threshold: float) -> Answer:
        """The same, were a photo none of the ``classes`` beyond this strangeness."""
        if self.scores is None or self.strangeness is None:
            return self
        none, best = self.strangeness > threshold, int(np.argmax(self.scores))
        label, confidence = (None, None) if none else (classes[best], self.scores[best])
        return replace(self, label=label, confidence=confidence, none_of_these=none)


class Classifier:
    """A network that answers with probabilities. Always float32: the same answers in the test, here and in an export."""

    def __init__(
        self,
        net: nn.Module,
        model: str,
        classes: list[str],
        preprocessing: Preprocessing,
        temperature: float = 1.0,
        gallery: Gallery | None = None,
    ) -> None:
        self.net = net
        self.model = model  # its name in the catalogue
        self.classes = classes
        self.preprocessing = preprocessing
        self.temperature = temperature  # of the softmax: above 1, the model is less sure than its network
        self.gallery = gallery  # without one, every photo is of one of the classes

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """Probabilities float32 [N, classes] of at most ``BATCH`` photos uint8 [N, size, size, 3]."""
        return self.calibrated(torch.from_numpy(self.look(pixels)[1])).numpy()

    def where_there_is_room(self, work: Callable[[], T]) -> T:
        """What ``work`` makes of the network; on the CPU from then on where the GPU's memory runs out, as a training may have
        filled it.
        """
        try:
            return work()
        except RuntimeError as error:
            if not about_memory(error):
                raise
        placed(self.net, torch.device("cpu"))
        self.__dict__.pop("_quick", None)
        return work()

    @torch.inference_mode()
    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 [N, D] and logits float32 [N, classes] of as many; the same within an autocast, but for rounding."""
        device = next(self.net.parameters()).device
        photos = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
        features = _before_the_head(self._quick, self.preprocessing.normalise(photos))
        return features.float().cpu().numpy(), self.logits(features).float().cpu().numpy()

    @cached_property
    def _quick(self) -> nn.Module:
        """The network as it is when it is asked first."""
        return folded(self.net)

    def features(self, photos: Tensor) -> Tensor:
        """Float32 [N, D], before the last layer, of photos 0 to 255, [N, size, size, 3], on their device."""
        return _before_the_head(self.net, self.preprocessing.normalise(photos))

    def logits(self, features: Tensor) -> Tensor:
        """Float32 [N, classes]: what the last layer makes of features [N, D]."""
        net: Any = self.net
        head = net.get_classifier()  # ResNetV2's is a convolution of 1 × 1: [classes, D, 1, 1]
        return F.linear(features, head.weight.flatten(1), head.bias)

    def calibrated(self, logits: Tensor) -> Tensor:
        """Probabilities [N, classes]."""
        return (logits / self.temperature).softmax(1)

    def classify(self, paths: Sequence[Path]) -> Iterator[Answer]:
        """One answer for each file, in order; a file that cannot be read has its error said and costs no other its answer."""
        with ThreadPoolExecutor(os.cpu_count()) as readers:
            for start in range(0, len(paths), BATCH):
                batch = paths[start : start + BATCH]
                outcomes = list(readers.map(self._read, batch))
                readable = [outcome for outcome in outcomes if isinstance(outcome, np.ndarray)]
                looks = iter(self._looks(np.stack(readable)) if readable else [])
                for path, outcome in zip(batch, outcomes, strict=True):
                    yield self._answer(path, *next(looks)) if isinstance(outcome, np.ndarray) else _unanswered(path, outcome)

    def save(self, folder: Path) -> None:
        """Write the model into ``folder``; a model that is there stays whole until the new one is."""
        self.save_about(folder)
        self.save_weights(folder)

    def save_about(self, folder: Path) -> None:
        """All but the weights, which are there; the gallery first, for only what follows says that it counts."""
        if self.gallery:
            self.gallery.save(folder)
        disk.write_json(folder / ABOUT, self.about)

    def save_weights(self, folder: Path) -> None:
        disk.write_bytes(folder / WEIGHTS, save({name: value.contiguous() for name, value in self.net.state_dict().items()}))

    @property
    def about(self) -> dict[str, Any]:
        """What ``ABOUT`` holds."""
        return {
            "format": FORMAT,
            "model": self.model,
            "architecture": catalog.find(self.model).timm_name,
            "classes": self.classes,
            "preprocessing": asdict(self.preprocessing),
            "temperature": self.temperature,
            "none_of_these": self.gallery and self.gallery.about,
        }

    def _looks(self, pixels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Features [D] and probabilities [classes] of each."""
        features, logits = self.where_there_is_room(lambda: self.look(pixels))
        return zip(features, self.calibrated(torch.from_numpy(logits)).numpy(), strict=True)

    def _read(self, path: Path) -> np.ndarray | str:
        try:
            return self.preprocessing.read(path)
        except UnreadablePhoto as error:
            return error.message

    def _answer(self, path: Path, features: np.ndarray, scores: np.ndarray) -> Answer:
        best = int(scores.argmax())
        answer = Answer(
            path=path,
            label=self.classes[best],
            confidence=float(scores[best]),
            scores=[float(s) for s in scores],
            none_of_these=False,
            strangeness=float(self.gallery.strangeness(features[None])[0]) if self.gallery else None,
            error=None,
        )
        return answer.judged(self.classes, self.gallery.threshold) if self.gallery else answer


def _before_the_head(net: Any, photos: Tensor) -> Tensor:
    seen: Tensor = net.forward_head(net.forward_features(photos), pre_logits=True)
    return seen


def _unanswered(path: Path, error: str) -> Answer:
    return Answer(path=path, label=None, confidence=None, scores=None, none_of_these=False, strangeness=None, error=error)


def load_model(folder: Path | str) -> Classifier:
    """The model in a run folder, ready to answer on this machine's GPU or CPU.

    Raises:
        UserError: there is no model in ``folder``, it is damaged, or it is not one of ours.
    """
    folder = Path(folder)
    try:
        about = disk.read_json(folder / ABOUT)
        weights = load((folder / WEIGHTS).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            say("There is no trained model in {folder}: name the folder of a run that gave an answer.", folder=folder)
        ) from None
    except OSError as error:
        raise _unreadable(folder, error) from error
    except (ValueError, KeyError, SafetensorError) as error:  # KeyError: of a number type that PyTorch does not have
        raise _damaged(folder) from error
    model, classes, preprocessing, temperature = _validated(folder, about)
    net: Any = timm.create_model(catalog.find(model).timm_name.split(".")[0], num_classes=len(classes))
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise _damaged(folder) from error
    if not all(value.isfinite().all() for value in net.state_dict().values()):
        raise _damaged(folder)
    none_of_these = about.get("none_of_these")  # runs of earlier versions cannot tell
    try:
        gallery = load_gallery(folder, none_of_these, net.num_features, len(classes)) if none_of_these else None
    except DamagedGallery as error:
        raise _damaged(folder) from error
    except OSError as error:
        raise _unreadable(folder, error) from error
    try:
        net = placed(net, find_device())
    except RuntimeError as error:
        if not about_memory(error):
            raise
        net = placed(net, torch.device("cpu"))
    return Classifier(net, model, classes, preprocessing, temperature, gallery)


def kept_photos(folder: Path, classes: int) -> list[Seen]:
    """The photos that the model in a run folder keeps the features of, without loading it; none if it keeps nothing.

    Raises:
        UserError: what names them is damaged, or cannot be read.
    """
    try:
        return load_photos(folder, classes)
    except FileNotFoundError:
        return []
    except DamagedGallery as error:
        raise _damaged(folder) from error
    except OSError as error:
        raise _unreadable(folder, error) from error


def _validated(folder: Path, about: Any) -> tuple[str, list[str], Preprocessing, float]:
    """The file may come from a stranger: every value is checked before it is used."""
    try:
        if about["format"] != FORMAT:
            raise UserError(
                say(
                    "The model in {folder} was written by another version of the app: open it with that version.", folder=folder
                )
            )
        model, classes, raw = about["model"], about["classes"], about["preprocessing"]
        preprocessing = Preprocessing(size=raw["size"], mean=_triple(raw["mean"]), std=_triple(raw["std"]))
        temperature = float(about.get("temperature", 1))  # of earlier versions: as the network says it
        sound = (
            model in catalog.names()
            and isinstance(preprocessing.size, int)
            and preprocessing.size in SIZES
            and isinstance(classes, list)
            and 2 <= len(classes) <= MOST_CLASSES
            and all(isinstance(name, str) and name for name in classes)
            and len(set(classes)) == len(classes)
            and all(0 <= value <= 1 for value in preprocessing.mean)
            and all(0.001 <= value <= 1 for value in preprocessing.std)
            and 0.01 <= temperature <= 100
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(folder) from error
    if not sound:
        raise _damaged(folder)
    return model, classes, preprocessing, temperature


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _damaged(folder: Path) -> UserError:
    return UserError(say("The model in {folder} is damaged: put back a copy of the folder, or train again.", folder=folder))


def _unreadable(folder: Path, error: OSError) -> UserError:
    return UserError(
        say(
            "The model in {folder} cannot be read ({reason}): check the drive and your rights.",
            folder=folder,
            reason=reason(error),
        )
    )

"""The photos that a model has learnt from, as its network sees them: what is near a new photo, and whether anything is.

``features.safetensors`` holds numbers, ``features.json`` the names. Both are data; nothing in them is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, get_args

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from resnet_finetune.words import disk
from resnet_finetune.words.events import Split

FEATURES = "features.safetensors"
NAMES = "features.json"
FARTHEST = 2**0.5  # between two directions whose numbers are nowhere negative, as those behind a ReLU
MOST_NEIGHBOURS = 100
MOST_PHOTOS = 100_000


class DamagedGallery(ValueError):
    """The files are there, but not as they were written."""


@dataclass(frozen=True)
class Seen:
    """A photo of the run."""

    name: str  # relative to the folder that the report names
    label: int
    split: Split


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """``features`` float32 [N, D], each row of unit length, of ``photos`` [N].

    A photo is none of the classes if it is farther than ``threshold`` from the ``neighbours``-th nearest photo that was trained
    on (Sun et al. 2022, ICML, "Out-of-Distribution Detection with Deep Nearest Neighbors"). ``usual`` float32 [V], sorted, is
    how far photos were that are of the classes, but were not trained on.
    """

    features: np.ndarray
    photos: Sequence[Seen]
    neighbours: int
    threshold: float
    usual: np.ndarray

    @cached_property
    def trained_on(self) -> np.ndarray:
        """Numbers of the photos."""
        return np.array([number for number, photo in enumerate(self.photos) if photo.split == "train"])

    @cached_property
    def known(self) -> np.ndarray:
        """Features float32 [T, D] of the photos that were trained on."""
        features: np.ndarray = self.features[self.trained_on]
        return features

    def strangeness(self, features: np.ndarray) -> np.ndarray:
        """Of photos with these features [M, D]: float32 [M], from 0 to ``FARTHEST``."""
        return strangeness(unit(features), self.known, self.neighbours)

    @property
    def readiness(self) -> float:
        """How readily it says "none of these" as the training set it, in halves: from 0, never, to 100, always."""
        return round(200 * (1 - self.threshold / FARTHEST)) / 2

    def threshold_at(self, readiness: float | None) -> float:
        """For a person who wants it otherwise. With the training's own readiness, or None, exactly what the training found."""
        return self.threshold if readiness is None or readiness == self.readiness else FARTHEST * (1 - readiness / 100)

    def refused(self, threshold: float) -> int:
        """How many of the ``usual`` would be called none of the classes."""
        return int((self.usual > threshold).sum())

    def nearest(self, features: np.ndarray, most: int) -> list[tuple[Seen, float]]:
        """The photos that were trained on which are most like one with these features [D], and their cosine similarity."""
        similar = self.known @ unit(features[None])[0]
        best = np.argsort(-similar, kind="stable")[:most]
        return [(self.photos[self.trained_on[number]], float(similar[number])) for number in best]

    def save(self, folder: Path) -> None:
        """Raises ``OSError`` when it cannot be written; what was there is then as it was."""
        disk.write_bytes(folder / FEATURES, save({"features": self.features.astype(np.float16), "usual": self.usual}))
        disk.write_json(folder / NAMES, {"photos": [astuple(photo) for photo in self.photos]})

    @property
    def about(self) -> dict[str, Any]:
        """What ``model.json`` says of it."""
        return {"neighbours": self.neighbours, "threshold": self.threshold}


def unit(features: np.ndarray) -> np.ndarray:
    """Float32 [N, D]: the rows, each of length 1; one without any direction stays nothing."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: np.ndarray = (features / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def strangeness(features: np.ndarray, known: np.ndarray, neighbours: int) -> np.ndarray:
    """How far each of the rows of ``features`` [M, D] is from the ``neighbours``-th nearest of ``known`` [N, D]: float32 [M].

    All rows are of unit length.
    """
    similar = np.partition(features @ known.T, -neighbours, axis=1)[:, -neighbours]
    distances: np.ndarray = np.sqrt(np.maximum(0, 2 - 2 * similar)).astype(np.float32)
    return distances


def load_gallery(folder: Path, about: Any, width: int, classes: int) -> Gallery | None:
    """What ``save`` wrote for a network of so many features and classes, with what ``model.json`` says; None if it is gone.

    Raises:
        DamagedGallery: the files may come from a stranger, and these are not what ``save`` writes.
        OSError: they cannot be read.
    """
    try:
        arrays = load((folder / FEATURES).read_bytes())
        photos = load_photos(folder, classes)
        features, usual = arrays["features"], arrays["usual"]
        neighbours, threshold = about["neighbours"], float(about["threshold"])
        sound = (
            features.dtype == np.float16
            and features.shape == (len(photos), width)
            and len(photos) <= MOST_PHOTOS
            and usual.dtype == np.float32
            and usual.ndim == 1
            and 0 < len(usual) <= MOST_PHOTOS
            and bool(np.all((usual >= 0) & (usual <= 2)))
            and bool(np.all(np.diff(usual) >= 0))
            and bool(np.all(np.abs(features) <= 1.01))
            and type(neighbours) is int
            and 1 <= neighbours <= min(MOST_NEIGHBOURS, sum(photo.split == "train" for photo in photos))
            and 0 <= threshold <= 2
        )
    except FileNotFoundError:  # somebody took the model alone
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, SafetensorError) as error:
        raise DamagedGallery from error
    if not sound:
        raise DamagedGallery
    return Gallery(
        features=unit(features.astype(np.float32)), photos=photos, neighbours=neighbours, threshold=threshold, usual=usual
    )


def load_photos(folder: Path, classes: int) -> list[Seen]:
    """The photos of a gallery alone. Raises ``DamagedGallery`` and ``OSError``, also when they are gone."""
    try:
        photos = [Seen(*row) for row in disk.read_json(folder / NAMES)["photos"]]
        sound = all(_is_sound(photo, classes) for photo in photos)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedGallery from error
    if not sound:
        raise DamagedGallery
    return photos


def _is_sound(photo: Seen, classes: int) -> bool:
    """Its name leads nowhere but into the folder of the photos, which may hold names that no archive may."""
    path = PurePath(photo.name.replace("\\", "/"))
    inside = (
        photo.name != "" and not path.is_absolute() and not path.drive and ".." not in path.parts and "\0" not in photo.name
    )
    return inside and type(photo.label) is int and 0 <= photo.label < classes and photo.split in get_args(Split)

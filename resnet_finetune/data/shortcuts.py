"""Can a class be told without looking at what the photos show? Then a network may learn just that, and fail on new photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from resnet_finetune.data.facts import Facts
from resnet_finetune.data.photos import Photo

FEWEST = 10  # photos of a class; of fewer nothing can be said
ENOUGH = 5000  # photos; more would not change the answer
FOLDS = 5
SURE = 0.9  # balanced accuracy from which a class counts as told: 0.5 is guessing; the sets tried come to 0.63 at most
COMMON_CAMERAS = 20

Trait = Callable[[Facts], list[float]]


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    label: int
    trait: str  # "size", "border", "quality", "camera" or "form"
    accuracy: float  # balanced, of telling this class from all others by that trait, cross-validated


def find_shortcuts(photos: Sequence[Photo]) -> list[Shortcut]:
    """The classes that a small decision tree tells by one trait of the file alone, each with the most telling trait."""
    counts = Counter(photo.label for photo in photos)
    chosen = [photo for photo in photos if counts[photo.label] >= FEWEST]
    if len({photo.label for photo in chosen}) < 2:
        return []
    order = np.random.default_rng(0).permutation(len(chosen))[:ENOUGH]
    chosen = [chosen[index] for index in order]
    labels = np.array([photo.label for photo in chosen])
    best: dict[int, Shortcut] = {}
    for name, trait in _traits(chosen).items():
        values = np.array([trait(photo.facts) for photo in chosen])
        if (values == values[0]).all():
            continue
        for label, accuracy in _told(values, labels).items():
            if accuracy >= SURE and (label not in best or accuracy > best[label].accuracy):
                best[label] = Shortcut(label=label, trait=name, accuracy=accuracy)
    found = sorted(best.values(), key=lambda shortcut: shortcut.label)
    return found[:1] if len(counts) == 2 else found  # of two classes, the other is told by not being the one


def _traits(photos: Sequence[Photo]) -> dict[str, Trait]:
    cameras = [camera for camera, _ in Counter(photo.facts.camera for photo in photos).most_common(COMMON_CAMERAS)]
    forms = sorted({photo.facts.form for photo in photos})
    return {
        "size": lambda facts: [facts.width, facts.height, log2(facts.width / facts.height)],
        "border": lambda facts: list(facts.border),
        "quality": lambda facts: [facts.quality or 0],
        "camera": lambda facts: [float(facts.camera == camera) for camera in cameras],
        "form": lambda facts: [float(facts.form == form) for form in forms],
    }


def _told(values: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """How well each class is told from ``values`` [photos, numbers], as balanced accuracy on photos the tree has not seen."""
    folds = min(FOLDS, int(np.unique(labels, return_counts=True)[1].min()))
    if folds < 2:  # a rare class lost its photos when some were drawn
        return {}
    tree = DecisionTreeClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0)
    predicted = cross_val_predict(tree, values, labels, cv=StratifiedKFold(folds, shuffle=True, random_state=0))
    found = {}
    for label in np.unique(labels):
        true, said = labels == label, predicted == label
        found[int(label)] = float((said[true].mean() + (~said[~true]).mean()) / 2)
    return found

"""Photos that are of no class: what a model keeps to tell them, and how far off a photo has to be."""

from __future__ import annotations

import numpy as np
from scipy.stats import nct, norm

from resnet_finetune.engine.material import Material
from resnet_finetune.model.gallery import FARTHEST, Gallery, Seen, strangeness, unit
from resnet_finetune.words.events import Split

MOST_PHOTOS = 2000  # of a split: a hundredth of what was trained on tells strangers as well (Sun et al. 2022, sec. 4.4)
NEIGHBOURS = 10  # a few alone may be pictures of the very same thing
REFUSED = 0.05  # of photos that are of the classes
CONFIDENCE = 0.95
FEWEST = 3  # photos that were not trained on, from which anything follows


def kept_photos(material: Material, split: Split) -> np.ndarray:
    """Numbers of the photos of a split that the model keeps: all, or ``MOST_PHOTOS``, as evenly of the classes as can be."""
    indices = material.indices(split)
    shuffled = indices[np.random.default_rng(material.settings.seed).permutation(len(indices))]
    turn = np.zeros(len(shuffled), np.int64)  # the how-manieth of its class each is
    labels = material.labels(shuffled)
    for label in np.unique(labels):
        own = labels == label
        turn[own] = np.arange(own.sum())
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:MOST_PHOTOS]])


def make_gallery(material: Material, indices: np.ndarray, features: np.ndarray) -> Gallery:
    """Of these photos [N] with these ``features`` [N, D], of all three splits: by how far validation photos are from those that
    were trained on the threshold is fitted, and by how far test photos are it is told how many it refuses.
    """
    splits = np.array([material.dataset.photos[index].split for index in indices])
    rows, train = unit(features), splits == "train"
    neighbours = how_many_neighbours(material.labels(indices[train]))
    chose, usual = (strangeness(rows[splits == part], rows[train], neighbours) for part in ("validation", "test"))
    return _gallery(material, indices, rows, neighbours, fit_threshold(chose), usual)


def make_crossed_gallery(
    material: Material, features: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]], fair: np.ndarray
) -> Gallery:
    """Of all photos of a tiny set, with their ``features`` [N, D]. The threshold is fitted by how far each of those that are
    ``fair`` [N] judges is from the photos of the other folds: ``parts`` are (others, fold).
    """
    rows, indices = unit(features), np.arange(len(features))
    neighbours = min(how_many_neighbours(material.labels(others)) for others, _ in parts)
    usual = np.empty(len(rows), np.float32)
    for others, fold in parts:
        usual[fold] = strangeness(rows[fold], rows[others], neighbours)
    return _gallery(material, indices, rows, neighbours, fit_threshold(usual[fair]), usual[fair])


def how_many_neighbours(labels: np.ndarray) -> int:
    """Fewer than ``NEIGHBOURS`` where a class has few photos: the last would be of another class."""
    smallest = int(np.unique(labels, return_counts=True)[1].min())
    return max(1, min(NEIGHBOURS, smallest // 2))


def fit_threshold(usual: np.ndarray) -> float:
    """Which strangeness at most a ``REFUSED`` share of photos of the classes exceeds, by that of some [V] that were not trained
    on: with 95 % confidence, if it is about normally distributed (the one-sided tolerance limit: Hahn and Meeker 1991,
    "Statistical Intervals", sec. 4.6). The fewer the photos, the farther out it is; of one or two nothing is known, and nothing
    is refused.

    Not the largest or any other of a few: that would be the one odd photo that is in every folder.
    """
    count = len(usual)
    if count < FEWEST:
        return FARTHEST
    values = usual.astype(np.float64)
    root = count**0.5
    spreads = float(nct.ppf(CONFIDENCE, count - 1, norm.ppf(1 - REFUSED) * root)) / root
    limit = values.mean() + spreads * values.std(ddof=1)
    return float(min(FARTHEST, max(limit, np.quantile(values, 1 - REFUSED))))


def _gallery(
    material: Material, indices: np.ndarray, rows: np.ndarray, neighbours: int, threshold: float, usual: np.ndarray
) -> Gallery:
    photos = [material.dataset.photos[index] for index in indices]
    return Gallery(
        features=rows,
        photos=[Seen(photo.name, photo.label, photo.split or "train") for photo in photos],
        neighbours=neighbours,
        threshold=threshold,
        usual=np.sort(usual),
    )

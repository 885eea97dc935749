"""All photos of a run on a plane: what is alike to its network lies together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from resnet_finetune.model.gallery import FEATURES, Gallery, Seen
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say

FILE = "photo_map.json"  # in a run folder
MOST_POINTS = 2000
DIMENSIONS = 50  # that t-SNE is given: more are mostly noise, and slow
FEWEST = 30  # photos; of fewer, t-SNE makes heaps that mean nothing
START = 1e-4  # spread of the points as t-SNE begins (Kobak and Berens 2019, Nature Communications)


@dataclass(frozen=True, kw_only=True)
class PhotoMap:
    """``places`` float32 [N, 2], 0 to 1, of ``photos`` [N], a sample of ``all`` that there are."""

    classes: list[str]
    photos: list[Seen]
    places: np.ndarray
    all: int


def make_map(run: Path, seed: int) -> PhotoMap:
    """From what the run keeps of its photos, or as it was made before.

    Raises:
        UserError: there is no model, it is of an earlier version that kept nothing, or the map cannot be written.
    """
    model = load_model(run)
    if model.gallery is None:
        raise UserError(
            say("This model was trained by an earlier version of the app, which kept nothing to draw a map of: train again.")
        )
    chosen = _sample(model.gallery, seed)
    photos = [model.gallery.photos[number] for number in chosen]
    try:
        of = {"features": hashlib.sha256((run / FEATURES).read_bytes()).hexdigest(), "seed": seed}
        places = _earlier(run, of, len(chosen))
        if places is None:
            places = places_of(model.gallery.features[chosen], seed)
            disk.write_json(run / FILE, {**of, "places": places.round(4).tolist()})
    except OSError as error:
        raise UserError(
            say(
                "The map cannot be written into {run} ({reason}): check the drive and your rights.",
                run=run,
                reason=reason(error),
            )
        ) from error
    return PhotoMap(classes=model.classes, photos=photos, places=places, all=len(model.gallery.photos))


def places_of(features: np.ndarray, seed: int) -> np.ndarray:
    """Float32 [N, 2] from 0 to 1, for the rows of ``features`` [N, D].

    Principal components, then t-SNE (van der Maaten and Hinton 2008, JMLR) from where the first two lie, which keeps far groups
    where they belong; few photos are left at the components. The same seed gives the same map.
    """
    count, width = features.shape
    if len(np.unique(features, axis=0)) < 3:  # scikit-learn's t-SNE ends the whole process on photos that are all the same
        return np.full((count, 2), 0.5, np.float32)
    flat = PCA(min(DIMENSIONS, count, width), random_state=seed).fit_transform(features)
    start = flat[:, :2]
    if count >= FEWEST:
        start = start / start[:, 0].std() * START
        start = TSNE(2, perplexity=min(30, count / 4), init=start, random_state=seed).fit_transform(flat)
    low, high = start.min(0), start.max(0)
    places: np.ndarray = ((start - low) / np.maximum(high - low, 1e-9)).astype(np.float32)
    return places


def _sample(gallery: Gallery, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(len(gallery.photos))[:MOST_POINTS])


def _earlier(run: Path, of: dict[str, Any], count: int) -> np.ndarray | None:
    """The places that were written for the same features; None where there are none, or none that make sense."""
    try:
        found = disk.read_json(run / FILE)
        places = np.array(found["places"], np.float32)
        sound = (
            {key: found[key] for key in of} == of and places.shape == (count, 2) and bool(np.all((places >= 0) & (places <= 1)))
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return places if sound else None

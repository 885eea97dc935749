"""Which photos are nearly the same picture, and which were taken in one go: they must not stand on both sides of a split.

How the limits were found, and what they find and miss: docs/doctor.md, benchmarks/near_copies.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resnet_finetune.data.facts import THUMB
from resnet_finetune.data.photos import Photo, PhotoFile

T = TypeVar("T")

# Two photos are near-copies when their difference hashes differ in few of 64 bits and their tiny copies correlate. Different
# photos never came near both limits in the sets tried; of 798 that were re-saved or shrunk, all were found.
MOST_BITS = 12
LEAST_CORRELATION = 0.9
ROWS, COLUMNS = 64, 1024  # photos compared with each other at once: their differences stay in the processor's cache
MOST_CLOSE = 1000  # later photos with a hash like its own that one is compared with: those of things on white may all have it
MOST_ALIKE = 200  # near-copies that are noted of one: of a thousand of one scene, each need not be tied to each

BURST = 5.0  # seconds between two photos of one go

# How the page's own camera names photos: those of one press of the button belong together.
_PRESS = re.compile(r"camera-(\d{8}T\d{6})-\d+\.jpg$")

# Photos of a scene that never changes are near-copies, whatever class they are in. A near-copy in another class is taken for
# a wrong label only where such are rare: a few of one photo, and few photos of a class.
MOST_TWINS = 3
MOST_MIXED = 0.2  # of a class, or MOST_TWINS - 1 photos

Pairs = np.ndarray  # int [pairs, 2], numbers of photos, the smaller first


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Which photos of a data set are alike."""

    exact: Pairs
    near: Pairs  # within a class, and across classes where one of the labels must be wrong; exact copies included
    bursts: Pairs  # within a class
    still: Pairs  # near-copies across classes that only show the same scene


def find_likeness(photos: Sequence[Photo]) -> Likeness:
    labels = np.array([photo.label for photo in photos], np.int64)
    near = near_copies(photos)
    same_scene = (labels[near[:, 0]] != labels[near[:, 1]]) & _common(photos, labels, near)
    return Likeness(
        exact=exact_copies(photos),
        near=near[~same_scene],
        bursts=bursts(photos),
        still=near[same_scene],
    )


def _common(photos: Sequence[Photo], labels: np.ndarray, near: Pairs) -> np.ndarray:
    """Of every pair, whether near-copies in other classes are nothing rare with either of its photos."""
    digests = np.array([photo.digest for photo in photos])
    first, second = near.T
    across = near[(labels[first] != labels[second]) & (digests[first] != digests[second])]
    twins = np.bincount(across.ravel(), minlength=len(photos))
    mixed = np.bincount(labels[twins > 0], minlength=labels.max(initial=0) + 1)
    limit = np.maximum(MOST_TWINS - 1, MOST_MIXED * np.bincount(labels, minlength=len(mixed)))
    common = (twins > MOST_TWINS) | (mixed > limit)[labels]
    both: np.ndarray = (common[first] | common[second]) & (digests[first] != digests[second])
    return both


def near_copies(photos: Sequence[PhotoFile]) -> Pairs:
    """Photos that are nearly the same picture, exact copies included. Time grows with the square of their number: ten
    seconds for 100,000, and minutes where the hashes of most are alike.
    """
    looks = np.array([photo.facts.look for photo in photos], np.uint64)
    thumbs = _standardised(photos)
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(photos), ROWS):
        first, second = _close(looks, start)
        first, second = _first_of_each(first, second, MOST_CLOSE)
        alike = _correlations(thumbs, first, second) >= LEAST_CORRELATION
        found.append(np.stack(_first_of_each(first[alike], second[alike], MOST_ALIKE), 1))
    return np.concatenate(found)


def _first_of_each(first: np.ndarray, second: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the pairs, which are in order, ``most`` of each ``first``."""
    few = np.arange(len(first)) - np.searchsorted(first, first) < most
    return first[few], second[few]


def _close(looks: np.ndarray, start: int) -> Pairs:
    """int [2, pairs], in order: the ``ROWS`` photos from ``start`` on, and later ones whose hashes differ in few bits."""
    rows, found = looks[start : start + ROWS, None], [np.empty((2, 0), np.int64)]
    for column in range(start, len(looks), COLUMNS):
        close = np.bitwise_count(rows ^ looks[None, column : column + COLUMNS]) <= MOST_BITS
        if close.any():
            first, second = np.nonzero(close)
            found.append(np.stack([first + start, second + column]))
    pairs = np.concatenate(found, 1)
    pairs = pairs[:, pairs[0] < pairs[1]]
    ordered: Pairs = pairs[:, np.argsort(pairs[0], kind="stable")]
    return ordered


def _correlations(thumbs: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of each pair; some at a time, for the copies of all would take hundreds of megabytes."""
    parts = np.array_split(np.arange(len(first)), 1 + len(first) // 4096)
    return np.concatenate([np.einsum("pv,pv->p", thumbs[first[part]], thumbs[second[part]]) for part in parts])


def _standardised(photos: Sequence[PhotoFile]) -> np.ndarray:
    """The tiny copies as float32 [photos, values], so that the product of two is their correlation. Colour counts, for two
    things may differ by it alone; brightness and contrast do not.
    """
    thumbs = np.frombuffer(b"".join(photo.facts.thumb for photo in photos), np.uint8).reshape(len(photos), 3 * THUMB**2)
    centred = thumbs - thumbs.mean(1, keepdims=True, dtype=np.float32)
    standardised: np.ndarray = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return standardised


def bursts(photos: Sequence[Photo]) -> Pairs:
    """Photos of a class that one camera took within a few seconds of each other."""
    found: list[tuple[int, int]] = []
    by_camera: dict[tuple[int, str], list[int]] = defaultdict(list)
    presses: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, photo in enumerate(photos):
        if press := _PRESS.search(photo.name):
            presses[photo.label, press[1]].append(number)
        elif photo.facts.taken is not None:
            by_camera[photo.label, photo.facts.camera].append(number)
    for numbers in presses.values():
        found += pairwise(numbers)
    for numbers in by_camera.values():
        taken = {number: photos[number].facts.taken or 0.0 for number in numbers}
        numbers.sort(key=lambda number: (taken[number], number))
        found += ((a, b) for a, b in pairwise(numbers) if taken[b] - taken[a] <= BURST)
    return np.sort(np.array(found, np.int64).reshape(-1, 2), axis=1)


def exact_copies(photos: Sequence[PhotoFile]) -> Pairs:
    first: dict[str, int] = {}
    pairs = [(first.setdefault(photo.digest, number), number) for number, photo in enumerate(photos)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)


def together(count: int, pairs: Iterable[Pairs]) -> list[list[int]]:
    """The numbers from 0 to ``count`` in groups that the pairs tie together, directly or through others."""
    edges = np.concatenate([np.empty((0, 2), np.int64), *pairs])
    graph = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(count, count))
    groups: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(connected_components(graph, directed=False)[1]):
        groups[int(group)].append(number)
    return list(groups.values())


def pieces(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Consecutive parts of at most ``most``, as even as can be."""
    count = -(-len(items) // most)
    for part in range(count):
        yield items[part * len(items) // count : (part + 1) * len(items) // count]

"""Which photos are trained on and which judge the model, so that none of them has seen the other side."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import get_args

from resnet_finetune.data.likeness import Likeness, pieces, together
from resnet_finetune.data.photos import Dataset, Photo
from resnet_finetune.data.problems import listed
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Split
from resnet_finetune.words.language import say

_NEW: Mapping[str, Split] = {}
_ALL = {*get_args(Split)}

# Shares of each class, when the data bring no split of their own. The test must be large enough to mean something, the
# validation photos only have to tell epochs apart, and every other photo is worth most in training.
TEST_SHARE = 0.20
VALIDATION_SHARE = 0.15

# With fewer test photos than this, even if all were right, the true accuracy could be below 72 % (95 % interval of 10 of 10).
# Exact copies count as one.
TINY_TEST = 10

FOLDS = 5  # of cross-validation

# A class that falls into fewer groups than this cannot be divided by whole groups: its large ones are cut.
FEWEST_GROUPS = 5
PIECE = 0.1  # of the class: the most that stays together of a group that is cut


def grouped(photos: Sequence[Photo], likeness: Likeness) -> tuple[list[Photo], set[int]]:
    """The photos with their groups, and the classes of which groups had to be cut.

    Exact copies are never parted. What is cut is cut into consecutive photos, by time where it is known and else by name, so
    that neighbours mostly stay together.
    """
    groups = together(len(photos), [likeness.exact, likeness.near, likeness.bursts])
    per_class: dict[int, list[list[int]]] = defaultdict(list)
    mixed: list[list[int]] = []  # groups with photos of several classes
    for group in groups:
        labels = {photos[number].label for number in group}
        (per_class[labels.pop()] if len(labels) == 1 else mixed).append(group)
    cut = set()
    done = mixed
    for label, own in per_class.items():
        most = max(1, round(PIECE * sum(map(len, own))))
        if len(own) < FEWEST_GROUPS and any(len(group) > most for group in own):
            parts = [list(part) for group in own for part in _parts(photos, group, most)]
            if len(parts) > len(own):
                cut.add(label)
            own = parts
        done += own
    number_of = {number: index for index, group in enumerate(sorted(done)) for number in group}
    return [replace(photo, group=number_of[number]) for number, photo in enumerate(photos)], cut


def _parts(photos: Sequence[Photo], group: list[int], most: int) -> list[list[int]]:
    copies: dict[str, list[int]] = defaultdict(list)  # digest → numbers
    for number in sorted(group, key=lambda number: _moment(photos[number])):
        copies[photos[number].digest].append(number)
    return [[number for digest in part for number in copies[digest]] for part in pieces(list(copies), most)]


def _moment(photo: Photo) -> tuple[float, list[tuple[str, int]]]:
    """By time, then by name with its numbers read as numbers."""
    words = [(word, int(number or 0)) for word, number in re.findall(r"(\D+)(\d*)", photo.name)]
    return photo.facts.taken or 0, words


def require_trainable(dataset: Dataset, before: Mapping[str, Split] = _NEW) -> None:
    """Make sure that ``split`` will give every class a photo to train on, and some to validate and test on. ``before`` is that
    of ``split``.

    Raises:
        UserError: names every mistake with its remedy.
    """
    heaped = heap(dataset)
    if heaped and not dataset.classes:
        raise UserError(
            say(
                "All {n} photos lie in one folder, but the app learns from one folder for each kind (class): make a folder for "
                "each kind, for example cats/ and dogs/, and sort the photos into them.",
                n=heaped,
            )
        )
    if not dataset.classes:
        raise UserError(
            say(
                "No class folders with photos were found: put the photos of each class into a folder of its own, for "
                "example cats/ and dogs/, and choose the folder that holds these."
            )
        )
    mistakes = []
    if heaped:
        mistakes.append(
            say(
                "All {n} photos lie in one folder, {class_}, but a model learns by telling kinds (classes) apart: make a "
                "folder for each kind and sort the photos into them, or add a folder with photos of something else.",
                n=heaped,
                class_=dataset.classes[0],
            )
        )
    elif len(dataset.classes) == 1:
        mistakes.append(
            say(
                "Only one class was found, {class_}: add a folder with photos of something else, because a model learns "
                "by telling classes apart.",
                class_=dataset.classes[0],
            )
        )
    distinct = Counter(label for label, _ in {(photo.label, photo.digest) for photo in _to_divide(dataset)})
    none = lacking(dataset, distinct)
    if none:
        mistakes.append(say("No training photos were found for {names}: put some into the train folder.", names=listed(none)))
    one = [f"“{class_}”" for label, class_ in enumerate(dataset.classes) if distinct[label] == 1]
    if one:
        mistakes.append(
            say(
                "Only one photo was found for {names} (copies do not count): add more photos, or take the folder out.",
                names=listed(one),
            )
        )
    if not mistakes:
        divided = split(dataset, 0, before)
        whole = {photo.split for photo in divided.photos} >= _ALL
        taught = {photo.label for photo in divided.photos if photo.split == "train"}
        untaught = lacking(dataset, taught)
        if untaught:
            mistakes.append(
                say(
                    "All photos of {names} are needed to judge by, as in the earlier run, and none is left to train on: add "
                    "more photos, or take the folder out.",
                    names=listed(untaught),
                )
            )
        if not (folds(divided) >= 2 if divided.cross_validated else whole):
            mistakes.append(
                say(
                    "There are too few photos to train on some and to judge the model honestly by others: add photos until "
                    "each class has at least three that are in no other class."
                )
            )
    if mistakes:
        raise UserError(*mistakes)


def lacking(dataset: Dataset, labels: Container[int]) -> list[str]:
    """The classes of none of these ``labels``, in quotation marks."""
    return [f"“{class_}”" for label, class_ in enumerate(dataset.classes) if label not in labels]


def heap(dataset: Dataset) -> int:
    """How many photos there are, where all of several lie in one folder and so have no class, or that of the folder; else 0."""
    if len(dataset.classes) > 1:  # of 100,000 photos it would take a while
        return 0
    names = [problem.path for problem in dataset.problems if problem.kind == "no-class"]
    names += [photo.name for photo in dataset.photos]
    folders = {PurePosixPath(name).parent for name in names}
    classes = {folder.name for folder in folders}
    return len(names) if len(names) > 1 and len(folders) == 1 and {*dataset.classes} <= classes else 0


def split(dataset: Dataset, seed: int, before: Mapping[str, Split] = _NEW) -> Dataset:
    """Give every photo its split, the same on any machine.

    A split that the data bring is kept; validation photos are taken from its training photos where it has none. Otherwise
    each class is divided by ``TEST_SHARE`` and ``VALIDATION_SHARE``, group by group, in an order drawn by hashing the seed with
    the photos' content, so that neither names nor other photos decide where one goes. Photos of which a (near-)copy is in
    another class are only trained on, because no answer to them would be right. Where fewer than ``TINY_TEST`` different ones
    would be tested, all are for training and the data set is ``cross_validated``. Of exact copies that would judge, the first
    does; the others are in no split.

    ``before`` tells of photos, by their digest, in which split they were when the network that is trained on was trained. Of
    those that are ours to divide, none that it has learnt from will test it; they choose the model (validation) only where no
    other photo is left for that.
    """
    if any(photo.split == "validation" for photo in dataset.photos):
        return replace(dataset, photos=_once(dataset.photos))
    ours = _to_divide(dataset)
    parts: dict[int, Split] = {photo.group: "train" for photo in ours}  # group → its split
    spare: set[int] = set()  # that the network knows, and that could choose the model if need be
    for groups in _by_class(ours).values():
        sizes = {group: len(digests) for group, digests in groups.items()}
        order = sorted(groups, key=lambda group: hashlib.sha256(f"{seed}/{min(groups[group])}".encode()).digest())
        count = sum(sizes.values())
        was = {group: strictest(before.get(digest) for digest in digests) for group, digests in groups.items()}
        known = [group for group in order if was[group] == "train"]
        test = set() if dataset.own_split else {group for group in order if was[group] == "test"}
        validation = {group for group in order if was[group] == "validation"}
        settled = {*known} | test | validation
        new = [group for group in order if group not in settled]
        if not dataset.own_split:
            test = _filled(test, new, sizes, round(TEST_SHARE * count))
        validation = _filled(validation, [group for group in new if group not in test], sizes, round(VALIDATION_SHARE * count))
        parts |= dict.fromkeys(test, "test")
        parts |= dict.fromkeys(validation, "validation")
        spare |= _take(known[1:], sizes, round(VALIDATION_SHARE * count))
    if "validation" not in parts.values():
        parts |= dict.fromkeys(spare, "validation")
    tested = {photo.digest for photo in ours if parts[photo.group] == "test"}
    if not dataset.own_split and (len(tested) < TINY_TEST or {*parts.values()} != _ALL):
        return replace(dataset, photos=[replace(photo, split="train") for photo in ours], cross_validated=True)
    photos = [photo if photo.split == "test" else replace(photo, split=parts[photo.group]) for photo in dataset.photos]
    return replace(dataset, photos=_once(photos))


def strictest(splits: Iterable[Split | None]) -> Split | None:
    """What a photo or a group was for, by what the network knows best of it; None of what is new."""
    known = {*splits}
    order: tuple[Split, ...] = ("train", "validation", "test")
    return next((part for part in order if part in known), None)


def folds(dataset: Dataset) -> int:
    """Into how many parts the photos can be divided so that each class is trained on while any of them is judged."""
    groups = _by_class(dataset.photos)
    return min(FOLDS, *(len(groups.get(label, {})) for label in range(len(dataset.classes))))


def judges(dataset: Dataset) -> list[bool]:
    """Of every photo, whether it may judge a model: not when a (near-)copy of it is in another class, and not when it is an
    exact copy of one that does.
    """
    labels: dict[int, set[int]] = defaultdict(set)
    first: dict[str, int] = {}  # digest → number
    for number, photo in enumerate(dataset.photos):
        labels[photo.group].add(photo.label)
        first.setdefault(photo.digest, number)
    return [len(labels[photo.group]) == 1 and first[photo.digest] == number for number, photo in enumerate(dataset.photos)]


def _to_divide(dataset: Dataset) -> list[Photo]:
    """The photos whose split is ours to choose: all of them, or the training photos of data with a split of their own."""
    return [photo for photo in dataset.photos if photo.split in (None, "train")]


def _by_class(photos: Sequence[Photo]) -> dict[int, dict[int, set[str]]]:
    """Label → group → digests, of the groups that lie within one class."""
    labels: dict[int, set[int]] = defaultdict(set)
    digests: dict[int, set[str]] = defaultdict(set)
    for photo in photos:
        labels[photo.group].add(photo.label)
        digests[photo.group].add(photo.digest)
    found: dict[int, dict[int, set[str]]] = defaultdict(dict)
    for group, own in labels.items():
        if len(own) == 1:
            found[min(own)][group] = digests[group]
    return found


def _once(photos: Sequence[Photo]) -> list[Photo]:
    """Of exact copies that would judge, all but the first are in no split: they must not be trained on either."""
    seen = set()
    done = []
    for photo in photos:
        one = (photo.digest, photo.label, photo.split)
        done.append(replace(photo, split=None) if photo.split != "train" and one in seen else photo)
        seen.add(one)
    return done


def _filled(have: set[int], order: Sequence[int], sizes: dict[int, int], photos: int) -> set[int]:
    """``have``, and of ``order`` what is missing to so many photos."""
    missing = photos - sum(sizes[group] for group in have)
    return have | _take(order, sizes, missing) if missing > 0 or not have else have


def _take(order: Sequence[int], sizes: dict[int, int], photos: int) -> set[int]:
    """The first groups that fit into so many photos, but at least the smallest one where one can be spared."""
    taken, room = set(), photos
    for group in order:
        if sizes[group] <= room:
            taken.add(group)
            room -= sizes[group]
    return taken or ({min(order, key=sizes.__getitem__)} if len(order) > 1 else set())

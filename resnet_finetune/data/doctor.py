"""What is to be said of photos that can be used: which of them harm the model, or the honesty of its score.

How the limits were chosen, and what was found in photo sets that are known to be clean: docs/doctor.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice

import numpy as np

from resnet_finetune.data.likeness import Likeness, together
from resnet_finetune.data.photos import Photo
from resnet_finetune.data.problems import Problem, listed
from resnet_finetune.data.shortcuts import find_shortcuts
from resnet_finetune.words.events import Split
from resnet_finetune.words.language import say

DARK = 60  # luma of the 95th percentile: nearly everything is darker than a fourth of white
BLURRED = 1.6  # levels of 256: at the size the network sees, no edge is left
TINY = 100  # pixels of the shorter side: has to be blown up threefold
NARROW = 3.0  # times longer than wide: two thirds lie outside the square that the network sees

FEW = 10  # photos of a class
UNEVEN = 5  # times more photos in the largest class than in the smallest
SERIES = 5  # near-copies in a row are a series, and are told once

SHOWN = 12  # photos shown beside a finding about many


def examine(
    photos: Sequence[Photo], classes: Sequence[str], likeness: Likeness, cut: Collection[int], *, own_split: bool
) -> Iterator[Problem]:
    """All findings. ``cut`` are the classes that fall into so few groups that these had to be cut."""
    counts = Counter(photo.label for photo in photos)
    yield from _each(photos)
    alike = list(_alike(photos, classes, likeness))
    yield from alike
    yield from _one_go(photos, likeness, {problem.path for problem in alike if problem.kind == "leak"})
    yield from _same_scene(photos, classes, likeness)
    yield from _few(photos, classes, counts)
    yield from _uneven(classes, counts)
    yield from _few_occasions(photos, classes, cut)
    yield from _shortcuts(photos, classes)
    if own_split:
        yield from _missing_in_split(photos, classes)


def _each(photos: Sequence[Photo]) -> Iterator[Problem]:
    """What can be seen of a photo alone."""
    for photo in photos:
        facts = photo.facts
        alone = (photo.name,)
        if facts.bright < DARK:
            message = say(
                "It is very dark, so there is little to learn from it: take it out, unless new photos will be as dark."
            )
            yield Problem(path=photo.name, kind="dark", message=message, remedy=alone)
        elif facts.sharp < BLURRED:  # a dark photo always seems blurred
            message = say("It is blurred, or shows hardly anything: take it out, unless new photos will be as blurred.")
            yield Problem(path=photo.name, kind="blurred", message=message, remedy=alone)
        if min(facts.width, facts.height) < TINY:
            message = say("It is tiny ({size}): use a larger version of the photo, if there is one.", size=_size(photo))
            yield Problem(path=photo.name, kind="tiny", message=message, remedy=alone)
        if max(facts.width, facts.height) > NARROW * min(facts.width, facts.height):
            message = say(
                "It is very long ({size}), and only the square in its middle is looked at: cut out what matters.",
                size=_size(photo),
            )
            yield Problem(path=photo.name, kind="extreme-shape", message=message, remedy=alone)


def _size(photo: Photo) -> str:
    return say("{width} × {height} pixels", width=photo.facts.width, height=photo.facts.height)


def _alike(photos: Sequence[Photo], classes: Sequence[str], likeness: Likeness) -> Iterator[Problem]:
    """Copies and near-copies: across classes, across splits, within a class."""
    pairs = np.concatenate([likeness.exact, likeness.near])
    labels = np.array([photo.label for photo in photos], np.int64)
    torn = {photos[number].digest for number in pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]].ravel()}
    for numbers in together(len(photos), [likeness.exact, likeness.near]):
        if len(numbers) == 1:
            continue
        group = [photos[number] for number in numbers]
        same = say("The same photo") if len({photo.digest for photo in group}) == 1 else say("Nearly the same photo")
        names = [photo.name for photo in group]
        if len({photo.label for photo in group}) > 1:
            where = listed(sorted({classes[photo.label] for photo in group}))
            message = say("{same} is in several classes ({where}): leave it only where it belongs.", same=same, where=where)
            misplaced = [photo for photo in group if photo.digest in torn]  # not all of a series of which one is
            for photo in misplaced:
                others = _but([other.name for other in misplaced], photo)
                yield Problem(path=photo.name, kind="label-conflict", message=message, others=others, remedy=(photo.name,))
        sides = {photo.split for photo in group}
        if "train" in sides and len(sides) > 1:
            message = say("{same} is among the training photos and among those that judge the model: take one away.", same=same)
            for photo in group:
                remedy = (photo.name,) if photo.split == "train" else ()
                yield Problem(path=photo.name, kind="leak", message=message, others=_but(names, photo), remedy=remedy)
        elif len(sides) == 1 and len({photo.label for photo in group}) == 1:
            yield from _copies(group, classes)


def _one_go(photos: Sequence[Photo], likeness: Likeness, told: Collection[str]) -> Iterator[Problem]:
    """Photos of one go that stand on both sides of the data's own split; but those that were ``told`` as near-copies."""
    for numbers in together(len(photos), [likeness.bursts]):
        group = [photos[number] for number in numbers]
        if "train" not in (sides := {photo.split for photo in group}) or len(sides) == 1:
            continue
        message = say(
            "Photos that were taken in one go with it are among the training photos and among those that judge the model: keep "
            "photos of one occasion together."
        )
        names = [photo.name for photo in group]
        for photo in (photo for photo in group if photo.name not in told):
            remedy = (photo.name,) if photo.split == "train" else ()
            yield Problem(path=photo.name, kind="leak", message=message, others=_but(names, photo), remedy=remedy)


def _copies(group: Sequence[Photo], classes: Sequence[str]) -> Iterator[Problem]:
    """Copies within one class and split. The one with most pixels is the one to keep."""
    best = max(group, key=lambda photo: (photo.facts.width * photo.facts.height, -group.index(photo)))
    exact: dict[str, str] = {}
    near = []
    for photo in sorted(group, key=lambda photo: photo is not best):
        first = exact.setdefault(photo.digest, photo.name)
        if first != photo.name:
            message = say("It is an exact copy of {first}: one of them is enough.", first=first)
            yield Problem(path=photo.name, kind="duplicate", message=message, others=(first,), remedy=(photo.name,))
        elif photo is not best:
            near.append(photo.name)
    if len(near) < SERIES:
        for name in near:
            message = say("It is nearly the same picture as {name}: one of them is enough.", name=best.name)
            yield Problem(path=name, kind="near-duplicate", message=message, others=(best.name,), remedy=(name,))
    else:
        message = say(
            "{n} photos are nearly the same picture as {name}. They stay on one side of the split, and teach "
            "little more than one of them: photos of other things, places and days help more.",
            n=len(near) + 1,
            name=best.name,
        )
        yield Problem(path=classes[best.label], kind="series", message=message, others=(best.name, *near)[:SHOWN])


def _same_scene(photos: Sequence[Photo], classes: Sequence[str], likeness: Likeness) -> Iterator[Problem]:
    pairs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for first, second in likeness.still.tolist():
        a, b = sorted((photos[first].label, photos[second].label))
        pairs[a, b] += (first, second)
    for (a, b), numbers in sorted(pairs.items()):
        message = say(
            "Many of its photos are nearly the same picture as photos of {class_}: if only a small thing tells them "
            "apart, go closer to it; if some are in the wrong class, move them.",
            class_=classes[b],
        )
        shown = tuple(photos[number].name for number in sorted(set(numbers)))[:SHOWN]
        yield Problem(path=classes[a], kind="same-scene", message=message, others=shown)


def _few(photos: Sequence[Photo], classes: Sequence[str], counts: Counter[int]) -> Iterator[Problem]:
    for label, class_ in enumerate(classes):
        if counts[label] < FEW:
            own = tuple(photo.name for photo in photos if photo.label == label)
            many = say("only one photo") if len(own) == 1 else say("only {n} photos", n=len(own))
            message = say(
                "It has {many}: add more, {few} at the least and better 50, or leave the class out.", many=many, few=FEW
            )
            yield Problem(path=class_, kind="too-few", message=message, others=own, remedy=own if len(classes) > 2 else ())


def _uneven(classes: Sequence[str], counts: Counter[int]) -> Iterator[Problem]:
    if len(classes) < 2:
        return
    largest, most = counts.most_common(1)[0]
    small = [class_ for label, class_ in enumerate(classes) if counts[label] >= FEW and counts[label] * UNEVEN <= most]
    if small:
        message = say(
            "It has {most} photos, {times} times as many as {small} or more, so the model will rather say {class_} "
            "when in doubt: add photos to the small classes.",
            most=most,
            times=UNEVEN,
            small=listed(small),
            class_=classes[largest],
        )
        yield Problem(path=classes[largest], kind="imbalance", message=message)


def _few_occasions(photos: Sequence[Photo], classes: Sequence[str], cut: Collection[int]) -> Iterator[Problem]:
    for label in sorted(cut):
        own = [photo.name for photo in photos if photo.label == label]
        message = say(
            "Its {n} photos were taken on very few occasions, or are nearly one picture, so some that are much alike "
            "must stand on both sides of the split: its score will look better than it is. Add photos of other "
            "places and days.",
            n=len(own),
        )
        yield Problem(path=classes[label], kind="few-occasions", message=message, others=tuple(own[:: -(-len(own) // SHOWN)]))


_BY = {
    "size": say("size or shape"),
    "border": say("border"),
    "quality": say("JPEG quality"),
    "camera": say("camera"),
    "form": say("file format"),
}


_PART: dict[Split, str] = {"train": say("train"), "validation": say("validation"), "test": say("test")}


def _shortcuts(photos: Sequence[Photo], classes: Sequence[str]) -> Iterator[Problem]:
    for shortcut in find_shortcuts(photos):
        own = [photo.name for photo in photos if photo.label == shortcut.label]
        rest = [photo.name for photo in photos if photo.label != shortcut.label]
        shown = chain(*(names[:: -(-len(names) * 2 // SHOWN)] for names in (own, rest)))
        message = say(
            "Its photos can be told from the others by their {trait} alone ({accuracy:.0%} right, where guessing "
            "gives 50%), so the model may learn that instead of what they show: take or save the photos of all "
            "classes in the same way.",
            trait=_BY[shortcut.trait],
            accuracy=shortcut.accuracy,
        )
        yield Problem(path=classes[shortcut.label], kind="shortcut", message=message, others=tuple(shown))


def _missing_in_split(photos: Sequence[Photo], classes: Sequence[str]) -> Iterator[Problem]:
    """Classes that lack photos in one of the data's own splits."""
    effects: dict[Split | None, str] = {
        "train": say("cannot be learnt"),
        "validation": say("has no say in which model is kept"),
        "test": say("is not judged"),
    }
    found = {(photo.label, photo.split) for photo in photos}
    for part in sorted({part for _, part in found if part}):
        for label, class_ in enumerate(classes):
            if (label, part) not in found:
                message = say(
                    "This class has no {part} photos and so {effect}: add some, or take it out everywhere.",
                    part=_PART[part],
                    effect=effects[part],
                )
                yield Problem(path=class_, kind="missing-in-split", message=message)


def _but(names: Sequence[str], photo: Photo) -> tuple[str, ...]:
    return tuple(islice((name for name in names if name != photo.name), SHOWN))

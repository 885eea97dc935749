"""What class each photo belongs to: by the folder it is in, or by a table beside the photos."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from resnet_finetune.data.label_table import LabelTable
from resnet_finetune.data.problems import Problem, listed
from resnet_finetune.words.events import Split
from resnet_finetune.words.language import say

SPLIT_WORDS: dict[str, Split] = {
    "train": "train", "training": "train", "trn": "train", "训练": "train", "训练集": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "validate": "validation", "dev": "validation",
    "eval": "validation", "evaluation": "validation", "验证": "validation", "验证集": "validation",
    "test": "test", "testing": "test", "tst": "test", "holdout": "test", "测试": "test", "测试集": "test",
}  # fmt: skip
FILLERS = {"set", "data", "dataset", "images", "image", "img", "imgs", "photos", "pictures", "split", "照片", "图片"}

Place = tuple[str, Split | None]  # class and split


@dataclass(frozen=True, kw_only=True)
class Layout:
    """``places`` has every photo that belongs to a class; ``problems`` says why the others do not."""

    places: dict[str, Place]
    problems: list[Problem]


def find_layout(
    photos: Sequence[str], meant: Sequence[str], folders: Iterable[str], tables: Mapping[str, LabelTable]
) -> Layout:
    """``photos`` are the names of the usable photos; ``meant`` of these and of files that were meant as photos: they show
    where the classes are, too. A table is used where the folders do not tell at least two classes.
    """
    by_folder = _find_folders([name.split("/") for name in meant])
    places = {name: place for name in photos if (place := by_folder.place(name.split("/")))}
    classes = {class_ for class_, _ in places.values()}
    if sum(not _says_nothing(class_) for class_ in classes) < 2:
        labelled = {name: _by_table(photos, name, table) for name, table in tables.items()}
        # Of a contest, test.csv and sample_submission.csv name photos, too, but fewer, and one class or none.
        best = max(labelled, key=lambda name: _worth(labelled[name]), default=None)
        # The photos of a contest have no labels for the test.
        if best is not None and len(labelled[best].places) >= max(1, len(photos) / 4):
            others = [_unused(other) for other in tables if other != best]
            return Layout(places=labelled[best].places, problems=labelled[best].problems + others)
    if len(classes) > 1 and all(map(_split_of, classes)):
        # Of some contests all photos lie directly in train and test, and their names or a file that is not here tell the class.
        return Layout(places={}, problems=[*map(_without_class, places), *map(_unused, tables)])
    problems = [_outside(name, by_folder) for name in photos if name not in places]
    problems += map(_unused, tables)
    problems += _without_photos(folders, by_folder, classes)
    return Layout(places=places, problems=problems)


def _worth(layout: Layout) -> tuple[bool, int]:
    """Of a table: whether it tells classes apart, and of how many photos."""
    return len({class_ for class_, _ in layout.places.values()}) > 1, len(layout.places)


def _says_nothing(folder: str) -> bool:
    """Whether a folder's name is one of a split or of photos in general, as folders beside a table are called."""
    return _split_of(folder) is not None or not _words(folder) - FILLERS


def _split_of(folder: str) -> Split | None:
    split, more = _split_and_more(folder)
    return None if more else split


def _split_and_more(folder: str) -> tuple[Split | None, frozenset[str]]:
    """The split that a name says, if it says one, and its other words: ``seg_train`` is the training part of ``seg``."""
    words = _words(folder) - FILLERS
    said = words & SPLIT_WORDS.keys()
    return (SPLIT_WORDS[said.pop()] if len(said) == 1 else None), frozenset(words - SPLIT_WORDS.keys())


def _words(folder: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", folder.casefold()))


# --- By folder ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Folders:
    """Where the class folders are: under ``base``, or under each of its ``splits`` folders."""

    base: list[str]
    splits: dict[str, Split]
    doubled: set[str]  # of these: training_set/training_set/cats, as some archives are packed

    def place(self, parts: list[str]) -> Place | None:
        """Class and split of a file; None where it lies outside the class folders."""
        depth = len(self.base)
        if parts[:depth] != self.base:
            return None
        parts = parts[depth:]
        if not self.splits:
            return (parts[0], None) if len(parts) > 1 else None
        folder, *rest = parts
        if folder in self.doubled and rest[:1] == [folder]:
            rest = rest[1:]
        return (rest[0], self.splits[folder]) if folder in self.splits and len(rest) > 1 else None


def _find_folders(photos: list[list[str]]) -> _Folders:
    """The layout of these paths: one or more wrapping folders, then perhaps split folders, then classes."""
    base: list[str] = []
    inside = photos
    while len(folders := {parts[0] for parts in inside if len(parts) > 1}) == 1:
        (folder,) = folders
        content = [parts[1:] for parts in inside if len(parts) > 1]
        if sum(len(parts) > 1 for parts in content) <= len(content) / 2:  # most photos lie in it directly: it is a class
            break
        base.append(folder)
        inside = content
    classes: dict[str, set[str]] = {}
    doubled: set[str] = set()
    for folder, content in _by_folder(inside).items():
        below = _by_folder(content)
        if below.keys() == {folder}:  # one that holds nothing but its own name again holds no class of that name
            doubled.add(folder)
            below = _by_folder(below[folder])
        classes[folder] = set(below)
    splits = _splits(classes)
    return _Folders(base=base, splits=splits, doubled=doubled & splits.keys())


def _by_folder(photos: list[list[str]]) -> dict[str, list[list[str]]]:
    """The paths within each folder; photos that lie in none are left out."""
    within: dict[str, list[list[str]]] = defaultdict(list)
    for parts in photos:
        if len(parts) > 1:
            within[parts[0]].append(parts[1:])
    return within


def _splits(classes: Mapping[str, set[str]]) -> dict[str, Split]:
    """Which of the folders that stand side by side are splits, by the folders within each: ``train`` and ``test``, or
    ``seg_train`` and ``seg_test``. None are where that would be a guess: they are classes then.
    """
    named: dict[frozenset[str], dict[str, Split]] = defaultdict(dict)
    for folder in classes:
        split, more = _split_and_more(folder)
        if split:
            named[more][folder] = split
    plain = named.pop(frozenset(), {})
    parted = [splits for splits in named.values() if len(set(splits.values())) > 1]
    if len(set(plain.values())) > 1 and any(classes[folder] for folder in plain):
        return plain
    if len(parted) == 1 and any(len(classes[folder]) > 1 for folder in parted[0]):
        return parted[0]
    return {}


def _outside(name: str, folders: _Folders) -> Problem:
    where = say("the class folders of train, validation and test") if folders.splits else say("the class folders")
    message = say("It lies outside {where}, so nothing says what it shows: move it into the folder of its class.", where=where)
    return Problem(path=name, kind="no-class", message=message)


def _without_class(name: str) -> Problem:
    message = say(
        "It lies in a folder of train, validation or test photos, but in that of no class: make a folder for each class "
        "inside them, or name the classes in a table beside them."
    )
    return Problem(path=name, kind="no-class", message=message)


def _without_photos(names: Iterable[str], folders: _Folders, classes: set[str]) -> Iterator[Problem]:
    """Folders that stand where classes stand, but hold no usable photo."""
    places = (folders.place([*name.split("/"), "file"]) for name in names)
    message = say(
        "There is no photo in this folder that can be read, so it is not a class: add photos, or take the folder out."
    )
    for name in {place[0] for place in places if place} - classes:
        yield Problem(path=name, kind="no-photos", message=message)


# --- By table ----------------------------------------------------------------------------------------------------------


def _by_table(photos: Sequence[str], table_name: str, table: LabelTable) -> Layout:
    """The classes as the table gives them, the splits as it or the folders beside it do."""
    meant = _Matches(photos, table_name).meant([*table.labels, *table.conflicts, *table.unlabelled, *table.splits])
    splits = {name: split for name in photos for part in name.split("/")[:-1] if (split := _split_of(part))}
    for photo, words in _said(table.splits, meant).items():
        told = {split for word in words if (split := _split_of(word))}
        if len(told) == 1:
            splits[photo] = told.pop()
    labels = _said(table.labels, meant)
    twice = {meant[file] for file in table.conflicts if file in meant} | {name for name in labels if len(labels[name]) > 1}
    places: dict[str, Place] = {name: (label, splits.get(name)) for name, (label, *_) in labels.items() if name not in twice}

    problems = [_unlabelled(name, table_name, twice=name in twice) for name in photos if name not in places]
    absent = [file for file in table.labels if file not in meant]
    message = say("Its labels were used ({n} photos).", n=len(places))
    if absent:
        message = say(
            "Its labels were used ({n} photos); {missing} more that it lists are not here: {names}.",
            n=len(places),
            missing=len(absent),
            names=listed(absent),
        )
    problems.append(Problem(path=table_name, kind="label-table", message=message))
    return Layout(places=places, problems=problems)


def _said(lines: Mapping[str, str], meant: Mapping[str, str]) -> dict[str, set[str]]:
    """Photo → all that the lines say of it, by whichever name of its file. ``meant``: file → photo."""
    said: dict[str, set[str]] = defaultdict(set)
    for file, word in lines.items():
        if photo := meant.get(file):
            said[photo].add(word)
    return said


class _Matches:
    """Finds the photo that a table means: by its path from the table or the root, else by its name, else without suffix."""

    def __init__(self, photos: Sequence[str], table_name: str) -> None:
        self._beside = PurePosixPath(table_name).parent
        self._known: list[dict[str, list[str]]] = [defaultdict(list) for _ in range(3)]
        for photo in photos:
            path = PurePosixPath(photo)
            for known, key in zip(self._known, (photo, path.name, path.stem), strict=True):
                known[key.casefold()].append(photo)

    def meant(self, files: Iterable[str]) -> dict[str, str]:
        """File → photo. A photo that a line names by its path is not meant by another that fits its name only: that one's photo
        is in another folder, and not here.
        """
        found = {file: match for file in files if (match := self._find(file))}
        by_path = {photo for photo, exact in found.values() if exact}
        return {file: photo for file, (photo, exact) in found.items() if exact or photo not in by_path}

    def _find(self, file: str) -> tuple[str, bool] | None:
        """The photo, and whether it is found by its path."""
        paths, names, stems = self._known
        path = PurePosixPath(file)
        for known, key in ((paths, str(self._beside / path)), (paths, file), (names, path.name), (stems, path.name)):
            if len(fitting := known.get(key.casefold(), [])) == 1:
                return fitting[0], known is paths
        return None


def _unlabelled(name: str, table_name: str, *, twice: bool) -> Problem:
    message = say("The table {table} does not say what it shows: add a line for it.", table=table_name)
    if twice:
        message = say("The table {table} gives it two different labels: take one of the two lines out.", table=table_name)
    return Problem(path=name, kind="no-class", message=message)


def _unused(name: str) -> Problem:
    message = say("It is a table, but the classes are told already, so it was not used.")
    return Problem(path=name, kind="not-a-photo", message=message)

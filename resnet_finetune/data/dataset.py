"""Which photos there are, what class each belongs to, what is wrong with the rest, and which photos are kept for the test."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_finetune.data.images import UnreadablePhoto, decode
from resnet_finetune.data.names import is_system
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Split

# Shares of each class, when the data bring no split of their own. The test must be large enough to mean something, the
# validation photos only have to tell epochs apart, and every other photo is worth most in training.
TEST_SHARE = 0.20
VALIDATION_SHARE = 0.15

CHECK_SIDE = 224  # pixels; the whole file is read at any size, a small one only saves time

SPLIT_WORDS: dict[str, Split] = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
SPLIT_FILLERS = {"set", "data", "dataset", "images", "photos", "split"}  # as in training_set or "Test images"

REMARKS = {"duplicate", "label-conflict", "leak", "missing-in-split", "no-photos"}  # kinds of problem that leave no file out


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A file that was read whole, once."""

    path: Path
    name: str  # relative to the data root, with "/" and in Unicode form NFC: the same on every machine
    label: int  # index into the data set's classes
    split: Split | None
    digest: str  # sha256 of the file, hex


@dataclass(frozen=True, kw_only=True)
class Problem:
    """``path`` is relative to the data root, or names a class. ``message`` is a sentence that does not name the path."""

    path: str
    kind: str
    message: str

    @property
    def left_out(self) -> bool:
        """Whether this is a file that is not used, rather than a remark."""
        return self.kind not in REMARKS


@dataclass(frozen=True, kw_only=True)
class Dataset:
    root: Path
    classes: list[str]  # sorted; only folders with a usable photo
    photos: list[Photo]  # only usable ones, sorted by name
    problems: list[Problem]  # sorted by path
    own_split: bool  # the data came as train and test (or validation) folders

    @property
    def rejected(self) -> int:
        """Files left out, each with its problem. With ``len(photos)`` it adds up to all files but those of the system."""
        return sum(problem.left_out for problem in self.problems)


def scan(root: Path, progress: Callable[[int, int], None]) -> Dataset:
    """Read every file under ``root`` once, find the classes, and list what cannot be used. Nothing under ``root`` is changed.

    ``progress(done, total)`` is called in this thread after each file; what it raises ends the scan. Where the data bring
    train and validation folders but no test, the validation photos are the test photos: they must not choose the model.
    """
    files, folders, problems = _walk(root)
    digests: dict[str, str] = {}  # name → digest, of the usable photos
    meant: list[str] = []  # names of the files that are photos or were meant as such: they show where the classes are
    with closing(_read_all(files)) as outcomes:
        for done, (name, outcome) in enumerate(outcomes, start=1):
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                digests[name] = outcome
            if not (isinstance(outcome, Problem) and outcome.kind == "not-a-photo"):
                meant.append(name)
            progress(done, len(files))

    layout = _find_layout([name.split("/") for name in meant])
    places: dict[str, tuple[str, Split | None]] = {}
    for name in digests:
        place = layout.place(name.split("/"))
        if place:
            places[name] = place
        else:
            problems.append(_outside(name, layout))
    splits = {split for _, split in places.values()}
    own_split = len(splits) > 1
    roles: dict[Split | None, Split | None] = {split: split if own_split else None for split in splits}
    if own_split and "test" not in splits:
        roles["validation"] = "test"

    classes = sorted({class_ for class_, _ in places.values()})
    labels = {class_: label for label, class_ in enumerate(classes)}
    photos = [
        Photo(path=files[name], name=name, label=labels[class_], split=roles[split], digest=digests[name])
        for name, (class_, split) in sorted(places.items())
    ]
    problems += _without_photos(folders, layout, labels)
    problems += _copies(photos, classes)
    if own_split:
        problems += _missing_in_split(photos, classes)
    problems.sort(key=lambda problem: (problem.path, problem.kind))
    return Dataset(root=root, classes=classes, photos=photos, problems=problems, own_split=own_split)


def require_trainable(dataset: Dataset) -> None:
    """Make sure that ``split`` will give every class a photo to train on, and some to validate and test on.

    Raises:
        UserError: names every mistake with its remedy.
    """
    if not dataset.classes:
        raise UserError(
            "No class folders with photos were found: put the photos of each class into a folder of its own, "
            "for example cats/ and dogs/."
        )
    mistakes = []
    if len(dataset.classes) == 1:
        mistakes.append(
            f"Only one class was found, {dataset.classes[0]}: add a folder with photos of something else, "
            "because a model learns by telling classes apart."
        )
    distinct = Counter(label for label, _ in {(photo.label, photo.digest) for photo in _to_divide(dataset)})
    none = [class_ for label, class_ in enumerate(dataset.classes) if distinct[label] == 0]
    if none:
        mistakes.append(f"No training photos were found for {_listed(none)}: put some into the train folder.")
    one = [class_ for label, class_ in enumerate(dataset.classes) if distinct[label] == 1]
    if one:
        mistakes.append(
            f"Only one photo was found for {_listed(one)} (copies do not count): add more photos, or take the folder out."
        )
    if not mistakes and {photo.split for photo in split(dataset, seed=0).photos} != {"train", "validation", "test"}:
        mistakes.append(
            "There are too few photos to train on some and to judge the model honestly by others: add photos until "
            "at least one class has three different ones."
        )
    if mistakes:
        raise UserError(*mistakes)


def split(dataset: Dataset, seed: int) -> Dataset:
    """Give every photo its split, the same on any machine.

    A split that the data bring is kept; validation photos are taken from its training photos where it has none. Otherwise
    each class is divided by ``TEST_SHARE`` and ``VALIDATION_SHARE``, in an order drawn by hashing the seed with each photo's
    content, so that neither names nor other photos decide where a photo goes. Copies of one photo stay together, and photos
    found in two classes are only trained on, because no answer to them would be right.
    """
    if any(photo.split == "validation" for photo in dataset.photos):
        return dataset
    labels: dict[str, set[int]] = defaultdict(set)  # digest → the classes that photo is in
    for photo in _to_divide(dataset):
        labels[photo.digest].add(photo.label)
    by_class: dict[int, list[str]] = defaultdict(list)
    for digest, found in labels.items():
        if len(found) == 1:
            by_class[min(found)].append(digest)

    parts: dict[str, Split] = dict.fromkeys(labels, "train")
    for digests in by_class.values():
        digests.sort(key=lambda digest: hashlib.sha256(f"{seed}/{digest}".encode()).digest())
        test = 0 if dataset.own_split else _share(TEST_SHARE, len(digests))
        validation = _share(VALIDATION_SHARE, len(digests)) if len(digests) - test >= 2 else 0
        parts |= dict.fromkeys(digests[:test], "test")
        parts |= dict.fromkeys(digests[test : test + validation], "validation")

    photos = [photo if photo.split == "test" else replace(photo, split=parts[photo.digest]) for photo in dataset.photos]
    return replace(dataset, photos=photos)


def fingerprint(dataset: Dataset) -> str:
    """sha256 over the name, content, class and split of every photo, in order."""
    digest = hashlib.sha256()
    for photo in dataset.photos:
        line = [photo.name, photo.digest, dataset.classes[photo.label], photo.split]
        digest.update(json.dumps(line).encode() + b"\n")
    return digest.hexdigest()


def _to_divide(dataset: Dataset) -> list[Photo]:
    """The photos whose split is ours to choose: all of them, or the training photos of data with a split of their own."""
    return [photo for photo in dataset.photos if photo.split in (None, "train")]


def _share(share: float, n: int) -> int:
    """That share of ``n`` photos, but at least one where one can be spared."""
    return max(1, round(share * n)) if n >= 2 else 0


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


# --- Files -------------------------------------------------------------------------------------------------------------


def _walk(root: Path) -> tuple[dict[str, Path], list[str], list[Problem]]:
    """Every file (name → path, sorted) and folder under ``root`` but the system's; links are problems, never followed."""
    files: dict[str, Path] = {}
    folders: list[str] = []
    problems = []
    waiting: list[tuple[Path, str]] = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            message = f"The folder could not be opened ({error.strerror}): check the drive and your rights."
            problems.append(Problem(path=prefix.rstrip("/"), kind="unreadable", message=message))
            continue
        for entry in entries:
            name = prefix + _readable(entry.name)
            if is_system(entry.name):
                continue
            if entry.is_symlink():
                message = "It is a link, and links are not followed: put the photo or folder itself there."
                problems.append(Problem(path=name, kind="link", message=message))
            elif entry.is_dir():
                folders.append(name)
                waiting.append((Path(entry.path), f"{name}/"))
            elif name in files:
                message = "Another file has the same name, only encoded differently: rename one of them."
                problems.append(Problem(path=name, kind="same-name", message=message))
            else:
                files[name] = Path(entry.path)
    return dict(sorted(files.items())), folders, problems


def _readable(name: str) -> str:
    """A file name as text that can be shown and saved: composed, and with a mark for bytes that are no text."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode(errors="replace"))


def _read_all(files: dict[str, Path]) -> Generator[tuple[str, str | Problem]]:
    """Each name with its photo's digest or its problem, in order; read by as many threads as there are processors."""
    executor = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from zip(files, executor.map(_read, files, files.values()), strict=True)
    finally:
        executor.shutdown(cancel_futures=True)


def _read(name: str, path: Path) -> str | Problem:
    try:
        decode(path, CHECK_SIDE)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except UnreadablePhoto as error:
        return Problem(path=name, kind=error.kind, message=error.message)
    except OSError as error:
        return Problem(path=name, kind="unreadable", message=f"It vanished while it was read ({error.strerror}): scan again.")


# --- Layout ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where the class folders are: under ``base``, or under each of its ``splits`` folders."""

    base: list[str]
    splits: dict[str, Split]

    def place(self, parts: list[str]) -> tuple[str, Split | None] | None:
        """Class and split of a file; None where it lies outside the class folders."""
        depth = len(self.base)
        if parts[:depth] != self.base:
            return None
        parts = parts[depth:]
        if not self.splits:
            return (parts[0], None) if len(parts) > 1 else None
        folder, *rest = parts
        if len(rest) > 2 and rest[0] == folder:  # training_set/training_set/cats, as some archives are packed
            rest = rest[1:]
        return (rest[0], self.splits[folder]) if folder in self.splits and len(rest) > 1 else None


def _find_layout(photos: list[list[str]]) -> _Layout:
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
    named = {folder: split for folder in folders if (split := _split_of(folder))}
    has_classes = any(parts[0] in named and len(parts) > 2 for parts in inside)
    return _Layout(base=base, splits=named if has_classes and len(set(named.values())) > 1 else {})


def _split_of(folder: str) -> Split | None:
    words = set(re.findall(r"[^\W\d_]+", folder.casefold())) - SPLIT_FILLERS
    return SPLIT_WORDS.get(words.pop()) if len(words) == 1 else None


# --- Problems ----------------------------------------------------------------------------------------------------------


def _outside(name: str, layout: _Layout) -> Problem:
    where = "the class folders of train, validation and test" if layout.splits else "the class folders"
    message = f"It lies outside {where}, so nothing says what it shows: move it into the folder of its class."
    return Problem(path=name, kind="no-class", message=message)


def _without_photos(folders: Iterable[str], layout: _Layout, classes: Iterable[str]) -> Iterator[Problem]:
    """Folders that stand where classes stand, but hold no usable photo."""
    places = (layout.place([*folder.split("/"), "file"]) for folder in folders)
    message = "There is no photo in this folder that can be read, so it is not a class: add photos, or take the folder out."
    for name in {place[0] for place in places if place} - set(classes):
        yield Problem(path=name, kind="no-photos", message=message)


def _copies(photos: list[Photo], classes: list[str]) -> Iterator[Problem]:
    """Photos whose files are the same byte for byte."""
    same: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        same[photo.digest].append(photo)
    for group in same.values():
        first, *others = group
        if len({photo.label for photo in group}) > 1:
            names = _listed(sorted({classes[photo.label] for photo in group}))
            message = f"The same photo is in several classes ({names}): leave it only where it belongs."
            yield from (Problem(path=photo.name, kind="label-conflict", message=message) for photo in group)
        elif len({photo.split for photo in group}) > 1:
            message = "The same photo is among the training photos and among those that judge the model: take one away."
            yield from (Problem(path=photo.name, kind="leak", message=message) for photo in group)
        else:
            message = f"It is an exact copy of {first.name}: one of them is enough."
            yield from (Problem(path=photo.name, kind="duplicate", message=message) for photo in others)


def _missing_in_split(photos: list[Photo], classes: list[str]) -> Iterator[Problem]:
    """Classes that lack photos in one of the data's own splits."""
    effects: dict[Split | None, str] = {
        "train": "cannot be learnt",
        "validation": "has no say in which model is kept",
        "test": "is not judged",
    }
    found = {(photo.label, photo.split) for photo in photos}
    for part in {part for _, part in found}:
        for label, class_ in enumerate(classes):
            if (label, part) not in found:
                message = f"This class has no {part} photos and so {effects[part]}: add some, or take it out everywhere."
                yield Problem(path=class_, kind="missing-in-split", message=message)

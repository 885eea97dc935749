"""From a folder to a data set: its files are read, their classes found, and the doctor has looked at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from resnet_finetune.data.doctor import examine
from resnet_finetune.data.layout import find_layout
from resnet_finetune.data.likeness import find_likeness
from resnet_finetune.data.photos import Dataset, Photo
from resnet_finetune.data.scan import Scan, scan_files
from resnet_finetune.data.split import grouped
from resnet_finetune.words.corrections import Corrections
from resnet_finetune.words.events import Split

_NONE: Corrections = {}


def scan(root: Path, progress: Callable[[int, int], None]) -> Dataset:
    """Read every file under ``root`` once and understand what is there; ``progress`` as in ``scan_files``."""
    return understand(scan_files(root, progress))


def understand(scanned: Scan, corrections: Corrections = _NONE) -> Dataset:
    """Find the classes, the data's own split and the doctor's findings. ``corrections`` go before the folders.

    Where the data bring train and validation folders but no test, the validation photos are the test photos: they must not
    choose the model.
    """
    layout = find_layout([photo.name for photo in scanned.photos], _meant(scanned), scanned.folders, scanned.tables)
    places = {
        name: (corrections.get(name) or class_, split)
        for name, (class_, split) in layout.places.items()
        if corrections.get(name, class_) is not None
    }
    splits: set[Split] = {split or "train" for _, split in layout.places.values()}
    own_split = len(splits) > 1
    roles: dict[Split, Split | None] = {split: split if own_split else None for split in splits}
    if own_split and "test" not in splits:
        roles["validation"] = "test"

    used = [(file, places[file.name]) for file in scanned.photos if file.name in places]
    classes = sorted({class_ for _, (class_, _) in used})
    labels = {class_: label for label, class_ in enumerate(classes)}
    alone = [
        Photo(**vars(file), label=labels[class_], split=roles[split or "train"], group=number)
        for number, (file, (class_, split)) in enumerate(used)
    ]
    likeness = find_likeness(alone)
    photos, cut = grouped(alone, likeness)
    problems = [*scanned.problems, *layout.problems, *examine(photos, classes, likeness, cut, own_split=own_split)]
    problems.sort(key=lambda problem: (problem.path, problem.kind))
    return Dataset(root=scanned.root, classes=classes, photos=photos, problems=problems, own_split=own_split)


def _meant(scanned: Scan) -> list[str]:
    """Names of the files that are photos or were meant as such: they show where the classes are."""
    kinds = ("not-a-photo", "unreadable-table", "link", "same-name")
    return [photo.name for photo in scanned.photos] + [
        problem.path for problem in scanned.problems if problem.kind not in kinds and problem.path
    ]

"""The photos of a training, as the other rooms pass them on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from resnet_finetune.data.facts import Facts
from resnet_finetune.data.problems import Problem
from resnet_finetune.words.events import Split


@dataclass(frozen=True, kw_only=True)
class PhotoFile:
    """A file that was read whole, once."""

    path: Path
    name: str  # relative to the data root, with "/" and in Unicode form NFC: the same on every machine
    digest: str  # sha256 of the file, hex
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Photo(PhotoFile):
    label: int  # index into the data set's classes
    split: Split | None  # None before they are divided, and of an exact copy of one that judges
    group: int  # photos of one group are alike, or were taken in one go: they stay on one side of every split


@dataclass(frozen=True, kw_only=True)
class Dataset:
    root: Path
    classes: list[str]  # sorted; only those with a usable photo
    photos: list[Photo]  # only usable ones, sorted by name
    problems: list[Problem]  # sorted by path
    own_split: bool  # the data came as train and test (or validation) folders
    cross_validated: bool = False  # too few photos to hold some back: all are trained on, and judged in turn

    @property
    def rejected(self) -> int:
        """Files left out, each with its problem. With ``len(photos)``, and the photos that the person left out, it adds up to
        all files but those of the system.
        """
        return sum(problem.left_out for problem in self.problems)


def fingerprint(dataset: Dataset) -> str:
    """sha256 over the name, content, class and split of every photo, in order."""
    digest = hashlib.sha256()
    for photo in dataset.photos:
        line = [photo.name, photo.digest, dataset.classes[photo.label], photo.split]
        digest.update(json.dumps(line).encode() + b"\n")
    return digest.hexdigest()

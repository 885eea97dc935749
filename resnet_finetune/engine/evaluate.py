"""A saved model judged on labelled photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_finetune.data import intake
from resnet_finetune.data.dataset import scan
from resnet_finetune.data.photos import Dataset
from resnet_finetune.engine.material import PHOTOS
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say
from resnet_finetune.words.report import Judged, Result, make_result


@dataclass(frozen=True)
class Evaluation:
    """``unseen`` is about the photos alone that the model neither learnt from nor was chosen by, and that are not like one of
    these that is among them, each once; None when there are none.
    """

    all: Result
    learnt: int  # photos that the model was trained on or chosen by
    unseen: Result | None


def evaluate(run: Path, data: str) -> Evaluation:
    """Every readable photo of ``data`` is judged, whatever split it is in; classes are matched by name.

    Raises:
        UserError: there is no model or no photo, or the photos are of classes that the model does not know.
    """
    model = load_model(run)
    dataset = scan(intake.open_data(data), lambda done, total: None)
    labels = _labels(dataset, model.classes)
    answers = model.classify([photo.path for photo in dataset.photos])
    learnt = _learnt_from(run)
    known = {photo.group for photo in dataset.photos if photo.digest in learnt}
    judged: list[Judged] = []
    unseen: dict[str, Judged] = {}  # by digest
    for photo, answer in zip(dataset.photos, answers, strict=True):
        if answer.scores is None:
            continue  # only for a file that went away since the scan
        judged.append(Judged(path=photo.name, true=labels[photo.label], scores=answer.scores, sha256=photo.digest))
        if photo.group not in known:
            unseen.setdefault(photo.digest, judged[-1])
    return Evaluation(
        all=make_result(model.classes, judged),
        learnt=sum(one.sha256 in learnt for one in judged),
        unseen=make_result(model.classes, [*unseen.values()]) if unseen else None,
    )


def _learnt_from(run: Path) -> set[str]:
    """sha256 of the photos that the model was trained on or chosen by; none of a run that did not note them."""
    try:
        noted: dict[str, str] = disk.read_json(run / PHOTOS)
        return {digest for digest, split in noted.items() if split != "test"}
    except (OSError, ValueError, AttributeError):  # a run of an earlier version, or a model folder that came from elsewhere
        return set()


def _labels(dataset: Dataset, classes: Sequence[str]) -> list[int]:
    """The model's number for each of the data set's classes."""
    if not dataset.photos:
        raise UserError(say("No photos in class folders were found: put the photos of each class into a folder of its name."))
    unknown = [name for name in dataset.classes if name not in classes]
    if unknown:
        raise UserError(
            say(
                "The model does not know {names}: name the folders like its classes ({classes}), or take them out.",
                names=unknown,
                classes=classes,
            )
        )
    return [classes.index(name) for name in dataset.classes]

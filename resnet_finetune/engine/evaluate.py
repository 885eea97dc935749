"""A saved model judged on labelled photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resnet_finetune.data import intake
from resnet_finetune.data.dataset import scan
from resnet_finetune.data.photos import Dataset
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Result, make_result


def evaluate(run: Path, data: str) -> Result:
    """Every readable photo of ``data`` is judged, whatever split it is in; classes are matched by name.

    Raises:
        UserError: there is no model or no photo, or the photos are of classes that the model does not know.
    """
    model = load_model(run)
    dataset = scan(intake.open_data(data), lambda done, total: None)
    labels = _labels(dataset, model.classes)
    answers = model.classify([photo.path for photo in dataset.photos])
    judged = [
        Judged(path=photo.name, true=labels[photo.label], scores=answer.scores)
        for photo, answer in zip(dataset.photos, answers, strict=True)
        if answer.scores is not None  # None only for a file that went away since the scan
    ]
    return make_result(model.classes, judged)


def _labels(dataset: Dataset, classes: Sequence[str]) -> list[int]:
    """The model's number for each of the data set's classes."""
    if not dataset.photos:
        raise UserError("No photos in class folders were found: put the photos of each class into a folder of its name.")
    unknown = [name for name in dataset.classes if name not in classes]
    if unknown:
        raise UserError(
            f"The model does not know {', '.join(unknown)}: name the folders like its classes ({', '.join(classes)}), "
            "or take them out."
        )
    return [classes.index(name) for name in dataset.classes]

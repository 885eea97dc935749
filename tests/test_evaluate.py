"""A saved model on other labelled photos."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from conftest import make_photos
from PIL import Image

from resnet_finetune.engine.evaluate import evaluate
from resnet_finetune.engine.material import PHOTOS
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import read_report


def test_classes_are_matched_by_name_not_by_place(trained: Path, tmp_path: Path) -> None:
    """Without blue, green is the first folder; it is still the model's second class."""
    make_photos(tmp_path / "all", each=10)
    some = tmp_path / "some"
    for name in ("green", "red"):
        (some / name).parent.mkdir(exist_ok=True)
        (tmp_path / "all" / name).rename(some / name)
    result = evaluate(trained, str(some)).all
    assert result.classes == ["blue", "green", "red"]
    assert result.confusion == [[0, 0, 0], [0, 10, 0], [0, 0, 10]]
    assert result.per_class[0].recall is None
    assert result.balanced_accuracy == 1.0


def test_wrong_folders_show_as_mistakes_row_by_true_class(trained: Path, tmp_path: Path) -> None:
    make_photos(tmp_path, classes=("red", "green"))  # the first colour is the one that the model knows as blue
    assert evaluate(trained, str(tmp_path)).all.confusion == [[0, 0, 0], [0, 18, 0], [18, 0, 0]]


def test_a_class_the_model_does_not_know_is_told(trained: Path, tmp_path: Path) -> None:
    make_photos(tmp_path, classes=("blue", "yellow"))
    with pytest.raises(UserError, match="does not know yellow"):
        evaluate(trained, str(tmp_path))


def test_no_photos_are_told(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No photos"):
        evaluate(trained, str(tmp_path))


def test_photos_that_were_learnt_from_are_told_from_those_that_were_not(trained: Path, tmp_path: Path) -> None:
    """The folder that was trained on, with two photos more."""
    folder = tmp_path / "photos"
    shutil.copytree(trained.parent / "photos", folder)
    new = make_photos(tmp_path / "new", each=19, side=48)
    for name in ("green", "red"):
        shutil.copy(new / name / "18.png", folder / name)
    evaluation = evaluate(trained, str(folder))
    report = read_report(trained)
    assert evaluation.all.test.n == 3 * 18 + 2
    assert report and evaluation.unseen and evaluation.unseen.test.n == report.test.n + 2

    # Photos like those that were learnt from, and more of the same one, tell nothing new
    noted: dict[str, str] = disk.read_json(trained / PHOTOS)
    learnt = next(
        one for one in (folder / "red").iterdir() if noted.get(hashlib.sha256(one.read_bytes()).hexdigest()) == "train"
    )
    with Image.open(learnt) as image:
        image.resize((96, 96)).save(folder / "red" / "larger.png")
    shutil.copy(new / "red" / "18.png", folder / "red" / "once more.png")
    again = evaluate(trained, str(folder))
    assert again.all.test.n == evaluation.all.test.n + 2
    assert again.unseen and again.unseen.test.n == evaluation.unseen.test.n


def test_nothing_is_said_of_a_run_that_did_not_note_its_photos(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / PHOTOS).unlink()
    evaluation = evaluate(run, str(trained.parent / "photos"))
    assert evaluation.unseen and evaluation.unseen.test.n == evaluation.all.test.n

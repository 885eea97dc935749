"""A saved model on other labelled photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import make_photos

from resnet_finetune.engine.evaluate import evaluate
from resnet_finetune.words.errors import UserError


def test_classes_are_matched_by_name_not_by_place(trained: Path, tmp_path: Path) -> None:
    """Without blue, green is the first folder; it is still the model's second class."""
    make_photos(tmp_path / "all", each=10)
    some = tmp_path / "some"
    for name in ("green", "red"):
        (some / name).parent.mkdir(exist_ok=True)
        (tmp_path / "all" / name).rename(some / name)
    result = evaluate(trained, str(some))
    assert result.classes == ["blue", "green", "red"]
    assert result.confusion == [[0, 0, 0], [0, 10, 0], [0, 0, 10]]
    assert result.per_class[0].recall is None
    assert result.balanced_accuracy == 1.0


def test_wrong_folders_show_as_mistakes_row_by_true_class(trained: Path, tmp_path: Path) -> None:
    make_photos(tmp_path, classes=("red", "green"))  # the first colour is the one that the model knows as blue
    assert evaluate(trained, str(tmp_path)).confusion == [[0, 0, 0], [0, 18, 0], [18, 0, 0]]


def test_a_class_the_model_does_not_know_is_told(trained: Path, tmp_path: Path) -> None:
    make_photos(tmp_path, classes=("blue", "yellow"))
    with pytest.raises(UserError, match="does not know yellow"):
        evaluate(trained, str(tmp_path))


def test_no_photos_are_told(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No photos"):
        evaluate(trained, str(tmp_path))

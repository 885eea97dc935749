"""Photos put into the wrong class on purpose are found; said of once, they are trained on as corrected."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import make_photos, with_two_kiwis

from resnet_finetune.engine.label_check import check_labels
from resnet_finetune.engine.progress import drained
from resnet_finetune.words import corrections
from resnet_finetune.words.settings import Settings


def test_photos_in_the_wrong_class_are_found_and_no_others(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos")
    shutil.move(photos / "blue" / "00.png", photos / "red" / "wrong.png")
    shutil.move(photos / "green" / "05.png", photos / "blue" / "wrong.png")
    found = drained(check_labels(Settings(data=str(photos)), lambda: None), lambda event: None)
    assert {(suspect.name, suspect.given, suspect.likely[0][0]) for suspect in found} == {
        ("red/wrong.png", "red", "blue"),
        ("blue/wrong.png", "blue", "green"),
    }

    corrections.write(tmp_path / "list.json", {"red/wrong.png": "blue", "blue/wrong.png": None})
    settings = Settings(data=str(photos), corrections=str(tmp_path / "list.json"))
    assert drained(check_labels(settings, lambda: None), lambda event: None) == []


def test_a_class_with_one_photo_of_its_own_stops_nothing(tmp_path: Path) -> None:
    settings = Settings(data=str(with_two_kiwis(tmp_path / "photos")))
    found = drained(check_labels(settings, lambda: None), lambda event: None)
    assert {suspect.name for suspect in found} <= {"train/pear/00.png", "train/kiwi/00.png", "train/kiwi/own.png"}

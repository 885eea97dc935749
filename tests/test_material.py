"""What a training notes of its photos, for who reads its score and for the trainings after it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import made_up, make_photos, many, write_photos
from PIL import Image

from resnet_finetune.engine.material import PHOTOS, _noted, of_any_network
from resnet_finetune.engine.progress import drained
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.runs import run_folder
from resnet_finetune.words import corrections, disk
from resnet_finetune.words.events import Split, Started
from resnet_finetune.words.settings import Settings


def started_on(photos: Path, run: Path) -> Started:
    """What is said before anything is learnt."""
    return next(event for event in fine_tune(Settings(data=str(photos), run_dir=str(run))) if isinstance(event, Started))


def test_a_photo_on_two_sides_was_trained_on(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", "train/a*3", "train/b*3", "val/a*2", "val/b*2", "test/a*2", "test/b*2")
    shutil.copy(photos / "train" / "a" / "0.png", photos / "val" / "a" / "copy.png")
    shutil.copy(photos / "val" / "b" / "0.png", photos / "test" / "b" / "copy.png")
    started_on(photos, tmp_path / "run")
    noted: dict[str, str] = disk.read_json(tmp_path / "run" / PHOTOS)
    assert sorted(noted.values()) == ["test"] * 4 + ["train"] * 6 + ["validation"] * 4


def test_what_an_earlier_training_learnt_from_is_never_forgotten() -> None:
    dataset = made_up(*many("a", 4))
    parts: list[Split | None] = ["test", "validation", "test", None]
    photos = [replace(photo, split=part) for photo, part in zip(dataset.photos, parts, strict=True)]
    before: dict[str, Split] = {photos[0].digest: "train", photos[1].digest: "test", "gone": "train"}
    noted = _noted(replace(dataset, photos=photos), before)
    assert noted == {photos[0].digest: "train", photos[1].digest: "validation", photos[2].digest: "test", "gone": "train"}


@pytest.mark.parametrize("each", [5, 25])
def test_copies_are_counted_once_and_this_is_said(tmp_path: Path, each: int) -> None:
    photos = make_photos(tmp_path / "photos", classes=["a", "b"], each=each)
    for photo in sorted(photos.rglob("*.png")):
        for number in range(3):
            shutil.copy(photo, photo.with_name(f"{photo.stem} copy {number}.png"))
    started = started_on(photos, tmp_path / "run")
    *few, copies = [note for note in started.notes if "very few occasions" not in note]
    if each == 5:
        assert sum(started.counts["train"]) == 40
        assert len(few) == 1 and few[0].startswith("Of 40 photos only 10 really differ")
        assert copies.startswith("30 photos are exact copies of others")
    else:
        assert started.counts["test"] == [5, 5]
        assert started.counts["train"] == [4 * 16, 4 * 16]
        assert few == []
        assert copies.startswith("30 photos are exact copies of others")


def test_a_class_that_is_not_judged_is_told(tmp_path: Path) -> None:
    """All of one class are near-copies, one of them in another class: none of them could judge."""
    photos = make_photos(tmp_path / "photos", classes=["a", "b", "c"], each=40)
    first, *others = sorted((photos / "c").iterdir())
    for other in others:
        other.unlink()
    shutil.copy(first, photos / "a" / "wrong.png")
    with Image.open(first) as image:
        for number in range(12):
            image.resize((80 + number, 80 + number)).save(photos / "c" / f"larger {number}.png")
    started = started_on(photos, tmp_path / "run")
    assert started.counts["test"][2] == 0
    assert any(note.startswith("No photo of “c” is among those that judge") for note in started.notes)


def test_a_run_keeps_to_the_corrections_that_it_was_made_with(tmp_path: Path) -> None:
    photos, shared = make_photos(tmp_path / "photos", classes=["a", "b"], each=12), tmp_path / "corrections.json"
    run = tmp_path / "run"
    corrections.write(shared, {"a/00.png": None})
    run_folder.create(Settings(data=str(photos), run_dir=str(run), corrections=str(shared)))
    corrections.write(shared, {"a/01.png": None, "a/02.png": None})  # by a later start
    left = {one.name for one in drained(of_any_network(run_folder.Run(run).settings, lambda: None)).dataset.photos}
    assert "a/00.png" not in left and {"a/01.png", "a/02.png"} <= left
    shared.unlink()
    drained(of_any_network(run_folder.Run(run).settings, lambda: None))


def test_a_test_of_photos_that_are_alike_is_said_to_be_less_certain_than_it_looks(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["a", "b"], each=25)
    for photo in sorted(photos.rglob("*.png")):
        with Image.open(photo) as image:
            image.resize((96, 96)).save(photo.with_name(f"{photo.stem} large.png"))
    started = started_on(photos, tmp_path / "run")
    (note,) = started.notes
    assert started.counts["test"] == [10, 10]
    assert note.startswith("The 20 photos that the model is judged on are much alike") and "only 10 of them" in note

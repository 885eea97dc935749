"""From a folder of real files to what a training, the page and the command line are told of it."""

from __future__ import annotations

import csv
import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from conftest import counts, found, left_out, make_photos, scanned, shared, write_photos

from resnet_finetune.data.dataset import understand
from resnet_finetune.data.scan import Scan, scan_files
from resnet_finetune.data.split import require_trainable, split
from resnet_finetune.words.errors import UserError

pytestmark = pytest.mark.usefixtures("full_size")  # photos are measured in pixels

ALARMS = ("leak", "shortcut", "label-conflict", "dark", "blurred", "few-occasions", "same-scene", "series")


def read_all(root: Path) -> Scan:
    return scan_files(root, lambda done, total: None)


def test_photos_have_the_number_of_their_class_and_everything_is_sorted(tmp_path: Path) -> None:
    write_photos(tmp_path, "owls*2", "cats*3", "dogs*1")
    (tmp_path / "cats" / "empty.jpg").touch()
    dataset = scanned(tmp_path)
    assert dataset.classes == ["cats", "dogs", "owls"]
    assert [photo.name for photo in dataset.photos] == sorted(photo.name for photo in dataset.photos)
    assert all(dataset.classes[photo.label] == photo.path.parent.name for photo in dataset.photos)
    assert [problem.path for problem in dataset.problems] == sorted(problem.path for problem in dataset.problems)
    assert dataset.root == tmp_path
    assert not dataset.own_split


def test_every_file_is_used_or_left_out(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*3", "dogs*2", "stray.png")
    (tmp_path / "cats" / "empty.jpg").touch()
    (tmp_path / "readme.md").write_text("# Pets")
    dataset = scanned(tmp_path)
    assert left_out(dataset) == {"cats/empty.jpg": "empty", "readme.md": "not-a-photo", "stray.png": "no-class"}
    assert (len(dataset.photos), dataset.rejected) == (5, 3)


def test_folders_without_photos_are_no_classes(tmp_path: Path) -> None:
    write_photos(tmp_path, "data/cats*2", "data/dogs*2")
    for name, file in (("empty", None), ("words", "a.txt"), ("broken", "a.jpg")):
        (tmp_path / "data" / name).mkdir()
        if file:
            (tmp_path / "data" / name / file).touch()
    dataset = scanned(tmp_path)
    assert dataset.classes == ["cats", "dogs"]
    assert set(found(dataset, "no-photos")) == {"empty", "words", "broken"}
    assert dataset.rejected == 2


def test_a_folder_beside_the_wrapping_one_that_holds_no_photos(tmp_path: Path) -> None:
    write_photos(tmp_path, "photos/cats*2", "photos/dogs*2")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("hello")
    assert scanned(tmp_path).classes == ["cats", "dogs"]


@pytest.mark.skipif(os.name == "nt", reason="the file system there may compose names itself")
def test_names_of_a_mac_are_the_same_class(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Käfer")
    dataset = scanned(write_photos(tmp_path, "train/Käfer*2", "train/Ameise*2", f"test/{decomposed}*1", "test/Ameise*1"))
    assert counts(dataset) == {"Ameise": {"train": 2, "test": 1}, "Käfer": {"train": 2, "test": 1}}


def test_an_empty_folder(tmp_path: Path) -> None:
    dataset = scanned(tmp_path)
    assert (dataset.classes, dataset.photos, dataset.problems) == ([], [], [])


def test_a_table_beside_a_heap_of_photos_gives_the_classes(tmp_path: Path) -> None:
    write_photos(tmp_path, "images*6")
    rows = [f"{number}.png,{'cat' if number % 2 else 'dog'},{'test' if number > 3 else 'train'}\n" for number in range(6)]
    (tmp_path / "labels.csv").write_text("file,label,split\n" + "".join(rows))
    dataset = scanned(tmp_path)
    assert counts(dataset) == {"cat": {"train": 2, "test": 1}, "dog": {"train": 2, "test": 1}}
    assert dataset.own_split
    assert left_out(dataset) == {"labels.csv": "label-table"}


# --- Splits that the data bring ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["train/a*2", "train/b*2"], {"a": {None: 2}, "b": {None: 2}}),
        (["train/a*2", "train/b*2", "test/a*1"], {"a": {"train": 2, "test": 1}, "b": {"train": 2}}),
        (["train/a*2", "train/b*2", "val/a*1"], {"a": {"train": 2, "test": 1}, "b": {"train": 2}}),
        (["train/a*2", "val/b*2", "test/a*1"], {"a": {"train": 2, "test": 1}, "b": {"validation": 2}}),
    ],
)
def test_one_part_is_no_split_and_validation_photos_without_test_photos_are_those(
    tmp_path: Path, files: list[str], expected: dict[str, dict[str, int]]
) -> None:
    dataset = scanned(write_photos(tmp_path, *files))
    assert counts(dataset) == expected
    assert dataset.own_split == (len(files) > 2)


def table_of(tmp_path: Path, *rows: str) -> Path:
    """A heap of photos and their classes and splits, as ``class split`` of one each; the split may be missing."""
    write_photos(tmp_path, f"images*{len(rows)}")
    lines = [f"{number}.png,{row.replace(' ', ',')}\n" for number, row in enumerate(rows)]
    (tmp_path / "labels.csv").write_text("file,label,split\n" + "".join(lines))
    return tmp_path


def test_photos_of_no_split_beside_test_photos_are_trained_on(tmp_path: Path) -> None:
    dataset = scanned(table_of(tmp_path, *["cat ", "dog "] * 10, *["cat test", "dog test"] * 3))
    require_trainable(dataset)
    row = {"train": 8, "validation": 2, "test": 3}
    assert counts(split(dataset, seed=0)) == {"cat": row, "dog": row}


def test_a_class_that_has_only_test_photos_beside_photos_of_no_split_is_told(tmp_path: Path) -> None:
    dataset = scanned(table_of(tmp_path, *["cat ", "dog "] * 3, *["cat test", "dog test", "owl test"]))
    with pytest.raises(UserError, match="No training photos were found for “owl”"):
        require_trainable(dataset)


def test_training_photos_beside_photos_of_no_split_are_no_split(tmp_path: Path) -> None:
    dataset = scanned(table_of(tmp_path, *["cat ", "dog "] * 20, *["cat train", "dog train"] * 20))
    require_trainable(dataset)
    row = {"train": 26, "validation": 6, "test": 8}
    assert counts(split(dataset, seed=0)) == {"cat": row, "dog": row}


# --- Left out ----------------------------------------------------------------------------------------------------------


def test_what_the_person_leaves_out_is_not_used(tmp_path: Path) -> None:
    found = read_all(make_photos(tmp_path / "photos", each=12))
    dataset = understand(found, dict.fromkeys(["red/00.png", "green/03.png", "no/such.png"]))
    names = {photo.name for photo in dataset.photos}
    assert names == {photo.name for photo in found.photos} - {"red/00.png", "green/03.png"}
    assert counts(dataset) == {"blue": {None: 12}, "green": {None: 11}, "red": {None: 11}}
    assert not any({"red/00.png", "green/03.png"} & {problem.path} for problem in dataset.problems)
    assert dataset.rejected == 0


def test_a_photo_is_of_the_class_that_the_person_says(tmp_path: Path) -> None:
    found = read_all(make_photos(tmp_path / "photos", each=12))
    dataset = understand(found, {"red/00.png": "blue", "green/03.png": "yellow"})
    assert dataset.classes == ["blue", "green", "red", "yellow"]
    classes = {photo.name: dataset.classes[photo.label] for photo in dataset.photos}
    assert (classes["red/00.png"], classes["green/03.png"], classes["red/01.png"]) == ("blue", "yellow", "red")


def test_a_class_that_is_left_out_whole_disappears(tmp_path: Path) -> None:
    found = read_all(make_photos(tmp_path / "photos", each=12))
    dataset = understand(found, {photo.name: None for photo in found.photos if photo.name.startswith("blue/")})
    assert dataset.classes == ["green", "red"]
    assert {photo.label for photo in dataset.photos} == {0, 1}
    assert all(dataset.classes[photo.label] == photo.path.parent.name for photo in dataset.photos)
    assert not any(problem.path == "blue" for problem in dataset.problems)


def test_what_is_left_out_does_not_move_the_classes(tmp_path: Path) -> None:
    """Alone, train/a and test/a would be one class folder within another."""
    found = read_all(write_photos(tmp_path, "train/a*2", "train/b*2", "test/a*2", "test/b*2"))
    dataset = understand(found, {photo.name: None for photo in found.photos if "/b/" in photo.name})
    assert counts(dataset) == {"a": {"train": 2, "test": 2}}


def test_without_its_copy_a_photo_is_no_conflict_any_more(tmp_path: Path) -> None:
    root = make_photos(tmp_path / "photos", each=12)
    shutil.copy(root / "red" / "00.png", root / "blue" / "wrong.png")
    scan = read_all(root)
    assert set(found(understand(scan), "label-conflict")) == {"red/00.png", "blue/wrong.png"}
    assert found(understand(scan, {"blue/wrong.png": None}), "label-conflict") == {}


# --- Real data ---------------------------------------------------------------------------------------------------------


WHY_REJECTED = {  # in MESSY_MANIFEST.tsv
    "JPEG cut at 50 %": "truncated",
    "0 bytes": "empty",
    "HTML saved as .jpg": "not-a-photo",
    "1x1 pixel": "too-small",
    "200 MP 1-bit PNG: above Pillow DecompressionBomb limit": "too-large",
}
WHY_REMARKED = {
    "byte-identical to an image in another class (label conflict)": "label-conflict",
    "exact duplicate inside the class": "duplicate",
}
LIKE = ("duplicate", "near-duplicate", "label-conflict", "leak")


@pytest.mark.skipif(os.name == "nt", reason="links and odd names need rights there")
def test_messy_flowers(tmp_path: Path) -> None:
    root = shared("messy_flowers.tar.gz", tmp_path) / "messy_flowers"
    dataset = scanned(root)
    rejected, alike, used = left_out(dataset), found(dataset, *LIKE), {photo.name for photo in dataset.photos}
    with (root / "MESSY_MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = [(unicodedata.normalize("NFC", row["path"]), row["what"]) for row in csv.DictReader(file, delimiter="\t")]
    assert len(rows) > 150
    for name, what in rows:
        assert rejected.get(name) == WHY_REJECTED.get(what), name
        assert (name in used) == (what not in WHY_REJECTED), name
        assert alike.get(name) == ("label-conflict" if "/long_name" in name else WHY_REMARKED.get(what)), name
    assert alike["Gänseblümchen 🌼/18.jpg"] == "label-conflict"  # the one with the long name is a copy of it
    assert alike["only one picture/single.jpg"] == "label-conflict"
    assert set(dataset.classes) == {name.split("/")[0] for name, _ in rows} | {"only one picture"}
    assert set(found(dataset, "no-photos")) == {"empty class", "only text files"}
    assert found(dataset, "extreme-shape") == {"Gänseblümchen 🌼/huge_panorama_20000x1500.jpg": "extreme-shape"}
    assert rejected["Gänseblümchen 🌼/broken_link.jpg"] == "link"
    assert rejected["loose_file_in_root.jpg"] == "no-class"
    with pytest.raises(UserError, match="only one picture"):
        require_trainable(dataset)


def test_the_demo_raises_no_alarm(demo: Path) -> None:
    dataset = scanned(demo)
    assert {problem.path: problem.others for problem in dataset.problems if problem.kind == "near-duplicate"} == {
        "Pear/Conference_13.jpg": ("Pear/Conference_05.jpg",)
    }
    assert found(dataset, *ALARMS) == {}


@pytest.mark.parametrize("name", ["hymenoptera.zip", "flowers.zip"])
def test_real_photos_raise_no_alarm(tmp_path: Path, name: str) -> None:
    dataset = scanned(shared(name, tmp_path))
    assert len(dataset.photos) >= 200
    assert found(dataset, *ALARMS, "near-duplicate", "duplicate") == {}

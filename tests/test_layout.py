"""The class of each photo: by its folder, or by a table beside the photos. Only names matter here, so there are no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from resnet_finetune.data.label_table import LabelTable
from resnet_finetune.data.layout import Layout, find_layout
from resnet_finetune.words.events import Split

Counts = dict[str, dict[Split | None, int]]


def names(*short: str) -> Iterator[str]:
    """``cats*2`` is cats/0.jpg and cats/1.jpg."""
    for name in short:
        stem, _, count = name.partition("*")
        yield from [f"{stem}/{number}.jpg" for number in range(int(count))] if count else [name]


def laid_out(*short: str, folders: Sequence[str] = (), broken: Sequence[str] = (), **tables: LabelTable) -> Layout:
    """``broken`` are files that were meant as photos; a table ``labels`` is the file labels.csv."""
    photos = sorted(names(*short))
    return find_layout(photos, [*photos, *broken], folders, {f"{name}.csv": table for name, table in tables.items()})


def counts(layout: Layout) -> Counts:
    table: dict[str, Counter[Split | None]] = {}
    for class_, split in layout.places.values():
        table.setdefault(class_, Counter())[split] += 1
    return {class_: dict(row) for class_, row in table.items()}


def kinds(layout: Layout) -> dict[str, str]:
    return {problem.path: problem.kind for problem in layout.problems}


def table(
    labels: dict[str, str],
    splits: dict[str, str] | None = None,
    conflicts: Sequence[str] = (),
    unlabelled: Sequence[str] = (),
) -> LabelTable:
    return LabelTable(labels=labels, splits=splits or {}, conflicts=list(conflicts), unlabelled=list(unlabelled))


# --- By folder ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", ["", "flowers/", "download/flowers v2/"])
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["cats*2", "dogs*3"], {"cats": {None: 2}, "dogs": {None: 3}}),
        (["cats/a.png", "cats/2024/may/b.png", "dogs/c.png"], {"cats": {None: 2}, "dogs": {None: 1}}),
        (["train/cats*2", "train/dogs*1"], {"cats": {None: 2}, "dogs": {None: 1}}),
        (["train*3", "plane*2", "test*2"], {"plane": {None: 2}, "test": {None: 2}, "train": {None: 3}}),  # real classes
        (
            ["train/cats*2", "train/dogs*3", "val/cats*1", "val/dogs*1", "test/cats*1", "test/dogs*2"],
            {"cats": {"train": 2, "validation": 1, "test": 1}, "dogs": {"train": 3, "validation": 1, "test": 2}},
        ),
        (
            ["Training/cats*2", "Training/dogs*3", "TEST images/cats/old*1", "TEST images/dogs*2"],
            {"cats": {"train": 2, "test": 1}, "dogs": {"train": 3, "test": 2}},
        ),
        (
            ["train/a*2", "train/b*2", "Valid/a*1", "Valid/b*1"],
            {"a": {"train": 2, "validation": 1}, "b": {"train": 2, "validation": 1}},
        ),
        (["训练集/a*2", "训练集/b*2", "测试/a*1"], {"a": {"train": 2, "test": 1}, "b": {"train": 2}}),
        (
            ["training_set/training_set/a*2", "training_set/training_set/b*1", "test_set/test_set/a*1"],
            {"a": {"train": 2, "test": 1}, "b": {"train": 1}},
        ),
        (
            ["seg_train/seg_train/sea*2", "seg_train/seg_train/ice*1", "seg_test/seg_test/sea*1"],
            {"sea": {"train": 2, "test": 1}, "ice": {"train": 1}},
        ),
        (
            ["train/train*2", "train/bus*1", "test/train*1", "test/bus*1"],  # a class called train
            {"train": {"train": 2, "test": 1}, "bus": {"train": 1, "test": 1}},
        ),
        (["test tube/old*2", "test tube/new*1", "train station*2"], {"test tube": {None: 3}, "train station": {None: 2}}),
        (["train/steam*2", "car*2", "bus*1"], {"train": {None: 2}, "car": {None: 2}, "bus": {None: 1}}),
        (["cat test*1", "cat train*2"], {"cat test": {None: 1}, "cat train": {None: 2}}),  # no folders within
        (
            [f"{class_}_{split}/{day}*1" for class_ in ("cat", "dog") for split in ("train", "test") for day in ("mo", "tu")],
            {f"{class_}_{split}": {None: 2} for class_ in ("cat", "dog") for split in ("train", "test")},
        ),
    ],
)
def test_classes_and_splits_are_folders_under_any_wrapping(wrapping: str, files: list[str], expected: Counts) -> None:
    layout = laid_out(*[wrapping + file for file in files])
    assert counts(layout) == expected
    assert layout.problems == []


def test_class_names_stay_as_they_are() -> None:
    classes = ["Gänseblümchen 🌼", "バラ (rose)", "tulips'25", "Sun flowers & co.", "одуванчик", "42"]
    assert counts(laid_out(*[f"{name}*1" for name in classes])) == {name: {None: 1} for name in classes}


def test_photos_outside_the_class_folders_have_no_class() -> None:
    layout = laid_out("cats*2", "dogs*2", "stray.png")
    assert counts(layout) == {"cats": {None: 2}, "dogs": {None: 2}}
    assert kinds(layout) == {"stray.png": "no-class"}

    layout = laid_out("train/cats*2", "train/dogs*2", "test/1.png", "test/2.png", "more/x/1.png")
    assert counts(layout) == {"cats": {"train": 2}, "dogs": {"train": 2}}
    assert kinds(layout) == {"test/1.png": "no-class", "test/2.png": "no-class", "more/x/1.png": "no-class"}


@pytest.mark.parametrize(
    ("outside", "files"),
    [
        ("test/test/0.jpg", ["train/cats*2", "train/dogs*2"]),
        ("seg_pred/seg_pred/0.jpg", ["seg_train/seg_train/cats*2", "seg_train/seg_train/dogs*1", "seg_test/seg_test/cats*1"]),
        ("sign_test/sign_test/0.jpg", ["sign_train/sign_train/cats*2", "sign_train/sign_train/dogs*2"]),
    ],
)
def test_photos_of_a_contest_without_a_class_have_none(outside: str, files: list[str]) -> None:
    layout = laid_out(*files, outside)
    assert set(counts(layout)) == {"cats", "dogs"}
    assert kinds(layout) == {outside: "no-class"}


@pytest.mark.parametrize("base", ["", "images/"])
def test_train_and_test_are_no_classes(base: str) -> None:
    layout = laid_out(f"{base}train*4", f"{base}test*2")
    assert counts(layout) == {} and set(kinds(layout).values()) == {"no-class"} and len(layout.problems) == 6
    assert set(counts(laid_out("train*4", "plane*4"))) == {"train", "plane"}


def test_a_flat_folder_has_no_classes() -> None:
    layout = laid_out("1.png", "2.png")
    assert layout.places == {}
    assert kinds(layout) == {"1.png": "no-class", "2.png": "no-class"}


def test_a_folder_without_a_usable_photo_is_no_class() -> None:
    folders = ["data", "data/cats", "data/dogs", "data/empty", "data/broken", "docs"]
    layout = laid_out("data/cats*2", "data/dogs*2", folders=folders, broken=["data/broken/a.jpg"])
    assert counts(layout) == {"cats": {None: 2}, "dogs": {None: 2}}
    assert kinds(layout) == {"empty": "no-photos", "broken": "no-photos"}


# --- By table ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["", "images/", "train/", "Train images/", "some/where/pics_2/"])
def test_photos_in_one_heap_get_their_classes_from_a_table(folder: str) -> None:
    layout = laid_out(f"{folder}a.jpg", f"{folder}b.jpg", labels=table({"a.jpg": "cat", "b.jpg": "dog"}))
    assert {name: class_ for name, (class_, _) in layout.places.items()} == {f"{folder}a.jpg": "cat", f"{folder}b.jpg": "dog"}
    assert kinds(layout) == {"labels.csv": "label-table"}
    assert "2 photos" in layout.problems[0].message


@pytest.mark.parametrize("listed", ["x/a.jpg", "a.jpg", "A.JPG", "X/A.jpg", "a", "far/away/a.jpg"])
def test_a_table_may_list_paths_names_or_names_without_suffix(listed: str) -> None:
    layout = laid_out("x/a.jpg", "x/b.jpg", labels=table({listed: "cat", "x/b.jpg": "dog"}))
    assert layout.places == {"x/a.jpg": ("cat", None), "x/b.jpg": ("dog", None)}


def test_a_table_lies_beside_its_photos_and_means_those() -> None:
    photos = ["data/images/a.jpg", "data/images/b.jpg", "photos/images/a.jpg"]
    layout = find_layout(photos, photos, [], {"data/labels.csv": table({"images/a.jpg": "cat", "images/b.jpg": "dog"})})
    assert layout.places == {"data/images/a.jpg": ("cat", None), "data/images/b.jpg": ("dog", None)}
    assert kinds(layout) == {"photos/images/a.jpg": "no-class", "data/labels.csv": "label-table"}


def test_a_name_that_two_photos_have_means_neither() -> None:
    layout = laid_out("1/a.jpg", "2/a.jpg", "1/b.jpg", labels=table({"a.jpg": "cat", "b.jpg": "dog"}))
    assert layout.places == {"1/b.jpg": ("dog", None)}
    assert {path for path, kind in kinds(layout).items() if kind == "no-class"} == {"1/a.jpg", "2/a.jpg"}


def test_folders_that_tell_the_classes_win_over_a_table() -> None:
    layout = laid_out("cats*2", "dogs*2", labels=table({"cats/0.jpg": "tom", "dogs/0.jpg": "rex"}))
    assert counts(layout) == {"cats": {None: 2}, "dogs": {None: 2}}
    assert kinds(layout) == {"labels.csv": "not-a-photo"}


def test_split_folders_beside_a_table_are_splits() -> None:
    files = {f"{part}/{number}.jpg": word for part in ("train", "test") for number, word in enumerate(["cat", "dog"])}
    assert counts(laid_out("train*2", "test*2", labels=table(files))) == {
        "cat": {"train": 1, "test": 1},
        "dog": {"train": 1, "test": 1},
    }


def test_a_column_of_the_table_says_the_split() -> None:
    labels = {"0.jpg": "cat", "1.jpg": "cat", "2.jpg": "dog", "3.jpg": "dog"}
    splits = {"0.jpg": "TRAIN", "1.jpg": "val", "2.jpg": "Training set", "3.jpg": "whatever"}
    layout = laid_out("0.jpg", "1.jpg", "2.jpg", "3.jpg", labels=table(labels, splits))
    assert counts(layout) == {"cat": {"train": 1, "validation": 1}, "dog": {"train": 1, None: 1}}


def test_what_the_table_does_not_say_clearly_is_left_out_with_the_reason() -> None:
    layout = laid_out("a.jpg", "b.jpg", "c.jpg", "d.jpg", labels=table({"a.jpg": "cat", "b.jpg": "dog"}, conflicts=["c.jpg"]))
    messages = {problem.path: problem.message for problem in layout.problems if problem.kind == "no-class"}
    assert set(messages) == {"c.jpg", "d.jpg"}
    assert "two different labels" in messages["c.jpg"]
    assert "does not say" in messages["d.jpg"]


def test_photos_that_are_listed_and_not_there_are_named() -> None:
    labels = {f"{number}.jpg": "cat" for number in range(9)} | {"b.jpg": "dog"}
    (problem,) = laid_out("0.jpg", "b.jpg", labels=table(labels)).problems
    assert "2 photos" in problem.message
    assert "8 more" in problem.message
    assert "1.jpg, 2.jpg, 3.jpg, 4.jpg, 5.jpg and 3 more" in problem.message


def test_a_table_of_other_photos_is_not_used() -> None:
    layout = laid_out("images*8", labels=table({"elsewhere.jpg": "cat", "0.jpg": "dog"}))
    assert counts(layout) == {"images": {None: 8}}
    assert kinds(layout) == {"labels.csv": "not-a-photo"}


def test_of_several_tables_one_that_fits_is_used() -> None:
    sample, labels = table({"9.jpg": "cat"}), table({"0.jpg": "cat", "1.jpg": "dog"})
    layout = laid_out("images*2", a_sample=sample, labels=labels, other=labels)
    assert counts(layout) == {"cat": {None: 1}, "dog": {None: 1}}
    assert kinds(layout) == {"a_sample.csv": "not-a-photo", "labels.csv": "label-table", "other.csv": "not-a-photo"}


def test_the_table_that_tells_most_is_used() -> None:
    """As of a contest: one that has a placeholder for each test photo, and one that has the labels of the others."""
    sample = table({f"{number}.jpg": "1" for number in range(6)})
    labels = table({f"{number}.jpg": "cat" if number % 2 else "dog" for number in range(6, 10)})
    layout = laid_out("images*10", sample_submission=sample, train=labels)
    assert counts(layout) == {"cat": {None: 2}, "dog": {None: 2}}
    fewer = table({"0.jpg": "cat", "1.jpg": "dog", "2.jpg": "dog"})
    assert counts(laid_out("images*10", test=fewer, train=labels)) == {"cat": {None: 2}, "dog": {None: 2}}


def test_a_line_of_a_photo_that_is_not_here_says_nothing_of_one_of_the_same_name() -> None:
    labels = {"train/1.jpg": "cat", "train/2.jpg": "dog", "test/1.jpg": "dog", "test/2.jpg": "cat"}
    splits = {"train/1.jpg": "train", "train/2.jpg": "train", "test/1.jpg": "test", "test/2.jpg": "test"}
    layout = laid_out("train/1.jpg", "train/2.jpg", labels=table(labels, splits))
    assert layout.places == {"train/1.jpg": ("cat", "train"), "train/2.jpg": ("dog", "train")}
    (problem,) = layout.problems
    assert "2 more that it lists are not here: test/1.jpg, test/2.jpg" in problem.message


def test_lines_that_fit_by_name_only_and_differ_say_nothing() -> None:
    labels = {"a/1.jpg": "cat", "b/1.jpg": "dog", "2.jpg": "dog"}
    layout = laid_out("images/1.jpg", "images/2.jpg", labels=table(labels))
    assert layout.places == {"images/2.jpg": ("dog", None)}
    assert any("two different labels" in problem.message for problem in layout.problems)

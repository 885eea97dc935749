"""What is planted is found, and what is said of it can be acted upon."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import found, made_up, make_photos, many, scanned, some_facts, some_of, write_photos
from PIL import Image, ImageEnhance, ImageFilter

from resnet_finetune.data.doctor import DARK, FEW, SERIES, SHOWN, TINY, UNEVEN, examine
from resnet_finetune.data.facts import Facts
from resnet_finetune.data.likeness import find_likeness
from resnet_finetune.data.photos import Dataset
from resnet_finetune.data.problems import Problem, listed

pytestmark = pytest.mark.usefixtures("full_size")  # photos are measured in pixels


def examined(dataset: Dataset, cut: tuple[int, ...] = ()) -> list[Problem]:
    photos, classes = dataset.photos, dataset.classes
    return list(examine(photos, classes, find_likeness(photos), cut, own_split=dataset.own_split))


def of_facts(*facts: Facts) -> list[Problem]:
    """What is said of photos of one class, beside that they are few."""
    return [problem for problem in examined(made_up(*many("cats", len(facts)), facts=facts)) if problem.kind != "too-few"]


def save_again(photo: Path, to: Path, scale: int = 2, quality: int = 75) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(photo) as image:
        image.resize((image.width // scale, image.height // scale)).save(to, quality=quality)


# --- One photo ---------------------------------------------------------------------------------------------------------


SPOILT: dict[str, Callable[[Image.Image], Image.Image]] = {
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.2),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(5)),
    "tiny": lambda image: image.resize((TINY - 1, TINY + 20)),
    "extreme-shape": lambda image: image.resize((1000, 320)),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_every_spoilt_photo_is_found_and_no_other(demo: Path, tmp_path: Path, kind: str) -> None:
    root = some_of(demo, tmp_path, each=15, classes=["Apple", "Melon"])
    spoilt = sorted((root / "Apple").iterdir())[::2]
    for path in spoilt:
        with Image.open(path) as image:
            changed = SPOILT[kind](image)
        changed.save(path, quality=90)
    dataset = scanned(root)
    assert set(found(dataset, "dark", "blurred", "tiny", "extreme-shape")) == {f"Apple/{path.name}" for path in spoilt}
    assert all(problem.remedy == (problem.path,) for problem in dataset.problems if problem.kind == kind)
    assert dataset.rejected == 0


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (some_facts(bright=DARK), []),
        (some_facts(bright=DARK - 1), ["dark"]),
        (some_facts(bright=DARK - 1, sharp=0.0), ["dark"]),  # a dark photo always seems blurred
        (some_facts(width=TINY, height=TINY), []),
        (some_facts(width=300, height=TINY - 1), ["tiny", "extreme-shape"]),
        (some_facts(width=300, height=100), []),
        (some_facts(width=301, height=100), ["extreme-shape"]),
        (some_facts(width=400, height=2000), ["extreme-shape"]),
    ],
)
def test_the_limits(facts: Facts, kinds: list[str]) -> None:
    assert [problem.kind for problem in of_facts(facts)] == kinds


# --- Copies ------------------------------------------------------------------------------------------------------------


def test_copies_and_near_copies_in_a_class_name_the_one_to_keep(demo: Path, tmp_path: Path) -> None:
    root = some_of(demo, tmp_path, each=12)
    first, second, *_ = sorted((root / "Apple").iterdir())
    shutil.copy(first, root / "Apple" / "zz copy.jpg")
    save_again(second, root / "Apple" / "aa small.jpg")  # first by its name, and not the one to keep
    save_again(second, root / "Apple" / "zz smaller.jpg", scale=3)
    dataset = scanned(root)
    told = {problem.path: problem for problem in dataset.problems if problem.kind in ("duplicate", "near-duplicate")}
    assert {path: (problem.kind, problem.others) for path, problem in told.items()} == {
        "Apple/zz copy.jpg": ("duplicate", (f"Apple/{first.name}",)),
        "Apple/aa small.jpg": ("near-duplicate", (f"Apple/{second.name}",)),
        "Apple/zz smaller.jpg": ("near-duplicate", (f"Apple/{second.name}",)),
    }
    assert all(problem.remedy == (path,) for path, problem in told.items())
    assert dataset.rejected == 0


def test_a_row_of_near_copies_is_told_once() -> None:
    def said_of(count: int) -> list[tuple[str, str]]:
        return [(problem.kind, problem.path) for problem in of_facts(*[some_facts(0)] * count)]

    assert said_of(SERIES) == [("near-duplicate", f"cats/{number:04}.jpg") for number in range(1, SERIES)]
    assert said_of(SERIES + 1) == [("series", "cats")]
    (series,) = of_facts(*[some_facts(0)] * 50)
    assert "50 photos" in series.message
    assert len(series.others) == SHOWN
    assert series.remedy == ()


def test_the_same_thing_in_two_classes_is_a_conflict_of_labels(demo: Path, tmp_path: Path) -> None:
    root = some_of(demo, tmp_path, each=12)
    first, second, *_ = sorted((root / "Apple").iterdir())
    shutil.copy(first, root / "Melon" / "same.jpg")
    save_again(second, root / "Orange" / "nearly.jpg")
    told = {problem.path: problem for problem in scanned(root).problems if problem.kind == "label-conflict"}
    assert {path: problem.others for path, problem in told.items()} == {
        f"Apple/{first.name}": ("Melon/same.jpg",),
        "Melon/same.jpg": (f"Apple/{first.name}",),
        f"Apple/{second.name}": ("Orange/nearly.jpg",),
        "Orange/nearly.jpg": (f"Apple/{second.name}",),
    }
    assert told["Melon/same.jpg"].message.startswith("The same photo is in several classes (Apple, Melon)")
    assert told["Orange/nearly.jpg"].message.startswith("Nearly the same photo is in several classes (Apple, Orange)")


def test_a_scene_that_never_changes_is_one_remark_and_no_conflict() -> None:
    dataset = made_up(*many("open", 20), *many("shut", 20), facts=[some_facts(0)] * 40)
    told = [problem for problem in examined(dataset) if problem.kind in ("same-scene", "label-conflict")]
    assert [(problem.kind, problem.path) for problem in told] == [("same-scene", "open")]
    assert "shut" in told[0].message
    assert 0 < len(told[0].others) <= SHOWN


@pytest.mark.parametrize(("scale", "suffix"), [(2, ".jpg"), (4, ".jpg"), (2, ".webp")])
def test_every_planted_leak_is_found(demo: Path, tmp_path: Path, scale: int, suffix: str) -> None:
    some_of(demo, tmp_path / "train", each=15)
    for class_ in ("Apple", "Melon", "Orange"):
        (tmp_path / "test" / class_).mkdir(parents=True)
        for photo in sorted((demo / class_).iterdir())[20:26]:
            shutil.copy(photo, tmp_path / "test" / class_)
    planted = {}
    for photo in sorted((tmp_path / "train").rglob("*.jpg"))[::4]:
        leak = tmp_path / "test" / photo.parent.name / f"{photo.stem}_again{suffix}"
        save_again(photo, leak, scale)
        planted[photo.relative_to(tmp_path).as_posix()] = leak.relative_to(tmp_path).as_posix()
    told = {problem.path: problem for problem in scanned(tmp_path).problems if problem.kind == "leak"}
    assert set(told) == set(planted) | set(planted.values())
    for trained_on, judge in planted.items():
        assert (told[trained_on].others, told[trained_on].remedy) == ((judge,), (trained_on,))
        assert (told[judge].others, told[judge].remedy) == ((trained_on,), ())  # only one of the two need go


def test_an_exact_copy_on_both_sides_is_a_leak(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*3", "train/dogs*3", "test/cats*2", "test/dogs*2")
    shutil.copy(tmp_path / "train" / "dogs" / "0.png", tmp_path / "test" / "dogs" / "leak.png")
    assert set(found(scanned(tmp_path), "leak")) == {"train/dogs/0.png", "test/dogs/leak.png"}


def test_a_copy_among_those_that_judge_alone_is_no_leak(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*3", "train/dogs*3", "val/cats*2", "val/dogs*2", "test/cats*2", "test/dogs*2")
    shutil.copy(tmp_path / "val" / "dogs" / "0.png", tmp_path / "test" / "dogs" / "again.png")
    assert found(scanned(tmp_path), "leak", "copy") == {}


def test_photos_of_one_go_on_both_sides_are_a_leak() -> None:
    facts = [some_facts(number, camera="Pixel", taken=60.0 * number) for number in range(5)]
    facts.append(some_facts(5, camera="Pixel", taken=facts[0].taken + 2))  # type: ignore[operator]
    dataset = made_up(*many("cats", 6), facts=facts)
    photos = [replace(photo, split="test" if number > 3 else "train") for number, photo in enumerate(dataset.photos)]
    told = [problem for problem in examined(replace(dataset, photos=photos, own_split=True)) if problem.kind == "leak"]
    assert [(problem.path, problem.others, problem.remedy) for problem in told] == [
        ("cats/0000.jpg", ("cats/0005.jpg",), ("cats/0000.jpg",)),
        ("cats/0005.jpg", ("cats/0000.jpg",), ()),
    ]
    assert all("taken in one go" in problem.message for problem in told)


def test_a_wrong_label_does_not_hide_a_leak(demo: Path, tmp_path: Path) -> None:
    some_of(demo, tmp_path / "train", each=15, classes=["Apple", "Melon"])
    for class_ in ("Apple", "Melon"):
        (tmp_path / "test" / class_).mkdir(parents=True)
        shutil.copy(sorted((demo / class_).iterdir())[20], tmp_path / "test" / class_)
    first = sorted((tmp_path / "train" / "Melon").iterdir())[0]
    shutil.copy(first, tmp_path / "train" / "Apple" / "wrong.jpg")
    save_again(first, tmp_path / "test" / "Melon" / "leak.jpg")
    told = scanned(tmp_path).problems
    leaks = {problem.path: problem.others for problem in told if problem.kind == "leak"}
    assert set(leaks) == {f"train/Melon/{first.name}", "train/Apple/wrong.jpg", "test/Melon/leak.jpg"}
    assert all(set(others) == set(leaks) - {path} for path, others in leaks.items())
    torn = {problem.path for problem in told if problem.kind == "label-conflict"}
    assert {f"train/Melon/{first.name}", "train/Apple/wrong.jpg"} <= torn


# --- Classes -----------------------------------------------------------------------------------------------------------


def test_a_small_class_is_told_and_may_be_left_out_where_two_are_left(tmp_path: Path) -> None:
    dataset = scanned(write_photos(tmp_path / "three", f"cats*{FEW}", f"dogs*{FEW - 1}", "owls*1"))
    told = {problem.path: problem for problem in dataset.problems if problem.kind == "too-few"}
    assert set(told) == {"dogs", "owls"}
    assert told["dogs"].remedy == tuple(f"dogs/{number}.png" for number in range(FEW - 1))
    assert "only 9 photos" in told["dogs"].message
    assert "only one photo:" in told["owls"].message

    two = scanned(write_photos(tmp_path / "two", "cats*20", "dogs*5"))
    (problem,) = [problem for problem in two.problems if problem.kind == "too-few"]
    assert problem.remedy == ()


@pytest.mark.parametrize(("most", "told"), [(10 * UNEVEN - 1, False), (10 * UNEVEN, True)])
def test_an_uneven_set_is_told_once_at_its_largest_class(most: int, told: bool) -> None:
    dataset = made_up(*many("cats", most), *many("dogs", 10), *many("owls", 12))
    found = [problem for problem in examined(dataset) if problem.kind == "imbalance"]
    assert [problem.path for problem in found] == (["cats"] if told else [])
    assert not told or ("dogs" in found[0].message and "owls" not in found[0].message)


def test_too_few_photos_are_not_told_twice() -> None:
    kinds = [problem.kind for problem in examined(made_up(*many("cats", 100), *many("dogs", 3)))]
    assert kinds == ["too-few"]


def test_classes_that_had_to_be_cut_are_told() -> None:
    dataset = made_up(*many("cats", 20), *many("dogs", 20))
    (problem,) = examined(dataset, cut=(1,))
    assert (problem.path, problem.kind, problem.remedy) == ("dogs", "few-occasions", ())
    assert 0 < len(problem.others) <= SHOWN


def test_a_class_that_lacks_photos_in_an_own_split_is_told(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*3", "train/dogs*3", "train/owls*3", "test/cats*2", "test/dogs*2", "test/hens*2")
    dataset = scanned(tmp_path)
    told = {problem.path: problem.message for problem in dataset.problems if problem.kind == "missing-in-split"}
    assert set(told) == {"owls", "hens"}
    assert "no test photos" in told["owls"] and "not judged" in told["owls"]
    assert "no train photos" in told["hens"] and "cannot be learnt" in told["hens"]
    assert dataset.rejected == 0


def test_a_shortcut_is_told_with_its_class_and_trait(tmp_path: Path) -> None:
    root = make_photos(tmp_path, each=20)
    for photo in (root / "green").iterdir():
        with Image.open(photo) as image:
            image.resize((160, 120)).save(photo)
    (problem,) = [problem for problem in scanned(root).problems if problem.kind == "shortcut"]
    assert problem.path == "green"
    assert "size or shape" in problem.message
    assert {name.split("/")[0] for name in problem.others} >= {"green", "red"}
    assert len(problem.others) <= SHOWN


# --- How it is said ----------------------------------------------------------------------------------------------------


def test_every_finding_is_a_sentence_about_photos_that_exist(demo: Path, tmp_path: Path) -> None:
    root = some_of(demo, tmp_path, each=15)
    for kind, photo in zip(SPOILT, sorted((root / "Apple").iterdir()), strict=False):
        with Image.open(photo) as image:
            changed = SPOILT[kind](image)
        changed.save(photo)
    first, second, *_ = sorted((root / "Melon").iterdir())
    save_again(first, root / "Melon" / "again.jpg")
    save_again(second, root / "Orange" / "again.jpg")
    dataset = scanned(root)
    names = {photo.name for photo in dataset.photos}
    kinds = {problem.kind for problem in dataset.problems}
    assert kinds >= {"dark", "blurred", "tiny", "extreme-shape", "near-duplicate", "label-conflict"}
    for problem in dataset.problems:
        assert problem.path in names | set(dataset.classes)
        assert {*problem.others, *problem.remedy} <= names
        assert problem.path not in problem.others
        assert problem.message[0].isupper() and problem.message.endswith(".")
        assert not problem.left_out


def test_a_long_list_is_cut() -> None:
    assert listed(["a"]) == "a"
    assert listed(list("abcde")) == "a, b, c, d, e"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"

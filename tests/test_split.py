"""No photo that judges a model has a like among those it was trained on, and every photo's side is the same on any machine."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import counts, found, made_up, many, scanned, shared, some_facts, some_of, write_photos
from PIL import ExifTags, Image
from sklearn.model_selection import StratifiedGroupKFold

from resnet_finetune.data.likeness import Likeness, find_likeness
from resnet_finetune.data.photos import Dataset, Photo, fingerprint
from resnet_finetune.data.split import FEWEST_GROUPS, FOLDS, TINY_TEST, folds, grouped, judges, require_trainable, split
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Split

pytestmark = pytest.mark.usefixtures("full_size")  # photos are measured in pixels

SEEDS = range(5)


def groups(photos: Sequence[Photo]) -> list[list[int]]:
    """The numbers of the photos of each group."""
    table: dict[int, list[int]] = defaultdict(list)
    for number, photo in enumerate(photos):
        table[photo.group].append(number)
    return sorted(table.values())


def parted(dataset: Dataset, together: Iterable[Iterable[str]]) -> list[set[str]]:
    """Of names that belong together, those that do not all stand on one side."""
    sides = {photo.name: photo.split for photo in dataset.photos}
    return [set(names) for names in together if len({sides[name] for name in names}) > 1]


# --- Trainable ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], ["No class folders", "cats/ and dogs/"]),
        (["1.png"], ["No class folders", "cats/ and dogs/"]),
        (["1.png", "2.png"], ["All 2 photos lie in one folder, but", "sort the photos"]),
        (["cats*5"], ["All 5 photos lie in one folder, cats", "sort the photos", "something else"]),
        (["cats*5", "1.png"], ["Only one class", "cats", "something else"]),
        (["train/cats*3", "test/cats*2"], ["Only one class", "cats", "something else"]),
        (["cats*5", "dogs*1"], ["Only one photo was found for “dogs”", "add more"]),
        (["cats*1"], ["Only one class", "Only one photo was found for “cats”"]),  # all mistakes at once
        (["cats*5"] + [f"{name}*1" for name in "abcdefgh"], ["“a”, “b”, “c”, “d”, “e” and 3 more"]),
        (["val/cats*3", "val/dogs*3", "test/cats*3", "test/dogs*3"], ["No training photos were found for “cats”, “dogs”"]),
        (["train/cats*3", "train/dogs*3", "test/cats*3", "test/owls*3"], ["No training photos were found for “owls”"]),
        (["train/cats*3", "train/dogs*1", "test/cats*3", "test/dogs*3"], ["Only one photo was found for “dogs”"]),
        (["train/cats*3", "train/dogs*3", "val/cats*3", "test/owls*3"], ["No training photos were found for “owls”"]),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, files: list[str], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        require_trainable(scanned(write_photos(tmp_path, *files)))
    for word in words:
        assert word in str(caught.value)
    assert all(message.count(". ") == 0 for message in caught.value.messages)


@pytest.mark.parametrize("files", [["cats*2", "dogs*2"], ["cats*40", "dogs*2"], ["train/a*2", "train/b*2", "test/a*1"]])
def test_a_few_photos_are_enough(tmp_path: Path, files: list[str]) -> None:
    require_trainable(scanned(write_photos(tmp_path, *files)))


def test_copies_of_one_photo_are_one_photo(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*5", "dogs*1")
    (tmp_path / "dogs" / "copy.png").write_bytes((tmp_path / "dogs" / "0.png").read_bytes())
    with pytest.raises(UserError, match="Only one photo was found for “dogs”"):
        require_trainable(scanned(tmp_path))


def test_a_class_of_photos_that_are_in_another_class_too_cannot_be_judged(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*30")
    shutil.copytree(tmp_path / "cats", tmp_path / "dogs")
    with pytest.raises(UserError, match="in no other class"):
        require_trainable(scanned(tmp_path))


# --- Shares ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "train", "validation", "test"),
    [(2, 1, 0, 1), (3, 1, 1, 1), (5, 3, 1, 1), (10, 6, 2, 2), (18, 11, 3, 4), (40, 26, 6, 8), (1000, 650, 150, 200)],
)
def test_every_class_is_divided(n: int, train: int, validation: int, test: int) -> None:
    divided = split(made_up(*many("cats", n), *many("dogs", 60)), seed=0)
    expected = {"train": train, "validation": validation, "test": test}
    assert counts(divided) == {
        "cats": {part: count for part, count in expected.items() if count},
        "dogs": {"train": 39, "validation": 9, "test": 12},
    }
    assert not divided.cross_validated


@pytest.mark.parametrize(("each", "tiny"), [(22, True), (23, False)])  # 4 and 5 test photos of each class
def test_with_fewer_than_ten_test_photos_none_is_held_back(each: int, tiny: bool) -> None:
    divided = split(made_up(*many("cats", each), *many("dogs", each)), seed=0)
    assert divided.cross_validated == tiny
    assert {photo.split for photo in divided.photos} == ({"train"} if tiny else {"train", "validation", "test"})
    assert len(divided.photos) == 2 * each


def test_the_split_is_the_same_on_any_machine() -> None:
    dataset = made_up(*many("cats", 24), *many("dogs", 26))
    divided = split(dataset, seed=0)
    assert [photo.name for photo in divided.photos if photo.split == "test"] == [
        "cats/0002.jpg",
        "cats/0004.jpg",
        "cats/0007.jpg",
        "cats/0013.jpg",
        "cats/0022.jpg",
        "dogs/0034.jpg",
        "dogs/0043.jpg",
        "dogs/0044.jpg",
        "dogs/0047.jpg",
        "dogs/0048.jpg",
    ]
    assert fingerprint(divided) == "f35b9459e72904e83054ee7f759f9f76f3b024f06ba538c90eb9477e122632af"
    assert split(dataset, seed=0) == divided
    assert split(dataset, seed=1) != divided


def test_names_and_other_photos_do_not_move_a_photo() -> None:
    dataset = made_up(*many("cats", 50), *many("dogs", 50))
    parts = {photo.digest: photo.split for photo in split(dataset, seed=3).photos}
    renamed = replace(dataset, photos=[replace(photo, name="x" + photo.name) for photo in reversed(dataset.photos)])
    assert {photo.digest: photo.split for photo in split(renamed, seed=3).photos} == parts
    fewer_dogs = replace(dataset, photos=dataset.photos[:60])
    cats = [photo for photo in split(fewer_dogs, seed=3).photos if photo.label == 0]
    assert all(photo.split == parts[photo.digest] for photo in cats)


# --- Groups ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_copies_stay_together(seed: int) -> None:
    dataset = made_up(*[("cats", f"cat {i % 12}") for i in range(60)], *many("dogs", 60))
    sides: dict[str, set[object]] = defaultdict(set)
    for photo in split(dataset, seed).photos:
        sides[photo.digest].add(photo.split)
    assert all(len(parts - {None}) == 1 for parts in sides.values())
    assert set.union(*sides.values()) == {"train", "validation", "test", None}


def test_exact_copies_judge_once_and_those_that_are_left_over_are_not_trained_on() -> None:
    divided = split(made_up(*[("cats", f"cat {i % 30}") for i in range(60)], *many("dogs", 30)), seed=0)
    assert counts(divided) == {
        "cats": {"train": 40, "validation": 4, "test": 6, None: 10},
        "dogs": {"train": 20, "validation": 4, "test": 6},
    }
    own = [replace(photo, split="test" if photo.label else "train") for photo in divided.photos[:60]]
    own += [replace(photo, split="validation") for photo in own[:4]] * 2
    assert Counter(photo.split for photo in split(replace(divided, photos=own, own_split=True), 0).photos) == {
        "train": 60,
        "validation": 4,
        None: 4,
    }


def test_copies_make_no_test() -> None:
    """Of ten photos, eight times each, sixteen would be tested, but only two different ones."""
    divided = split(made_up(*[("cats", f"cat {i % 5}") for i in range(40)], *[("dogs", f"dog {i % 5}") for i in range(40)]), 0)
    assert divided.cross_validated
    assert folds(divided) == 5
    assert sum(judges(divided)) == 10


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_stay_together_and_the_shares_are_not_overdrawn(seed: int) -> None:
    sizes = [1, 2, 3, 4, 5, 6, 7, 8, 4, 10]
    numbers = [number for number, size in enumerate(sizes) for _ in range(size)]
    dataset = made_up(*many("cats", 50), *many("dogs", 50), groups=numbers + [100 + number for number in range(50)])
    divided = split(dataset, seed)
    assert parted(divided, [[divided.photos[i].name for i in group] for group in groups(divided.photos)]) == []
    row = counts(divided)["cats"]
    assert 1 <= row["test"] <= 10
    assert 1 <= row["validation"] <= 8


def test_near_copies_stand_on_one_side(demo: Path, tmp_path: Path) -> None:
    root = some_of(demo, tmp_path, each=20)
    twins = []
    for photo in sorted(root.rglob("*.jpg")):
        small = photo.with_name(f"small copy of {photo.stem}.webp")
        with Image.open(photo) as image:
            image.reduce(2).save(small)
        twins.append([f"{photo.parent.name}/{name}" for name in (photo.name, small.name)])
    dataset = scanned(root)
    for seed in SEEDS:
        divided = split(dataset, seed)
        assert parted(divided, twins) == []
        assert counts(divided) == {class_: {"train": 26, "validation": 6, "test": 8} for class_ in divided.classes}


def photo_of(moment: str, camera: str) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = camera
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
    return exif


def test_bursts_stand_on_one_side(tmp_path: Path) -> None:
    """Twenty-five occasions of three photos for each class, the times told by EXIF or by the names of the page's camera."""
    bursts = []
    for class_ in ("by_clock", "by_name"):
        (tmp_path / class_).mkdir()
        for number in range(25):
            names = []
            for shot in range(3):
                name = f"{shot}_{number}.jpg" if class_ == "by_clock" else f"camera-20260101T12{number:02}00-00{shot}.jpg"
                pixels = np.random.default_rng([number, shot, len(class_)]).integers(0, 256, (32, 32, 3), np.uint8)
                exif = photo_of(f"2026:01:01 12:{number:02}:{3 * shot:02}", "Pixel") if class_ == "by_clock" else Image.Exif()
                Image.fromarray(pixels).save(tmp_path / class_ / name, exif=exif)
                names.append(f"{class_}/{name}")
            bursts.append(names)
    dataset = scanned(tmp_path)
    for seed in SEEDS:
        divided = split(dataset, seed)
        assert parted(divided, bursts) == []
        assert counts(divided) == {class_: {"train": 51, "validation": 9, "test": 15} for class_ in divided.classes}


def test_photos_in_two_classes_never_judge() -> None:
    both = [f"both {i}" for i in range(20)]
    contents = [("cats", content) for content in both] + [("dogs", content) for content in both]
    dataset = made_up(*contents, *many("cats", 30), *many("dogs", 30))
    divided = split(dataset, seed=0)
    assert {photo.split for photo in divided.photos[:40]} == {"train"}
    assert counts(divided)["cats"] == {"train": 40, "validation": 4, "test": 6}
    assert judges(divided) == [False] * 40 + [True] * 60


def test_a_near_copy_in_another_class_never_judges(demo: Path, tmp_path: Path) -> None:
    root = some_of(demo, tmp_path, each=20)
    wrong = root / "Melon" / "wrong.jpg"
    with Image.open(min((root / "Apple").iterdir())) as image:
        image.resize((150, 150)).save(wrong, quality=75)
    dataset = scanned(root)
    assert len(found(dataset, "label-conflict")) == 2
    for seed in SEEDS:
        sides = {photo.name: photo.split for photo in split(dataset, seed).photos}
        assert {sides[name] for name in found(dataset, "label-conflict")} == {"train"}


# --- Classes of few occasions --------------------------------------------------------------------------------------------


def of_occasions(*sizes: int, class_: str = "cats") -> Dataset:
    """A class of so many bursts, an hour apart."""
    facts = [
        some_facts(100 * hour + shot, taken=3600.0 * hour + shot) for hour, size in enumerate(sizes) for shot in range(size)
    ]
    return made_up(*many(class_, len(facts)), facts=facts)


def regrouped(dataset: Dataset) -> tuple[list[Photo], set[int]]:
    return grouped(dataset.photos, find_likeness(dataset.photos))


def test_a_class_of_many_occasions_is_not_cut() -> None:
    photos, cut = regrouped(of_occasions(*[9] * FEWEST_GROUPS))
    assert cut == set()
    assert sorted(map(len, groups(photos))) == [9] * FEWEST_GROUPS


def test_a_class_of_few_occasions_is_cut_into_consecutive_pieces() -> None:
    photos, cut = regrouped(of_occasions(24, 2, 14))
    assert cut == {0}
    assert [len(group) for group in groups(photos)] == [*[4] * 6, 2, 3, 4, 3, 4]  # what is small enough stays whole
    assert all(group == list(range(group[0], group[-1] + 1)) for group in groups(photos))


def test_pieces_follow_the_clock_and_not_the_names() -> None:
    dataset = of_occasions(20)
    shuffled = [dataset.photos[index] for index in np.random.default_rng(0).permutation(20)]
    photos, _ = grouped(shuffled, find_likeness(shuffled))
    for group in groups(photos):
        moments = sorted(photos[number].facts.taken or 0 for number in group)
        assert moments[-1] - moments[0] == len(moments) - 1


def test_without_a_clock_pieces_follow_the_numbers_in_the_names() -> None:
    names = [f"cats/frame{number}.jpg" for number in range(1, 21)]  # sorted as text, 10 would come before 2
    photos = [
        replace(photo, name=name)
        for photo, name in zip(made_up(*many("cats", 20), facts=[some_facts(0)] * 20).photos, names, strict=True)
    ]
    cut, _ = grouped(photos, find_likeness(photos))
    assert groups(cut) == [[first, first + 1] for first in range(0, 20, 2)]


def test_exact_copies_are_not_parted_by_a_cut() -> None:
    contents = [("cats", f"cat {number % 10}") for number in range(20)]
    photos, cut = regrouped(made_up(*contents, facts=[some_facts(0)] * 20))
    assert cut == {0}
    group_of = {photo.digest: photo.group for photo in photos}
    assert all(group_of[photo.digest] == photo.group for photo in photos)
    assert len(groups(photos)) >= FEWEST_GROUPS


def test_a_group_of_two_classes_is_not_cut() -> None:
    facts = [some_facts(0)] * 21
    photos, _ = regrouped(made_up(*many("cats", 20), ("dogs", "one of them"), facts=facts))
    assert len({photo.group for photo in photos[:20]}) > 1  # the dog is like all twenty: a scene, not a wrong label
    others = [some_facts(number) for number in range(1, 18)]
    photos, cut = regrouped(made_up(*many("cats", 20), ("dogs", "one of them"), facts=[*facts[:3], *others, facts[0]]))
    assert groups(photos)[0] == [0, 1, 2, 20]
    assert cut == set()


def test_few_occasions_are_said_and_the_set_is_still_divided(tmp_path: Path) -> None:
    (tmp_path / "video").mkdir()
    for frame in range(40):
        pixels = np.random.default_rng(0).integers(0, 250, (8, 8, 3), np.uint8).repeat(30, 0).repeat(30, 1)
        pixels[:9, frame : frame + 9] = 255
        Image.fromarray(pixels).save(tmp_path / "video" / f"frame{frame}.png")
    dataset = scanned(write_photos(tmp_path, "stills*40"))
    assert found(dataset, "few-occasions") == {"video": "few-occasions"}
    for seed in SEEDS:
        assert counts(split(dataset, seed)) == {
            "stills": {"train": 26, "validation": 6, "test": 8},
            "video": {"train": 28, "validation": 4, "test": 8},  # in pieces of four
        }


# --- Splits that the data bring ------------------------------------------------------------------------------------------


def test_own_test_photos_stay_and_validation_comes_from_train(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*20", "train/dogs*20", "val/cats*5", "val/dogs*5")
    dataset = scanned(tmp_path)
    divided = split(dataset, seed=0)
    assert counts(divided) == {class_: {"train": 17, "validation": 3, "test": 5} for class_ in ["cats", "dogs"]}
    for before, after in zip(dataset.photos, divided.photos, strict=True):
        assert (after.split == "test") == before.name.startswith("val/")


def test_a_small_test_that_the_data_bring_is_kept(tmp_path: Path) -> None:
    divided = split(scanned(write_photos(tmp_path, "train/a*9", "train/b*9", "test/a*1", "test/b*1")), seed=0)
    assert not divided.cross_validated
    assert counts(divided) == {class_: {"train": 8, "validation": 1, "test": 1} for class_ in ["a", "b"]}


def test_a_whole_own_split_is_kept(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/a*3", "train/b*3", "val/a*1", "val/b*1", "test/a*1", "test/b*1")
    dataset = scanned(tmp_path)
    assert split(dataset, seed=0) == dataset


def test_a_wrongly_sorted_photo_among_own_test_photos_keeps_its_twin_from_validation(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*20", "train/dogs*20", "test/cats*5", "test/dogs*5")
    shutil.copy(tmp_path / "train" / "cats" / "0.png", tmp_path / "train" / "dogs" / "wrong.png")
    dataset = scanned(tmp_path)
    for seed in SEEDS:
        sides = {photo.name: photo.split for photo in split(dataset, seed).photos}
        assert sides["train/cats/0.png"] == sides["train/dogs/wrong.png"] == "train"


# --- Photos that the network knows already -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_photos_keep_the_side_that_they_had_and_new_ones_fill_it_up(seed: int) -> None:
    """Thirty cats and ten owls came in since, and the seed is another."""
    old = split(made_up(*many("cats", 30), *many("dogs", 40)), seed=0)
    before = {photo.digest: photo.split for photo in old.photos if photo.split}
    divided = split(made_up(*many("cats", 60), *many("dogs", 40), *many("owls", 10)), seed, before)
    assert {photo.digest: photo.split for photo in divided.photos if photo.digest in before} == before
    assert counts(divided) == {
        "cats": {"train": 39, "validation": 9, "test": 12},
        "dogs": {"train": 26, "validation": 6, "test": 8},
        "owls": {"train": 6, "validation": 2, "test": 2},
    }


def test_a_copy_of_a_photo_that_was_trained_on_never_judges() -> None:
    dataset = made_up(*many("cats", 40), *many("dogs", 40), groups=[number // 2 for number in range(80)])
    before: dict[str, Split] = {photo.digest: "train" for photo in dataset.photos[::4]}  # one of every other pair
    for seed in SEEDS:
        divided = split(dataset, seed, before)
        assert all(photo.split == "train" for photo in divided.photos if photo.group % 2 == 0)
        assert parted(divided, [[divided.photos[i].name for i in group] for group in groups(divided.photos)]) == []


def test_own_folders_say_which_photos_test() -> None:
    dataset = made_up(*many("cats", 40), *many("dogs", 40))
    photos = [replace(photo, split="test" if number % 4 == 0 else "train") for number, photo in enumerate(dataset.photos)]
    dataset = replace(dataset, photos=photos, own_split=True)
    before: dict[str, Split] = {photo.digest: "train" if photo.split == "test" else "test" for photo in photos}
    divided = split(dataset, 0, before)
    assert [photo.split == "test" for photo in divided.photos] == [photo.split == "test" for photo in photos]
    assert {photo.split for photo in divided.photos} == {"train", "validation", "test"}


@pytest.mark.parametrize(("classes", "each", "more"), [(2, 18, 5), (3, 14, 4), (4, 10, 3), (5, 6, 2), (2, 40, 1)])
def test_after_a_tiny_set_new_photos_test_and_some_that_are_known_choose(classes: int, each: int, more: int) -> None:
    def of(count: int) -> Dataset:
        return made_up(*[one for label in range(classes) for one in many(f"class {label}", count)])

    before: dict[str, Split] = {photo.digest: "train" for photo in of(each).photos}
    dataset = of(each + more)
    require_trainable(dataset, before)
    divided = split(dataset, 0, before)
    if classes * more < TINY_TEST:
        assert divided.cross_validated
        return
    assert {photo.digest for photo in divided.photos if photo.split == "test"}.isdisjoint(before)
    for row in counts(divided).values():
        assert row["test"] == more and row["validation"] and row["train"]


def test_own_folders_of_photos_that_are_known_still_choose_a_model() -> None:
    dataset = made_up(*many("cats", 12), *many("dogs", 12))
    photos = [replace(photo, split="test" if number % 4 == 0 else "train") for number, photo in enumerate(dataset.photos)]
    dataset = replace(dataset, photos=photos, own_split=True)
    before: dict[str, Split] = {photo.digest: "train" for photo in photos}
    require_trainable(dataset, before)
    assert {photo.split for photo in split(dataset, 0, before).photos} == {"train", "validation", "test"}
    few = replace(dataset, photos=[photo for photo in photos if photo.name[-6:-4] in ("01", "02", "21", "22")])
    with pytest.raises(UserError, match="too few photos"):
        require_trainable(few, before)


def test_a_class_of_which_none_is_left_to_train_on_is_refused() -> None:
    dataset = made_up(*many("cats", 40), *many("dogs", 40))
    before: dict[str, Split] = {photo.digest: "test" for photo in dataset.photos if photo.name.startswith("cats")}
    with pytest.raises(UserError, match="All photos of “cats” are needed to judge by"):
        require_trainable(dataset, before)


# --- Cross-validation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cats", "dogs", "expected"), [(20, 20, FOLDS), (3, 20, 3), (20, 2, 2), (1, 20, 1)])
def test_as_many_folds_as_the_smallest_class_has_groups(cats: int, dogs: int, expected: int) -> None:
    assert folds(made_up(*many("cats", cats), *many("dogs", dogs))) == expected


def test_groups_and_not_photos_make_folds() -> None:
    assert folds(made_up(*many("cats", 6), *many("dogs", 6), groups=[0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7])) == 2


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cats", [[1, 1], [5, 1], [7, 1, 1], [3, 3, 1, 1, 1, 1]])
def test_every_class_is_trained_on_in_every_fold(cats: list[int], seed: int) -> None:
    """What the cross-validation does with these groups."""
    numbers = [number for number, size in enumerate(cats) for _ in range(size)]
    dataset = made_up(*many("cats", len(numbers)), *many("dogs", 12), groups=numbers + list(range(100, 112)))
    labels = np.array([photo.label for photo in dataset.photos])
    parting = StratifiedGroupKFold(folds(dataset), shuffle=True, random_state=seed)
    for fit, held in parting.split(labels, labels, [photo.group for photo in dataset.photos]):
        assert set(labels[fit]) == {0, 1}
        assert len(held) > 0


def test_hymenoptera_keeps_its_own_test_photos(tmp_path: Path) -> None:
    dataset = split(scanned(shared("hymenoptera.zip", tmp_path)), seed=0)
    assert dataset.own_split
    assert dataset.classes == ["ants", "bees"]
    assert all((photo.split == "test") == photo.name.startswith("val/") for photo in dataset.photos)
    assert counts(dataset)["bees"] == {"train": 103, "validation": 18, "test": 83}


def test_no_likeness_no_groups() -> None:
    photos = made_up(*many("cats", 5)).photos
    none = np.empty((0, 2), np.int64)
    alone, cut = grouped(photos, Likeness(exact=none, near=none, bursts=none, still=none))
    assert [photo.group for photo in alone] == [0, 1, 2, 3, 4]
    assert cut == set()

"""Near-copies are found however they were saved; different photos, however alike, are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import made_up, make_photos, many, scanned, shared, some_facts, some_of
from PIL import Image, ImageEnhance

from resnet_finetune.data.facts import Facts
from resnet_finetune.data.likeness import (
    BURST,
    COLUMNS,
    MOST_ALIKE,
    MOST_TWINS,
    ROWS,
    Pairs,
    bursts,
    exact_copies,
    find_likeness,
    near_copies,
    pieces,
    together,
)
from resnet_finetune.data.photos import Photo

pytestmark = pytest.mark.usefixtures("full_size")  # photos are measured in pixels


def of_facts(*facts: Facts) -> list[Photo]:
    """A photo of one class for each."""
    return made_up(*many("cats", len(facts)), facts=facts).photos


def pairs(found: Pairs) -> set[tuple[int, int]]:
    return {(first, second) for first, second in found.tolist()}


def named(photos: Sequence[Photo], found: Pairs) -> set[tuple[str, str]]:
    return {(Path(photos[a].name).name, Path(photos[b].name).name) for a, b in found.tolist()}


# --- Near-copies -------------------------------------------------------------------------------------------------------


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2))


def marked(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.paste("white", (5, 5, 60, 20))
    return copy


SAVED_AGAIN: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half as large": halved,
    "a quarter as large": lambda image: halved(halved(image)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "with a mark": marked,
    "trimmed by a hundredth": lambda image: image.crop((3, 3, image.width - 3, image.height - 3)),
}


@pytest.mark.parametrize("how", SAVED_AGAIN)
@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".png"])
def test_a_photo_that_was_saved_again_is_a_near_copy_and_no_other_is(demo: Path, tmp_path: Path, how: str, suffix: str) -> None:
    root = some_of(demo, tmp_path, each=4)
    expected = set()
    for photo in sorted(root.rglob("*.jpg")):
        again = photo.with_name(f"{photo.stem}_again{suffix}")
        with Image.open(photo) as image:
            SAVED_AGAIN[how](image).save(again, quality=75)
        expected.add((photo.name, again.name))
    photos = scanned(root).photos
    assert named(photos, near_copies(photos)) == expected


@pytest.mark.parametrize("name", ["hymenoptera.zip", "flowers.zip"])
def test_real_photos_that_are_different_are_not_near_copies(tmp_path: Path, name: str) -> None:
    assert pairs(near_copies(scanned(shared(name, tmp_path)).photos)) == set()


def test_the_demo_has_one_near_copy(demo: Path) -> None:
    photos = scanned(demo).photos
    assert named(photos, near_copies(photos)) == {("Conference_05.jpg", "Conference_13.jpg")}


def test_the_photos_of_these_tests_are_all_different(tmp_path: Path) -> None:
    assert pairs(near_copies(scanned(make_photos(tmp_path, each=40)).photos)) == set()


def test_two_things_may_differ_by_colour_alone(tmp_path: Path) -> None:
    gray = np.random.default_rng(0).integers(0, 200, (8, 8, 1), np.uint8).repeat(40, 0).repeat(40, 1)
    for name, tint in (("red", (1.0, 0.1, 0.1)), ("green", (0.1, 0.6, 0.1))):
        (tmp_path / name).mkdir()
        Image.fromarray((gray * tint).astype(np.uint8)).save(tmp_path / name / "0.png")
    first, second = scanned(tmp_path).photos
    assert (first.facts.look ^ second.facts.look).bit_count() < 10
    assert pairs(near_copies([first, second])) == set()


def test_of_photos_of_one_colour_nothing_can_be_said(tmp_path: Path) -> None:
    for name in ("white", "black"):
        (tmp_path / name).mkdir()
        for number, side in enumerate((50, 60)):
            Image.new("RGB", (side, side), name).save(tmp_path / name / f"{number}.png")
    assert pairs(near_copies(scanned(tmp_path).photos)) == set()


def test_near_copies_are_found_however_far_apart_they_stand() -> None:
    last = COLUMNS + ROWS + 9
    facts = [some_facts(number) for number in range(last + 1)]
    pairs_ = ((0, 1), (3, ROWS - 1), (5, ROWS), (7, COLUMNS - 1), (8, COLUMNS), (ROWS - 1, last), (ROWS + 1, ROWS + 2))
    for first, second in pairs_:
        facts[second] = replace(facts[first], look=facts[first].look ^ 0b111)
    found = near_copies(of_facts(*facts))
    assert pairs(found) == {*pairs_, (3, last)}
    assert (found[:, 0] < found[:, 1]).all()


def test_a_thousand_photos_of_one_scene_are_one_group_without_a_million_pairs() -> None:
    count = 1000
    found = near_copies(of_facts(*[some_facts(0)] * count))
    assert len(found) <= count * MOST_ALIKE
    assert len(together(count, [found])) == 1


def test_a_near_copy_is_found_among_many_photos_with_the_same_hash() -> None:
    """As of things on white: other photos come first, but they are no copies."""
    others = [replace(some_facts(number), look=some_facts(0).look) for number in range(2 * MOST_ALIKE)]
    found = near_copies(of_facts(*others, others[0]))
    assert pairs(found) == {(0, 2 * MOST_ALIKE)}


@pytest.mark.parametrize("count", [0, 1])
def test_of_no_photo_or_one_there_are_no_pairs(count: int) -> None:
    likeness = find_likeness(of_facts(*[some_facts(number) for number in range(count)]))
    assert [len(found) for found in vars(likeness).values()] == [0, 0, 0, 0]


def test_exact_copies_are_those_of_the_same_content() -> None:
    dataset = made_up(("a", "one"), ("a", "two"), ("b", "one"), ("a", "one"), ("b", "three"))
    assert pairs(exact_copies(dataset.photos)) == {(0, 2), (0, 3)}


# --- Across classes ----------------------------------------------------------------------------------------------------


def test_a_near_copy_in_another_class_ties_the_two() -> None:
    facts = [some_facts(0), some_facts(1), some_facts(0), some_facts(3)]
    likeness = find_likeness(made_up(*many("cats", 2), *many("dogs", 2), facts=facts).photos)
    assert pairs(likeness.near) == {(0, 2)}
    assert pairs(likeness.still) == set()


def test_a_scene_that_never_changes_ties_no_classes_but_each_within() -> None:
    """As from a camera that stands still: all of "open" and all of "shut" are nearly one picture."""
    each = MOST_TWINS + 2
    likeness = find_likeness(made_up(*many("open", each), *many("shut", each), facts=[some_facts(0)] * 2 * each).photos)
    assert len(likeness.still) == each * each
    assert sorted(map(len, together(2 * each, [likeness.near]))) == [each, each]


@pytest.mark.parametrize(("pairs_", "rare"), [(4, True), (5, False)])
def test_only_where_they_are_rare_near_copies_across_classes_are_wrong_labels(pairs_: int, rare: bool) -> None:
    """Up to a fifth of a class. Of more, what the photos have in common is the scene."""
    facts = [some_facts(number) for number in range(20)] + [
        some_facts(number) for number in (*range(pairs_), *range(40, 60 - pairs_))
    ]
    likeness = find_likeness(made_up(*many("cats", 20), *many("dogs", 20), facts=facts).photos)
    assert (len(likeness.near), len(likeness.still)) == ((pairs_, 0) if rare else (0, pairs_))


def test_exact_copies_across_classes_are_never_the_scene() -> None:
    contents = [*[("cats", f"both {number}") for number in range(9)], *[("dogs", f"both {number}") for number in range(9)]]
    likeness = find_likeness(made_up(*contents, facts=[some_facts(number % 9) for number in range(18)]).photos)
    assert pairs(likeness.near) == {(number, number + 9) for number in range(9)}
    assert len(likeness.still) == 0


# --- Bursts ------------------------------------------------------------------------------------------------------------


def taken(*moments: tuple[str, float | None]) -> list[Photo]:
    return of_facts(*[some_facts(n, camera=camera, taken=moment) for n, (camera, moment) in enumerate(moments)])


def test_photos_of_one_camera_within_seconds_are_a_burst() -> None:
    photos = taken(("Pixel", 100.0), ("Pixel", 100.0 + BURST), ("Pixel", 101.0 + 2 * BURST), ("Pixel", 99.0))
    assert pairs(bursts(photos)) == {(0, 1), (0, 3)}


def test_other_cameras_and_photos_without_a_time_are_in_no_burst() -> None:
    assert pairs(bursts(taken(("Pixel", 100.0), ("iPhone", 100.0), ("Pixel", None), ("Pixel", None)))) == set()


def test_a_long_burst_is_tied_link_by_link() -> None:
    found = bursts(taken(*[("Pixel", 3.0 * number) for number in range(20)]))
    assert len(found) == 19
    assert len(together(20, [found])) == 1


def test_the_photos_of_one_press_of_the_pages_camera_are_a_burst() -> None:
    names = [
        "cats/camera-20260101T120000-001.jpg",
        "cats/camera-20260101T120000-002.jpg",
        "cats/camera-20260101T120000-010.jpg",
        "cats/camera-20260101T120001-001.jpg",
        "cats/0001.jpg",
    ]
    photos = [replace(photo, name=name) for photo, name in zip(made_up(*many("cats", 5)).photos, names, strict=True)]
    assert pairs(bursts(photos)) == {(0, 1), (1, 2)}


def test_a_burst_of_two_classes_is_a_burst_of_each() -> None:
    facts = [some_facts(number, taken=float(number)) for number in range(4)]
    likeness = find_likeness(made_up(*many("cats", 2), *many("dogs", 2), facts=facts).photos)
    assert pairs(likeness.bursts) == {(0, 1), (2, 3)}


# --- Groups ------------------------------------------------------------------------------------------------------------


def test_groups_are_tied_through_others() -> None:
    ties = [np.array([[0, 3], [3, 5]]), np.array([[1, 2]]), np.empty((0, 2), np.int64)]
    assert sorted(together(6, ties)) == [[0, 3, 5], [1, 2], [4]]


def test_pieces_are_consecutive_and_even() -> None:
    assert [list(piece) for piece in pieces("abcdefg", 3)] == [["a", "b"], ["c", "d"], ["e", "f", "g"]]
    assert [list(piece) for piece in pieces("ab", 5)] == [["a", "b"]]

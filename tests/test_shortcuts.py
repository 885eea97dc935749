"""A class that can be told from the file alone is found, with the trait that tells it; chance is not taken for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import made_up, many, scanned, shared, some_facts, some_of
from PIL import ExifTags, Image, ImageOps

from resnet_finetune.data.facts import Facts
from resnet_finetune.data.photos import Photo
from resnet_finetune.data.shortcuts import ENOUGH, FEWEST, SURE, find_shortcuts

pytestmark = pytest.mark.usefixtures("full_size")  # photos are measured in pixels


def found(photos: Sequence[Photo]) -> list[tuple[int, str]]:
    return [(shortcut.label, shortcut.trait) for shortcut in find_shortcuts(photos)]


def classes_of(*facts: Sequence[Facts]) -> list[Photo]:
    """A class for each sequence."""
    contents = [content for label, own in enumerate(facts) for content in many(f"class {label}", len(own))]
    return made_up(*contents, facts=[one for own in facts for one in own]).photos


def some(count: int, **traits: object) -> list[Facts]:
    return [some_facts(number, **traits) for number in range(count)]


# --- Planted in real photos --------------------------------------------------------------------------------------------


def save_from_camera(image: Image.Image, to: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Canon", "EOS"
    image.save(to, quality=75, exif=exif)


PLANTED: dict[str, Callable[[Image.Image, Path], None]] = {
    "quality": lambda image, to: image.save(to, quality=30),
    "border": lambda image, to: ImageOps.pad(ImageOps.contain(image, (300, 300)), (348, 348), color="white").save(
        to, quality=75
    ),
    "size": lambda image, to: image.resize((300, 300)).save(to, quality=75),
    "camera": save_from_camera,
    "form": lambda image, to: image.save(to, "WEBP", quality=75),
}


@pytest.mark.parametrize("trait", PLANTED)
@pytest.mark.parametrize("class_", ["Apple", "Orange"])
def test_a_planted_shortcut_is_found_with_its_class_and_trait(demo: Path, tmp_path: Path, trait: str, class_: str) -> None:
    root = some_of(demo, tmp_path, each=15)
    for photo in (root / class_).iterdir():
        with Image.open(photo) as image:
            image.load()
        PLANTED[trait](image, photo)
    dataset = scanned(root)
    told = [(dataset.classes[label], name) for label, name in found(dataset.photos)]
    # Pillow writes no quality into a WebP, so that a lack of it tells the same.
    assert told in ([(class_, trait)], [(class_, "quality")] if trait == "form" else [])


def test_the_demo_has_no_shortcut(demo: Path) -> None:
    assert find_shortcuts(scanned(demo).photos) == []


@pytest.mark.parametrize("name", ["hymenoptera.zip", "flowers.zip"])
def test_real_photos_have_no_shortcut(tmp_path: Path, name: str) -> None:
    assert find_shortcuts(scanned(shared(name, tmp_path)).photos) == []


# --- By the numbers ----------------------------------------------------------------------------------------------------


def test_how_sure_it_is_comes_along() -> None:
    (shortcut,) = find_shortcuts(classes_of(some(20), some(20, quality=30), some(20)))
    assert (shortcut.label, shortcut.trait, shortcut.accuracy) == (1, "quality", 1.0)


def test_of_two_classes_only_one_is_told() -> None:
    assert found(classes_of(some(20), some(20, form="PNG", quality=None))) == [(0, "quality")]


def test_every_class_with_a_trait_of_its_own_is_told() -> None:
    photos = classes_of(some(20), some(20, camera="Pixel"), some(20, camera="iPhone"))
    assert found(photos) == [(0, "camera"), (1, "camera"), (2, "camera")]


def test_a_class_of_several_sizes_is_told_if_no_other_has_them() -> None:
    mixed = [*some(10, width=300, height=300), *some(10, width=900, height=900)]
    assert found(classes_of(some(20, width=600, height=600), mixed, some(20, width=600, height=600))) == [(1, "size")]


def test_a_trait_that_all_classes_share_tells_nothing() -> None:
    half = [*some(10, quality=30), *some(10, quality=90)]
    assert found(classes_of(half, half, half)) == []


def test_what_most_photos_of_a_class_have_is_not_enough() -> None:
    """Told with a balanced accuracy below ``SURE``."""
    three_quarters = [*some(15, quality=30), *some(5)]
    assert SURE > (0.75 + 1) / 2
    assert found(classes_of(some(20), three_quarters, some(20))) == []


def test_chance_is_no_shortcut() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        sizes = generator.integers(200, 2000, (3, FEWEST, 2)).tolist()
        quality = generator.integers(50, 100, (3, FEWEST)).tolist()
        facts = [
            [some_facts(width=width, height=height, quality=q) for (width, height), q in zip(own, qualities, strict=True)]
            for own, qualities in zip(sizes, quality, strict=True)
        ]
        assert found(classes_of(*facts)) == []


@pytest.mark.parametrize("count", [1, FEWEST - 1])
def test_of_a_few_photos_nothing_is_said(count: int) -> None:
    assert found(classes_of(some(20), some(count, quality=30))) == []
    assert found(classes_of(some(20), some(count, quality=30), some(20))) == []


def test_no_photos_or_one_class_have_no_shortcut() -> None:
    assert found([]) == []
    assert found(classes_of(some(20))) == []


def test_of_many_photos_some_are_looked_at_and_a_rare_class_does_not_break_it() -> None:
    photos = classes_of(some(2) * ENOUGH, some(2, quality=30) * 500, some(FEWEST))
    assert (1, "quality") in found(photos)

"""What is measured of a photo, on photos of which it is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scanned, some_facts
from PIL import Image, ImageFilter

from resnet_finetune.data.facts import GRID, THUMB, Facts

NOISE = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


@pytest.fixture
def facts_of(tmp_path: Path) -> Any:
    def measure(image: Image.Image, name: str = "0.png", **options: Any) -> Facts:
        folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "class"
        folder.mkdir(parents=True)
        image.save(folder / name, **options)
        (photo,) = scanned(folder.parent).photos
        return photo.facts

    return measure


def bordered(left: int, top: int, right: int, bottom: int, colour: str = "white") -> Image.Image:
    """Noise in a frame, each side so many 64ths of the photo wide."""
    image = Image.fromarray(NOISE).resize((640, 640), Image.Resampling.NEAREST)
    picture = Image.new("RGB", (640, 640), colour)
    box = (left * 10, top * 10, 640 - right * 10, 640 - bottom * 10)
    picture.paste(image.crop(box), box)
    return picture


def test_the_header_comes_along(facts_of: Any) -> None:
    facts = facts_of(Image.fromarray(NOISE), "0.jpg", quality=60)
    assert (facts.form, facts.width, facts.height, facts.quality) == ("JPEG", 320, 240, 60)


def test_brightness_is_that_of_the_bright_parts(facts_of: Any) -> None:
    assert facts_of(Image.new("RGB", (400, 400), (100, 100, 100))).bright == 100
    half = Image.new("RGB", (400, 400), "black")
    half.paste((180, 180, 180), (0, 0, 200, 400))
    assert facts_of(half).bright == 180
    lamp = Image.new("RGB", (400, 400), (20, 20, 20))
    lamp.paste("white", (0, 0, 60, 60))  # 2 % of the picture
    assert facts_of(lamp).bright == 20


def test_a_blurred_photo_is_less_sharp_at_any_size(demo: Path, facts_of: Any) -> None:
    with Image.open(demo / "Apple" / "Golden-Delicious_01.jpg") as image:
        sharp = facts_of(image).sharp
        assert facts_of(image.filter(ImageFilter.GaussianBlur(2))).sharp < 0.7 * sharp
        large = image.resize((4 * image.width, 4 * image.height))
        assert facts_of(large).sharp == pytest.approx(sharp, rel=0.4)
    assert facts_of(Image.new("RGB", (400, 400), "gray")).sharp == 0


def test_edges_in_either_direction_are_sharp(facts_of: Any) -> None:
    stripes = Image.fromarray(np.tile(np.repeat(np.array([0, 255], np.uint8), 4), (320, 40)))
    assert facts_of(stripes).sharp == pytest.approx(facts_of(stripes.transpose(Image.Transpose.ROTATE_90)).sharp, rel=0.05)
    assert facts_of(stripes).sharp > 20


@pytest.mark.parametrize("sides", [(0, 0, 0, 0), (4, 0, 0, 0), (0, 8, 0, 8), (3, 5, 7, 9)])
@pytest.mark.parametrize("colour", ["white", "black", "gray"])
def test_a_border_of_one_colour_is_measured_at_each_side(facts_of: Any, sides: tuple[int, int, int, int], colour: str) -> None:
    assert facts_of(bordered(*sides, colour=colour)).border == pytest.approx(sides, abs=1)


def test_jpeg_does_not_hide_a_border(facts_of: Any) -> None:
    assert facts_of(bordered(5, 5, 5, 5), "0.jpg", quality=40).border == pytest.approx((5, 5, 5, 5), abs=1)


def test_a_photo_of_one_colour_is_all_border(facts_of: Any) -> None:
    assert facts_of(Image.new("RGB", (100, 100), "teal")).border == (GRID, GRID, GRID, GRID)


def test_the_border_is_that_of_the_whole_photo_and_the_rest_of_its_centre(facts_of: Any) -> None:
    wide = Image.new("RGB", (600, 200), "white")
    wide.paste((40, 40, 40), (200, 0, 400, 200))
    facts = facts_of(wide)
    assert facts.border[0] == pytest.approx(GRID / 3, abs=1)
    assert facts.bright == 40


def test_the_tiny_copy_is_of_the_square(facts_of: Any) -> None:
    picture = Image.new("RGB", (400, 200), "blue")
    picture.paste("red", (100, 0, 200, 200))
    picture.paste("lime", (200, 0, 300, 200))
    thumb = np.frombuffer(facts_of(picture).thumb, np.uint8).reshape(THUMB, THUMB, 3)
    assert (thumb[:, 1:7] == (255, 0, 0)).all()
    assert (thumb[:, 9:15] == (0, 255, 0)).all()


def test_facts_survive_json() -> None:
    facts = some_facts(3, taken=1.5, camera="Añil", look=2**64 - 1, border=(1, 2, 3, 4))
    again = Facts.from_json(json.loads(json.dumps(facts.to_json())))
    assert again == facts
    assert hash(again) == hash(facts)


@pytest.mark.parametrize("spoil", [{"thumb": None}, {"thumb": "abc"}, {"border": 3}, {"stranger": 1}, {"look": ...}])
def test_what_are_no_facts_is_refused(spoil: dict[str, Any]) -> None:
    values = {name: value for name, value in {**some_facts().to_json(), **spoil}.items() if value is not ...}
    with pytest.raises((KeyError, TypeError, ValueError)):
        Facts.from_json(values)

"""A map of all photos: the same each time, made once, and readable with 2, 10 and 81 classes."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from resnet_finetune.insight import photo_map
from resnet_finetune.insight.photo_map import FEWEST, FILE, MOST_POINTS, PhotoMap, make_map, places_of
from resnet_finetune.model.gallery import FEATURES, NAMES, Seen
from resnet_finetune.model.saved_model import ABOUT, WEIGHTS
from resnet_finetune.ui.steps.photo_map import COLOURS, SHAPES, draw
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of what a map is made of."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (ABOUT, WEIGHTS, FEATURES, NAMES):
        shutil.copy(trained / name, folder)
    return folder


def heaps(classes: int, each: int) -> np.ndarray:
    """Float32 [N, 64], each class around a direction of its own."""
    draw = np.random.default_rng(0)
    centres = draw.normal(0, 1, (classes, 64))
    return (np.repeat(centres, each, 0) + draw.normal(0, 0.2, (classes * each, 64))).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, FEWEST - 1, FEWEST, 90])
def test_any_number_of_photos_has_its_places(count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places = places_of(heaps(1, count), 0)
    assert places.shape == (count, 2) and places.dtype == np.float32
    assert places.min() >= 0 and places.max() <= 1


def test_what_is_alike_lies_together_and_the_same_seed_gives_the_same_map() -> None:
    features = heaps(5, 20)
    places = places_of(features, 0)
    assert np.array_equal(places, places_of(features, 0))
    middles = places.reshape(5, 20, 2).mean(1)
    own = np.linalg.norm(places.reshape(5, 20, 2) - middles[:, None], axis=2).mean()
    between = np.linalg.norm(middles[:, None] - middles[None], axis=2)[~np.eye(5, dtype=bool)].min()
    assert own * 3 < between


@pytest.mark.parametrize("distinct", [1, 2, 3, 8])
def test_copies_upon_copies(distinct: int) -> None:
    """On all the same photos scikit-learn's t-SNE would end the whole process."""
    features = np.tile(heaps(distinct, 1), (120 // distinct, 1))
    assert np.isfinite(places_of(features, 0)).all()


def test_it_is_made_once_and_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_map(run, 0)
    assert len(made.photos) == made.all == len(made.places) == 54
    assert made.classes == ["blue", "green", "red"]
    kept = (run / FILE).read_bytes()
    monkeypatch.setattr(photo_map, "places_of", lambda features, seed: pytest.fail("it was made already"))
    again = make_map(run, 0)
    assert np.allclose(again.places, made.places, atol=1e-4)
    assert (run / FILE).read_bytes() == kept


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept | {"features": "other"},
        lambda kept: kept | {"seed": 1},
        lambda kept: kept | {"places": kept["places"][1:]},
        lambda kept: kept | {"places": [[5, 5]] * len(kept["places"])},
        lambda kept: kept | {"places": [["a", "b"]] * len(kept["places"])},
        lambda kept: {},
        lambda kept: [],
    ],
)
def test_a_map_that_is_old_or_damaged_is_made_anew(run: Path, damage: object) -> None:
    make_map(run, 0)
    kept = (run / FILE).read_bytes()
    assert callable(damage)
    (run / FILE).write_text(json.dumps(damage(json.loads(kept))))
    make_map(run, 0)
    assert (run / FILE).read_bytes() == kept


def test_of_many_photos_a_sample_is_drawn(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_map, "MOST_POINTS", 40)
    made = make_map(run, 0)
    assert (len(made.photos), made.all) == (40, 54)
    assert "40 of 54 photos" in draw(made, set())


def test_a_run_of_an_earlier_version_has_none(run: Path) -> None:
    disk.write_json(run / ABOUT, disk.read_json(run / ABOUT) | {"none_of_these": None})
    with pytest.raises(UserError, match="earlier version"):
        make_map(run, 0)


# --- How it is drawn -----------------------------------------------------------------------------------------------------


def a_map(classes: int, each: int = 3) -> PhotoMap:
    names = [f"class {number}" for number in range(classes)]
    photos = [Seen(f"{name}/{number}.jpg", label, "train") for label, name in enumerate(names) for number in range(each)]
    places = np.random.default_rng(0).random((len(photos), 2)).astype(np.float32)
    return PhotoMap(classes=names, photos=photos, places=places, all=len(photos))


@pytest.mark.parametrize("classes", [2, 10, 81])
def test_every_class_has_a_look_of_its_own(classes: int) -> None:
    looks = {(SHAPES[label % len(SHAPES)], COLOURS[label % len(COLOURS)]) for label in range(classes)}
    assert len(looks) == classes
    drawn = draw(a_map(classes), set())
    assert drawn.count("data-point=") == 3 * classes
    assert drawn.count("data-only=") == classes
    assert drawn.count('tabindex="0"') == 1  # one stop for the Tab key; from there the arrow keys lead on


def test_mistakes_are_ringed() -> None:
    assert draw(a_map(2), set()).count("<circle") == 0
    drawn = draw(a_map(2), {"class 0/1.jpg", "class 1/2.jpg", "no such photo"})
    assert drawn.count("<circle") == 2
    assert "named wrong" in drawn


def test_names_stay_names() -> None:
    made = a_map(2)
    hostile = "<script>alert(1)</script>"
    hostile_map = PhotoMap(classes=[hostile, '" onload="x'], photos=[Seen(hostile, 0, "train")], places=made.places[:1], all=1)
    drawn = draw(hostile_map, {hostile})
    assert "<script" not in drawn and "&lt;script" in drawn and 'onload="x' not in drawn


def test_as_many_as_are_drawn_at_most_are_no_megabytes() -> None:
    assert len(draw(a_map(10, MOST_POINTS // 10), set())) < 1_000_000

"""Why a model answers so: where it looked, on photos of which this is known, and which training photos are like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import make_photos
from PIL import Image

from resnet_finetune.data.cache import SIZE
from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.insight.explain import NEAREST, explain, heat_map, painted
from resnet_finetune.model.saved_model import Classifier, load_model


@pytest.fixture(scope="module")
def model(trained: Path) -> Classifier:
    return load_model(trained)


@pytest.fixture
def half_and_half(tmp_path: Path) -> Path:
    """Left blue, right red, as the photos that the model was trained on."""
    photos = make_photos(tmp_path / "photos", each=1, side=128)
    blue, red = (np.asarray(Image.open(photos / name / "00.png")) for name in ("blue", "red"))
    Image.fromarray(np.concatenate([blue[:, :64], red[:, 64:]], axis=1)).save(tmp_path / "half.png")
    return tmp_path / "half.png"


def test_it_looked_where_the_class_is(model: Classifier, half_and_half: Path) -> None:
    pixels = model.preprocessing.read(half_and_half)
    left, right = slice(0, SIZE // 2), slice(SIZE // 2, SIZE)
    for name, here, there in (("blue", left, right), ("red", right, left)):
        heat = heat_map(model, pixels, model.classes.index(name))
        assert heat.shape == (SIZE, SIZE) and heat.dtype == np.float32
        assert heat.min() >= 0 and heat.max() == pytest.approx(1)
        assert heat[:, here].mean() > 2 * heat[:, there].mean()


def test_the_class_that_it_names_is_asked_about_unless_another_is(model: Classifier, trained: Path) -> None:
    photo = trained.parent / "photos" / "green" / "03.png"
    found = explain(model, photo)
    assert model.classes[found.of_class] == "green" == model.classes[int(found.scores.argmax())]
    assert not found.none_of_these
    assert found.pixels.shape == (SIZE, SIZE, 3)
    other = explain(model, photo, of_class=0)
    assert other.of_class == 0
    assert not np.array_equal(other.heat, found.heat)
    assert np.allclose(other.scores, found.scores)


def test_the_nearest_are_training_photos_of_its_class(model: Classifier, trained: Path) -> None:
    found = explain(model, trained.parent / "photos" / "red" / "02.png")
    assert len(found.nearest) == NEAREST
    assert {(model.classes[seen.label], seen.split) for seen, _ in found.nearest} == {("red", "train")}
    similar = [alike for _, alike in found.nearest]
    assert similar == sorted(similar, reverse=True) and 0.5 < similar[-1] <= similar[0] <= 1.001


def test_a_photo_of_nothing_is_explained_as_none_of_these(model: Classifier, tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), "grey").save(tmp_path / "grey.png")
    found = explain(model, tmp_path / "grey.png")
    assert found.none_of_these
    assert np.isfinite(found.heat).all()


def test_explaining_leaves_the_model_as_it_was(model: Classifier, half_and_half: Path) -> None:
    pixels = model.preprocessing.read(half_and_half)[None]
    before = model.scores(pixels)
    explain(model, half_and_half)
    assert np.array_equal(model.scores(pixels), before)
    assert all(parameter.grad is None for parameter in model.net.parameters())


def test_a_photo_that_cannot_be_read(model: Classifier, tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto):
        explain(model, tmp_path / "absent.png")


def test_the_colours_grow_brighter_with_the_heat() -> None:
    pixels = np.full((2, 3, 3), 128, np.uint8)
    drawn = painted(pixels, np.array([[0, 0.5, 1], [0, 0.5, 1]]))
    assert drawn.dtype == np.uint8 and drawn.shape == pixels.shape
    bright = drawn[0].astype(int).sum(1)
    assert bright[0] < bright[1] < bright[2]
    blue, yellow = drawn[0, 0], drawn[0, 2]
    assert blue[2] > blue[0] and yellow[2] < yellow[0]

"""Photos of no class: what is taken for one, by a threshold that a handful of photos has to be enough for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import made_up, make_photos, many, run_cli
from PIL import Image

from resnet_finetune.engine.material import Material
from resnet_finetune.engine.strangers import FEWEST, MOST_PHOTOS, fit_threshold, how_many_neighbours, kept_photos
from resnet_finetune.model.gallery import FARTHEST, FEATURES, NAMES
from resnet_finetune.model.saved_model import ABOUT, WEIGHTS, Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.settings import Settings

# --- The threshold -----------------------------------------------------------------------------------------------------


def usual(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 0.08, count).clip(0, 1.4).astype(np.float32)


@pytest.mark.parametrize("count", [10, 30, 100])
def test_of_photos_to_come_at_most_a_twentieth_is_refused_nearly_always(count: int) -> None:
    """With 95 % confidence, says the theory."""
    new = usual(20_000, seed=1)
    kept = [np.mean(new > fit_threshold(usual(count, seed))) <= 0.05 for seed in range(2, 202)]
    assert np.mean(kept) > 0.9


def test_the_fewer_the_photos_the_farther_out_it_is() -> None:
    found = [np.mean([fit_threshold(usual(count, seed)) for seed in range(50)]) for count in (5, 15, 50, 500)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.5 + 1.645 * 0.08, abs=0.02)


def test_one_odd_photo_does_not_let_everything_in() -> None:
    odd = np.append(usual(40), np.float32(1.2))
    assert fit_threshold(odd) < 0.95


def test_most_of_the_photos_themselves_are_below_it_whatever_their_distribution() -> None:
    two_heaps = np.repeat(np.array([0.1, 0.8], np.float32), [930, 70])
    assert np.mean(two_heaps > fit_threshold(two_heaps)) <= 0.05


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_of_one_or_two_photos_nothing_is_known(count: int) -> None:
    assert fit_threshold(usual(count)) == FARTHEST


def test_all_alike_is_no_mistake() -> None:
    assert fit_threshold(np.full(9, 0.25, np.float32)) == pytest.approx(0.25)


@pytest.mark.parametrize(("counts", "neighbours"), [((40, 40), 10), ((40, 6), 3), ((40, 1), 1), ((2, 2), 1), ((3, 0, 9), 1)])
def test_the_neighbours_fit_into_the_smallest_class(counts: tuple[int, ...], neighbours: int) -> None:
    assert how_many_neighbours(np.repeat(np.arange(len(counts)), counts)) == neighbours


def test_of_many_photos_some_are_kept_as_evenly_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made_up(*many("a", 300), *many("b", 20), *many("c", 100))
    material = object.__new__(Material)
    for name, value in {"dataset": dataset, "settings": Settings(seed=3)}.items():
        object.__setattr__(material, name, value)
    monkeypatch.setattr(Material, "indices", lambda self, split: np.arange(len(dataset.photos)))
    assert kept_photos(material, "train").tolist() == list(range(420)) and MOST_PHOTOS >= 420
    monkeypatch.setattr("resnet_finetune.engine.strangers.MOST_PHOTOS", 90)
    kept = kept_photos(material, "train")
    assert np.bincount(material.labels(kept)).tolist() == [35, 20, 35]
    assert np.array_equal(kept, kept_photos(material, "train"))


# --- Trained models ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a set that is too small to hold photos back."""
    place = tmp_path_factory.mktemp("tiny")
    done = run_cli("train", make_photos(place / "photos", each=8), "--run-dir", place / "run", home=place / "home", light=False)
    assert done.returncode == 0, done.stderr
    return place / "run"


@pytest.fixture(scope="module")
def model(trained: Path) -> Classifier:
    return load_model(trained)


def strangers(to: Path) -> list[Path]:
    """Stripes, a disc and nothing at all."""
    y, x = np.mgrid[:96, :96]
    pictures = {
        "stripes": 255 * (x // 12 % 2),
        "disc": 255 * ((x - 48) ** 2 + (y - 48) ** 2 < 900),
        "nothing": np.full((96, 96), 128),
    }
    to.mkdir()
    for name, values in pictures.items():
        Image.fromarray(values.astype(np.uint8)).convert("RGB").save(to / f"{name}.png")
    return [to / f"{name}.png" for name in pictures]


def new_photos(to: Path) -> list[Path]:
    """Three of each class that no run has seen."""
    photos = make_photos(to, each=21)
    return [photos / class_ / f"{number}.png" for class_ in ("blue", "green", "red") for number in (18, 19, 20)]


@pytest.mark.parametrize("kind", ["trained", "tiny"])
def test_strangers_are_told_and_new_photos_are_named(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    run: Path = request.getfixturevalue(kind)
    model = load_model(run)
    assert model.gallery is not None
    known = list(model.classify(new_photos(tmp_path / "new")))
    assert [answer.label for answer in known] == [answer.path.parent.name for answer in known]
    for answer in model.classify(strangers(tmp_path / "strange")):
        assert answer.none_of_these
        assert (answer.label, answer.confidence, answer.error) == (None, None, None)
        assert answer.scores is not None and sum(answer.scores) == pytest.approx(1, abs=1e-3)
        assert answer.strangeness is not None and answer.strangeness > model.gallery.threshold


def test_the_threshold_is_fitted_on_validation_photos_alone(model: Classifier) -> None:
    gallery = model.gallery
    assert gallery is not None
    chose, usual = (
        gallery.strangeness(gallery.features[[number for number, photo in enumerate(gallery.photos) if photo.split == split]])
        for split in ("validation", "test")
    )
    assert len(chose) == 9
    assert gallery.threshold == pytest.approx(fit_threshold(chose), abs=2e-3)
    assert np.allclose(np.sort(usual), gallery.usual, atol=2e-3)  # by others it is told how many are refused
    assert {photo.split for photo in gallery.photos} == {"train", "validation", "test"}


def test_of_a_tiny_set_each_photo_is_measured_against_other_folds(tiny: Path) -> None:
    gallery = load_model(tiny).gallery
    assert gallery is not None
    assert len(gallery.usual) == len(gallery.photos) == 24
    itself_among_them = np.sort(gallery.strangeness(gallery.features))
    assert np.all(gallery.usual >= itself_among_them - 1e-3) and gallery.usual.mean() > itself_among_them.mean()


def test_the_same_photos_give_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    done = run_cli("train", tiny.parent / "photos", "--run-dir", tmp_path / "again", home=tmp_path, light=False)
    assert done.returncode == 0, done.stderr
    for name in (FEATURES, NAMES, ABOUT, WEIGHTS):
        assert (tmp_path / "again" / name).read_bytes() == (tiny / name).read_bytes()


def test_a_run_of_an_earlier_version_never_says_it(trained: Path, tmp_path: Path) -> None:
    about = disk.read_json(trained / ABOUT)
    del about["none_of_these"]
    disk.write_json(tmp_path / ABOUT, about)
    shutil.copy(trained / WEIGHTS, tmp_path)
    answers = list(load_model(tmp_path).classify(strangers(tmp_path / "strange")))
    assert all(answer.label and not answer.none_of_these and answer.strangeness is None for answer in answers)


def test_a_damaged_gallery_is_a_damaged_model(trained: Path, tmp_path: Path) -> None:
    for name in (ABOUT, WEIGHTS, FEATURES, NAMES):
        shutil.copy(trained / name, tmp_path)
    (tmp_path / FEATURES).write_bytes(b"half")
    with pytest.raises(UserError, match="is damaged"):
        load_model(tmp_path)


def test_a_model_that_is_saved_elsewhere_takes_it_along(model: Classifier, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = load_model(tmp_path).gallery
    assert again is not None and model.gallery is not None
    assert (again.about, again.photos) == (model.gallery.about, model.gallery.photos)

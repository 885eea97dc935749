"""What a model keeps of its photos: how far a new one is from them, which are nearest, and what a damaged file is taken for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from resnet_finetune.model.gallery import (
    FARTHEST,
    FEATURES,
    NAMES,
    DamagedGallery,
    Gallery,
    Seen,
    load_gallery,
    strangeness,
    unit,
)

ABOUT = {"neighbours": 2, "threshold": 0.5}


@pytest.fixture
def gallery() -> Gallery:
    """Two classes along two axes, and a photo between them that was not trained on."""
    features = unit(np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0.1, 1, 0], [1, 1, 0]], np.float32))
    photos = [Seen("a/0", 0, "train"), Seen("a/1", 0, "train"), Seen("b/0", 1, "train"), Seen("b/1", 1, "train")]
    usual = np.array([0.1, 0.2, 0.6], np.float32)
    return Gallery(features=features, photos=[*photos, Seen("a/2", 0, "test")], **ABOUT, usual=usual)  # type: ignore[arg-type]


def test_strangeness_is_the_distance_to_the_neighbour_and_does_not_mind_length(gallery: Gallery) -> None:
    found = gallery.strangeness(np.array([[1, 0, 0], [50, 0, 0], [0, 0, 3]], np.float32))
    second = np.linalg.norm(unit(np.array([[1, 0.1, 0]])) - [1, 0, 0])
    assert found == pytest.approx([second, second, FARTHEST], abs=1e-3)


def test_only_what_was_trained_on_counts(gallery: Gallery) -> None:
    assert gallery.strangeness(np.array([[1, 1, 0]], np.float32))[0] > 0.6  # though the test photo is just there
    names = [seen.name for seen, _ in gallery.nearest(np.array([0, 1, 0], np.float32), 9)]
    assert names == ["b/0", "b/1", "a/1", "a/0"]


def test_the_nearest_come_with_their_similarity(gallery: Gallery) -> None:
    (first, alike), (_, less) = gallery.nearest(np.array([0, 7, 0], np.float32), 2)
    assert first.label == 1 and alike == pytest.approx(1)
    assert 0.9 < less < alike


def test_a_photo_without_any_feature_is_no_mistake(gallery: Gallery) -> None:
    assert gallery.strangeness(np.zeros((1, 3), np.float32)) == pytest.approx(FARTHEST)


def test_refused_is_counted(gallery: Gallery) -> None:
    assert [gallery.refused(threshold) for threshold in (0, 0.15, 0.6, 2)] == [3, 2, 0, 0]


def test_how_readily_it_refuses_goes_from_never_to_always_and_the_trainings_own_is_kept(gallery: Gallery) -> None:
    assert (gallery.threshold_at(0), gallery.threshold_at(100)) == (FARTHEST, 0)
    assert gallery.threshold_at(gallery.readiness) == gallery.threshold_at(None) == gallery.threshold
    assert gallery.threshold_at(gallery.readiness + 0.5) < gallery.threshold < gallery.threshold_at(gallery.readiness - 0.5)


def test_strangeness_agrees_with_all_distances_sorted() -> None:
    draw = np.random.default_rng(0)
    known, new = unit(draw.random((30, 8))), unit(draw.random((5, 8)))
    distances = np.sort(np.linalg.norm(new[:, None] - known[None], axis=2), axis=1)
    for neighbours in (1, 4, 30):
        assert strangeness(new, known, neighbours) == pytest.approx(distances[:, neighbours - 1], abs=1e-3)


def test_it_comes_back_as_it_was_saved(gallery: Gallery, tmp_path: Path) -> None:
    gallery.save(tmp_path)
    again = load_gallery(tmp_path, gallery.about, 3, 2)
    assert again is not None
    assert (again.photos, again.about) == (gallery.photos, gallery.about)
    assert np.allclose(again.features, gallery.features, atol=1e-3)
    assert np.array_equal(again.usual, gallery.usual)
    assert load_file(tmp_path / FEATURES)["features"].dtype == np.float16
    before = [(tmp_path / name).read_bytes() for name in (FEATURES, NAMES)]
    gallery.save(tmp_path)
    assert [(tmp_path / name).read_bytes() for name in (FEATURES, NAMES)] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([FEATURES, NAMES])


@pytest.mark.parametrize("name", ["N:A/1.jpg", f"猫/{'猫' * 86}.jpg", "a/con.jpg ", "..a/b..jpg"])
def test_a_photo_may_have_any_name_that_a_disk_takes(gallery: Gallery, tmp_path: Path, name: str) -> None:
    photos = [replace(gallery.photos[0], name=name), *gallery.photos[1:]]
    replace(gallery, photos=photos).save(tmp_path)
    again = load_gallery(tmp_path, gallery.about, 3, 2)
    assert again is not None and again.photos[0].name == name


@pytest.mark.parametrize("gone", [FEATURES, NAMES])
def test_a_model_that_was_taken_alone_has_none(gallery: Gallery, tmp_path: Path, gone: str) -> None:
    gallery.save(tmp_path)
    (tmp_path / gone).unlink()
    assert load_gallery(tmp_path, ABOUT, 3, 2) is None


def changed_names(change: Callable[[list[list[Any]]], Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        about = json.loads((folder / NAMES).read_text())
        about["photos"] = change(about["photos"])
        (folder / NAMES).write_text(json.dumps(about))

    return damage


def changed_numbers(**arrays: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        save_file(load_file(folder / FEATURES) | arrays, folder / FEATURES)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        changed_names(lambda photos: photos[1:]),
        changed_names(lambda photos: None),
        changed_names(lambda photos: [["../../etc/passwd", 0, "train"], *photos[1:]]),
        changed_names(lambda photos: [["/etc/passwd", 0, "train"], *photos[1:]]),
        changed_names(lambda photos: [["", 0, "train"], *photos[1:]]),
        changed_names(lambda photos: [[3, 0, "train"], *photos[1:]]),
        changed_names(lambda photos: [["a", 2, "train"], *photos[1:]]),
        changed_names(lambda photos: [["a", -1, "train"], *photos[1:]]),
        changed_names(lambda photos: [["a", True, "train"], *photos[1:]]),
        changed_names(lambda photos: [["a", 0.0, "train"], *photos[1:]]),
        changed_names(lambda photos: [["a", 0, "other"], *photos[1:]]),
        changed_names(lambda photos: [["a", 0, []], *photos[1:]]),
        changed_names(lambda photos: [["a", 0], *photos[1:]]),
        changed_names(lambda photos: [[name, label, "test"] for name, label, _ in photos]),
        changed_numbers(features=np.zeros((5, 3), np.float32)),
        changed_numbers(features=np.zeros((5, 4), np.float16)),
        changed_numbers(features=np.zeros(5, np.float16)),
        changed_numbers(features=np.full((5, 3), np.nan, np.float16)),
        changed_numbers(features=np.full((5, 3), np.inf, np.float16)),
        changed_numbers(features=np.full((5, 3), 40, np.float16)),
        changed_numbers(usual=np.zeros(0, np.float32)),
        changed_numbers(usual=np.zeros((2, 2), np.float32)),
        changed_numbers(usual=np.array([0.2, 0.1], np.float32)),
        changed_numbers(usual=np.array([np.nan], np.float32)),
        changed_numbers(usual=np.array([-1], np.float32)),
        changed_numbers(usual=np.zeros(2, np.float64)),
        lambda folder: (folder / FEATURES).write_bytes(b"half"),
        lambda folder: (folder / FEATURES).write_bytes((folder / FEATURES).read_bytes()[:-1]),
        lambda folder: save_file({"other": np.zeros(1)}, folder / FEATURES),
        lambda folder: (folder / NAMES).write_text("[" * 100_000),
        lambda folder: (folder / NAMES).write_text("[]"),
    ],
)
def test_a_strangers_files_are_checked(gallery: Gallery, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    gallery.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(DamagedGallery):
        load_gallery(tmp_path, ABOUT, 3, 2)


@pytest.mark.parametrize(
    "about",
    [
        {"neighbours": 0}, {"neighbours": 5}, {"neighbours": 1.0}, {"neighbours": True}, {"neighbours": "2"},
        {"neighbours": None}, {"threshold": -0.1},
        {"threshold": 3}, {"threshold": float("nan")}, {"threshold": 10**400}, {"threshold": "x"},
        {"threshold": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_model_says_of_it_is_checked(gallery: Gallery, tmp_path: Path, about: dict[str, Any]) -> None:
    gallery.save(tmp_path)
    with pytest.raises(DamagedGallery):
        load_gallery(tmp_path, ABOUT | about, 3, 2)
    others: list[Any] = [[], 3, "x", {}]
    for other in others:
        with pytest.raises(DamagedGallery):
            load_gallery(tmp_path, other, 3, 2)

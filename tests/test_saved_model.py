"""A model comes back as it was saved, answers the same alone and among others, and a damaged one is told as such."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from resnet_finetune.model import saved_model
from resnet_finetune.model.gallery import FEATURES, NAMES
from resnet_finetune.model.saved_model import ABOUT, BATCH, FORMAT, MOST_CLASSES, WEIGHTS, Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError


@pytest.fixture(scope="module")
def classifier(trained: Path) -> Classifier:
    return load_model(trained)


@pytest.fixture(scope="module")
def photos(trained: Path) -> list[Path]:
    """Blue, green, red, blue, …"""
    return sorted((trained.parent / "photos").rglob("*.png"), key=lambda path: (path.name, path.parent.name))


@pytest.fixture(scope="module")
def place(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sound weights; each test writes a ``model.json`` of its own."""
    folder = tmp_path_factory.mktemp("model")
    shutil.copy(trained / WEIGHTS, folder)
    return folder


def preprocessing(**changes: Any) -> dict[str, Any]:
    return {"preprocessing": {"size": 320, "mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2]} | changes}


def test_what_the_damaged_ones_below_are_made_of_is_sound(trained: Path, place: Path) -> None:
    disk.write_json(place / ABOUT, disk.read_json(trained / ABOUT) | preprocessing())
    assert load_model(place).preprocessing.mean == (0.5, 0.5, 0.5)


def test_save_and_load_give_the_same_scores(classifier: Classifier, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 320, 320, 3), dtype=np.uint8)
    classifier.save(tmp_path)
    again = load_model(str(tmp_path))
    assert (again.model, again.classes, again.preprocessing) == (
        classifier.model, classifier.classes, classifier.preprocessing
    )  # fmt: skip
    assert np.array_equal(again.scores(pixels), classifier.scores(pixels))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ABOUT, WEIGHTS, FEATURES, NAMES])


def test_a_photo_has_the_same_scores_alone_and_among_others(classifier: Classifier, photos: list[Path]) -> None:
    pixels = np.stack([classifier.preprocessing.read(path) for path in photos[:5]])
    alone = np.concatenate([classifier.scores(pixels[index : index + 1]) for index in range(5)])
    assert np.allclose(alone, classifier.scores(pixels), atol=1e-5)
    assert alone.sum(1) == pytest.approx(np.ones(5), abs=1e-5)


def test_answers_keep_the_order_and_a_bad_file_costs_only_its_own(
    classifier: Classifier, photos: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(photos[0].read_bytes()[:200])
    paths = [*photos[:4], bad, *photos[4:], *photos[: BATCH - 20], tmp_path / "absent.png"]
    assert len(paths) > BATCH  # more than one batch
    answers = list(classifier.classify(paths))
    assert [answer.path for answer in answers] == paths
    for path, answer in zip(paths, answers, strict=True):
        if path in photos:
            assert answer.error is None and answer.scores is not None
            assert answer.label == path.parent.name
            assert answer.confidence == max(answer.scores) == answer.scores[classifier.classes.index(path.parent.name)]
        else:
            assert answer.error
            assert (answer.label, answer.confidence, answer.scores) == (None, None, None)


def test_a_card_that_a_training_has_filled_is_left_alone(
    trained: Path, classifier: Classifier, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test machine has one: it is said to be full, once when the model is loaded, and once when it is asked."""

    def full_once(name: str) -> list[int]:
        work, times = getattr(saved_model, name), [0]

        def stand_in(*arguments: Any) -> Any:
            times[0] += 1
            if times[0] == 1:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return work(*arguments)

        monkeypatch.setattr(saved_model, name, stand_in)
        return times

    wanted = [answer.scores for answer in classifier.classify(photos)]
    loading, asking = full_once("placed"), full_once("_before_the_head")
    model = saved_model.load_model(trained)
    assert loading == [2]
    assert [answer.scores for answer in model.classify(photos)] == wanted
    assert asking[0] > 1


def test_unreadable_files_alone_and_none_at_all(classifier: Classifier, tmp_path: Path) -> None:
    assert [answer.scores for answer in classifier.classify([tmp_path / "absent.png"])] == [None]
    assert list(classifier.classify([])) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"format": ...}, {"model": ...}, {"classes": ...}, {"preprocessing": ...},
        {"model": "resnet9000"}, {"model": None}, {"model": "resnet34"},
        {"classes": ["a", "b"]}, {"classes": ["a", "b", "c", "d"]}, {"classes": ["a", "b", "a"]}, {"classes": ["a", "b", ""]},
        {"classes": ["a", "b", 3]}, {"classes": ["a", "b", []]}, {"classes": "abc"}, {"classes": {"a": 0, "b": 1, "c": 2}},
        {"classes": []}, {"classes": None}, {"classes": [str(number) for number in range(MOST_CLASSES + 1)]},
        {"preprocessing": []}, {"preprocessing": {}},
        preprocessing(size=10**9), preprocessing(size=0), preprocessing(size=-320), preprocessing(size="320"),
        preprocessing(size=320.0), preprocessing(size=True), preprocessing(size=None),
        preprocessing(std=[0.2, float("nan"), 0.2]), preprocessing(std=[0.2, 0, 0.2]), preprocessing(std=[1e-300] * 3),
        preprocessing(std=[float("inf")] * 3), preprocessing(std=[0.2, 0.2]), preprocessing(std=0.2), preprocessing(std=None),
        preprocessing(mean=[float("nan")] * 3), preprocessing(mean=[1e300] * 3), preprocessing(mean=[10**400] * 3),
        preprocessing(mean=["a", "b", "c"]), preprocessing(mean=[0.5] * 4), preprocessing(mean=[[0.5]] * 3),
    ],
    ids=lambda changes: str(changes)[:60],
)  # fmt: skip
def test_a_wrong_value_is_a_damaged_model(trained: Path, place: Path, changes: dict[str, Any]) -> None:
    about = disk.read_json(trained / ABOUT) | changes
    about = {key: value for key, value in about.items() if value is not ...}  # ... stands for a missing key
    (place / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        load_model(place)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"model"', b"3", b"\xff\x00", b"[" * 100_000], ids=repr)
def test_what_is_no_object_is_a_damaged_model(place: Path, content: bytes) -> None:
    (place / ABOUT).write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        load_model(place)


def test_a_newer_format_is_told_even_when_all_else_is_unknown(place: Path) -> None:
    disk.write_json(place / ABOUT, {"format": FORMAT + 1, "network": "of tomorrow"})
    with pytest.raises(UserError, match="another version of the app"):
        load_model(place)


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return print, ("executed",)


def number_type_of_no_tensor(content: bytes) -> bytes:
    header = json.dumps({"a": {"dtype": "F8_E8M0", "shape": [8], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:1000],
        lambda content: content[:-1],
        lambda content: b"\xff" * 8 + content[8:],  # a header of 2^64 - 1 bytes
        lambda content: pickle.dumps(Evil()),
        number_type_of_no_tensor,
    ],
    ids=["empty", "header cut", "end cut", "huge header", "pickle", "number type"],
)
def test_damaged_weights_are_told_and_nothing_is_run(
    trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes]
) -> None:
    shutil.copy(trained / ABOUT, tmp_path)
    (tmp_path / WEIGHTS).write_bytes(damage((trained / WEIGHTS).read_bytes()))
    with pytest.raises(UserError, match="is damaged"):
        load_model(tmp_path)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("kind", ["missing", "added", "shape", "nan"])
def test_weights_that_do_not_fit_are_told(trained: Path, tmp_path: Path, kind: str) -> None:
    weights = load_file(trained / WEIGHTS)
    match kind:
        case "missing":
            del weights["fc.bias"]
        case "added":
            weights["fc.stranger"] = torch.zeros(1)
        case "shape":
            weights["fc.bias"] = torch.zeros(1)
        case "nan":
            weights["fc.bias"][0] = float("nan")
    shutil.copy(trained / ABOUT, tmp_path)
    save_file(weights, tmp_path / WEIGHTS)
    with pytest.raises(UserError, match="is damaged"):
        load_model(tmp_path)


def test_a_folder_without_a_model_is_told(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / ABOUT, tmp_path)
    for folder in (tmp_path, tmp_path / "absent", tmp_path / ABOUT):  # no weights, no folder, a file
        with pytest.raises(UserError, match="no trained model"):
            load_model(folder)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / ABOUT).mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load_model(tmp_path)

"""Advice on the depth: what is measured of each, who races, and who wins."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import pytest
import timm
import torch
from conftest import made_up, make_photos, many
from safetensors.torch import save_file
from torch import nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine import advise as room
from resnet_finetune.engine.advise import FEWEST, advise
from resnet_finetune.engine.cross_validation import parted
from resnet_finetune.engine.judge import Verdict, judged
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.micro_batches import MicroBatches
from resnet_finetune.model import weights
from resnet_finetune.model.catalog import CATALOG, Model
from resnet_finetune.model.hardware import Hardware
from resnet_finetune.model.saved_model import Preprocessing
from resnet_finetune.ui.steps.advisor import ATTEMPT
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.settings import Settings

T = TypeVar("T")
FIVE = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]


def end_of(steps: Generator[Event, None, T]) -> tuple[list[Event], T]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def two_depths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """resnet18 with its real weights and resnet34 with random ones are on this machine."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "resnet18.tv_in1k.safetensors").symlink_to(weights.BUNDLED / "resnet18.tv_in1k.safetensors")
    torch.manual_seed(0)
    save_file(timm.create_model("resnet34.tv_in1k").state_dict(), folder / "resnet34.tv_in1k.safetensors")
    monkeypatch.setattr(weights, "BUNDLED", folder)


def test_two_depths_race_and_all_are_measured(demo: Path, two_depths: None) -> None:
    events, advice = end_of(advise(Settings(data=str(demo))))
    assert [one.model for one in advice.candidates] == FIVE
    assert all(one.epoch_seconds > 0 and one.memory_gb > 0 for one in advice.candidates)
    memory = {one.model: one.memory_gb for one in advice.candidates}
    assert memory["resnet152"] > 16 * 60.19e6 / 1e9  # weights, gradients and moments alone
    assert [one.model for one in advice.raced] == ["resnet18", "resnet34"]
    assert [one.model for one in advice.candidates if one.here] == ["resnet18", "resnet34"]
    real, random = (one.score for one in advice.raced)
    assert real and random
    assert real.n == random.n == advice.photos
    assert real.accuracy > random.low
    assert advice.recommended == advice.usual == "resnet18"
    told = [event for event in events if isinstance(event, Progress)]
    assert {event.stage for event in told} == {"scan", "measure", "features"}
    assert [event.done for event in told if event.stage == "measure"][-1] == len(FIVE)


def test_alone_nobody_races_but_everybody_is_timed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "in_reach", lambda model: False)
    _, advice = end_of(advise(Settings(data=str(photos), model="resnetv2_18")))
    assert advice.raced == []
    assert advice.recommended == advice.usual
    assert [one.model for one in advice.candidates] == [*FIVE, "resnetv2_18"]  # of the other kinds, the one that is chosen


def test_where_no_class_has_two_photos_to_learn_from_nobody_races_and_it_is_said(tmp_path: Path) -> None:
    """Of three photos of a class one is trained on, one chooses the model, and one tests it."""
    photos = make_photos(tmp_path / "photos", classes=[f"class {number:02}" for number in range(20)], each=3, side=16)
    _, advice = end_of(advise(Settings(data=str(photos))))
    assert advice.photos == 20 and advice.raced == [] and advice.too_few
    assert advice.recommended == advice.usual == "resnet18"
    drawn, _ = ATTEMPT.answer(advice, None)
    assert "but one photo to learn from" in drawn and "not tried: too few photos" in drawn
    assert "their weights must be here" not in drawn


@pytest.mark.parametrize(("classes", "each"), [(200, 3), (1_100, 4)])
def test_in_every_heat_some_class_has_two_photos(classes: int, each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made_up(*(one for number in range(classes) for one in many(f"{number:04}", each)))
    material = object.__new__(Material)
    photos = [replace(photo, split="train") for photo in dataset.photos]
    for name, value in {"dataset": replace(dataset, photos=photos), "settings": Settings()}.items():
        object.__setattr__(material, name, value)
    heats = []

    def noted(material: Material, features: np.ndarray, indices: np.ndarray) -> Verdict:
        heats.append(int(np.bincount(material.labels(indices)).max()))
        return verdict(9, 10)

    def features(material: Material, model: Model, indices: np.ndarray) -> Generator[Event, None, np.ndarray]:
        yield from ()
        return np.zeros((len(indices), 2), np.float32)

    monkeypatch.setattr(room, "_judged", noted)
    monkeypatch.setattr(room, "_features", features)
    end_of(room._race(material, list(CATALOG[:5])))
    assert heats and min(heats) >= 2


def test_a_stop_ends_it(photos: Path) -> None:
    class StopNow(Exception):
        pass

    def stop() -> None:
        raise StopNow

    with pytest.raises(StopNow):
        list(advise(Settings(data=str(photos)), stop))


def test_photos_that_cannot_be_trained_on_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="All 18 photos lie in one folder, cats"):
        list(advise(Settings(data=str(make_photos(tmp_path / "photos", classes=["cats"])))))


@pytest.mark.parametrize(("cats", "folds"), [([0] * 6, 2), ([0, 0, 0, 1, 1, 1], 2), ([0, 1, 2, 3, 4, 4], 5)])
def test_a_class_of_few_groups_is_judged_in_few_folds(cats: list[int], folds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of two numbers, of which each tells a class, in which no group is like another."""
    dataset = made_up(*many("cats", 6), *many("dogs", 12), groups=cats + list(range(10, 22)))
    material = object.__new__(Material)
    for name, value in {"dataset": dataset, "settings": Settings(), "check_stop": lambda: None}.items():
        object.__setattr__(material, name, value)
    everyone = np.arange(18)
    labels = material.labels(everyone)
    made = []

    def noted(material: Material, indices: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        parts = parted(material, indices)
        made.append(len(parts))
        return parts

    monkeypatch.setattr(room, "parted", noted)
    verdict = room._judged(material, np.eye(2, dtype=np.float32)[labels], everyone)
    assert made == [folds]
    assert verdict.predicted[6:] == [1] * 12
    assert verdict.predicted[:6] == ([1] * 6 if len(set(cats)) == 1 else [0] * 6)  # of one group nothing is learnt about it


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_weights_in_half_precision_are_counted_once(precision: Literal["float32", "bfloat16"]) -> None:
    """Of a network that keeps hardly anything but weights: half precision's copy of them, however many photos there are."""
    dataset = made_up(*many("cats", 2))
    material = object.__new__(Material)
    for name, value in {
        "dataset": replace(dataset, photos=[replace(photo, split="train") for photo in dataset.photos]),
        "pixels": np.zeros((2, SIZE, SIZE, 3), np.uint8),
        "hardware": Hardware(device=torch.device("cpu"), precision=precision),
        "preprocessing": Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        "micro_batches": MicroBatches(16),
    }.items():
        object.__setattr__(material, name, value)
    net = nn.Sequential(nn.AdaptiveAvgPool2d(16), nn.Flatten(), nn.Linear(3 * 16**2, 100), nn.Linear(100, 3_000))
    weights = 100 * (3 * 16**2 + 1) + 3_000 * (100 + 1)
    assert 16 * weights < room._memory(material, net, 32) < 20 * weights


# --- Who wins ------------------------------------------------------------------------------------------------------------


def verdict(right: int, of: int, sure: float = 3.0) -> Verdict:
    """On ``of`` photos of class 0, the first ``right`` of which are named so, each by the same margin."""
    scores = torch.zeros(of, 2)
    scores[:right, 0] = sure
    scores[right:, 1] = sure
    return judged(scores, np.zeros(of, int))


@pytest.mark.parametrize(
    ("verdicts", "usual", "best"),
    [
        ({}, "resnet18", "resnet18"),
        ({"resnet34": verdict(50, 100)}, "resnet18", "resnet34"),
        ({"resnet18": verdict(80, 100), "resnet50": verdict(95, 100)}, "resnet18", "resnet50"),
        ({"resnet18": verdict(90, 100), "resnet50": verdict(90, 100)}, "resnet18", "resnet18"),
        ({"resnet18": verdict(90, 100), "resnet50": verdict(90, 100)}, "resnet50", "resnet50"),
        ({"resnet18": verdict(95, 100), "resnet50": verdict(80, 100)}, "resnet50", "resnet18"),
        ({"resnet18": verdict(50, 50), "resnet50": verdict(70, 100)}, "resnet18", "resnet50"),  # the first left the race
    ],
)
def test_the_measurement_decides_and_the_prior_where_it_does_not(verdicts: dict[str, Verdict], usual: str, best: str) -> None:
    assert room._best(verdicts, usual) == best


@pytest.mark.parametrize(
    ("photos", "model"), [(10, "resnet18"), (3_000, "resnet18"), (3_001, "resnet50"), (10**5, "resnet101")]
)
def test_the_more_photos_the_deeper_is_usual(photos: int, model: str) -> None:
    assert room._usual(photos) == model


@pytest.mark.parametrize(
    ("photos", "racers", "heats"),
    [(500, 1, [500]), (500, 2, [500]), (500, 5, [125, 250, 500]), (100, 5, [50, 100]), (60, 5, [60])],
)
def test_heats_double_up_to_all_photos(photos: int, racers: int, heats: list[int]) -> None:
    assert room._heats(photos, racers, FEWEST) == heats
    assert min(heats) >= min(FEWEST, photos)

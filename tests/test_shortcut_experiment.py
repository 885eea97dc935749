"""The plain network degrades with depth and the residual one does not: measured on the demo photos, never assumed."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_photos

from resnet_finetune.engine import shortcut_experiment as experiment
from resnet_finetune.engine.progress import StopAsked, drained
from resnet_finetune.engine.shortcut_experiment import DEPTHS, counted, first_gradients, network
from resnet_finetune.ui.steps.shortcut_experiment import draw
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.shortcut_trial import ShortcutTrial, Trained

STEPS = 80


@pytest.fixture(scope="module")
def trial(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ShortcutTrial, list[Event]]:
    """Of two depths, and fewer steps than the page takes."""
    seen: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_FINETUNE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(experiment, "STEPS", STEPS)
        patch.setattr(experiment, "DEPTHS", {depth: DEPTHS[depth] for depth in (18, 50)})
        found = drained(experiment.shortcut_experiment(Settings(data=str(demo))), seen.append)
    return found, seen


def end(net: Trained) -> float:
    return sum(net.losses[-10:]) / 10


def test_without_the_shortcut_training_lags_with_depth_and_with_it_does_not(trial: tuple[ShortcutTrial, list[Event]]) -> None:
    plain_18, plain_50 = trial[0].of(False)
    residual_18, residual_50 = trial[0].of(True)
    assert all(len(net.losses) == STEPS for net in trial[0].networks)
    assert end(plain_50) > end(plain_18) + 0.5  # degradation
    assert end(residual_50) < end(residual_18) + 0.3
    assert end(residual_50) < end(plain_50) / 2 and end(residual_18) < end(plain_18)
    assert residual_50.losses[0] > 0.9 * log(5)  # all begin at guessing, or worse


def test_the_first_layers_gradient_shrinks_with_depth_only_without_the_shortcut() -> None:
    """At all depths, without batch norm. With it the plain one explodes, which is no better."""
    photos = torch.randn(32, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 5

    def first_layer(shortcut: bool, norm: bool) -> list[float]:
        return [first_gradients(network(depth, 5, shortcut, norm, 0), photos, labels)[0] for depth in DEPTHS]

    vanishing = first_layer(shortcut=False, norm=False)
    assert vanishing == sorted(vanishing, reverse=True) and vanishing[-1] < 1e-18 * vanishing[0]
    steady = first_layer(shortcut=True, norm=False)
    assert min(steady) > 0.1 * steady[0] and max(steady) < 100 * steady[0]
    exploding = first_layer(shortcut=False, norm=True)
    assert exploding == sorted(exploding) and exploding[-1] > 1e6 * exploding[0]
    assert max(first_layer(shortcut=True, norm=True)) < 1e-5 * exploding[-1]


@pytest.mark.parametrize("depth", DEPTHS)
def test_twins_have_as_many_layers_as_they_are_called_and_the_same_weights(depth: int) -> None:
    plain, residual = (counted(network(depth, 3, shortcut, True, seed=1)) for shortcut in (False, True))
    assert len(plain) == len(residual) == depth
    assert all(one.equal(other) for one, other in zip(plain, residual, strict=True))


def test_it_says_how_far_it_has_come_and_is_kept_as_it_was(trial: tuple[ShortcutTrial, list[Event]]) -> None:
    told = [event for event in trial[1] if isinstance(event, Progress) and event.stage == "experiment"]
    assert told[-1].done == told[-1].total == 2 * STEPS * (18 + 50)
    assert ShortcutTrial.from_json(trial[0].to_json()) == trial[0]
    spoilt: list[Any] = [
        {},
        {**trial[0].to_json(), "networks": [{}]},
        {**trial[0].to_json(), "networks": []},
        {"networks": 3},
        [],
    ]
    for values in spoilt:
        with pytest.raises(ValueError):
            ShortcutTrial.from_json(values)


def test_its_curves_are_drawn_also_of_a_network_that_was_lost(trial: tuple[ShortcutTrial, list[Event]]) -> None:
    first, *others = trial[0].networks
    lost = Trained(
        depth=18, shortcut=False, bare_gradients=[0.0, *first.bare_gradients[1:]], gradients=first.gradients, losses=[1.6]
    )
    data = "<script>alert(1)</script>"
    drawn = draw(ShortcutTrial(photos=130, classes=5, data=data, seconds=60.0, steps=STEPS, networks=[lost, *others]))
    assert drawn.count("<svg") == 4 and "<script" not in drawn
    assert "no number" in drawn


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def check_stop() -> None:
        if any(isinstance(event, Progress) and event.stage == "experiment" for event in seen):
            raise StopAsked

    seen: list[Event] = []
    with pytest.raises(StopAsked):
        drained(experiment.shortcut_experiment(Settings(data=str(make_photos(tmp_path / "photos"))), check_stop), seen.append)

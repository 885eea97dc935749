"""The gradient of a training by stage: its norms are true, and what is wrong with it is called by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from conftest import Drawn
from torch import nn

from resnet_finetune.engine.plan import PRESETS, Preset
from resnet_finetune.engine.step import Learner, gradients_by_stage, make_optimizer
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.gradient_strip import strip
from resnet_finetune.ui.drawn.story import MOST_POINTS, Story
from resnet_finetune.words.events import Event, Step, from_json
from resnet_finetune.words.gradients import Norms, health
from resnet_finetune.words.settings import Settings

STAGES = ["stem", "layer1", "layer2", "layer3", "layer4", "head"]


@pytest.fixture
def settings(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setitem(PRESETS, "quick", Preset(112, 2, 1.5e-4, 0.5))
    return Settings(data=str(photos), run_dir=str(tmp_path / "run"))


def told(events: list[Event]) -> tuple[list[Norms], Story]:
    story = Story(Run(Path("run")))
    for event in events:
        story.add(event)
    return [event.gradients for event in events if isinstance(event, Step)], story


def test_a_healthy_training_says_so(trained: Path) -> None:
    norms, story = told(Run(trained).events())
    assert all(list(step) == STAGES for step in norms) and len(norms) >= 3  # the first, and the last of each pass
    assert {health(step, norms[0]) for step in norms} == {"healthy"}
    drawn = strip(story)
    assert "Healthy." in drawn and Drawn(drawn).tags.count("svg") == len(STAGES)


def test_a_learning_rate_beyond_reason_is_called_exploding(settings: Settings) -> None:
    norms, story = told(list(fine_tune(replace(settings, learning_rate=0.1))))
    assert health(norms[0], norms[0]) == "healthy"  # the rate comes into play after it
    assert health(norms[-1], norms[0]) == "exploding"
    drawn = strip(story)
    assert "Exploding." in drawn and "a tenth of the learning rate" in drawn


@pytest.mark.parametrize("architecture", ["resnet18", "resnetv2_50", "resnext50_32x4d", "wide_resnet50_2"])
def test_norms_are_those_of_each_stage_in_every_family(architecture: str) -> None:
    net: Any = timm.create_model(architecture, num_classes=3).eval()
    learner = Learner(net, make_optimizer(net), torch.amp.GradScaler("cpu", enabled=False))
    net(torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))).square().mean().backward()
    norms = gradients_by_stage(learner)
    assert list(norms) == STAGES
    everything = nn.utils.get_total_norm([weight.grad for weight in net.parameters() if weight.grad is not None])
    assert sum(norm**2 for norm in norms.values() if norm is not None) ** 0.5 == pytest.approx(float(everything), rel=1e-5)
    stem = net.stem if architecture == "resnetv2_50" else nn.Sequential(net.conv1, net.bn1)
    own = nn.utils.get_total_norm([weight.grad for weight in stem.parameters() if weight.grad is not None])
    assert norms["stem"] == pytest.approx(float(own), rel=1e-5)


def test_a_dead_stage_is_called_vanishing_and_what_is_no_number_too() -> None:
    net: Any = timm.create_model("resnet18", num_classes=3).eval()
    learner = Learner(net, make_optimizer(net), torch.amp.GradScaler("cpu", enabled=False))
    with torch.no_grad():
        net.layer3[1].bn2.weight.zero_()
        net.layer3[1].bn2.bias.fill_(-1e6)  # nothing gets through its ReLU any more, forwards or backwards
    net(torch.randn(2, 3, 64, 64)).square().mean().backward()
    norms = gradients_by_stage(learner)
    assert norms["stem"] == norms["layer1"] == norms["layer3"] == 0 != norms["head"]
    assert health(norms, norms) == "vanishing"
    net.fc.bias.grad.fill_(float("inf"))
    norms = gradients_by_stage(learner)
    assert norms["head"] is None and health(norms, norms) == "no number"


def test_what_float16_spoilt_is_not_told() -> None:
    """It is no fault of the training: the step is left out, and the next one takes a smaller scale."""
    net = timm.create_model("resnet18", num_classes=3)
    learner = Learner(net, make_optimizer(net), torch.amp.GradScaler("cpu", enabled=True))
    for weight in net.parameters():
        weight.grad = torch.full_like(weight, float("inf"))
    assert gradients_by_stage(learner) == {}


@pytest.mark.parametrize(("factor", "word"), [(1.0, "healthy"), (900.0, "healthy"), (1100.0, "exploding"), (1e-6, "healthy")])
def test_small_all_over_is_what_learning_comes_to(factor: float, word: str) -> None:
    first: Norms = {"stem": 0.5, "head": 2.0}
    assert health({"stem": 0.5 * factor, "head": 2.0 * factor}, first) == word


def test_the_strip_remembers_what_was_wrong_and_stays_short() -> None:
    story = Story(Run(Path("run")))
    for step in range(1, 2 * MOST_POINTS + 50):
        norm = 1e7 if step == 601 else 1.0
        gradients: Norms = {"stem": norm, "head": norm}
        story.add(Step(step=step, steps=2000, loss=1.0, images_per_second=1.0, seconds_left=1.0, gradients=gradients))
    assert len(story.gradients) <= MOST_POINTS and story.gradients[0][0] == 1
    assert "In step 601 it was exploding" in strip(story)


def test_a_run_of_before_has_no_strip() -> None:
    old = from_json({"event": "Step", "step": 1, "steps": 2, "loss": 0.5, "images_per_second": 1.0, "seconds_left": 1.0})
    assert strip(told([old])[1]) == ""

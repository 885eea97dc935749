"""What each block adds: on a network that was really trained, against passes that are made by hand."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn

from resnet_finetune.engine.progress import drained
from resnet_finetune.insight.anatomy import Anatomy, Block, convolutions, reads_the_same
from resnet_finetune.insight.chain import Chain, added, left_out, shortcut
from resnet_finetune.insight.residual import FILE, kept, measure, moved, weights_of_start
from resnet_finetune.insight.stages import stages_of
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.saved_model import ABOUT, WEIGHTS, Classifier, load_model
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.report import REPORT, read_report
from resnet_finetune.words.settings import Settings

Measured = tuple[Path, Anatomy, list[Event]]

# A network of each kind of block, with timm's own variants of the stem and the shortcut.
FAMILIES = ("resnet18", "resnet50", "resnet50d", "wide_resnet50_2", "resnext50_32x4d", "resnetv2_18", "resnetv2_50")


@pytest.fixture(scope="module")
def model(trained: Path) -> Classifier:
    return load_model(trained)


@pytest.fixture(scope="module")
def measured(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A copy of the trained run, what was measured of it, and what was told meanwhile."""
    run = shutil.copytree(trained, tmp_path_factory.mktemp("measured") / "run")
    told: list[Event] = []
    return run, drained(measure(settings_of(run), lambda: None), told.append), told


def settings_of(run: Path) -> Settings:
    return Run(run).settings


def small(name: str) -> nn.Module:
    """An untrained network whose batch norms have seen something, or every ratio would be the same."""
    torch.manual_seed(0)
    net: nn.Module = timm.create_model(name, num_classes=3)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.2, 0.2)
    return net.eval()


@pytest.mark.parametrize("name", FAMILIES)
@torch.inference_mode()
def test_a_chain_of_blocks_is_the_network(name: str) -> None:
    net, photos = small(name), torch.rand(2, 3, 64, 64)
    chain = Chain(net)
    x = chain.stem(photos)
    assert torch.allclose(chain.logits(x), net(photos), atol=1e-4)
    pre_activation = name.startswith("resnetv2")
    for block in chain.blocks:
        given, residual_ = block(x), added(block, x)
        total = residual_[0] + shortcut(block, x)
        assert torch.equal(residual_[1], given)
        assert torch.allclose(total if pre_activation else total.relu(), given, atol=1e-4)
        if block.downsample is None:
            assert torch.equal(left_out(block, x), x)  # x → x
        x = given


def test_stages_and_blocks_are_numbered_as_they_stand() -> None:
    places = Chain(small("resnet50")).places
    assert [sum(stage == wanted for stage, _ in places) for wanted in (1, 2, 3, 4)] == [3, 4, 6, 3]
    assert places[:4] == [(1, 1), (1, 2), (1, 3), (2, 1)]


# --- On the trained run -------------------------------------------------------------------------------------------------


def test_leaving_out_a_block_is_what_a_pass_by_hand_gives(measured: Measured, model: Classifier) -> None:
    """The blocks are taken off the network itself, and timm's own forward is asked."""
    run, found, _ = measured
    report = read_report(run)
    assert report is not None
    pixels = np.stack([model.preprocessing.read(Path(report.root, photo.path)) for photo in report.judged])
    true = torch.tensor([photo.true for photo in report.judged])
    photos = model.preprocessing.normalise(torch.from_numpy(pixels))
    assert (found.photos, found.of, found.crossed) == (len(true), len(true), False)
    assert found.right == report.test.right
    for number, place in ((1, "layer1.1"), (4, "layer3.0"), (7, "layer4.1")):
        net = load_model(run).net
        stage, _, block = place.partition(".")
        old: Any = net.get_submodule(place)
        kept_path = nn.Sequential(old.downsample, nn.ReLU()) if old.downsample is not None else nn.Identity()
        net.get_submodule(stage)[int(block)] = kept_path  # type: ignore[operator]
        with torch.inference_mode():
            named = net.eval()(photos).argmax(1)
        assert found.blocks[number].right == int((named == true).sum())
        assert found.blocks[number].projects == (old.downsample is not None)


def test_the_ratio_is_what_the_paper_means_by_it(measured: Measured, model: Classifier) -> None:
    """Computed from the layers one by one, for a plain block and one that changes the shape."""
    run, found, _ = measured
    report = read_report(run)
    assert report is not None
    pixels = np.stack([model.preprocessing.read(Path(report.root, photo.path)) for photo in report.judged])
    net: Any = model.net.eval()
    with torch.inference_mode():
        x = net.maxpool(net.act1(net.bn1(net.conv1(model.preprocessing.normalise(torch.from_numpy(pixels))))))
        for number, block in enumerate((net.layer1[0], net.layer1[1], net.layer2[0])):
            residual_ = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))
            beside = x if block.downsample is None else block.downsample(x)
            ratios = residual_.flatten(1).norm(dim=1) / beside.flatten(1).norm(dim=1)
            assert found.blocks[number].ratio == pytest.approx(float(ratios.mean()), rel=1e-4)
            x = torch.relu(residual_ + beside)
    assert found.blocks[0].takes == found.stem == (64, 40, 40)
    assert found.blocks[2].gives == (128, 20, 20)


def test_a_copy_that_was_not_trained_has_not_moved_and_a_changed_block_has(trained: Path) -> None:
    start = weights_of_start(settings_of(trained))
    assert start is not None
    bundled: Any = weights.load_backbone(catalog.find("resnet18"), weights.find_weights(catalog.find("resnet18"), None))
    assert moved(bundled, start) == [0.0] * 8
    with torch.no_grad():
        for weight in bundled.layer3[1].parameters():
            weight *= 1.25
    assert moved(bundled, start) == [0.0] * 5 + [pytest.approx(0.25)] + [0.0] * 2


def test_a_start_that_is_not_here_or_is_another_is_not_measured(trained: Path, model: Classifier, tmp_path: Path) -> None:
    assert moved(model.net, None) == [None] * 8
    assert moved(model.net, small("resnet18")) == [None] * 8  # its batch norms have other statistics
    settings = settings_of(trained)
    assert weights_of_start(replace(settings, weights=str(tmp_path / "gone.safetensors"))) is None
    assert weights_of_start(replace(settings, model="resnet152")) is None


def test_fine_tuning_moved_every_block_or_none(measured: Measured) -> None:
    run, found, _ = measured
    report = read_report(run)
    assert report is not None
    fine_tuned = report.kept == "fine-tuned"
    assert all((block.moved is not None) and (block.moved > 0) == fine_tuned for block in found.blocks)


def test_it_is_told_how_far_it_has_come_and_kept(measured: Measured) -> None:
    run, found, told = measured
    assert kept(run) == found
    assert told and all(isinstance(event, Progress) and event.stage == "blocks" for event in told)
    written = disk.read_json(run / FILE)
    assert written["blocks"][3]["convolutions"][0] == {
        "kernel": 3, "inputs": 128, "outputs": 128, "stride": 1, "groups": 1, "in_shortcut": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        {"weights": "other"},
        {"photos": 0},
        {"right": 99},
        {"model": "resnet19"},
        {"blocks": []},
        {"blocks": [{"name": "1.1"}]},
        {"stem": [1, 2]},
        {"more": 1},
    ],
)
def test_what_was_kept_of_another_model_or_makes_no_sense_is_not_shown(
    measured: Measured, tmp_path: Path, damage: dict[str, object]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(measured[0] / WEIGHTS, run)
    values = disk.read_json(measured[0] / FILE)
    disk.write_json(run / FILE, values)
    assert kept(run) == measured[1]
    disk.write_json(run / FILE, values | damage)
    assert kept(run) is None


@pytest.mark.parametrize(
    "damage", [{"ratio": math.nan}, {"moved": "much"}, {"kind": "str"}, {"takes": [0, 1, 1]}, {"right": 1.5}]
)
def test_a_block_that_makes_no_sense(measured: Measured, damage: dict[str, object]) -> None:
    values = measured[1].to_json()
    values["blocks"][0] |= damage
    with pytest.raises((ValueError, TypeError)):
        Anatomy.from_json(values)


def test_photos_that_are_gone_are_said_to_be(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in (ABOUT, WEIGHTS, REPORT, "features.json", "features.safetensors"):
        shutil.copy(trained / name, run)
    report = disk.read_json(run / REPORT)
    (run / REPORT).write_text(json.dumps(report | {"root": str(tmp_path / "gone")}))
    with pytest.raises(UserError, match="put the folder back"):
        drained(measure(replace(settings_of(trained), run_dir=str(run)), lambda: None))
    (run / REPORT).unlink()
    with pytest.raises(UserError, match="stopped before its test"):
        drained(measure(replace(settings_of(trained), run_dir=str(run)), lambda: None))


def test_a_stop_ends_it(trained: Path) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        drained(measure(settings_of(trained), stop))
    assert not (trained / FILE).exists()


def test_the_code_that_is_shown_is_that_of_the_block(measured: Measured) -> None:
    block = measured[1].blocks[2]
    assert reads_the_same(block)
    wider = replace(block.convolutions[0], groups=32)
    assert not reads_the_same(replace(block, convolutions=[wider, *block.convolutions[1:]]))


@pytest.mark.parametrize(
    ("name", "same"), [("resnet50", True), ("resnetv2_50", True), ("resnext50_32x4d", False), ("resnet50d", False)]
)
def test_variants_that_differ_from_the_reference_are_told(name: str, same: bool) -> None:
    block = Chain(timm.create_model(name)).blocks[3]  # the first of the second stage: its shape changes
    inputs = convolutions(block)[0].inputs
    outputs = convolutions(block)[-1].outputs
    found = Block(
        name="2.1", stage=2, kind=type(block).__name__, takes=(inputs, 8, 8), gives=(outputs, 4, 4), parameters=1,
        convolutions=convolutions(block), ratio=1.0, right=0, moved=None,
    )  # fmt: skip
    assert found.projects
    assert reads_the_same(found) == same


# --- A photo, stage by stage --------------------------------------------------------------------------------------------


def test_the_stages_of_a_photo(model: Classifier, trained: Path) -> None:
    pixels = model.preprocessing.read(trained.parent / "photos" / "green" / "03.png")
    stages = stages_of(model, pixels, model.classes.index("green"))
    assert [stage.gives for stage in stages] == [(64, 40, 40), (128, 20, 20), (256, 10, 10), (512, 5, 5)]
    for stage in stages:
        assert stage.mean.shape == stage.gives[1:] and stage.mean.max() == pytest.approx(1)
        assert len({channel for channel, _ in stage.strongest}) == 3
        assert stage.heat.shape == (160, 160) and 0 <= stage.heat.min() <= stage.heat.max() <= 1.0001
    with torch.inference_mode():
        last = model.net.forward_features(model.preprocessing.normalise(torch.from_numpy(pixels[None])))[0]  # type: ignore[operator]
    by_hand = last.abs().mean(0).numpy()
    assert np.allclose(stages[-1].mean, by_hand / by_hand.max(), atol=1e-4)
    assert stages[-1].strongest[0][0] == int(last.abs().mean((1, 2)).argmax())

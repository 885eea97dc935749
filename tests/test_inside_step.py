"""Inside the network, in the browser: the picture, its blocks by mouse and by key, and a photo stage by stage."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MINUTE
from playwright.sync_api import Page, expect

from resnet_finetune.engine import shortcut_experiment as experiment
from resnet_finetune.engine.progress import drained
from resnet_finetune.insight.anatomy import Anatomy, Block, Convolution
from resnet_finetune.insight.residual import FILE
from resnet_finetune.runs import history
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.network_picture import MEASURES, draw, value
from resnet_finetune.ui.steps.network import _sentences, card
from resnet_finetune.words import disk
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.shortcut_trial import FILE as TRIAL

HOSTILE = "<img src=x onerror=alert(1)>"


def deep() -> Anatomy:
    """As large as they come: 152 layers are 50 blocks."""
    blocks = []
    for stage, (count, width) in enumerate(((3, 256), (8, 512), (36, 1024), (3, 2048)), 1):
        for number in range(1, count + 1):
            last = (width // 4, width, False)
            paths = [last] if number > 1 else [last, (width // 2, width, True)]
            blocks.append(
                Block(
                    name=f"{stage}.{number}", stage=stage, kind="Bottleneck", takes=(width, 20, 20), gives=(width, 20, 20),
                    parameters=1, ratio=number / 36, right=40 - number, moved=None,
                    convolutions=[
                        Convolution(kernel=1, inputs=inputs, outputs=outputs, stride=1, groups=1, in_shortcut=shortcut)
                        for inputs, outputs, shortcut in paths
                    ],
                )
            )  # fmt: skip
    return Anatomy(
        model="resnet152", classes=[HOSTILE, *"abcdefgh"], photo=(3, 320, 320), stem=(64, 80, 80), features=2048, photos=40,
        of=50, crossed=False, right=40, blocks=blocks,
    )  # fmt: skip


def test_every_block_of_the_deepest_network_is_a_button() -> None:
    drawn = draw(deep())
    assert drawn.count('class="block"') == drawn.count("aria-pressed=") - len(MEASURES) == 50
    assert drawn.count('class="arc"') == 50
    assert drawn.count(">1×1</text>") == 4
    assert drawn.count('tabindex="0" aria-pressed') == 1  # one stop for the Tab key; from there the arrow keys lead on
    assert len(drawn) < 150_000
    assert "Not measured: the weights it started from are not here any more." in drawn


def test_one_block_that_can_be_left_out_is_spoken_of_as_one() -> None:
    found = deep()  # of which 1.2 loses two photos, and all that come later no fewer
    one = replace(found, blocks=[found.blocks[0], replace(found.blocks[1], right=39), found.blocks[2]])
    assert "of the 2 blocks whose shortcut is x itself, one can be left out" in " ".join(_sentences(one)).lower()
    assert "None of the 46 blocks" in " ".join(_sentences(found))
    assert "46 can each be left out" in " ".join(_sentences(replace(found, right=0)))


def test_class_names_stay_text() -> None:
    assert "<img" not in draw(deep()) and "&lt;img" in draw(deep())


def test_a_block_that_changes_the_shape_says_why_its_shortcut_is_a_convolution() -> None:
    found = deep()
    assert "Why a 1×1 convolution" in card(found, found.blocks[0])
    plain = card(found, found.blocks[1])
    assert "Why a 1×1 convolution" not in plain
    assert "class Bottleneck(nn.Module):" in plain
    better = replace(found.blocks[1], right=found.photos)
    assert [value(found, one, "lost") for one in (found.blocks[0], better)] == ["−2.5", "0"]


# --- The page ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def run(trained: Path, server_home: Path) -> Path:
    """The only run of the page, with a name that must stay a name."""
    mine = shutil.copytree(trained, server_home / "runs" / "mine")
    history.rename(Run(mine), HOSTILE)
    return mine


def test_a_block_opens_by_mouse_and_by_key(page: Page, run: Path) -> None:
    page.get_by_role("tab", name="Inside").click()
    expect(page.locator("#inside-run input")).to_have_value(f"{HOSTILE} · 100\u00a0%")
    page.get_by_role("button", name="Measure the blocks").click()
    blocks = page.locator("#network g.block")
    expect(blocks).to_have_count(8, timeout=MINUTE)
    found = Anatomy.from_json({key: value for key, value in disk.read_json(run / FILE).items() if key != "weights"})

    opened = page.locator("#network-block")
    blocks.nth(2).click()
    expect(opened.locator("h4").first).to_have_text("Block 2.1 · basic block", timeout=MINUTE)
    expect(opened).to_contain_text("Why a 1×1 convolution in the shortcut?")
    block = found.blocks[2]
    numbers = opened.locator("dd")
    expect(numbers.nth(0)).to_have_text(value(found, block, "ratio"))
    expect(opened).to_contain_text(f"{block.right} of {found.photos} right without it, {found.right} with it.")
    expect(numbers.nth(2)).to_have_text(value(found, block, "moved"))
    expect(numbers.nth(3)).to_have_text("64 × 40 × 40 → 128 × 20 × 20")
    expect(opened.locator("pre")).to_contain_text("class BasicBlock(nn.Module):")

    blocks.nth(2).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(opened.locator("h4").first).to_have_text("Block 2.2 · basic block", timeout=MINUTE)
    expect(blocks.nth(3)).to_have_attribute("aria-pressed", "true")
    expect(opened).not_to_contain_text("Why a 1×1 convolution")
    expect(numbers.nth(0)).to_have_text(value(found, found.blocks[3], "ratio"))

    page.get_by_role("button", name="Accuracy without it").click()
    expect(blocks.nth(3).locator("text[data-of=lost]")).to_be_visible()
    expect(blocks.nth(3).locator("text[data-of=ratio]")).to_be_hidden()

    page.locator("#inside-stages .label-wrap").click()
    page.locator("#stages-photos button").first.click()
    stages = page.locator("#stages figure")
    expect(stages).to_have_count(5, timeout=MINUTE)
    expect(stages.nth(4)).to_contain_text("512 × 5 × 5")
    page.locator("#stages").get_by_role("button", name="red").click()
    expect(stages.nth(4)).to_contain_text("“red”", timeout=MINUTE)

    page.reload()  # what was measured is there again
    page.get_by_role("tab", name="Inside").click()
    expect(blocks).to_have_count(8, timeout=MINUTE)


def test_a_photo_that_was_tried_is_followed_through_the_stages(page: Page, trained: Path) -> None:
    page.get_by_role("tab", name="Try it").click()
    page.locator("#try-files input[type=file]").set_input_files(trained.parent / "photos" / "green" / "00.png")
    expect(page.locator("#try-answers article")).to_have_count(1, timeout=MINUTE)
    page.get_by_role("tab", name="Inside").click()
    page.locator("#inside-stages .label-wrap").click()
    expect(page.locator("#stages-photos h4")).to_have_text(["Shown to it under “Try it”", "Test photos, mistakes first"])
    page.locator("#stages-photos button").first.click()
    expect(page.locator("#stages")).to_contain_text("The model says green.", timeout=MINUTE)
    expect(page.locator("#stages figure").first).to_contain_text("00.png")


def test_the_shortcut_experiment_is_stopped_and_the_last_one_drawn(
    page: Page, server_home: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "STEPS", 20)
    monkeypatch.setattr(experiment, "DEPTHS", {18: experiment.DEPTHS[18]})
    found = drained(experiment.shortcut_experiment(Settings(data=str(trained.parent / "photos"))), lambda event: None)
    page.get_by_role("tab", name="Inside").click()
    fold, drawn = page.locator("#inside-shortcuts .label-wrap"), page.locator("#shortcuts")
    fold.click()
    page.locator("#shortcuts-ask").click()
    expect(drawn).to_contain_text("Training ten networks", timeout=5 * MINUTE)
    expect(drawn.get_by_role("progressbar")).to_be_visible()
    page.locator("#shortcuts-stop").click()
    expect(page.locator("#shortcuts-ask")).to_be_visible(timeout=MINUTE)
    expect(drawn).to_have_text("")
    fold.click()
    disk.write_json(server_home / TRIAL, found.to_json())
    fold.click()
    expect(drawn.locator("svg")).to_have_count(4, timeout=MINUTE)
    expect(drawn).to_contain_text("33 photos in 3 classes")

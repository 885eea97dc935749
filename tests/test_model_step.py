"""Step 2 of the page, in a real browser."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import MINUTE, make_photos, serving
from playwright.sync_api import Browser, Page, expect

from resnet_finetune.model.hardware import find_device


@pytest.mark.skipif(find_device().type != "cpu", reason="this machine's own GPU can be used")
def test_a_graphics_card_that_cannot_be_used_is_named_with_its_remedy(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "NVIDIA <b>RTX</b> 4090"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with serving(tmp_path, "app.py", "--no-browser") as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.get_by_role("tab", name="Model").click(timeout=MINUTE)
        machine = page.locator("#machine")
        expect(machine).to_contain_text("Your graphics card is not used: NVIDIA <b>RTX</b> 4090", timeout=MINUTE)
        expect(machine).to_contain_text("start the app again")
        expect(machine).to_contain_text("Trains on: CPU")


def kept(home: Path) -> dict[str, Any]:
    """For the next visit."""
    kept: dict[str, Any] = json.loads((home / "choice.json").read_text())
    return kept


def test_advice_on_the_depth(page: Page, tmp_path: Path, server_home: Path) -> None:
    page.get_by_role("tab", name="Model").click()
    ask, stop, advice = page.locator("#advisor-ask"), page.locator("#advisor-stop"), page.locator("#advisor")
    ask.click()
    expect(advice).to_contain_text("Choose your photos first", timeout=MINUTE)

    page.get_by_role("tab", name="Your data").click()
    page.locator("#data-path").get_by_role("textbox").fill(str(make_photos(tmp_path / "photos")))
    page.locator("#data-look").click()
    page.locator("#data-next").click(timeout=MINUTE)
    ask.click()
    expect(stop).to_be_visible(timeout=MINUTE)
    expect(advice.get_by_role("progressbar")).to_be_visible(timeout=MINUTE)
    with page.expect_event("dialog") as asked:  # the browser asks whether to leave what goes on
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("link", name="中文").click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    stop.click()
    expect(stop).to_be_hidden(timeout=MINUTE)
    expect(advice).to_have_text("")

    page.get_by_role("button", name="Other kinds of ResNet").click()
    kinds = page.locator("#model-others")
    expect(kinds.locator("label", has_text="CC-BY-NC-4.0. Commercial use is forbidden")).to_have_count(1, timeout=MINUTE)
    kinds.get_by_label("ResNetV2-18").check()
    expect(page.locator("#model input:checked")).to_have_count(0, timeout=MINUTE)
    page.locator("#model").get_by_label("ResNet-50").check()
    expect(kinds.locator("input:checked")).to_have_count(0, timeout=MINUTE)
    expect(page.locator("#model")).not_to_contain_text("last measured")
    ask.click()
    expect(stop).to_be_visible(timeout=MINUTE)
    assert kept(server_home)["model"] == "resnet50"
    expect(advice).to_contain_text("ResNet-18 is recommended", timeout=10 * MINUTE)
    expect(stop).to_be_hidden()
    expect(page.locator("#model input:checked")).to_have_value("resnet18")
    expect(page.locator("#model label", has_text="last measured")).to_have_count(5)
    expect(kinds).not_to_contain_text("last measured")
    rows = advice.locator("tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("of 33")
    expect(rows.last).to_contain_text("not tried: 242\u00a0MB to fetch")
    assert kept(server_home)["model"] == "resnet18"


@pytest.mark.long
def test_learning_rates_are_tried_and_one_is_filled_in(page: Page, tmp_path: Path, server_home: Path) -> None:
    page.locator("#data-path").get_by_role("textbox").fill(str(make_photos(tmp_path / "photos")))
    page.locator("#data-look").click()
    page.locator("#data-next").click(timeout=MINUTE)
    page.get_by_role("button", name="More").click()
    expect(page.locator("#rate input")).to_have_value("0")
    page.locator("#rates-ask").click()
    expect(page.locator("#rates-stop")).to_be_visible(timeout=MINUTE)
    expect(page.locator("#rates svg polyline")).to_have_count(2, timeout=5 * MINUTE)
    expect(page.locator("#rates")).to_contain_text("is filled in as the learning rate")
    rate = float(page.locator("#rate input").input_value())
    assert 1e-7 < rate < 0.1
    assert kept(server_home)["learning_rate"] == pytest.approx(rate, rel=0.01)
    expect(page.locator("#rates-stop")).to_be_hidden()

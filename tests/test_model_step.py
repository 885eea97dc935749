"""Step 2 of the page, in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import MINUTE, serving
from playwright.sync_api import Browser, expect

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

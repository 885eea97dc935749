"""Barriers for people who cannot see well, or use no mouse: axe (axe-core, by Deque) finds no serious one on any step."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import MINUTE, make_photos
from playwright.sync_api import Browser, Locator, Page, expect

WIDE, PHONE = (1280, 800), (390, 844)  # pixels
STEPS = 7

# What axe calls serious or critical of what can be seen: the rule, the element, and why.
BARRIERS = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((rule) => ["serious", "critical"].includes(rule.impact))
        .flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 150)} ${node.any[0]?.message ?? ""}`));
}"""


@pytest.fixture
def desk(server_home: Path, trained: Path, tmp_path: Path) -> Path:
    """A run that can be looked at, and photos of which the doctor has something to say."""
    shutil.copytree(trained, server_home / "runs" / "mine", dirs_exist_ok=True)
    photos = make_photos(tmp_path / "photos", each=12)
    (photos / "red" / "note.png").write_text("no photo")
    (photos / "red" / "00.png").write_bytes((photos / "blue" / "00.png").read_bytes())
    return photos


def step(page: Page, number: int) -> Locator:
    return page.locator(".steps > .tab-wrapper").get_by_role("tab").nth(number)


def open_all(page: Page) -> None:
    """What is folded, and what answers a click."""
    for closed in page.locator(".label-wrap:not(.open)").all():
        if closed.is_visible():
            closed.click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    for what in (
        "#results-matrix button[data-do]",
        "#runs-list .do button:has-text('More')",
        "#runs-list .do button:has-text('更多')",
    ):
        button = page.locator(what).first
        if button.is_visible():
            button.click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)


STILL = "*, ::before, ::after { transition: none !important; animation: none !important; }"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_step_has_a_barrier(browser: Browser, url: str, desk: Path, language: str) -> None:
    """In English each step as it looks on a screen by day and on a phone by night, in Chinese the other way round, in turn."""
    found: list[str] = []
    views = [("light", WIDE), ("dark", PHONE)] if language == "en" else [("dark", WIDE), ("light", PHONE)]
    with browser.new_context(locale=language, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(url)
        page.evaluate(AXE_SCRIPT)
        page.add_style_tag(content=STILL)

        def look(number: int) -> None:
            for scheme, (width, height) in views if language == "en" else [views[number % 2]]:
                page.set_viewport_size({"width": width, "height": height})
                page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", scheme == "dark")
                found.extend(f"step {number}, {scheme}, {width}: {barrier}" for barrier in page.evaluate(BARRIERS))

        expect(page.locator("#data-demo")).to_be_visible(timeout=MINUTE)
        expect(page).to_have_title(re.compile("."))
        look(0)
        page.locator("#data-path").get_by_role("textbox").fill(str(desk))
        page.locator("#data-look").click()
        expect(page.locator("#data-findings table")).to_be_visible(timeout=MINUTE)
        expect(page.locator("#data-next")).to_have_text(re.compile("."))
        for number in range(STEPS):
            step(page, number).click()
            page.wait_for_timeout(400)
            open_all(page)
            look(number + 1)
    assert found == []

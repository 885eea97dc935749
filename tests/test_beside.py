"""Long work for one training says nothing once another is chosen: by itself, and in a real browser."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from conftest import MINUTE
from playwright.sync_api import Page, expect

from resnet_finetune.runs import history, verdicts
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.shared.beside import Trial, Turn, Unwanted, beside
from resnet_finetune.ui.steps import suspects
from resnet_finetune.words.suspect import Suspect


def counting(trial: Trial) -> Iterator[str]:
    """Work that goes on until it is not wanted."""

    def work(check: Callable[[], None]) -> None:
        while True:
            check()
            time.sleep(0.01)

    try:
        yield from beside(work, lambda: "it goes on", trial)
    except Unwanted:
        yield "stopped"


def test_what_is_given_up_says_so_and_what_is_overtaken_says_nothing() -> None:
    turn = Turn()
    first = turn.taken(counting, "a")
    assert next(first) == "it goes on"
    turn.give_up()
    assert "stopped" in list(first)

    first = turn.taken(counting, "a")
    assert next(first) == "it goes on"
    second = turn.taken(counting, "a")
    assert next(second) == "it goes on"
    assert list(first) == []
    assert next(second) == "it goes on"
    assert not turn.over("a")  # the page tells late that what it has asked for already is looked at
    assert next(second) == "it goes on"
    assert turn.over("b")
    assert list(second) == []
    assert turn.over("a")  # it was given up: looking at it again does not bring it back


def test_it_is_busy_until_what_was_begun_last_has_ended() -> None:
    turn = Turn()
    assert not turn.busy
    first = turn.taken(counting)
    next(first)
    second = turn.taken(counting)
    next(second)
    list(first)
    assert turn.busy
    turn.give_up()
    assert "stopped" in list(second)
    assert not turn.busy


@pytest.fixture
def two(trained: Path, home: Path) -> tuple[Run, Run]:
    for name in ("first", "second"):
        shutil.copytree(trained, home / "runs" / name)
    return Run(home / "runs" / "first"), Run(home / "runs" / "second")


def test_a_verdict_is_of_the_run_whose_photos_were_listed(two: tuple[Run, Run]) -> None:
    first, second = two
    suspect = Suspect(name="red/00.png", path="red/00.png", given="red", likely=[("blue", 0.9), ("red", 0.1)])
    listed = suspects.Found(str(first.path), [suspect])
    click = gr.EventData(None, {"photo": 0, "class": "blue"})
    said, *_ = suspects._judge(click, str(second.path), listed)
    assert said == "" and verdicts.read(second) == []
    suspects._judge(click, str(first.path), listed)
    assert [one.class_ for one in verdicts.read(first)] == ["blue"]
    assert 'class="done"' in suspects._answer([suspect], str(first.path))[0]  # found once more, it is judged still
    assert 'class="done"' not in suspects._answer([suspect], str(second.path))[0]


def test_another_training_is_chosen_while_much_goes_on(page: Page, trained: Path, server_home: Path) -> None:
    for name in ("first", "second"):
        run = shutil.copytree(trained, server_home / "runs" / name)
        history.rename(Run(run), name)

    def choose(name: str) -> None:
        page.locator("#results-run input").click()
        page.get_by_role("option", name=name).click()
        expect(page.locator("#results-run input")).to_have_value(re.compile(f"^{name}"))

    page.get_by_role("tab", name="Results").click()
    expect(page.locator("#results-summary .verdict")).to_be_visible(timeout=MINUTE)
    choose("first")
    for fold in ("take", "learning", "suspects"):
        page.locator(f"#results-{fold} .label-wrap").click()
    page.locator("#learning-ask").click()
    expect(page.locator("#learning table")).to_be_visible(timeout=MINUTE)
    page.locator("#suspects-ask").click()
    suspects = page.locator("#suspects")
    expect(suspects.get_by_role("progressbar").or_(suspects.get_by_text("None was found"))).to_be_visible()
    page.locator("#take").get_by_role("button").first.click()
    take = page.locator("#take")
    expect(take.get_by_role("progressbar").or_(take.get_by_role("link")).first).to_be_visible()
    choose("second")
    for part in ("#suspects", "#learning"):
        expect(page.locator(part)).to_have_text("")
        expect(page.locator(f"{part}-ask")).to_be_visible()
        expect(page.locator(f"{part}-stop")).to_be_hidden()
    expect(page.locator("#take-stop")).to_be_hidden()
    expect(page.get_by_role("button", name="Make it")).to_have_count(6)

    # What is asked for now does not wait for what was given up, and nothing of that comes after it.
    page.locator("#suspects-ask").click()
    expect(page.locator("#suspects")).to_contain_text("None was found", timeout=MINUTE)
    expect(page.locator("#take").get_by_role("progressbar")).to_have_count(0)
    expect(page.locator("#take").get_by_role("link")).to_have_count(0)
    expect(page.locator("#learning")).to_have_text("")

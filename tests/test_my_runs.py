"""“My runs” in a real browser: what was trained is found, compared, named, used again, taken away, deleted and brought back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import gradio as gr
import pytest
from conftest import MINUTE, make_photos
from playwright.sync_api import Locator, Page, expect

from resnet_finetune.runs import history, lock, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.steps import model_step, my_runs, train_step
from resnet_finetune.words.events import Failed, to_json
from resnet_finetune.words.settings import Settings


@pytest.fixture
def two_runs(trained: Path, server_home: Path, tmp_path: Path) -> Path:
    """Folder of the runs. “second” is a copy of “first” that got three of its twelve test photos wrong."""
    runs = server_home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    (server_home / "desk.json").unlink(missing_ok=True)
    photos = make_photos(tmp_path / "photos")
    for name in ("first", "second"):
        shutil.copytree(trained, runs / name)
        about = json.loads((runs / name / "run.json").read_text())
        about["settings"] |= {"data": str(photos), "minutes": 60.0, "seed": 0 if name == "first" else 5}  # until stopped
        (runs / name / "run.json").write_text(json.dumps(about))
    report = json.loads((runs / "second" / "report.json").read_text())
    for photo in report["judged"][:3]:
        photo["scores"] = photo["scores"][::-1] if photo["true"] != 1 else [1.0, 0.0, 0.0]
    (runs / "second" / "report.json").write_text(json.dumps(report))
    return runs


def row(page: Page, name: str) -> Locator:
    return page.locator("#runs-list li.run").filter(has=page.get_by_text(name, exact=True))


def choose_folder(page: Page, folder: Path) -> None:
    page.locator("#data-path").get_by_role("textbox").fill(str(folder))
    page.locator("#data-look").click()


def open_my_runs(page: Page) -> None:
    page.get_by_role("tab", name="My runs").click()
    expect(page.locator("#runs-list li.run")).to_have_count(2, timeout=MINUTE)


def test_two_runs_side_by_side(page: Page, two_runs: Path) -> None:
    open_my_runs(page)
    row(page, "first").get_by_role("button", name="Compare").click()
    expect(page.locator("#runs-comparison")).to_contain_text("press “Compare” at another one")
    expect(row(page, "first").get_by_role("button", name="Compare")).to_have_attribute("aria-pressed", "true")
    row(page, "second").get_by_role("button", name="Compare").click()
    shown = page.locator("#runs-comparison")
    expect(shown).to_contain_text("Of the 12 photos that both were tested on, only “first” named 3 right")
    expect(shown).to_contain_text("That is no real difference")
    expect(shown).to_contain_text("p = 0.25")
    expect(shown.locator("tbody").first).to_contain_text("Seed")  # what was set differently, and only that
    expect(shown.locator("tbody").first.locator("tr")).to_have_count(1)
    expect(shown.locator("svg polyline")).to_have_count(2)
    expect(shown.locator("tbody").last.locator("tr")).to_have_count(3)
    row(page, "second").get_by_role("button", name="Compare").click()
    expect(shown).to_contain_text("press “Compare” at another one")


def test_two_runs_that_are_equally_right(page: Page, two_runs: Path) -> None:
    shutil.copy(two_runs / "first" / "report.json", two_runs / "second" / "report.json")
    open_my_runs(page)
    for name in ("first", "second"):
        row(page, name).get_by_role("button", name="Compare").click()
        expect(row(page, name).get_by_role("button", name="Compare")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#runs-comparison")).to_contain_text("“first” and “second” named the very same photos right, of the 12")


def test_a_run_is_opened_and_renamed(page: Page, two_runs: Path) -> None:
    open_my_runs(page)
    row(page, "second").get_by_role("button", name="More").click()
    name = page.locator("#runs-name").get_by_role("textbox")
    expect(name).to_have_value("second")
    name.fill("<img src=x onerror=alert(1)> Äpfel")
    page.locator("#runs-rename").click()
    expect(row(page, "<img src=x onerror=alert(1)> Äpfel")).to_be_visible()
    assert Run(two_runs / "second").title == "<img src=x onerror=alert(1)> Äpfel"
    row(page, "first").get_by_role("button", name="Results").click()
    expect(page.locator("#results-run input")).to_have_value("first · 100\u00a0%")
    expect(page.locator("#results-summary")).to_contain_text("12 of 12 test photos named right")


def test_a_run_is_deleted_and_brought_back_or_erased(page: Page, two_runs: Path) -> None:
    open_my_runs(page)
    row(page, "second").get_by_role("button", name="More").click()
    page.locator("#runs-delete").click()
    expect(page.locator("#runs-list li.run")).to_have_count(1)
    expect(page.locator("#runs-said")).to_contain_text("can be brought back")
    expect(page.locator("#runs-card")).to_be_hidden()
    page.locator("#runs-list summary").click()
    page.get_by_role("button", name="Bring it back").click()
    expect(row(page, "second")).to_be_visible()
    row(page, "second").get_by_role("button", name="More").click()
    page.locator("#runs-delete").click()
    page.locator("#runs-list summary").click()
    page.get_by_role("button", name="Erase it now").click()
    expect(page.locator("#runs-list details")).to_have_count(0)
    assert not (two_runs / "second").exists()


def test_a_run_is_saved_as_one_file_and_opened_again(page: Page, two_runs: Path, tmp_path: Path) -> None:
    history.rename(Run(two_runs / "first"), "first")
    open_my_runs(page)
    row(page, "first").get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.locator("#runs-about a").click()
    assert download.value.suggested_filename == "first.zip"
    download.value.save_as(tmp_path / "first.zip")
    with page.expect_file_chooser() as chooser:
        page.locator("#runs-unpack").click()
    chooser.value.set_files(tmp_path / "first.zip")
    expect(page.locator("#runs-said")).to_contain_text("is here", timeout=MINUTE)
    expect(page.locator("#runs-list li.run")).to_have_count(3)
    expect(row(page, "first (2)")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.locator("#runs-unpack").click()
    (tmp_path / "no run.zip").write_bytes(b"PK")
    chooser.value.set_files(tmp_path / "no run.zip")
    expect(page.locator("#runs-said")).to_contain_text("is no run that was saved", timeout=MINUTE)


def test_where_more_photos_go_is_said_of_folders_of_copies_and_of_the_demo(home: Path) -> None:
    """To add to one's own folder does nothing to the copy of what was dropped."""
    assert "to the folder that it was trained on" in my_runs._of_training_on("/pictures/birds")
    assert "drop that folder again" in my_runs._of_training_on(str(home / "brought" / ("0" * 16) / "photos"))
    assert "drop that folder again" in my_runs._of_training_on(str(home / "unpacked" / "1"))
    assert "the demo" in my_runs._of_training_on("demo")


def test_settings_are_used_again_and_a_run_is_trained_on_from(page: Page, two_runs: Path) -> None:
    open_my_runs(page)
    row(page, "second").get_by_role("button", name="More").click()
    expect(page.locator("#runs-about")).to_contain_text("First add photos or whole classes to the folder")
    page.locator("#runs-again").click()
    expect(page.locator("#data-findings")).to_contain_text("54 photos in 3 classes", timeout=MINUTE)
    page.locator("#data-next").click()
    page.get_by_role("button", name="More").click()
    expect(page.locator("#seed input")).to_have_value("5")
    expect(page.locator("#model-train-on")).to_be_empty()

    open_my_runs(page)
    page.locator("#runs-train-on").click()
    expect(page.locator("#data-next")).to_be_visible(timeout=MINUTE)
    page.locator("#data-next").click()
    expect(page.locator("#model-train-on")).to_contain_text("This training starts from “second”")
    page.get_by_label("Balanced").check()
    page.wait_for_timeout(1000)  # for it to be kept
    page.reload()  # as a change of the language does
    page.get_by_role("tab", name="Model").click(timeout=MINUTE)
    expect(page.locator("#model-train-on")).to_contain_text("This training starts from “second”", timeout=MINUTE)
    expect(page.get_by_label("Balanced")).to_be_checked()
    page.get_by_role("button", name="More").click()
    expect(page.locator("#seed input")).to_have_value("5")
    expect(page.locator("#minutes input")).to_have_value("60")
    page.get_by_role("tab", name="Your data").click()
    page.locator("#data-next").click(timeout=MINUTE)
    page.locator("#model-next").click()
    page.locator("#train-start").click()
    expect(page.locator("#train-status")).to_contain_text("weights the earlier run second", timeout=MINUTE)
    page.locator("#train-stop").click()
    expect(page.locator("#train-status")).to_contain_text("Stopped", timeout=MINUTE)
    (new,) = [run for folder in two_runs.iterdir() if (run := Run(folder)).settings.train_on]
    assert new.settings.train_on == str(two_runs / "second")
    assert new.settings.seed == 5


def test_what_was_found_before_holds_when_going_on_with_it_fails(trained: Path, home: Path) -> None:
    run = Run(Path(shutil.copytree(trained, home / "runs" / "stopped")))
    log = run.path / "events.jsonl"
    log.write_text(log.read_text().replace('"event": "Finished"', '"event": "Stopped"'))
    before, choices = run.score, finished.choices()
    assert before is not None and before.n == 12 and len(choices) == 1
    with log.open("a") as events:
        events.write(json.dumps(to_json(Failed(messages=["The photos changed."], bug=False))) + "\n")
    assert run.state == "failed"
    assert (run.score, finished.choices()) == (before, choices)
    assert train_step._has_result(Story(run))
    (run.path / "report.json").write_text("{")
    assert run.score is None
    (run.path / "report.json").unlink()  # a better model has come, of which nothing is known yet
    assert run.score is None
    assert not train_step._has_result(Story(run))


def test_the_training_that_is_watched_is_the_one_that_is_shown_and_stopped(home: Path) -> None:
    """A second one can be started by the command line."""
    runs = [Run(Path(run_folder.create(Settings(data="demo")).run_dir)) for _ in range(3)]
    over, *going = runs
    with lock.hold(going[0].path), lock.hold(going[1].path):
        for run in going:
            watch = train_step.Watch(Story(run))
            assert train_step._story(watch, None) is watch.story
            train_step._stop(watch)
            assert lock.asked_to_stop(run.path)
            assert [lock.asked_to_stop(one.path) for one in going].count(True) == 1 + going.index(run)
        shown = train_step._story(train_step.Watch(Story(over)), None)
        assert shown is not None and shown.run in going


def test_another_network_does_not_start_from_that_run(trained: Path) -> None:
    of, other = Run(trained).settings.model, "resnet50"
    assert model_step._fitting(other, str(trained)) == (None, "")
    for model, folder in ((of, str(trained)), (other, None), (other, str(trained / "gone"))):
        kept, said = model_step._fitting(model, folder)
        assert kept == said == gr.skip()


def test_a_run_is_discarded_where_it_was_trained(page: Page, server_home: Path, two_runs: Path) -> None:
    shutil.rmtree(two_runs / "second")
    events = (two_runs / "first" / "events.jsonl").read_text().splitlines()
    (two_runs / "first" / "events.jsonl").write_text("\n".join(events[:-1]) + "\n")  # as if it had been killed
    choose_folder(page, Path(Run(two_runs / "first").settings.data))
    expect(page.locator("#data-next")).to_be_visible(timeout=MINUTE)
    page.reload()  # as after a power cut: the photos are on the desk again, and their run is offered to be gone on with
    expect(page.locator("#data-next")).to_be_visible(timeout=MINUTE)
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#train-status")).to_contain_text("The training broke off", timeout=MINUTE)
    expect(page.locator("#train-resume")).to_be_visible()
    page.locator("#train-discard").click()
    expect(page.locator("#train-said")).to_contain_text("For 7 days it can be brought back")
    expect(page.locator("#train-status")).to_be_empty()
    assert (two_runs / "first" / "deleted").exists()


def test_a_run_that_broke_off_long_ago_is_gone_on_with(page: Page, two_runs: Path) -> None:
    events = (two_runs / "first" / "events.jsonl").read_text().splitlines()
    (two_runs / "first" / "events.jsonl").write_text("\n".join(events[:-1]) + "\n")
    open_my_runs(page)
    more = {name: row(page, name).get_by_role("button", name="More") for name in ("first", "second")}
    more["first"].click()
    expect(page.locator("#runs-resume")).to_be_visible()
    more["second"].click()
    expect(page.locator("#runs-resume")).to_be_hidden()
    more["first"].click()
    page.locator("#runs-resume").click()
    expect(page.locator("#train-status")).to_contain_text("Fine-tuning: pass", timeout=2 * MINUTE)
    page.locator("#train-stop").click()
    expect(page.locator("#train-status")).to_contain_text("Stopped · first", timeout=MINUTE)

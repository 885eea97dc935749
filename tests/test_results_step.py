"""The results as a person works with them: a cell opens its photos, wrong labels are found, corrected and trained on."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from conftest import MINUTE, make_photos, run_cli
from playwright.sync_api import Page, expect

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.runs.verdicts import read as verdicts_of
from resnet_finetune.words import corrections

WRONG = {"red/a blue one.png": "blue", "green/a red one.png": "red"}  # where they lie → what they are


@pytest.fixture(scope="module")
def run(server_home: Path) -> Run:
    """Of photos of which two lie in the wrong class and are test photos, because their folders say so."""
    photos = server_home / "photos"
    made = make_photos(server_home / "made")
    for class_ in ("blue", "green", "red"):
        for number, photo in enumerate(sorted((made / class_).iterdir())):
            part = photos / ("test" if number % 3 == 0 else "train") / class_
            part.mkdir(parents=True, exist_ok=True)
            shutil.move(photo, part / photo.name)
    for lies, is_ in WRONG.items():
        wrong = next((photos / "test" / is_).iterdir())
        shutil.move(wrong, photos / "test" / lies)
    done = run_cli("train", photos, "--json", home=server_home)
    assert done.returncode == 0, done.stderr
    return Run(Path(json.loads(done.stdout.splitlines()[-1])["run"]))


@pytest.fixture
def results(page: Page, run: Run) -> Page:
    page.get_by_role("tab", name="Results").click()
    page.locator("#results-run input").click()
    page.get_by_role("option", name=run.title).first.click()
    expect(page.locator("#results-summary")).to_contain_text("test photos named right")
    return page


def in_cell(run: Run, true: str, predicted: str) -> list[str]:
    """File names of the photos, the surest answer first."""
    report = run.report()
    assert report is not None
    row, column = report.classes.index(true), report.classes.index(predicted)
    there = [photo for photo in report.judged if (photo.true, photo.predicted) == (row, column)]
    return [Path(photo.path).name for photo in sorted(there, key=lambda photo: -photo.scores[column])]


def shown(page: Page) -> list[str]:
    return page.locator("#results-cell figure small").all_inner_texts()


def test_a_cell_opens_its_photos_by_mouse_and_by_keyboard(results: Page, run: Run) -> None:
    wrong = in_cell(run, "red", "blue")
    assert wrong == ["a blue one.png"]
    results.get_by_role("button", name="1 of 6 photos of red was called blue").first.click()
    expect(results.locator("#results-cell h3")).to_have_text("1 of 6 photos of red was called blue")
    assert shown(results) == wrong

    results.get_by_role("button", name="Why? a blue one.png").click()
    panel = results.locator("#results-why .why")
    expect(panel).to_contain_text("It is red; the model says blue.", timeout=MINUTE)
    expect(panel.locator("img.picture")).to_have_count(2)
    results.keyboard.press("Escape")
    expect(panel).to_have_count(0)

    # From the first cell to the right and down, over the empty ones, then Enter.
    cells = results.locator("#results-matrix .cells button")
    cells.first.focus()
    results.keyboard.press("ArrowRight")  # nothing else is in the row of blue
    results.keyboard.press("ArrowDown")
    expect(results.locator("#results-matrix button:focus")).to_have_attribute(
        "aria-label", "1 of 6 photos of red was called blue"
    )
    results.keyboard.press("ArrowRight")
    results.keyboard.press("Enter")
    expect(results.locator("#results-cell h3")).to_have_text("5 of 6 photos of red named right")
    assert sorted(shown(results)) == sorted(in_cell(run, "red", "red"))


def test_the_matrix_is_zoomed_around_what_is_pointed_at_and_its_names_stay(results: Page) -> None:
    results.set_viewport_size({"width": 360, "height": 320})  # a small phone: there is not room for much
    matrix = results.locator("#results-matrix")
    side = "document.querySelector('#results-matrix .cells button').clientHeight"
    whole = results.evaluate(side)
    expect(matrix.get_by_role("button", name="Smaller")).to_have_attribute("aria-disabled", "true")
    matrix.get_by_role("button", name="Larger").click()
    assert results.evaluate(side) == pytest.approx(1.5 * whole, abs=3)

    results.evaluate("document.querySelector('#results-matrix .scroll').scrollIntoView()")
    last = matrix.locator(".cells button").last
    last.hover()
    box = last.bounding_box()
    assert box
    results.keyboard.down("Control")
    results.mouse.wheel(0, -40)
    results.keyboard.up("Control")
    results.wait_for_function(f"{side} > 85")  # as large as it gets
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert results.evaluate("([x, y]) => document.elementFromPoint(x, y)?.getAttribute('aria-label')", at) == (
        last.get_attribute("aria-label")
    )
    there = "(({ scrollLeft, scrollTop }) => scrollLeft + scrollTop)(document.querySelector('#results-matrix .scroll'))"
    assert results.evaluate(there) > 20
    for name in (matrix.locator(".names .here"), matrix.locator(".heads .here")):  # scrolled, and the names are still there
        expect(name).to_have_text("red")
        expect(name).to_be_in_viewport()

    last.focus()
    results.keyboard.press("-")
    assert whole + 5 < results.evaluate(side) < 80
    results.get_by_label("% of each row").check()  # drawn anew, and as large as it was
    expect(matrix.locator(".cells button").first).to_have_text("100")
    assert whole + 5 < results.evaluate(side) < 80
    last.focus()
    results.keyboard.press("0")
    assert results.evaluate(side) == whole


def test_the_worst_photos_come_first_and_can_be_explained(results: Page, run: Run) -> None:
    results.get_by_role("button", name="Photo by photo, the worst first").click()
    figures = results.locator("#results-worst figure")
    expect(figures).to_have_count(18)
    report = run.report()
    assert report is not None
    by_loss = sorted(report.judged, key=lambda photo: photo.scores[photo.true])
    assert figures.locator("small").all_inner_texts() == [Path(photo.path).name for photo in by_loss]
    assert {Path(photo.path).name for photo in by_loss[:2]} == {Path(name).name for name in WRONG}
    figures.first.get_by_role("button").click()
    expect(results.locator("#results-why .why")).to_contain_text("the model says", timeout=MINUTE)
    results.locator("#results-why h3").first.click()  # what is no button takes no keyboard away
    results.keyboard.press("Escape")
    expect(results.locator("#results-why .why")).to_have_count(0)


def test_a_matrix_is_ordered_and_saved(results: Page, run: Run) -> None:
    results.get_by_label("Most mistakes first").check()
    expect(results.locator("#results-matrix tbody th").first).to_have_text("red")
    with results.expect_download() as download:
        results.get_by_role("link", name="Table (CSV)").click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    report = run.report()
    assert report is not None
    assert rows[0][1] == rows[1][0] == "red"
    red = report.classes.index("red")
    assert int(rows[1][1]) == report.confusion[red][red]
    with results.expect_download() as download:
        results.get_by_role("link", name="Picture (PNG)").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_two_wrong_labels_are_corrected_and_trained_again(results: Page, run: Run) -> None:
    results.get_by_role("button", name="Photos that may be in the wrong class").click()
    results.locator("#suspects-ask").click()
    photos = results.locator("#suspects [data-photo]")
    expect(photos).to_have_count(2, timeout=5 * MINUTE)
    photos.first.focus()
    results.keyboard.press("2")  # it is of the other class
    expect(results.locator("#suspects-said")).to_contain_text("You judged 1 photo; 1 will be used differently")
    results.keyboard.press("2")  # the next one has the focus
    expect(results.locator("#suspects-said")).to_contain_text("You judged 2 photos; 2 will be used differently")
    results.locator("#suspects-undo").click()
    expect(results.locator("#suspects-said")).to_contain_text("You judged 1 photo;")
    results.locator("#suspects li:not(.done)").focus()
    results.keyboard.press("2")
    expect(results.locator("#suspects-said")).to_contain_text("You judged 2 photos;")
    results.get_by_role("tab", name="Train", exact=True).click()
    results.get_by_role("tab", name="Results").click()
    expect(photos).to_have_count(2)  # what took so long to be found is not to be looked for again
    assert {said.name: said.class_ for said in verdicts_of(run)} == {f"test/{name}": class_ for name, class_ in WRONG.items()}

    results.reload()  # what was said is kept
    results.get_by_role("tab", name="Results").click()
    results.get_by_role("button", name="Photos that may be in the wrong class").click()
    expect(results.locator("#suspects-said")).to_contain_text("You judged 2 photos;")
    results.locator("#suspects-again").click()
    results.locator("#train-next").click(timeout=5 * MINUTE)
    summary = results.locator("#results-summary")
    expect(summary).to_contain_text("18 of 18 test photos named right: 100")
    expect(summary).to_contain_text("By the corrected labels that one named 100\u00a0% right, this one 100\u00a0%.")
    again = next(other for other in map(Run, run.path.parent.iterdir()) if other.settings.split_of == str(run.path))
    assert corrections.of_run(again.path) == {f"test/{name}": class_ for name, class_ in WRONG.items()}
    before, after = run.report(), again.report()
    assert before is not None and after is not None
    assert {photo.sha256 for photo in before.judged} == {photo.sha256 for photo in after.judged}
    # What was corrected is so from then on, for every training
    results.get_by_role("tab", name="Your data").click()
    expect(results.locator("#data-doctor")).to_contain_text("You put 2 photos into another class", timeout=MINUTE)

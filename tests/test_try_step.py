"""Trying a model in the browser: photos of none of its classes, why it answers so, and the map of its photos."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urljoin

import gradio as gr
import httpx
import pytest
from conftest import MINUTE, drag, make_photos
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from resnet_finetune.model.saved_model import ABOUT, Classifier
from resnet_finetune.runs import lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.beside import Turn
from resnet_finetune.ui.steps import try_step
from resnet_finetune.ui.steps.try_step import Known
from resnet_finetune.words import disk

PASTE = """(field) => {  // as from a table: its text, and a picture of it
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["no picture"], "table.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""


@pytest.fixture(scope="module", autouse=True)
def run(trained: Path, server_home: Path) -> Path:
    """Among the runs of the page, named "mine"; an older one, "of old", is of an earlier version."""
    mine = shutil.copytree(trained, server_home / "runs" / "mine")
    old = shutil.copytree(trained, server_home / "runs" / "of old")
    about = disk.read_json(old / ABOUT)
    del about["none_of_these"]
    disk.write_json(old / ABOUT, about)
    settings = disk.read_json(old / "run.json")
    disk.write_json(old / "run.json", settings | {"created": "2020-01-01T00:00:00+00:00"})
    return mine


@pytest.fixture
def shown(tmp_path: Path) -> list[Path]:
    """A new photo of the class green, and one of nothing that was trained on."""
    new = make_photos(tmp_path / "new", each=20) / "green" / "19.png"
    Image.new("RGB", (90, 60), "grey").save(tmp_path / "<b>wall.png")
    return [new, tmp_path / "<b>wall.png"]


def try_on(page: Page, photos: list[Path]) -> Locator:
    page.get_by_role("tab", name="Try it").click()
    expect(page.locator("#try-run input")).not_to_have_value("")
    page.locator("#try-files input[type=file]").set_input_files(photos)
    cards = page.locator("#try-answers article")
    expect(cards).to_have_count(len(photos), timeout=MINUTE)
    return cards


def try_both(page: Page, shown: list[Path]) -> tuple[Locator, Locator]:
    """The answers to the two photos, wherever they are drawn anew."""
    cards = try_on(page, shown)
    return cards.nth(0), cards.nth(1)


def set_readiness(page: Page, to: float) -> None:
    number = page.locator("#try-readiness input[type=number]")
    number.fill(str(to))
    number.press("Enter")


def test_a_photo_of_none_of_the_classes_is_said_to_be_one(page: Page, shown: list[Path]) -> None:
    green, grey = try_both(page, shown)
    expect(green.locator("h4")).to_have_text("green")
    expect(grey.locator("h4")).to_have_text("None of these")
    expect(grey).to_contain_text("Of its classes it would have been:")
    expect(grey.locator("li")).to_have_count(3)
    expect(grey).to_contain_text("wall.png")

    cost = page.locator("#try-cost")
    expect(cost).to_contain_text("0 would be answered “none of these” (0\u00a0%)")
    expect(cost).to_contain_text("Of what you showed it just now: 1 of 2 photos")
    expect(cost).to_contain_text("not known beforehand")


def test_the_slider_shows_what_it_costs(page: Page, shown: list[Path]) -> None:
    green, grey = try_both(page, shown)
    usual = page.locator("#try-readiness input[type=number]").input_value()
    set_readiness(page, 0)
    expect(grey.locator("h4")).not_to_have_text("None of these")
    set_readiness(page, 100)
    expect(green.locator("h4")).to_have_text("None of these")
    expect(page.locator("#try-cost")).to_contain_text("of 12 photos of your classes that it was not trained on, 12 would be")
    green.get_by_role("button", name="Why?").click()
    expect(page.get_by_role("dialog")).to_contain_text("The model says None of these.", timeout=MINUTE)
    page.keyboard.press("Escape")
    try_on(page, shown)  # what the person chose stays for the next photos
    expect(page.locator("#try-answers article h4")).to_have_text(["None of these", "None of these"])
    set_readiness(page, float(usual))
    expect(green.locator("h4")).to_have_text("green")
    expect(grey.locator("h4")).to_have_text("None of these")


def test_the_camera_is_answered_as_it_changes_and_let_go_when_the_step_is_left(page: Page) -> None:
    page.get_by_role("tab", name="Try it").click()
    expect(page.locator("#try-run input")).not_to_have_value("")
    expect(page.locator("#live-asked i")).to_have_attribute("data-model", re.compile(r"\Wmine$"))
    with page.expect_response("**/api/predict", timeout=MINUTE) as first:
        page.get_by_role("button", name="Point the camera at things").click()
    answer = page.locator("#live article")
    expect(answer.locator("li")).to_have_count(3)
    said = first.value.json()
    assert said["model"] == "mine"
    with page.expect_response(
        lambda reply: reply.url.endswith("/api/predict") and reply.json()["scores"] != said["scores"], timeout=MINUTE
    ):
        pass
    page.wait_for_function(  # it says what the app answered last
        """() => {
            const [name, sure] = document.querySelector("#live article div").innerText.split("\\n");
            return ["blue", "green", "red", "None of these"].includes(name) && sure;
        }"""
    )
    for readiness, never in ((100, False), (0, True)):  # the slider holds for the camera too
        set_readiness(page, readiness)
        said_now = expect(answer.locator("h4"))
        (said_now.not_to_have_text if never else said_now.to_have_text)("None of these", timeout=MINUTE)
    page.evaluate("window.camera = document.querySelector('#live video').srcObject.getTracks()[0]")
    assert page.evaluate("camera.readyState") == "live"
    page.get_by_role("tab", name="Results").click()
    page.wait_for_function("camera.readyState == 'ended'")
    page.get_by_role("tab", name="Try it").click()
    expect(page.get_by_role("button", name="Point the camera at things")).to_be_visible()
    expect(answer).to_be_hidden()


def test_a_folder_is_dropped_on_the_box_and_a_path_is_pasted_as_text(page: Page, shown: list[Path], tmp_path: Path) -> None:
    """Of more than it can show one by one it leads to where a whole folder is named."""
    for count, folder in ((2, tmp_path / "some"), (201, tmp_path / "many")):
        for number in range(count):
            (folder / "deeper").mkdir(parents=True, exist_ok=True)
            shutil.copy(shown[0], folder / "deeper" / f"{number}.png")
    page.get_by_role("tab", name="Try it").click()
    expect(page.locator("#try-run input")).not_to_have_value("")
    many = page.locator("#many-folder").get_by_role("textbox")
    expect(many).to_be_hidden()
    box = page.locator("#try-files")
    box.scroll_into_view_if_needed()
    drag(box, tmp_path / "some")
    expect(page.locator("#try-answers article")).to_have_count(2, timeout=MINUTE)
    box.scroll_into_view_if_needed()
    drag(box, tmp_path / "many")
    expect(many).to_be_visible()

    many.evaluate(PASTE)
    page.locator("#many-folder").get_by_role("textbox").fill("a/path")  # the page has had time to take the picture, if it would
    expect(page.locator("#try-answers article")).to_have_count(2)


def test_why_opens_over_the_page_and_closes_with_escape(page: Page, shown: list[Path]) -> None:
    green, grey = try_both(page, shown)
    ask = green.get_by_role("button", name="Why?")
    ask.click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("What speaks for “green”?", timeout=MINUTE)
    expect(panel.locator("img.picture")).to_have_count(2)
    expect(panel.locator(".alike li")).to_have_count(8)
    expect(panel.locator(".alike img")).to_have_count(8)
    assert set(panel.locator(".alike b").all_inner_texts()) == {"green"}
    expect(panel.get_by_role("button", name="Close")).to_be_focused()

    panel.get_by_role("button", name="red").click()
    expect(panel).to_contain_text("What speaks for “red”?", timeout=MINUTE)
    expect(panel.get_by_role("button", name="red")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(ask).to_be_focused()

    grey.get_by_role("button", name="Why?").click()
    expect(panel).to_contain_text("The model says None of these.", timeout=MINUTE)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


def test_what_a_browser_makes_up_is_answered_with_a_sentence(page: Page, shown: list[Path]) -> None:
    cards = try_on(page, shown)
    expect(cards.last.locator("h4")).to_have_text("None of these")  # or they may be drawn anew, with the button as it was
    first = cards.first.get_by_role("button", name="Why?")
    for made_up in ('{"photo": 99}', '{"photo": -1}', '{"photo": "/etc/passwd"}', '{"photo": true, "class": {}}', "[]"):
        first.evaluate("(button, what) => { button.dataset.do = what }", made_up)
        first.click()
        panel = page.get_by_role("dialog")
        expect(panel).to_contain_text(
            "This photo cannot be explained" if "true" not in made_up else "What speaks", timeout=MINUTE
        )
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)


def test_a_run_of_an_earlier_version_says_only_its_classes(page: Page, shown: list[Path]) -> None:
    page.get_by_role("tab", name="Try it").click()
    page.locator("#try-run input").click()
    page.get_by_role("option", name="of old").click()
    expect(page.locator("#try-run input")).to_have_value("of old · 100\u00a0%")
    cards = try_on(page, shown)
    expect(cards.get_by_text("None of these")).to_have_count(0)
    expect(page.locator("#try-strangers")).to_be_hidden()
    cards.first.get_by_role("button", name="Why?").click()
    expect(page.get_by_role("dialog")).to_contain_text("kept nothing to compare with", timeout=MINUTE)


def test_what_it_was_shown_while_it_learnt_is_looked_at_again_once_the_training_is_over(
    page: Page, trained: Path, server_home: Path, shown: list[Path]
) -> None:
    learning = shutil.copytree(trained, server_home / "runs" / "learning", ignore=shutil.ignore_patterns("run.json"))
    about = disk.read_json(learning / ABOUT)
    disk.write_json(learning / ABOUT, {name: value for name, value in about.items() if name != "none_of_these"})
    last = {name: (learning / name).read_bytes() for name in ("events.jsonl", "report.json")}
    (learning / "events.jsonl").write_bytes(b"".join(last["events.jsonl"].splitlines(keepends=True)[:-1]))
    (learning / "report.json").unlink()
    chosen = page.locator("#try-run input")
    try:
        with lock.hold(learning):
            shutil.copy(trained / "run.json", learning)
            green, grey = try_both(page, shown)
            expect(chosen).to_have_value("Still learning: learning")
            expect(page.locator("#try-waiting")).to_contain_text("can be tried already")
            expect(grey.locator("h4")).not_to_have_text("None of these")
            expect(page.locator("#try-cost")).to_be_empty()
            page.get_by_role("tab", name="Try it").click()  # a page that is loaded meanwhile opens at the training
            green.get_by_role("button", name="Why?").click()
            expect(page.get_by_role("dialog")).to_contain_text("still learning: ask why once its training is over")
            page.keyboard.press("Escape")
            files, asked = {"photo": shown[0].read_bytes()}, {"model": "learning"}  # as the camera asks
            answer = httpx.post(urljoin(page.url, "/api/predict"), files=files, data=asked, timeout=60)
            assert answer.json()["label"] == "green"
            asked["model"] = str(learning)  # another may be called like it
            assert httpx.post(urljoin(page.url, "/api/predict"), files=files, data=asked, timeout=60).json() == answer.json()
            disk.write_json(learning / ABOUT, about)
            for name, content in last.items():
                (learning / name).write_bytes(content)
        expect(grey.locator("h4")).to_have_text("None of these", timeout=MINUTE)
        expect(green.locator("h4")).to_have_text("green")
        expect(page.locator("#try-answers")).to_contain_text("The training is over")
        expect(page.locator("#try-cost")).to_contain_text("Of what you showed it just now: 1 of 2 photos")
        expect(page.locator("#try-waiting")).to_be_empty()
        expect(chosen).not_to_have_value("Still learning: learning")
        try_on(page, shown)
        expect(page.locator("#try-answers article h4")).to_have_text(["green", "None of these"])
        expect(page.locator("#try-answers")).not_to_contain_text("The training is over")
    finally:
        shutil.rmtree(learning)


def test_photos_that_are_dropped_before_a_model_is_told_are_for_the_first(run: Path, home: Path, shown: list[Path]) -> None:
    mine = str(shutil.copytree(run, home / "runs" / "mine"))
    turn = Turn()
    *_, (_, _, tried) = try_step._try(None, [str(photo) for photo in shown], turn)
    assert tried.run == mine and len(tried.answers) == len(shown)
    assert not turn.over(mine)  # once it is told, they stay


@pytest.mark.parametrize("choose", [None, "another"])
def test_a_second_look_says_nothing_once_another_model_is_chosen(
    run: Path, home: Path, shown: list[Path], monkeypatch: pytest.MonkeyPatch, choose: str | None
) -> None:
    chosen = str(shutil.copytree(run, home / "runs" / "mine"))
    turn, load = Turn(), finished.model
    *_, (_, _, tried) = turn.taken(lambda trial: try_step._classify(chosen, [str(photo) for photo in shown]), chosen)
    over = Known(run=chosen, written=tried.written + 1, learning=False)

    def chosen_meanwhile(run: Run) -> Classifier:
        if choose:
            turn.over(choose)
        return load(run)

    monkeypatch.setattr(finished, "model", chosen_meanwhile)
    *_, now = try_step._look_again(over, load(Run(Path(chosen))).gallery, tried, 50, turn)
    assert now == gr.skip() if choose else now.over


def test_the_training_whose_results_were_looked_at_is_the_one_that_is_tried(page: Page, shown: list[Path]) -> None:
    try_on(page, shown)
    tried, looked_at = page.locator("#try-run input"), page.locator("#results-run input")
    expect(tried).to_have_value(re.compile("^mine"))
    page.get_by_role("tab", name="Results").click()
    expect(looked_at).to_have_value(re.compile("^mine"))
    looked_at.click()
    page.get_by_role("option", name="of old").click()
    page.locator("#results-next").click()
    expect(tried).to_have_value(re.compile("^of old"))
    expect(page.locator("#try-answers article")).to_have_count(0)
    page.get_by_role("tab", name="Results").click()
    page.get_by_role("tab", name="Try it").click()
    expect(tried).to_have_value(re.compile("^of old"))


# --- The map of all photos ---------------------------------------------------------------------------------------------


def test_a_point_of_the_map_opens_its_photo_by_mouse_and_by_keyboard(page: Page, run: Path) -> None:
    page.get_by_role("tab", name="Results").click()
    page.get_by_role("button", name="All photos on a map").click()
    page.locator("#map-make").click()
    points = page.locator("#map-plane [data-point]")
    expect(points).to_have_count(54, timeout=MINUTE)
    opened = page.locator("#map-photo")

    points.first.focus()
    page.keyboard.press("Enter")
    expect(opened).to_contain_text("blue/00.png", timeout=MINUTE)
    before = page.evaluate("document.activeElement.dataset.point")
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.point") is not None
    assert before == "0"

    page.locator("#map-plane").get_by_role("button", name="red", exact=True).click()
    expect(page.locator("#map-plane [data-point].faint")).to_have_count(36)
    page.locator("#map-plane").get_by_role("button", name="red", exact=True).click()
    expect(page.locator("#map-plane .faint")).to_have_count(0)

    tested = next(photo for photo in disk.read_json(run / "report.json")["judged"] if photo["path"].startswith("red"))["path"]
    page.locator("#map-plane [data-point]", has_text=tested).dispatch_event("click")
    expect(opened).to_contain_text("The model says red.", timeout=MINUTE)
    opened.get_by_role("button", name="Why?").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is red; the model says red.", timeout=MINUTE)

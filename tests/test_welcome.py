"""What a person meets who opens the page for the first time, who looks away, who comes back, whose app was closed; and that no
step has a serious barrier for people who do not see well or use no mouse (axe-core, by Deque).
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import MINUTE, make_photos
from gradio.blocks import Block
from playwright.sync_api import Browser, Locator, Page, expect

from resnet_finetune.runs import lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.steps import my_runs
from resnet_finetune.words import disk
from resnet_finetune.words.settings import Settings

NOBODY = 2**22 + 1  # the number of no process


def copied(trained: Path, home: Path, name: str, **settings: object) -> Path:
    """The only run in ``home``."""
    runs = home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    shutil.copytree(trained, runs / name)
    about = json.loads((runs / name / "run.json").read_text())
    about["settings"] |= settings
    (runs / name / "run.json").write_text(json.dumps(about))
    return runs / name


def title(said: str) -> re.Pattern[str]:
    return re.compile(f"^{said} · Teach a network your photos$")


LISTENER = """
window.heard = [];
window.flashed = false;
(function look() {
    const strip = document.querySelector("#data-onward");
    if (strip && getComputedStyle(strip).display !== "none") window.flashed = true;
    else requestAnimationFrame(look);
})();
window.Notification = class {
    static permission = "granted";
    static async requestPermission() { return "granted"; }
    constructor(said, { body }) { heard.push(`${said}: ${body}`); }
};
const { start } = OscillatorNode.prototype;
OscillatorNode.prototype.start = function (...when) { heard.push("a note"); start.apply(this, when); };
"""


def test_an_empty_page_explains_itself_and_has_an_example(page: Page, server_home: Path) -> None:
    shutil.rmtree(server_home / "runs", ignore_errors=True)
    page.add_init_script(LISTENER)
    page.reload()
    assert page.evaluate("async () => (await fetch('/favicon.ico')).headers.get('content-type')").startswith("image/")
    expect(page.locator("#data-findings .welcome li")).to_have_count(5, timeout=MINUTE)
    expect(page.locator("#broken-off")).to_be_hidden()
    expect(page.locator("#data-onward")).to_be_hidden()  # no empty strip at the foot of the page
    assert not page.evaluate("flashed")  # nor for the moment before the page has asked what is chosen
    page.locator("#example-ask").click()
    way = page.locator("#train-status [role=progressbar]")
    expect(way.locator("li")).to_have_text(["Photos", "First answer", "Fine-tuning", "Test"], timeout=MINUTE)
    expect(page.locator("#train-status")).to_contain_text("Example")
    expect(page).to_have_title(title("(<?[0-9]+)\u00a0%"), timeout=MINUTE)

    page.get_by_label("Call me when it is over").check()
    assert page.evaluate("heard") == ["a note", "a note"]  # so that one knows how it sounds
    page.locator("#train-stop").click()
    expect(page).to_have_title(title("Stopped"), timeout=MINUTE)
    assert page.evaluate("heard") == ["a note"] * 4 + ["Stopped: Example (the demo photos)"]
    page.locator("#train-discard").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Teach a network your photos")
    expect(page.locator("#train-said")).to_contain_text("is deleted")
    page.locator("#train-said").get_by_role("button", name="Undo").click()
    expect(page.locator("#train-discard")).to_be_visible()


def test_an_example_that_was_made_is_opened(page: Page, server_home: Path, trained: Path) -> None:
    settings = Settings(data=str(server_home / "example"))
    copied(trained, server_home, "example", **{**settings.to_json(), "run_dir": ""})
    page.locator("#example-ask").click()
    expect(page.locator("#results-summary")).to_contain_text("12 of 12 test photos named right", timeout=MINUTE)


def test_a_training_that_broke_off_is_told_on_the_first_step(page: Page, server_home: Path, trained: Path) -> None:
    run = copied(trained, server_home, "mine")
    events = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (run / "events.jsonl").write_text("".join(events[:-1]))
    disk.write_json(run / "lock", {"pid": NOBODY, "born": 0.0})
    page.reload()
    told = page.locator("#broken-off")
    expect(told).to_contain_text("The training “mine” broke off", timeout=MINUTE)
    expect(told.get_by_role("button", name="Go on with this training")).to_be_visible()
    # Another one breaks off meanwhile: it is not the one that is named here
    other = Path(shutil.copytree(run, run.with_name("other")))
    disk.write_json(other / "run.json", disk.read_json(run / "run.json") | {"created": "2100-01-01T00:00:00+00:00"})
    told.get_by_role("button", name="Discard it").click()
    expect(told).to_contain_text("The training “other” broke off", timeout=MINUTE)
    assert not Run(run).deleted and not Run(other).deleted
    shutil.rmtree(other)
    page.reload()

    told.get_by_role("button", name="Discard it").click()
    expect(told).to_contain_text("For 7 days it can be brought back", timeout=MINUTE)
    assert Run(run).deleted
    told.get_by_role("button", name="Undo").click()
    expect(told).to_contain_text("broke off", timeout=MINUTE)
    assert not Run(run).deleted


def test_an_app_that_was_closed_is_told_and_comes_back(browser: Browser, url: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        gone = page.locator(".gone")
        expect(page.locator("#data-demo")).to_be_visible(timeout=MINUTE)
        expect(gone).to_be_hidden()
        context.set_offline(True)
        expect(page.get_by_role("alert").filter(has_text="The app was closed")).to_be_visible(timeout=MINUTE)
        expect(gone).to_contain_text("Nothing is lost")
        page.evaluate("window.old = true")
        context.set_offline(False)
        page.wait_for_function("!window.old")
        expect(page.locator("#data-demo")).to_be_visible(timeout=MINUTE)
        expect(gone).to_be_hidden()


@pytest.mark.parametrize("going", [True, False])
def test_of_a_run_that_goes_on_only_what_can_be_done_is_offered(home: Path, trained: Path, going: bool) -> None:
    run = copied(trained, home, "mine")
    if going:
        with lock.hold(run):
            shown = my_runs._show(str(run), [])
    else:
        shown = my_runs._show(str(run), [])
    listing, about, buttons = shown[1], shown[4], shown[6:10]
    assert ("Watch" in str(listing)) == going
    assert ("<a " in str(about)) != going
    assert [isinstance(part, Block) and part.visible for part in buttons] == [not going, False, not going, not going]


# --- Barriers ------------------------------------------------------------------------------------------------------------

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

"""The page as a person meets it: the real server as a child process, a real browser, real training."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from conftest import MINUTE, ROOT, make_photos
from playwright.sync_api import Browser, Page, expect

from resnet_finetune.runs import jobs
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui import server
from resnet_finetune.ui.drawn.story import MOST_POINTS, Story
from resnet_finetune.ui.shared.desk import Chosen, Desk
from resnet_finetune.ui.steps import train_step
from resnet_finetune.words.events import Failed, Step
from resnet_finetune.words.settings import Settings

PASTE = """async () => {  // what Ctrl+V does after a screenshot
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 99, 99);
    const picture = await new Promise((resolve) => canvas.toBlob(resolve));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([picture], "pasted.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
}"""


def choose_folder(page: Page, folder: Path | str) -> None:
    page.locator("#data-path").get_by_role("textbox").fill(str(folder))
    page.locator("#data-look").click()


def to_training(page: Page) -> None:
    """From photos that were accepted to the button that starts."""
    page.locator("#data-next").click(timeout=MINUTE)
    page.locator("#model-next").click()


def table(page: Page, selector: str) -> list[list[str]]:
    return [row.locator("th, td").all_inner_texts() for row in page.locator(f"{selector} tr").all()]


# --- The whole way -----------------------------------------------------------------------------------------------------


def test_from_photos_to_answers(page: Page, url: str, tmp_path: Path) -> None:
    page.locator("#data-demo").click()
    expect(page.locator("#data-findings")).to_contain_text("200 photos in 5 classes", timeout=MINUTE)
    expect(page.locator("#data-findings img.photo")).to_have_count(25)
    page.locator("#data-train").click()

    # The first answer is shown while fine-tuning goes on: its accuracy with an interval, and its matrix.
    first = page.locator("#train-first")
    expect(first).to_contain_text("95\u00a0% interval", timeout=5 * MINUTE)
    expect(first.locator("tbody tr")).to_have_count(5)
    expect(page.locator("#train-stop")).to_be_visible()
    expect(page.locator("#train-start")).to_be_hidden()
    expect(page.locator("#train-curves svg")).to_have_count(2, timeout=MINUTE)

    # A reload and other tabs show the same run, by themselves, and more of them than a browser opens connections.
    said = first.inner_text()
    page.reload()
    expect(first).to_have_text(said, use_inner_text=True, timeout=MINUTE)
    tabs = [page.context.new_page() for _ in range(7)]
    for tab in tabs:
        tab.goto(url)
    for tab in tabs:
        expect(tab.locator("#train-first")).to_have_text(said, use_inner_text=True, timeout=MINUTE)
        tab.close()

    page.locator("#train-next").click(timeout=10 * MINUTE)
    expect(page.locator("#results-summary")).to_contain_text("of 40 test photos named right")
    expect(page.locator("#results-summary")).to_contain_text("95\u00a0% interval")
    classes = ["Apple", "Melon", "Orange", "Pear", "Satsumas"]
    matrix = page.locator("#results-matrix")
    expect(matrix.locator(".heads span")).to_have_text(classes)
    expect(matrix.locator(".names span")).to_have_text(classes)
    cells = matrix.locator(".cells button")
    assert sum(map(int, cells.all_inner_texts())) == 40
    counts = cells.all_inner_texts()
    page.get_by_label("% of each row").check()
    expect(cells).not_to_have_text(counts)
    assert abs(sum(map(int, cells.all_inner_texts())) - 5 * 100) <= 5  # per cent, rounded
    page.get_by_role("button", name="Class by class").click()
    expect(page.locator("#results-details tbody tr")).to_have_count(5)
    assert sorted(row[0] for row in table(page, "#results-details")[1:]) == classes

    page.locator("#results-next").click()
    with zipfile.ZipFile(ROOT / "assets" / "demo" / "new_photos.zip") as archive:
        new = Path(archive.extract(archive.namelist()[0], tmp_path))
    (tmp_path / "broken.jpg").write_bytes(new.read_bytes()[:500])
    expect(page.locator("#try-run input")).not_to_have_value("")
    page.locator("#try-files input[type=file]").set_input_files([new, tmp_path / "broken.jpg"])
    answer = page.locator("#try-answers article")
    expect(answer).to_have_count(1, timeout=MINUTE)
    expect(answer.locator("li")).to_have_count(5)
    expect(answer.locator("img")).to_have_count(1)
    expect(answer).to_contain_text(new.name)
    expect(page.locator("#try-answers")).to_contain_text("broken.jpg")

    page.evaluate(PASTE)
    expect(answer).to_contain_text("pasted.png", timeout=MINUTE)
    expect(answer.locator("li")).to_have_count(5)

    page.locator("#try-demo").click()  # the model was trained on the demo, which has new photos
    expect(answer).to_have_count(15, timeout=MINUTE)

    page.reload()  # the photos come back, and with them what was trained on them
    expect(page.locator("#data-findings")).to_contain_text("200 photos in 5 classes", timeout=MINUTE)
    page.get_by_role("tab", name="Train", exact=True).click()
    expect(page.locator("#train-start")).to_have_text("Train once more")
    expect(page.locator("#train-status")).to_contain_text("of 40 test photos named right")


def test_a_killed_training_goes_on_and_can_be_stopped(page: Page, server_home: Path, tmp_path: Path) -> None:
    choose_folder(page, f"{make_photos(tmp_path / 'photos')}/")  # as a shell completes it
    page.locator("#data-next").click(timeout=MINUTE)
    page.get_by_label("Thorough").check()
    page.get_by_role("button", name="More").click()
    page.locator("#seed input").fill("1")
    page.locator("#minutes input").fill("60")  # longer than this test
    page.locator("#model-next").click()
    expect(page.locator("#train-next")).to_be_hidden()  # of an earlier run with other photos
    page.locator("#train-start").click()
    expect(page.locator("#train-curves svg")).to_have_count(2, timeout=5 * MINUTE)

    (lock,) = (server_home / "runs").glob("*/lock")
    trainer = next(child for child in psutil.process_iter(["cmdline"]) if str(lock.parent) in (child.info["cmdline"] or []))
    trainer.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    status = page.locator("#train-status")
    expect(status).to_contain_text("The training broke off", timeout=MINUTE)
    expect(status).to_contain_text("The system ended the training at once")
    expect(status).to_contain_text("Press “Go on with this training”")

    page.locator("#train-resume").click()
    expect(status).to_contain_text("Fine-tuning: pass", timeout=5 * MINUTE)
    page.locator("#train-try").click()  # what it has learnt so far
    expect(page.locator("#try-run input")).to_have_value(re.compile("Still learning"))
    page.locator("#try-files input[type=file]").set_input_files(next((tmp_path / "photos" / "red").iterdir()))
    expect(page.locator("#try-answers article")).to_have_count(1, timeout=MINUTE)
    page.get_by_role("tab", name="Train", exact=True).click()
    page.locator("#train-stop").click()
    expect(status).to_contain_text("Stopped", timeout=MINUTE)
    expect(status).to_contain_text("test photos named right")
    expect(status).to_contain_text("takes it up where it stopped")
    expect(page.locator("#train-plan")).to_have_text("")  # just that was trained
    expect(page.locator("#train-start")).to_have_text("Train once more")
    page.get_by_role("tab", name="Model").click()
    page.locator("#preset").get_by_label("Quick").check()
    page.locator("#model-next").click()
    expect(page.locator("#train-plan")).to_contain_text("Ready to train ResNet-18, quick")
    page.locator("#train-next").click()
    expect(page.locator("#results-matrix tbody tr")).to_have_count(3)


def test_twenty_reloads_and_three_tabs_show_one_run(browser: Browser, url: str, server_home: Path, tmp_path: Path) -> None:
    before = set((server_home / "runs").glob("*"))
    with browser.new_context() as context:  # Gradio logs that its requests were broken off by a reload
        page = context.new_page()
        page.goto(url)
        choose_folder(page, make_photos(tmp_path / "photos"))
        page.locator("#data-next").click(timeout=MINUTE)
        page.get_by_label("Thorough").check()
        page.get_by_role("button", name="More").click()
        page.locator("#minutes input").fill("60")  # longer than this test
        page.locator("#model-next").click()
        page.locator("#train-start").click()
        expect(page.locator("#train-curves svg")).to_have_count(2, timeout=5 * MINUTE)

        choice = server_home / "choice.json"
        kept = choice.read_bytes()
        tabs = [page, context.new_page(), context.new_page()]
        for tab in tabs[1:]:
            tab.goto(url)
        for reload in range(20):
            tabs[reload % 3].reload()
        (run,) = set((server_home / "runs").glob("*")) - before
        for tab in tabs:
            expect(tab.locator("#train-curves svg")).to_have_count(2, timeout=MINUTE)
            expect(tab.locator("#train-start")).to_be_hidden()
        workers = [child for child in psutil.process_iter(["cmdline"]) if str(run) in (child.info["cmdline"] or [])]
        assert len(workers) == 1

        assert choice.read_bytes() == kept  # none of them kept what stood in it before it was filled in

        tabs[2].get_by_role("tab", name="Model").click()
        tabs[2].locator("a.language").click()  # keeps to the step that is open
        expect(tabs[2].get_by_role("tab", name="模型")).to_have_attribute("aria-selected", "true", timeout=MINUTE)
        expect(tabs[2].locator("#preset input:checked")).to_have_value("thorough")
        tabs[2].locator("a.language").click()
        expect(tabs[2].get_by_role("tab", name="Model")).to_have_attribute("aria-selected", "true", timeout=MINUTE)
        tabs[2].get_by_role("tab", name="Train").click()

        tabs[1].locator("#train-stop").click()
        for tab in tabs:
            expect(tab.locator("#train-status")).to_contain_text("Stopped", timeout=MINUTE)
        lines = [[line.get_attribute("points") for line in tab.locator("#train-curves polyline").all()] for tab in tabs]
        tabs[2].get_by_role("tab", name="Model").click()  # what was chosen is chosen still
        expect(tabs[2].locator("#preset input:checked")).to_have_value("thorough")
        assert lines[0] == lines[1] == lines[2]
        assert len(lines[0]) == 4 and all(lines[0])
    assert set((server_home / "runs").glob("*")) - before == {run}


# --- Mistakes ----------------------------------------------------------------------------------------------------------


def test_one_class_is_answered_with_a_sentence(page: Page, tmp_path: Path) -> None:
    choose_folder(page, make_photos(tmp_path / "photos", classes=["cats"]))
    expect(page.get_by_role("alert")).to_contain_text("All 18 photos lie in one folder, cats", timeout=MINUTE)
    expect(page.get_by_role("alert")).to_contain_text("put single photos into classes” above")
    expect(page.locator("#data-next")).to_be_hidden()


def test_a_folder_that_is_not_there_is_answered_with_a_sentence(page: Page, tmp_path: Path) -> None:
    choose_folder(page, tmp_path / "nowhere")
    expect(page.get_by_role("alert")).to_contain_text("There is no folder or .zip called", timeout=MINUTE)


def test_what_is_left_out_is_listed_and_names_stay_names(page: Page, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)> {{value}} ${1+1}"
    photos = make_photos(tmp_path / "photos", classes=["cats", "dogs"], each=12)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for photo in photos.rglob("*.png"):
            archive.write(photo, f"{photo.parent.name.replace('dogs', hostile)}/{photo.name}")
        archive.writestr("cats/half.jpg", (photos / "cats" / "00.png").read_bytes()[:200])
    page.locator("#data-zip input[type=file]").set_input_files(tmp_path / "mine.zip")
    expect(page.locator("#data-findings")).to_contain_text("24 photos in 2 classes", timeout=MINUTE)
    assert {row[0] for row in table(page, "#data-findings")[1:]} == {"cats", hostile}
    page.locator("#data-findings summary").click()
    expect(page.locator("#data-findings li")).to_contain_text("cats/half.jpg")
    expect(page.locator("#data-next")).to_be_visible()


def test_a_folder_can_be_found_by_browsing(page: Page, tmp_path: Path) -> None:
    make_photos(tmp_path / "photos")
    path = page.locator("#data-path").get_by_role("textbox")
    path.fill(str(tmp_path))
    page.locator("#data-browse").click()
    page.get_by_role("navigation", name="Folders").get_by_role("button", name="photos").click()
    expect(path).to_have_value(str(tmp_path / "photos"))
    expect(page.get_by_role("navigation", name="Folders").get_by_role("button")).to_have_text(
        ["↑ one folder up", "blue", "green", "red"]
    )


# --- Strangers ---------------------------------------------------------------------------------------------------------


def ask(url: str, method: str, **headers: str) -> tuple[int, str | None]:
    """The status and the content security policy."""
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)
    connection.request(method, "/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    policy = response.getheader("Content-Security-Policy")
    connection.close()
    return response.status, policy


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_other_sites_are_refused(url: str, method: str, headers: dict[str, str]) -> None:
    assert ask(url, method, **headers)[0] == 403


@pytest.mark.parametrize("headers", [{}, {"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": "same-origin"}])
def test_the_own_page_is_served_and_may_fetch_nothing_from_elsewhere(url: str, headers: dict[str, str]) -> None:
    status, policy = ask(url, "GET", **headers)
    assert status == 200
    assert policy is not None
    assert "default-src 'self'" in policy
    assert ask(url, "GET", Origin=url, **headers)[0] == 200


def test_no_file_of_the_person_is_served(url: str, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("secret")
    page = browser.new_page()
    answer = page.goto(f"{url}/gradio_api/file={tmp_path / 'diary.txt'}")
    assert answer is not None
    assert answer.status in (403, 404)
    assert "secret" not in page.content()
    page.close()


def test_a_tab_that_is_closed_while_it_uploads_leaves_no_trace(url: str) -> None:
    """That nothing went wrong in the server is looked at when it ends."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as tab:
        tab.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n"
            "Content-Type: multipart/form-data; boundary=edge\r\n\r\n--edge\r\n".encode()
        )
    assert ask(url, "GET")[0] == 200


def test_a_second_app_takes_another_port() -> None:
    with server.listen(0) as first, server.listen(first.getsockname()[1]) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
        assert {first.getsockname()[0], second.getsockname()[0]} == {"127.0.0.1"}


# --- What the page remembers of a run ------------------------------------------------------------------------------------


def test_a_long_run_is_thinned_for_the_eye() -> None:
    story = Story(Run(Path("run")))
    for step in range(1, 5001):
        story.add(Step(step=step, steps=5000, loss=1 / step, images_per_second=1.0, seconds_left=1.0))
    assert MOST_POINTS / 2 <= len(story.losses) <= MOST_POINTS
    steps = [step for step, _ in story.losses]
    assert steps == sorted(steps)
    assert steps[-1] > 4900


def test_a_resumed_run_draws_its_steps_once() -> None:
    story = Story(Run(Path("run")))
    for step in (1, 2, 3, 4, 3, 4, 5):
        story.add(Step(step=step, steps=5, loss=1.0, images_per_second=1.0, seconds_left=1.0))
    assert [step for step, _ in story.losses] == [1, 2, 3, 4, 5]
    story.add(Failed(messages=["The disk is full."], bug=False))
    assert story.end == Failed(messages=["The disk is full."], bug=False)


def test_what_else_is_set_is_said_before_it_starts() -> None:
    assert train_step._also(None, minutes=0, seed=0, weights="", learning_rate=0) == []
    (said,) = train_step._also(None, minutes=7, seed=0, weights="", learning_rate=0)
    assert said == "Also set in the step “Model”, under “More”: I have … minutes: 7."


def test_an_emptied_number_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Settings] = []

    def start(settings: Settings) -> Run:
        started.append(settings)
        return Run(tmp_path)

    monkeypatch.setattr(jobs, "start", start)
    chosen = Chosen(desk=Desk(data="demo", where="here"), photos=200, classes=5)
    emptied = {"minutes": None, "seed": None, "learning_rate": None}
    train_step._start(train_step.Watch(), chosen, "", **emptied, model="resnet18", preset="quick", train_on=None)
    assert started == [Settings(data="demo", model="resnet18", preset="quick")]


def test_what_would_be_trained_is_told_unless_just_that_was(trained: Path) -> None:
    run = Run(trained)
    chosen = Chosen(desk=Desk(data=run.settings.data, where="here"), photos=54, classes=3)
    same = {"weights": "", "minutes": None, "seed": 0, "learning_rate": None, "train_on": None}

    def told(chosen: Chosen = chosen, preset: str = "quick", **others: object) -> str:
        return str(train_step._plan(chosen, "finished", Story(run), "resnet18", preset, **{**same, **others}))

    assert told() == ""
    for other in ({"seed": 7}, {"minutes": 2.0}, {"learning_rate": 1e-4}):
        assert "Ready to train ResNet-18" in told(**other)
    assert "Ready to train ResNet-18" in told(preset="balanced")
    assert "Ready to train ResNet-18" in told(replace(chosen, desk=Desk(data="demo", where="here")))
    assert "Ready to train ResNet-18" in told(replace(chosen, desk=chosen.desk.corrected({"red/00.png": None})))

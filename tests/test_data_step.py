"""Step 1 of the page: photos come in by every way there is, the doctor is listened to, and nothing is forgotten."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from conftest import MINUTE, drag, make_photos, serving, some_of
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections

CLEAR = "([one, other]) => one.getBoundingClientRect().bottom <= other.getBoundingClientRect().top"  # wholly above it


def choose_folder(page: Page, folder: Path) -> None:
    page.locator("#data-path").get_by_role("textbox").fill(str(folder))
    page.locator("#data-look").click()


def train(page: Page, home: Path) -> Run:
    """Train on what was chosen until the result is there."""
    before = set((home / "runs").glob("*"))
    page.locator("#data-next").click(timeout=MINUTE)
    page.locator("#model-next").click()
    page.locator("#train-start").click()
    expect(page.locator("#train-status")).to_contain_text("Finished", timeout=10 * MINUTE)
    (run,) = set((home / "runs").glob("*")) - before
    return Run(run)


def classes_of(run: Run) -> dict[str, str]:
    """Every photo that the report judged, with the class that it was taken to be of."""
    report = run.report()
    assert report
    return {judged.path: report.classes[judged.true] for judged in report.judged}


# --- Ways in -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_uploaded_and_trained_on_with_its_labels(page: Page, server_home: Path, tmp_path: Path) -> None:
    """The same file names in each class, one of them deep in a folder of its own."""
    photos = make_photos(tmp_path / "my photos", each=18)
    (photos / "red" / "deeper").mkdir()
    (photos / "red" / "00.png").rename(photos / "red" / "deeper" / "00.png")
    page.get_by_label("Choose a folder").set_input_files(photos)
    expect(page.locator("#data-findings")).to_contain_text("54 photos in 3 classes", timeout=MINUTE)
    expect(page.locator("#data-findings")).to_contain_text("my photos")

    run = train(page, server_home)
    for path, class_ in classes_of(run).items():
        assert re.fullmatch(rf"my photos/{class_}/(deeper/)?\d\d\.png", path)
    report = run.report()
    assert report and report.test.accuracy == 1  # the colours leave no doubt, unless labels are lost


def test_photos_are_taken_with_the_camera_and_trained_on(page: Page, server_home: Path) -> None:
    page.locator("#data-make button").first.click()
    maker = page.locator("#bring-maker")
    for name, pause in (("cup", 0), ("ball", 3000)):
        maker.get_by_role("textbox", name="Name of a class").fill(name)
        maker.get_by_role("button", name="Add class").click()
        card = maker.locator(".class-card").filter(has_text=name)
        maker.get_by_role("button", name=f"Take photos of “{name}” with the camera").click()
        page.wait_for_timeout(pause)  # the film begins anew each time, and both classes must not get the same pictures
        for count in range(1, 6):
            shutter = maker.get_by_role("button", name="Take photos", exact=True)
            expect(shutter).to_be_enabled()
            shutter.dispatch_event("click")  # a mouse that is held too long takes more
            expect(card.locator("img")).to_have_count(count, timeout=MINUTE)
        maker.get_by_role("button", name="Close the camera").click()
    maker.get_by_role("button", name="Use these photos").click()
    expect(page.locator("#data-findings")).to_contain_text("10 photos in 2 classes", timeout=MINUTE)
    expect(page.locator("#data-findings")).to_contain_text("cross-validation")

    run = train(page, server_home)
    report = run.report()
    assert report and report.cross_validated and report.classes == ["ball", "cup"]
    assert all(Path(report.root, path).parent.name == class_ for path, class_ in classes_of(run).items())
    page.locator("#train-next").click()
    expect(page.locator("#results-summary")).to_contain_text("photos named right by models that had not seen them")
    expect(page.locator("#results-summary")).to_contain_text("too few to hold some back")


def test_a_flat_folder_with_a_table(page: Page, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", each=6)
    rows = ["file,label"]
    for photo in sorted(photos.rglob("*.png")):
        name = f"{photo.parent.name[0]}{photo.name}"
        rows.append(f"{name},{photo.parent.name}")
        photo.rename(photos / name)
    (photos / "labels.csv").write_text("\n".join(rows))
    choose_folder(page, photos)
    expect(page.locator("#data-findings")).to_contain_text("18 photos in 3 classes", timeout=MINUTE)
    expect(page.locator("#data-findings tbody th")).to_have_text(["blue", "green", "red"])


def test_a_scan_can_be_stopped(page: Page, tmp_path: Path) -> None:
    photos = tmp_path / "photos" / "huge"
    photos.mkdir(parents=True)
    Image.effect_noise((3000, 2000), 90).save(tmp_path / "one.png", compress_level=1)
    content = (tmp_path / "one.png").read_bytes()
    for number in range(100):
        (photos / f"{number}.png").write_bytes(content + str(number).encode())  # different files, none of them damaged
    choose_folder(page, photos.parent)
    expect(page.locator("#data-findings")).to_contain_text("of 100 files", timeout=MINUTE)
    page.locator("#data-stop").click()
    expect(page.locator("#data-findings")).to_contain_text("Stopped", timeout=MINUTE)
    expect(page.locator("#data-stop")).to_be_hidden()
    choose_folder(page, make_photos(tmp_path / "others", each=4))
    expect(page.locator("#data-findings")).to_contain_text("12 photos in 3 classes", timeout=MINUTE)


def test_a_class_of_two_photos_is_enough(page: Page, demo: Path, tmp_path: Path) -> None:
    """One of them is held back for the test; the other is not "only one photo"."""
    root = some_of(demo, tmp_path / "fruit", 25)
    for spare in sorted((root / "Melon").iterdir())[2:]:
        spare.unlink()
    choose_folder(page, root)
    expect(page.locator("#data-findings")).to_contain_text("52 photos in 3 classes", timeout=MINUTE)
    expect(page.locator("#data-next")).to_be_visible()


# --- The doctor --------------------------------------------------------------------------------------------------------


def sick(demo: Path, to: Path) -> Path:
    """Photos of the demo, with one that is in two classes, a copy, a dark one, and a class of a single photo."""
    root = some_of(demo, to, 20)
    apple, other = sorted((root / "Apple").iterdir())[:2]
    (root / "Melon" / "wrong.jpg").write_bytes(apple.read_bytes())
    (root / "Apple" / "copy.jpg").write_bytes(other.read_bytes())
    (root / "Lemon").mkdir()
    sorted((root / "Orange").iterdir())[0].rename(root / "Lemon" / "alone.jpg")
    dark = sorted((root / "Melon").iterdir())[3]
    Image.open(dark).point(lambda value: value // 6).save(dark)
    return root


def test_the_doctor_is_listened_to(page: Page, server_home: Path, demo: Path, tmp_path: Path) -> None:
    root = sick(demo, tmp_path / "fruit")
    before = {file: file.read_bytes() for file in root.rglob("*.jpg")}
    choose_folder(page, root)
    doctor = page.locator("#data-doctor")
    conflict = doctor.locator("[data-kind=label-conflict]")
    expect(conflict).to_contain_text("Melon/wrong.jpg", timeout=MINUTE)
    expect(conflict.locator("img.photo")).to_have_count(4)
    for kind, name in (("duplicate", "copy.jpg"), ("dark", "Melon/"), ("too-few", "Lemon")):
        expect(doctor.locator(f"[data-kind={kind}] li")).to_contain_text(name)
    expect(page.get_by_role("alert")).to_contain_text("Only one photo was found for “Lemon”")
    expect(page.locator("#data-next")).to_be_hidden()

    # Only the wrong one of the two; then all dark ones; then the class.
    conflict.locator("li", has_text="Melon/wrong.jpg").get_by_role("button", name="Leave out").click()
    expect(conflict).to_have_count(0)
    for kind in ("dark", "too-few"):
        doctor.locator(f"[data-kind={kind}] summary").click()
        doctor.locator(f"[data-kind={kind}] > button").click()
        expect(doctor.locator(f"[data-kind={kind}]")).to_have_count(0)
    expect(doctor).to_contain_text("You left 3 photos out")
    expect(page.locator("#data-findings")).to_contain_text("59 photos in 3 classes")
    expect(page.locator("#data-next")).to_be_visible()
    doctor.locator("[data-kind=duplicate] summary").click()
    doctor.locator("[data-kind=duplicate] > button").click()
    expect(doctor).to_contain_text("You left 4 photos out")
    doctor.get_by_role("button", name="Undo the last").click()
    expect(doctor).to_contain_text("You left 3 photos out")

    # It is remembered over a reload, reaches the run, and no file was touched.
    page.reload()
    expect(doctor).to_contain_text("You left 3 photos out", timeout=MINUTE)
    run = train(page, server_home)
    listed = corrections.read(run.path / corrections.FILE)
    assert {"Melon/wrong.jpg", "Lemon/alone.jpg"} < set(listed) and list(listed.values()) == [None] * 3
    report = run.report()
    assert report and report.classes == ["Apple", "Melon", "Orange"]
    assert {file: file.read_bytes() for file in root.rglob("*.jpg")} == before


def test_a_healthy_set_is_told_so(page: Page, demo: Path, tmp_path: Path) -> None:
    choose_folder(page, some_of(demo, tmp_path / "fruit", 12))
    expect(page.locator("#data-doctor")).to_contain_text("Nothing to complain about", timeout=MINUTE)

    # What cannot be brought in is seen above the way on, which says what is trained on.
    bar, said = page.locator("#data-onward"), page.locator("#bring-folder .said")
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for _ in range(6):  # on a busy machine the browser may let it fall beside the zone
            page.evaluate("scrollTo(0, 0)")
            drag(page.locator(".zone"), next((tmp_path / "fruit" / "Apple").iterdir()), down=20)
            with suppress(AssertionError):
                expect(said).to_contain_text("lies in no folder", timeout=MINUTE / 6)
                break
        expect(said).to_contain_text("lies in no folder")
        expect(bar.get_by_role("button", name="Train now on 36 photos")).to_be_in_viewport()
        page.wait_for_function(CLEAR, arg=[said.element_handle(), bar.element_handle()])
    page.get_by_role("button", name="Put single photos into classes", exact=True).click()
    expect(page.get_by_label("Name of a class")).to_be_in_viewport()


def test_only_what_was_offered_is_left_out(page: Page, demo: Path, tmp_path: Path) -> None:
    """A click that the page never offered."""
    choose_folder(page, sick(demo, tmp_path / "fruit"))
    conflict = page.locator("#data-doctor [data-kind=label-conflict] li button").first
    expect(conflict).to_be_visible(timeout=MINUTE)
    never = json.dumps({"leave": "label-conflict", "of": "Orange/Orange_02.jpg"})
    conflict.evaluate("(button, never) => { button.dataset.do = never }", never)
    with page.expect_response(re.compile("/gradio_api/queue/join")):
        conflict.click()
    page.locator("#data-doctor [data-kind=dark] summary").click()
    page.locator("#data-doctor [data-kind=dark] > button").click()
    expect(page.locator("#data-doctor")).to_contain_text("You left 1 photo out")


# --- A new visit -------------------------------------------------------------------------------------------------------


def test_the_choice_is_there_when_the_app_was_closed(browser: Browser, tmp_path: Path) -> None:
    """And what is gone or damaged by then does no harm."""
    photos, home = make_photos(tmp_path / "photos", each=6), tmp_path / "home"
    home.mkdir()
    with serving(home, "app.py", "--no-browser") as url:
        for kept in ("no JSON", "[]", json.dumps({"data": str(tmp_path / "gone"), "where": "x", "clicks": []})):
            (home / "desk.json").write_text(kept)
            with browser.new_context() as context:
                page = context.new_page()
                page.goto(url)
                expect(page.locator("#data-demo")).to_be_visible(timeout=MINUTE)
                expect(page.locator("#data-next")).to_be_hidden()
                choose_folder(page, photos)
                expect(page.locator("#data-findings")).to_contain_text("18 photos in 3 classes", timeout=MINUTE)
    with serving(home, "app.py", "--no-browser") as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#data-findings")).to_contain_text("18 photos in 3 classes", timeout=MINUTE)
        expect(page.locator("#data-next")).to_be_visible()

"""A folder of 500 photos named in the browser, and the door for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import MINUTE, make_photos
from playwright.sync_api import Page, expect

from resnet_finetune.model.answers import UNREADABLE
from resnet_finetune.model.saved_model import Answer, load_model
from resnet_finetune.ui.served.endpoint import ADDRESS
from resnet_finetune.ui.steps import folders, many_photos


@pytest.fixture(scope="module")
def run(trained: Path, server_home: Path) -> Path:
    folder = server_home / "runs" / "colours"
    shutil.copytree(trained, folder)
    return folder


def test_a_folder_of_five_hundred_becomes_a_table_and_sorted_copies(page: Page, run: Path, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "new", classes=["blue", "green"], each=250, side=32)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    page.get_by_role("tab", name="Try it").click()
    expect(page.locator("#try-run input")).not_to_have_value("")
    page.get_by_role("button", name="A whole folder of photos").click()
    page.get_by_label("Faster").check()
    page.locator("#many-folder").get_by_role("textbox").fill(str(tmp_path))
    page.locator("#many-browse").click()
    page.get_by_role("navigation", name="Folders").get_by_role("button", name="new").click()
    expect(page.locator("#many-folder").get_by_role("textbox")).to_have_value(str(photos))
    page.locator("#many-ask").click()
    expect(page.locator("#many-said")).to_contain_text("Answers for 501 photos", timeout=10 * MINUTE)
    expect(page.locator("#many-said")).to_contain_text("Answered in the exact way: there are too few photos")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the answers as a table").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) == 501
    assert {row["way"] for row in rows} == {"exact"}
    some = sorted(photos.rglob("*.png"))[::10]
    wanted = dict(zip(some, load_model(run).classify(some), strict=True))
    for path, answer in wanted.items():
        (row,) = (row for row in rows if row["path"] == path.relative_to(photos).as_posix())
        assert row["label"] == (answer.label or "")
    assert next(row for row in rows if row["path"] == "broken.jpg")["error"]

    # By the slider the folder is sorted anew.
    slider = page.locator("#try-readiness input[type=number]")
    slider.fill("100")
    slider.press("Enter")
    expect(page.locator("#many-said h3").first).to_contain_text("None of these")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the answers as a table").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert sum(row["none_of_these"] == "yes" for row in rows) == 500

    expect(page.locator("#many-to").get_by_role("textbox")).to_have_value(str(tmp_path / "new sorted"))
    page.locator("#many-copy").click()
    expect(page.locator("#many-copied")).to_contain_text("501 photos copied", timeout=MINUTE)
    assert len(list((tmp_path / "new sorted").rglob("*.*"))) == 501
    assert len(list((tmp_path / "new sorted" / "none of these").iterdir())) == 500

    # What was copied of one folder is not said of the next.
    make_photos(tmp_path / "newer", classes=["blue"], each=2, side=32)
    (tmp_path / "newer" / "link.png").symlink_to(tmp_path / "newer" / "blue" / "00.png")
    page.locator("#many-folder").get_by_role("textbox").fill(str(tmp_path / "newer"))
    page.locator("#many-ask").click()
    expect(page.locator("#many-said")).to_contain_text("Answers for 2 photos", timeout=MINUTE)
    expect(page.locator("#many-said")).to_contain_text("Not looked at: 1. The first of them is link.png: It is a link")
    expect(page.locator("#many-to").get_by_role("textbox")).to_have_value(str(tmp_path / "newer sorted"))
    expect(page.locator("#many-copied")).to_have_text("")


def ask(url: str, photo: Path, **fields: str) -> Any:
    """As a program would: a form with a file."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
    ]
    head = f'--x\r\nContent-Disposition: form-data; name="photo"; filename="{photo.name}"\r\n\r\n'.encode()
    body = b"".join(parts) + head + photo.read_bytes() + b"\r\n--x--\r\n"
    request = urllib.request.Request(url + ADDRESS, body, {"Content-Type": "multipart/form-data; boundary=x"})
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_another_program_gets_the_apps_answer(url: str, run: Path, photos: Path, tmp_path: Path) -> None:
    photo = photos / "green" / "00.png"
    (answer,) = load_model(run).classify([photo])
    assert answer.scores is not None
    status, said = ask(url, photo, model="colours")
    assert (status, said["label"], said["model"]) == (200, answer.label, "colours")
    assert list(said["scores"].values()) == pytest.approx(answer.scores, abs=1e-5)
    assert ask(url, photo)[1]["scores"] == said["scores"]  # the newest model, when none is named
    assert ask(url, photo, readiness="100")[1]["none_of_these"]
    assert ask(url, photo, readiness="101")[0] == 422
    assert ask(url, photo, model="another")[0] == 404
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    status, said = ask(url, tmp_path / "broken.jpg")
    assert status == 422 and said["error"]


def test_copies_go_beside_the_folder_and_nothing_is_beside_a_whole_drive(tmp_path: Path) -> None:
    assert many_photos._beside(tmp_path / "new") == str(tmp_path / "new sorted")
    assert many_photos._beside(Path(tmp_path.anchor)) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_no_text_is_not_offered_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xc6\xbb")).mkdir()
    said = folders.listing(str(tmp_path))
    assert "good" in said
    assert said.encode().decode() == said
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xc6.jpg"))
    answer = Answer(
        path=path, label=None, confidence=None, scores=None, none_of_these=False, strangeness=None, error="It is damaged."
    )
    named = many_photos.Named(folder=tmp_path, classes=[], gallery=None, names=[], answers=[answer], way=None, left=[])
    said = many_photos._group(named, UNREADABLE, [answer])
    assert said.encode().decode() == said

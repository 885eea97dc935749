"""“Take it away” in a real browser: a model is made into a file, what its proof found is said, and it is fetched."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
import zipfile
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import MINUTE
from playwright.sync_api import Locator, Page, expect

from resnet_finetune.exports.formats import FORMATS
from resnet_finetune.exports.seal import Parity
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.served import downloads
from resnet_finetune.ui.served.doors import door
from resnet_finetune.ui.steps import take_away
from resnet_finetune.words import disk

PARITY = Parity(n=12, agree=12, max_abs_diff=2.01e-5, right=11, right_in_app=11)


@pytest.fixture
def run(trained: Path, server_home: Path) -> Path:
    """The only run of the page."""
    runs = server_home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    shutil.rmtree(server_home / "exports", ignore_errors=True)
    shutil.copytree(trained, runs / "first")
    return runs / "first"


@pytest.fixture
def lying(trained: Path, home: Path) -> Run:
    """A run with an export that lies ready, which nobody made here."""
    shutil.copytree(trained, home / "runs" / "first")
    run = Run(home / "runs" / "first")
    folder = downloads.place(run, "folder")
    folder.mkdir(parents=True)
    disk.write_json(folder / "parity.json", {"format": "folder", **asdict(PARITY)})
    return run


def test_every_format_can_be_fetched() -> None:
    assert [format for format in FORMATS if door("GET", f"/download/export/{'0' * 32}/{format}") is None] == []


def row(page: Page, name: str) -> Locator:
    return page.locator("#take ol > li").filter(has=page.get_by_text(name, exact=True))


def open_results(page: Page) -> None:
    page.get_by_role("tab", name="Results").click()
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator("#take ol > li")).to_have_count(7, timeout=MINUTE)


def test_a_model_is_made_and_fetched(page: Page, run: Path, server_home: Path, tmp_path: Path) -> None:
    open_results(page)
    slow, weights = row(page, "PyTorch"), row(page, "The weights")
    slow.get_by_role("button", name="Make it").click()
    expect(slow.get_by_role("progressbar")).to_be_visible(timeout=MINUTE)
    page.locator("#take-stop").click()
    expect(slow).to_contain_text("Stopped: nothing was made.", timeout=2 * MINUTE)
    expect(page.locator("#take-stop")).to_be_hidden()
    weights.get_by_role("button", name="Make it").click()
    expect(weights).to_contain_text("12 of 12 test photos get the same answer from both, right or wrong", timeout=2 * MINUTE)
    expect(page.get_by_role("button", name="Make it")).to_have_count(5)
    small = row(page, "ONNX, small (8 bits)")  # is not offered where it is sure to be refused
    expect(small).to_contain_text("takes 200 photos that it was not trained on, and there are 21")
    expect(small.get_by_role("button")).to_have_count(0)
    link = weights.get_by_role("link", name="Download (45 MB)")
    assert str(run) not in str(link.get_attribute("href"))
    with page.expect_download() as fetched:
        link.click()
    assert fetched.value.suggested_filename == "first safetensors.zip"
    fetched.value.save_as(tmp_path / "fetched.zip")
    with zipfile.ZipFile(tmp_path / "fetched.zip") as archive:
        assert "safetensors/predict.py" in archive.namelist()
        assert archive.read("safetensors/model.safetensors") == (run / "model.safetensors").read_bytes()

    page.reload()  # it lies ready still
    open_results(page)
    expect(weights.get_by_role("link")).to_have_count(1)
    shutil.rmtree(server_home / "exports")  # as when the training went on
    page.get_by_role("tab", name="Train", exact=True).click()
    page.get_by_role("tab", name="Results").click()
    expect(weights.get_by_role("button", name="Make it")).to_be_visible()
    expect(weights.get_by_role("link")).to_have_count(0)


def test_what_cannot_be_proven_is_told(page: Page, run: Path, tmp_path: Path) -> None:
    report = disk.read_json(run / "report.json")
    disk.write_json(run / "report.json", report | {"root": str(tmp_path / "gone")})
    open_results(page)
    folder = row(page, "The weights")
    folder.get_by_role("button", name="Make it").click()
    expect(folder.get_by_role("alert")).to_contain_text("test photos are needed to prove", timeout=2 * MINUTE)
    expect(folder.get_by_role("button", name="Make it")).to_be_visible()
    expect(folder.get_by_role("link")).to_have_count(0)


def test_only_what_lies_ready_of_a_run_of_the_list_is_given_out(url: str, run: Path) -> None:
    (run / "secret.txt").write_text("mine")
    first = downloads.export_address(Run(run), "folder")
    others = (first.replace("folder", ".."), first.replace("folder", "..%2f..%2fruns"), "/download/export/0/folder")
    for path in (first, *others):
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 404, path
            assert b"mine" not in answer.read()


# --- What lies ready ---------------------------------------------------------------------------------------------------


def test_an_export_is_of_the_model_as_it_is_now(lying: Run) -> None:
    assert downloads.parity(lying, "folder") == PARITY
    assert downloads.parity(lying, "web") is None
    later = time.time() + 60
    os.utime(lying.path / "model.safetensors", (later, later))  # trained on
    assert downloads.parity(lying, "folder") is None


def test_an_export_whose_proof_is_damaged_is_none(lying: Run) -> None:
    for content in ("", "[]", "{}", json.dumps({"n": 3})):
        (downloads.place(lying, "folder") / "parity.json").write_text(content)
        assert downloads.parity(lying, "folder") is None


def test_exports_are_kept_for_a_day(lying: Run) -> None:
    folder = downloads.place(lying, "folder")
    downloads.clear_old()
    assert folder.exists()
    long_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(folder, (long_ago, long_ago))
    downloads.clear_old()
    assert not folder.exists()


def test_a_difference_is_never_said_smaller_than_it_is() -> None:
    assert "at most 0.00003." in take_away._found("onnx", PARITY)
    assert "at most 0.00001." in take_away._found("onnx", replace(PARITY, max_abs_diff=0.0))
    assert "outside a browser" in take_away._found("web", PARITY)
    assert "on 12 photos that it was not trained on" in take_away._found("onnx-int8", PARITY)

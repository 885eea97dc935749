"""The report says what the run says, in one file that fetches nothing and runs nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import Drawn
from playwright.sync_api import Browser

from resnet_finetune.runs.repeat import fingerprint, weights_hash
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.report_page import page


def test_it_holds_what_one_needs_to_check_the_result(trained: Path) -> None:
    run = Run(trained)
    report = run.report()
    assert report is not None
    written = page(run, report)
    said = {row[0]: row[1] for row in Drawn(written).rows if len(row) == 2}
    assert said["Fingerprint (sha256 over names, contents, classes and split)"] == fingerprint(run)
    assert said["Weights of the model (sha256 of model.safetensors)"] == weights_hash(run)
    assert said["red"] == "11 to train, 3 to choose the model (validation), 4 to test"
    assert said["Seed"] == "0"
    assert "torch " in said["Versions"]
    assert f"of {report.test.n} test photos named right" in written
    assert str(run.path.parent) not in written  # where it lies on this computer is nobody's business


def test_it_fetches_nothing_and_runs_nothing(trained: Path, home: Path, tmp_path: Path, browser: Browser) -> None:
    folder = home / "runs" / "<img src=x onerror=alert(1)>"
    shutil.copytree(trained, folder)
    run = Run(folder)
    report = run.report()
    assert report is not None
    file = tmp_path / "report.html"
    file.write_text(page(run, report), encoding="utf-8")
    assert not {"script", "img", "link"} & set(Drawn(file.read_text(encoding="utf-8")).tags)
    with browser.new_context() as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        opened = context.new_page()
        opened.goto(file.as_uri())
        assert opened.locator("h1").inner_text() == folder.name
        assert opened.locator("section").count() == 6
        assert asked == [file.as_uri()]

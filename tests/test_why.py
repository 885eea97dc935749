"""The panel that explains one photo: only of what was tested, and with every name as a name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.shared import why
from resnet_finetune.words import disk


@pytest.fixture
def run(trained: Path, home: Path) -> Run:
    return Run(shutil.copytree(trained, home / "runs" / "mine"))


def a_photo_of(run: Run) -> str:
    report = run.report()
    assert report is not None
    return next(photo.path for photo in report.judged if report.classes[photo.true] == "green")


def shown(run: Run, name: str, of_class: int | None = None) -> str:
    """The panel for a photo by its name in the report, as a click opens it."""
    drawn, asked = why.opened_for_tested(run, name)
    return drawn if asked is None or of_class is None else why.draw(replace(asked, of_class=of_class))


def test_a_tested_photo_is_explained(run: Run) -> None:
    drawn = shown(run, a_photo_of(run))
    assert "What speaks for “green”?" in drawn
    assert "It is green; the model says green." in drawn
    assert drawn.count('class="picture"') == 2
    assert 'aria-pressed="true">green<' in drawn


def test_another_class_can_be_asked_about(run: Run) -> None:
    drawn = shown(run, a_photo_of(run), of_class=0)
    assert "What speaks for “blue”?" in drawn and 'aria-pressed="true">blue<' in drawn
    assert "What speaks for “green”?" in shown(run, a_photo_of(run), of_class=99)


@pytest.mark.parametrize("name", ["", "green/99.png", "../photos/green/00.png", "/etc/passwd", "report.json"])
def test_only_photos_of_the_report_can_be_asked_about(run: Run, name: str) -> None:
    assert why.opened_for_tested(run, name)[1] is None
    assert "cannot be explained" in shown(run, name)


def test_a_photo_that_is_gone_is_answered_with_a_sentence(run: Run, tmp_path: Path) -> None:
    values = disk.read_json(run.path / "report.json")
    disk.write_json(run.path / "report.json", values | {"root": str(tmp_path / "gone")})
    drawn = shown(run, a_photo_of(run))
    assert "cannot be explained" in drawn and "<img" not in drawn


def test_names_stay_names(run: Run, trained: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    about = disk.read_json(run.path / "model.json")
    disk.write_json(run.path / "model.json", about | {"classes": [hostile, *about["classes"][1:]]})
    drawn = shown(run, a_photo_of(run), of_class=0)
    assert "<img src=x" not in drawn and "&lt;img src=x" in drawn

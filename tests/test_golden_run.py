"""A run of November 2026 (commit e2c4163), kept as it was: every later version has to read it.

Only the weights are put together anew, so that 45 MB need not lie here: the bundled ones, and the head of that run.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import make_photos
from safetensors.torch import load_file, save_file

from resnet_finetune.model.saved_model import load_model
from resnet_finetune.model.weights import BUNDLED
from resnet_finetune.runs import run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.words.comparison import compare
from resnet_finetune.words.events import Finished, Planned, Started

GOLDEN = Path(__file__).parent / "golden_run"


@pytest.fixture
def run(home: Path) -> Run:
    folder = shutil.copytree(GOLDEN, home / "runs" / "golden")
    weights = load_file(BUNDLED / "resnet18.tv_in1k.safetensors") | load_file(folder / "head.safetensors")
    save_file(
        {name: value.float() if value.is_floating_point() else value for name, value in weights.items()},
        folder / "model.safetensors",
    )
    return Run(folder)


def test_it_is_listed_with_what_it_says(run: Run) -> None:
    assert run_folder.list_runs() == [run]
    assert (run.state, run.title) == ("finished", "golden")
    assert (run.settings.model, run.settings.preset, run.settings.data) == ("resnet18", "quick", "/photos")
    lines = (GOLDEN / "events.jsonl").read_text().splitlines()
    assert len(run.events()) == len(lines)  # none is passed over as unknown
    assert {type(event) for event in run.events()} >= {Started, Planned, Finished}


def test_its_result_can_be_counted_and_compared(run: Run) -> None:
    report = run.report()
    assert report is not None
    assert (report.test.accuracy, report.test.n, report.classes) == (1.0, 12, ["blue", "green", "red"])
    found = compare(report, report)
    assert found is not None and (found.n, found.p) == (12, 1.0)


def test_its_story_is_told(run: Run) -> None:
    story = Story(run)
    story.read_on()
    assert story.planned and len(story.epochs) == story.planned.epochs + 1
    assert isinstance(story.end, Finished)


def test_its_model_answers(run: Run, tmp_path: Path) -> None:
    model = load_model(run.path)
    photos = make_photos(tmp_path / "photos", each=1)
    answers = list(model.classify(sorted(photos.rglob("*.png"))))
    assert [answer.label for answer in answers] == ["blue", "green", "red"]

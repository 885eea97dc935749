"""What is remembered of the choices for the next visit. That it comes back on the page: tests of the steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resnet_finetune.model.saved_model import WEIGHTS
from resnet_finetune.ui.shared import desk
from resnet_finetune.words.settings import Settings


def _chosen(**inputs: Any) -> Settings:
    """As the model step's inputs have it."""
    untouched = {"model": "resnet18", "preset": "quick", "minutes": 0, "seed": 0, "weights": "", "learning_rate": 0}
    return desk.choice(**{**untouched, "train_on": None, **inputs})


def test_how_it_shall_be_trained_is_remembered(home: Path) -> None:
    assert desk.kept_choice() == Settings()
    desk.keep_choice(_chosen(model="resnet50", preset="thorough", minutes=2.5, seed=7, weights="a.safetensors"))
    assert desk.kept_choice() == Settings(model="resnet50", preset="thorough", minutes=2.5, seed=7, weights="a.safetensors")
    desk.keep_choice(_chosen(learning_rate=0.01, minutes=None, seed=None))
    assert desk.kept_choice() == Settings(learning_rate=0.01)


def test_a_run_that_is_gone_or_elsewhere_is_not_trained_on_from_at_the_next_visit(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / WEIGHTS).touch()
    desk.keep_choice(_chosen(train_on=str(run), preset="balanced"))
    assert desk.kept_choice() == Settings(train_on=str(run), preset="balanced")
    (run / WEIGHTS).unlink()
    assert desk.kept_choice() == Settings(preset="balanced")
    desk.keep_choice(_chosen(train_on=r"\\server\share\run"))
    assert desk.kept_choice() == Settings()


@pytest.mark.parametrize(
    "kept",
    [
        "no JSON",
        "[]",
        "{}",
        json.dumps({"model": "resnet9000", "preset": "thorough"}),
        json.dumps({"model": "resnet50", "preset": "of another version"}),
        json.dumps({"model": ["resnet50"], "preset": {}}),
        json.dumps({"seed": "7"}),
        json.dumps({"minutes": []}),
    ],
)
def test_a_choice_that_is_damaged_or_of_another_version_is_the_usual_one(home: Path, kept: str) -> None:
    home.mkdir()
    (home / "choice.json").write_text(kept)
    assert desk.kept_choice() == Settings()


def test_other_corrections_are_another_desk() -> None:
    empty = desk.Desk(data="photos", where="photos")
    one, other = empty.corrected({"a.jpg": None, "b.jpg": "cats"}), empty.corrected({"b.jpg": "cats", "a.jpg": None})
    assert one == other and hash(one) == hash(other)
    assert len({hash(empty), hash(one), hash(one.corrected({"c.jpg": "dogs"}))}) == 3

"""What is remembered of the choices for the next visit. That it comes back on the page: tests of the steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_finetune.ui.shared import desk


def test_the_network_that_was_chosen_last_is_remembered(home: Path) -> None:
    assert desk.kept_choice() == ("resnet18", "quick")
    desk.keep_choice("resnet50", "thorough")
    assert desk.kept_choice() == ("resnet50", "thorough")


@pytest.mark.parametrize(
    "kept",
    [
        "no JSON",
        "[]",
        "{}",
        json.dumps({"model": "resnet9000", "preset": "thorough"}),
        json.dumps({"model": "resnet50", "preset": "of another version"}),
        json.dumps({"model": ["resnet50"], "preset": {}}),
    ],
)
def test_a_choice_that_is_damaged_or_of_another_version_is_the_usual_one(home: Path, kept: str) -> None:
    home.mkdir()
    (home / "choice.json").write_text(kept)
    assert desk.kept_choice() == ("resnet18", "quick")


def test_other_corrections_are_another_desk() -> None:
    empty = desk.Desk(data="photos", where="photos")
    one, other = empty.corrected({"a.jpg": None, "b.jpg": "cats"}), empty.corrected({"b.jpg": "cats", "a.jpg": None})
    assert one == other and hash(one) == hash(other)
    assert len({hash(empty), hash(one), hash(one.corrected({"c.jpg": "dogs"}))}) == 3

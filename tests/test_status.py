"""Why a training broke off, in words, as far as anybody saw it."""

from __future__ import annotations

import shutil
import signal
from collections import namedtuple
from pathlib import Path

import pytest

from resnet_finetune.runs import lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.status import first_answer, status
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.words import disk
from resnet_finetune.words.events import Finished, FirstAnswer, Planned, Score, Split, Started
from resnet_finetune.words.report import wilson

NOBODY = 2**22 + 1  # the number of no process


@pytest.fixture
def story(tmp_path: Path) -> Story:
    disk.write_json(tmp_path / "run.json", {})
    return Story(Run(tmp_path))


@pytest.fixture
def tiny_story(story: Story) -> Story:
    counts: dict[Split, list[int]] = {"train": [12, 12], "validation": [0, 0], "test": [0, 0]}
    story.add(
        Started(
            classes=["a", "b"],
            counts=counts,
            rejected=0,
            own_split=False,
            model="resnet18",
            weights="",
            device="CPU",
            root="/",
            fingerprint="",
        )
    )
    story.add(FirstAnswer(validation=wilson(24, 24), confusion=[[12, 0], [0, 12]], seconds=3.0))
    return story


@pytest.mark.parametrize(
    ("exit", "words"),
    [
        ({}, "was stopped in the middle"),
        ({"exit": -int(signal.SIGKILL)}, "Most often the memory had run out"),
        ({"exit": -int(signal.SIGSEGV)}, "broke down inside one of the programs that it is made of"),
        ({"exit": 3221225477}, "exit code 3221225477"),
    ],
    ids=["unseen", "killed", "broken down", "Windows"],
)
def test_why_it_broke_off(story: Story, exit: dict[str, int], words: str) -> None:
    disk.write_json(story.run.path / "lock", {"pid": NOBODY, "born": 0.0, **exit})
    assert story.run.state == "crashed"
    said = status(story, story.run.state)
    assert words in said
    assert "Press “Go on with this training”" in said


def test_a_disk_that_is_nearly_full_is_named(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "are free on the disk" not in status(story, "crashed")
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1e9, 1e9, 3e6))
    assert "Only 3 MB are free on the disk" in status(story, "crashed")


def test_while_it_stops_it_says_so_and_no_time_that_does_not_hold_any_more(story: Story) -> None:
    story.planned = story.last = Planned(epochs=6, steps=48, photo_size=208, batch=16, seconds=90)
    assert "about 1 min 30 s left" in status(story, "running")
    lock.ask_to_stop(story.run.path)
    assert "Stopping:" in status(story, "running") and "left" not in status(story, "running")


def test_a_run_that_was_killed_after_its_end_has_finished_and_one_that_was_gone_on_with_has_not(
    trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    run = Run(tmp_path / "run")
    disk.write_json(run.path / "lock", {"pid": NOBODY, "born": 0.0})
    before = run.state
    log = run.path / "events.jsonl"
    log.write_text(log.read_text().replace('"event": "Finished"', '"event": "Stopped"'))
    assert (before, run.state) == ("finished", "crashed")
    story = Story(run)
    story.read_on()
    assert "Press “Go on with this training”" in status(story, run.state)


def test_of_a_tiny_set_nothing_is_said_of_validation_photos_or_of_fine_tuning(tiny_story: Story) -> None:
    said = first_answer(tiny_story)
    assert "24 of 24 photos right, each by a model that had not seen it" in said
    assert "validation photos" not in said and "ine-tuning" not in said
    tiny_story.last = Finished(test=wilson(24, 24), kept="first answer", seconds=9.0)
    assert "24 of 24 photos named right in 9 s, each by a model that had not seen it" in status(tiny_story, "finished")


def test_before_it_says_anything_it_is_being_started(story: Story) -> None:
    assert "The training is being started" in status(story, "running")


def test_a_run_whose_folder_was_removed_meanwhile_is_told_as_it_was(story: Story) -> None:
    story.last = Finished(test=Score(accuracy=0.9, low=0.8, high=0.95, n=50), kept="fine-tuned", seconds=9.0)
    assert "45 of 50 test photos named right" in status(story, "new")

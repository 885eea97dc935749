"""Every event survives ``events.jsonl``; nothing else passes for one."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from resnet_finetune.words import events
from resnet_finetune.words.events import Event, Score, from_json, to_json

SCORE = Score(accuracy=0.8, low=0.49, high=0.94, n=10)
EXAMPLES: tuple[Event, ...] = (
    events.Started(
        classes=["añil", "b"],
        counts={"train": [5, 6], "validation": [1, 1], "test": [2, 2]},
        rejected=1,
        own_split=False,
        model="resnet18",
        weights="bundled with the app",
        device="CPU, 2 threads, float32",
        root="photos",
        fingerprint="0" * 64,
        notes=["Einfach wäre zu leicht."],
    ),
    events.Progress(stage="scan", done=1, total=2, seconds_left=None),
    events.Noted(note="Memory ran out."),
    events.FirstAnswer(validation=SCORE, confusion=[[1, 0], [2, 3]], seconds=1.5),
    events.Planned(epochs=6, steps=60, photo_size=208, batch=16, seconds=None),
    events.Step(step=1, steps=60, loss=0.7, images_per_second=30.0, seconds_left=10.0),
    events.Step(step=2, steps=60, loss=0.7, images_per_second=30.0, seconds_left=9.0, gradients={"stem": 1.5, "head": None}),
    events.Epoch(
        epoch=0,
        epochs=6,
        train_loss=None,
        validation_loss=0.4,
        validation_accuracy=0.9,
        learning_rate=0.0,
        best=True,
        seconds=3.0,
    ),
    events.Finished(test=SCORE, kept="fine-tuned", seconds=60.0),
    events.Stopped(test=SCORE, kept="first answer", seconds=5.0),
    events.Stopped(test=None, kept=None, seconds=1.0),
    events.Failed(messages=["The disk is full: free some space.", "Second."], bug=False),
)


def test_there_is_an_example_of_every_kind() -> None:
    assert {type(example) for example in EXAMPLES} == set(get_args(Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_survives_json_and_a_time_beside_it(event: Event) -> None:
    line = json.dumps(to_json(event) | {"time": "2026-01-01T00:00:00+00:00"}, allow_nan=False)
    again = from_json(json.loads(line))
    assert type(again) is type(event)
    assert again == event


def test_a_run_of_before_there_were_notes_can_be_read() -> None:
    old = {name: value for name, value in to_json(EXAMPLES[0]).items() if name != "notes"}
    again = from_json(old)
    assert isinstance(again, events.Started)
    assert again.notes == []


@pytest.mark.parametrize(
    "foreign",
    [
        {},
        [],
        None,
        {"event": "Nonsense"},
        {"event": ["Step"]},
        {"event": "Score", "accuracy": 1.0, "low": 0.0, "high": 1.0, "n": 1},
        {"event": "Failed", "messages": []},
        {"event": "Failed", "messages": [], "bug": False, "stranger": 1},
        {"event": "Finished", "test": {"accuracy": 1.0}, "kept": "fine-tuned", "seconds": 1.0},
        {"messages": [], "bug": False},
    ],
    ids=str,
)
def test_what_is_no_event_is_refused(foreign: Any) -> None:
    with pytest.raises(ValueError, match="not an event"):
        from_json(foreign)

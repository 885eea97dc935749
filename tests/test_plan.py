"""How much is trained: by preset, and by the time that a person has, on machines that are slower than they seemed."""

from __future__ import annotations

from dataclasses import replace
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any

import pytest

from resnet_finetune.engine import loop, plan, step, train
from resnet_finetune.engine.plan import FEWEST_EPOCHS, MOST_EPOCHS, PRESETS, SMALLER
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.words.events import Epoch, Event, Finished, Noted, Planned
from resnet_finetune.words.report import read_report
from resnet_finetune.words.settings import Settings

LARGEST = PRESETS["thorough"].photo_size  # pixels


@pytest.fixture
def settings(photos: Path, tmp_path: Path) -> Settings:
    return Settings(data=str(photos), run_dir=str(tmp_path / "run"))


def costs(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let a photo of the largest size seem to take so long to learn, and a smaller one less."""
    monkeypatch.setattr(plan, "photo_cost", lambda material, net, size: plan.Cost(seconds * (size / LARGEST) ** 2, 0.0))


class Clock:
    """Stands in for ``time`` in a training: it goes on by so many seconds with every step, and with nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.now = 0.0

        def one_batch(*given: Any) -> float:
            self.now += seconds
            return step.one_batch(*given)

        monkeypatch.setattr(loop, "one_batch", one_batch)
        for module in (train, loop):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


def first_plan(settings: Settings) -> Planned:
    for event in fine_tune(settings):
        if isinstance(event, Planned):
            return event
    raise AssertionError("there was no plan")


@pytest.mark.parametrize("preset", PRESETS)
def test_without_a_limit_the_preset_decides_and_its_time_is_measured(settings: Settings, preset: str) -> None:
    planned = first_plan(replace(settings, preset=preset))
    assert (planned.photo_size, planned.epochs) == (PRESETS[preset].photo_size, PRESETS[preset].epochs)
    assert planned.steps == planned.epochs * 2  # 33 photos of 54 are trained on
    assert planned.seconds is not None
    assert planned.seconds > 0 and planned.test_seconds > 0


def test_more_minutes_are_more_epochs_up_to_where_more_is_no_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, 1.0)
    costs(monkeypatch, 0.25)  # an epoch of 33 photos takes 7.2 s at 69 pixels
    fits = first_plan(replace(settings, minutes=2, run_dir=settings.run_dir + "-2"))
    assert 11 <= fits.epochs <= 16
    assert fits.photo_size == PRESETS["quick"].photo_size
    assert fits.seconds == pytest.approx(fits.epochs * 33 * 0.25 * (fits.photo_size / LARGEST) ** 2)
    events = dropwhile(lambda event: not isinstance(event, Planned), fine_tune(replace(settings, minutes=100)))
    planned, note = islice(events, 2)
    assert isinstance(planned, Planned) and planned.epochs == MOST_EPOCHS
    assert isinstance(note, Noted) and "may end before your time is over" in note.note


def test_photos_get_smaller_before_there_are_too_few_epochs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, 1.0)
    costs(monkeypatch, 0.5)  # an epoch takes 14.3 s at 69 pixels, 10.1 s at 58 and 6.9 s at 48
    planned = first_plan(replace(settings, minutes=0.9))
    assert planned.photo_size in SMALLER
    assert planned.epochs >= FEWEST_EPOCHS


def test_without_any_time_the_first_answer_is_kept_and_this_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs(monkeypatch, 10.0)
    events = list(fine_tune(replace(settings, minutes=0.2)))
    assert next(event for event in events if isinstance(event, Planned)).epochs == 0
    (note,) = [event.note for event in events if isinstance(event, Noted)]
    assert note.startswith("The time was too short to fine-tune")
    assert isinstance(events[-1], Finished) and events[-1].kept == "first answer"
    report = read_report(Path(settings.run_dir))
    assert report and report.notes == [note]


def epochs_of(events: list[Event]) -> tuple[list[int], list[int]]:
    """Those planned, each time, and those done."""
    return (
        [event.epochs for event in events if isinstance(event, Planned)],
        [event.epoch for event in events if isinstance(event, Epoch)],
    )


def test_a_machine_that_turns_out_slower_does_fewer_epochs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    costs(monkeypatch, 0.001)
    Clock(monkeypatch, 2.0)
    events = list(fine_tune(replace(settings, minutes=0.3)))
    planned, done = epochs_of(events)
    assert planned == [MOST_EPOCHS, 4]  # of four seconds each in 18
    assert done == list(range(5))
    assert isinstance(events[-1], Finished)


def test_a_machine_that_turns_out_faster_does_more_epochs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    costs(monkeypatch, 0.3)  # 4.2 s for an epoch at 48 pixels
    Clock(monkeypatch, 1.5)
    planned, done = epochs_of(list(fine_tune(replace(settings, minutes=0.4))))
    assert planned == [5, 8]
    assert done == list(range(9))


def test_a_preset_is_not_changed_by_a_slow_machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, 1000.0)
    planned, done = epochs_of(list(fine_tune(settings)))
    assert planned == [PRESETS["quick"].epochs]
    assert done == list(range(PRESETS["quick"].epochs + 1))

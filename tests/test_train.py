"""The engine on photos that are easy to tell apart: what it promises of events, the model it keeps, stopping and going on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, SHARED_DATA, make_photos

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.loop import LEARNING_RATE
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import (
    Epoch,
    Event,
    Finished,
    FirstAnswer,
    Planned,
    Progress,
    Started,
    Step,
    Stopped,
)
from resnet_finetune.words.report import REPORT, Report
from resnet_finetune.words.settings import Settings


@pytest.fixture
def settings(photos: Path, tmp_path: Path) -> Settings:
    return Settings(data=str(photos), run_dir=str(tmp_path / "run"))


def weights_hash(run: str) -> str:
    return hashlib.sha256(Path(run, "model.safetensors").read_bytes()).hexdigest()


def stop_after(kind: type[Event], times: int = 1) -> tuple[Callable[[], bool], Callable[[Iterator[Event]], list[Event]]]:
    """A wish to stop that comes true once ``times`` events of ``kind`` were seen, and a reader that sees them."""
    seen: list[Event] = []

    def read(events: Iterator[Event]) -> list[Event]:
        for event in events:
            seen.append(event)
        return seen

    return lambda: sum(isinstance(event, kind) for event in seen) >= times, read


def test_a_run_says_what_it_does_in_order(settings: Settings) -> None:
    events = list(fine_tune(settings))
    order = [type(event) for event in events if not isinstance(event, Progress | Step | Epoch)]
    assert order == [Started, FirstAnswer, Planned, Finished]
    started = next(event for event in events if isinstance(event, Started))
    assert started.counts == {"train": [5] * 3, "validation": [1] * 3, "test": [2] * 3}
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == list(range(7))
    assert epochs[0].train_loss is None and all(event.train_loss is not None for event in epochs[1:])
    assert {event.stage for event in events if isinstance(event, Progress)} == {"scan", "read", "features", "test"}
    steps = [event for event in events if isinstance(event, Step)]
    assert steps[-1].step == steps[-1].steps == next(event for event in events if isinstance(event, Planned)).steps
    assert max(event.learning_rate for event in epochs) <= LEARNING_RATE


def test_the_test_is_on_photos_that_were_not_trained_on_and_the_report_can_be_counted_again(settings: Settings) -> None:
    finished = list(fine_tune(settings))[-1]
    assert isinstance(finished, Finished)
    report = Report.from_json(disk.read_json(Path(settings.run_dir, REPORT)))
    assert report.test == finished.test
    assert report.test.accuracy == 1.0  # the colours leave no doubt
    assert sum(map(sum, report.confusion)) == report.test.n == len(report.judged) == 6
    model = load_model(settings.run_dir)
    for judged, answer in zip(
        report.judged, model.classify([Path(report.root, judged.path) for judged in report.judged]), strict=True
    ):
        assert answer.scores == pytest.approx(judged.scores, abs=1e-5)  # the app answers as it was tested


def test_same_seed_same_weights_other_seed_others(settings: Settings, tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        run = replace(settings, run_dir=str(tmp_path / name), seed=seed)
        list(fine_tune(run))
        hashes.append(weights_hash(run.run_dir))
    assert hashes[0] == hashes[1] != hashes[2]


def test_every_weight_is_fine_tuned_and_frozen_statistics_stay(settings: Settings) -> None:
    """Stopped in the last epoch, while the checkpoint is there: it shows both ends."""
    stop, read = stop_after(Epoch, 6)
    read(fine_tune(settings, stop))
    run = Path(settings.run_dir)
    first = checkpoint.load_first(run)
    from safetensors.torch import load_file

    now = {name.removeprefix("net."): value for name, value in load_file(run / "checkpoint" / "state.safetensors").items()}
    moved = {name for name, value in first.items() if not value.equal(now[name])}
    assert moved == {name for name in first if "running" not in name and "num_batches" not in name}


@pytest.mark.parametrize("kind", [FirstAnswer, Planned, Epoch])
def test_a_stop_keeps_the_best_model_and_going_on_ends_as_if_nothing_had_happened(
    settings: Settings, tmp_path: Path, kind: type[Event]
) -> None:
    whole = replace(settings, run_dir=str(tmp_path / "whole"))
    list(fine_tune(whole))

    stop, read = stop_after(kind, 3 if kind is Epoch else 1)
    stopped = read(fine_tune(settings, stop))[-1]
    assert isinstance(stopped, Stopped) and stopped.test is not None
    assert stopped.test.n == 6
    assert Path(settings.run_dir, REPORT).is_file()

    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished)
    assert not any(isinstance(event, FirstAnswer) for event in events)
    assert weights_hash(settings.run_dir) == weights_hash(whole.run_dir)


def test_a_stop_before_the_first_answer_leaves_no_model(settings: Settings) -> None:
    stopped = list(fine_tune(settings, lambda: True))[-1]
    assert isinstance(stopped, Stopped) and stopped.test is None
    with pytest.raises(UserError, match="no trained model"):
        load_model(settings.run_dir)


def test_a_stop_while_going_on_reads_the_photos_leaves_the_earlier_result(settings: Settings) -> None:
    stop, read = stop_after(Epoch, 2)
    earlier = read(fine_tune(settings, stop))[-1]
    stopped = list(fine_tune(settings, lambda: True))[-1]
    assert isinstance(earlier, Stopped) and isinstance(stopped, Stopped)
    assert stopped.test == earlier.test is not None
    assert stopped.kept == earlier.kept


def test_photos_that_changed_are_not_gone_on_with(settings: Settings, photos: Path) -> None:
    stop, read = stop_after(Epoch, 2)
    read(fine_tune(settings, stop))
    (photos / "red" / "00.png").write_bytes((photos / "red" / "01.png").read_bytes())
    with pytest.raises(UserError, match="changed"):
        list(fine_tune(settings))


def test_a_damaged_checkpoint_is_said(settings: Settings) -> None:
    stop, read = stop_after(Epoch, 2)
    read(fine_tune(settings, stop))
    state = Path(settings.run_dir, "checkpoint", "state.safetensors")
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(UserError, match="damaged"):
        list(fine_tune(settings))


def test_minutes_decide_how_many_epochs(settings: Settings) -> None:
    stop, read = stop_after(Planned)
    events = read(fine_tune(replace(settings, minutes=0.2), stop))
    few = next(event for event in events if isinstance(event, Planned))
    stop, read = stop_after(Planned)
    events = read(fine_tune(replace(settings, minutes=5, run_dir=settings.run_dir + "-more"), stop))
    more = next(event for event in events if isinstance(event, Planned))
    assert 1 <= few.epochs < more.epochs
    assert more.seconds is not None and more.seconds < 300


def test_photos_that_cannot_make_a_model_are_told(tmp_path: Path) -> None:
    one_class = make_photos(tmp_path / "one", classes=["cats"])
    with pytest.raises(UserError, match="Only one class"):
        list(fine_tune(Settings(data=str(one_class), run_dir=str(tmp_path / "run"))))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_demo_is_learnt(tmp_path: Path, seed: int) -> None:
    """Issue 2 asks for 84 % on the new photos as the median of three seeds; each is held to a little less here."""
    from resnet_finetune.engine.evaluate import evaluate

    run = tmp_path / "run"
    list(fine_tune(Settings(run_dir=str(run), seed=seed)))
    result = evaluate(run, str(ROOT / "assets" / "demo" / "new_photos.zip"))
    assert result.test.n == 75
    assert result.test.accuracy >= 0.80
    json.dumps(disk.read_json(run / REPORT), allow_nan=False)


@pytest.mark.skipif(not (SHARED_DATA / "hymenoptera.zip").is_file(), reason="the ants and bees are not on this machine")
def test_ants_and_bees_with_their_own_split(tmp_path: Path) -> None:
    finished = list(fine_tune(Settings(data=str(SHARED_DATA / "hymenoptera.zip"), run_dir=str(tmp_path / "run"))))[-1]
    assert isinstance(finished, Finished)
    assert finished.test.n == 153
    assert finished.test.accuracy >= 0.95

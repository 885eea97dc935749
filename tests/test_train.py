"""The engine on photos that are easy to tell apart: what it promises of events, the model it keeps, stopping and going on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, SHARED_DATA, make_photos, run_cli, write_photos
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from resnet_finetune.data import cache
from resnet_finetune.engine import checkpoint, judge, loop, material, strangers
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.plan import PRESETS, Preset
from resnet_finetune.engine.step import Learner, one_batch
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.model import weights
from resnet_finetune.model.hardware import Hardware
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.model.weights import load_backbone
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections, disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import (
    Epoch,
    Event,
    Finished,
    FirstAnswer,
    Noted,
    Planned,
    Progress,
    Started,
    Step,
    Stopped,
)
from resnet_finetune.words.report import REPORT, read_report
from resnet_finetune.words.settings import Settings

SMALL = Preset(80, 6, 1.5e-4, 0.5)  # quicker, and better than the first answer in most of its epochs


@pytest.fixture
def settings(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a run that learns from small photos."""
    monkeypatch.setitem(PRESETS, "quick", SMALL)
    return Settings(data=str(photos), run_dir=str(tmp_path / "run"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of such a run that was never interrupted."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "quick", SMALL)
        patch.setenv("RESNET_FINETUNE_HOME", str(place / "home"))
        list(fine_tune(Settings(data=str(make_photos(place / "photos")), run_dir=str(place / "run"))))
    return place / "run"


def weights_hash(run: str | Path) -> str:
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
    assert started.counts == {"train": [11] * 3, "validation": [3] * 3, "test": [4] * 3}
    assert started.notes == []
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == list(range(PRESETS["quick"].epochs + 1))
    assert epochs[0].train_loss is None and all(event.train_loss is not None for event in epochs[1:])
    assert {event.stage for event in events if isinstance(event, Progress)} == {"scan", "features", "remember", "test"}
    steps = [event for event in events if isinstance(event, Step)]
    assert steps[-1].step == steps[-1].steps == next(event for event in events if isinstance(event, Planned)).steps
    assert max(event.learning_rate for event in epochs) <= PRESETS["quick"].learning_rate


def test_of_many_validation_photos_it_is_told_how_far_judging_them_has_come(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "AT_ONCE", 4)
    monkeypatch.setitem(PRESETS, "quick", Preset(64, 1, 1.5e-4, 0.5))
    came = [event for event in fine_tune(settings) if isinstance(event, Progress) and event.stage == "check"]
    assert {event.total for event in came} == {9}
    assert [event.done for event in came if event.done == 9] == [9, 9]  # after the first answer, and after the pass


def test_the_test_is_on_photos_that_were_not_trained_on_and_the_report_can_be_counted_again(trained: Path) -> None:
    report = read_report(trained)
    assert report is not None
    assert not report.cross_validated and report.notes == []
    assert report.test.accuracy == 1.0  # the colours leave no doubt
    assert sum(map(sum, report.confusion)) == report.test.n == len(report.judged) == 12
    answers = load_model(trained).classify([Path(report.root, judged.path) for judged in report.judged])
    for judged, answer in zip(report.judged, answers, strict=True):
        assert answer.scores == pytest.approx(judged.scores, abs=1e-5)  # the app answers as it was tested


def test_every_weight_is_fine_tuned_and_frozen_statistics_stay(settings: Settings) -> None:
    """Stopped in the last epoch, while the checkpoint is there: it shows both ends."""
    stop, read = stop_after(Epoch, 6)
    read(fine_tune(settings, stop))
    run = Path(settings.run_dir)
    first = checkpoint.load_first(run)
    *_, state = sorted((run / "checkpoint").glob("0*.safetensors"))
    now = {name.removeprefix("net."): value for name, value in load_file(state).items()}
    moved = {name for name, value in first.items() if not value.equal(now[name])}
    assert moved == {name for name in first if "running" not in name and "num_batches" not in name}


def test_a_learning_rate_of_ones_own_is_the_highest(settings: Settings) -> None:
    stop, read = stop_after(Epoch, 3)
    epochs = [event for event in read(fine_tune(replace(settings, learning_rate=3e-6), stop)) if isinstance(event, Epoch)]
    assert 1e-6 < max(event.learning_rate for event in epochs) <= 3e-6


@pytest.mark.parametrize("kind", [*(pytest.param(early, marks=pytest.mark.long) for early in (FirstAnswer, Planned)), Epoch])
def test_a_stop_keeps_the_best_model_and_going_on_ends_as_if_nothing_had_happened(
    settings: Settings, whole: Path, kind: type[Event]
) -> None:
    stop, read = stop_after(kind, 3 if kind is Epoch else 1)
    stopped = read(fine_tune(settings, stop))[-1]
    assert isinstance(stopped, Stopped) and stopped.test is not None
    assert stopped.test.n == 12
    report = Path(settings.run_dir, REPORT)
    assert report.is_file()

    events, stale = [], []
    for event in fine_tune(settings):
        events.append(event)
        if isinstance(event, Epoch) and event.best and event.epoch > 0:
            stale.append(report.exists())  # which a power cut would leave beside another model
    assert stale and not any(stale)
    assert isinstance(events[-1], Finished) and report.is_file()
    assert not any(isinstance(event, FirstAnswer) for event in events)
    assert weights_hash(settings.run_dir) == weights_hash(whole)


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


def test_damaged_checkpoints_are_passed_over_for_the_one_before_and_said_when_there_is_none(
    settings: Settings, whole: Path
) -> None:
    stop, read = stop_after(Epoch, 3)
    read(fine_tune(settings, stop))
    *_, before, newest = sorted(Path(settings.run_dir, "checkpoint").glob("0*.safetensors"))
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1  # a single bit, which no reader of the format would notice
    newest.write_bytes(content)
    shutil.copytree(settings.run_dir, f"{settings.run_dir}-2")
    assert isinstance(list(fine_tune(settings))[-1], Finished)
    assert weights_hash(settings.run_dir) == weights_hash(whole)

    again = replace(settings, run_dir=f"{settings.run_dir}-2")
    state = Path(again.run_dir, "checkpoint", before.name)
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(UserError, match="damaged"):
        list(fine_tune(again))


def test_photos_that_cannot_make_a_model_are_told(tmp_path: Path) -> None:
    one_class = make_photos(tmp_path / "one", classes=["cats"])
    with pytest.raises(UserError, match="All 18 photos lie in one folder, cats"):
        list(fine_tune(Settings(data=str(one_class), run_dir=str(tmp_path / "run"))))


def started_with(settings: Settings) -> Started:
    """What is said of the photos, before anything is learnt from them."""
    stop, read = stop_after(Started)
    return next(event for event in read(fine_tune(settings, stop)) if isinstance(event, Started))


def test_the_photos_on_the_runs_list_are_left_out(settings: Settings) -> None:
    run = Path(settings.run_dir)
    run.mkdir()
    corrections.write(run / corrections.FILE, dict.fromkeys([*(f"blue/{number:02}.png" for number in range(18)), "red/00.png"]))
    started = started_with(settings)
    assert started.classes == ["green", "red"]
    assert [sum(split) for split in zip(*started.counts.values(), strict=True)] == [18, 17]
    assert started.rejected == 0


def test_a_list_that_changed_since_is_another_set_of_photos(settings: Settings) -> None:
    stop, read = stop_after(FirstAnswer)
    read(fine_tune(settings, stop))
    corrections.write(Path(settings.run_dir, corrections.FILE), {"red/00.png": None})
    with pytest.raises(UserError, match="changed"):
        list(fine_tune(settings))


def test_a_leak_is_noted_with_the_score(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos" / "train", classes=["a", "b"], each=6)
    for name in ("a", "b"):
        shutil.copytree(photos / name, tmp_path / "photos" / "test" / name)
        (photos / name / "05.png").unlink()
    settings = Settings(data=str(tmp_path / "photos"), run_dir=str(tmp_path / "run"))
    stop, read = stop_after(FirstAnswer)
    started = next(event for event in read(fine_tune(settings, stop)) if isinstance(event, Started))
    (note,) = started.notes
    assert note.startswith("20 photos stand on both sides")
    report = read_report(Path(settings.run_dir))
    assert report is not None and report.notes == [note]


def test_few_occasions_are_noted(settings: Settings, photos: Path) -> None:
    for number in range(1, 18):
        with Image.open(photos / "red" / "00.png") as image:
            image.resize((64 + number, 64 + number)).save(photos / "red" / f"{number:02}.png")
    (note,) = started_with(settings).notes
    assert note.startswith("The photos of “red” were taken on very few occasions")


def test_without_room_on_the_disk_the_run_is_the_same_and_says_why_it_is_slower(
    settings: Settings, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 0)
    started, *_ = [event for event in fine_tune(settings) if isinstance(event, Started)]
    (note,) = started.notes
    assert note.startswith("There is no room on the disk to keep 54 of the decoded photos (0.0 GB)")
    assert weights_hash(settings.run_dir) == weights_hash(whole)


def test_a_photo_that_goes_away_without_room_on_the_disk_ends_the_run_with_its_name(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 0)
    events = fine_tune(settings)
    next(event for event in events if isinstance(event, Started))
    shutil.rmtree(photos / "red")
    with pytest.raises(UserError, match=r"The photo red/\d\d\.png went away"):
        list(events)


def test_a_photo_that_goes_away_is_not_missed_once_it_is_kept(settings: Settings, photos: Path) -> None:
    events = fine_tune(settings)
    next(event for event in events if isinstance(event, Started))
    shutil.rmtree(photos / "red")
    assert isinstance(list(events)[-1], Finished)


@pytest.mark.long
def test_the_demo_is_learnt(tmp_path: Path) -> None:
    """Issue 2 asks for 84 % on the new photos as the median of three seeds; one is held to a little less here."""
    from resnet_finetune.engine.evaluate import evaluate

    run = tmp_path / "run"
    done = run_cli("train", "demo", "--run-dir", run, home=tmp_path, light=False)
    assert done.returncode == 0, done.stderr
    result = evaluate(run, str(ROOT / "assets" / "demo" / "new_photos.zip")).all
    assert result.test.n == 75
    assert result.test.accuracy >= 0.80
    json.dumps(disk.read_json(run / REPORT), allow_nan=False)


@pytest.mark.long
@pytest.mark.skipif(not (SHARED_DATA / "hymenoptera.zip").is_file(), reason="the ants and bees are not on this machine")
def test_ants_and_bees_with_their_own_split(tmp_path: Path) -> None:
    done = run_cli("train", SHARED_DATA / "hymenoptera.zip", "--run-dir", tmp_path / "run", home=tmp_path, light=False)
    assert done.returncode == 0, done.stderr
    finished = Run(tmp_path / "run").last_event()
    assert isinstance(finished, Finished)
    assert finished.test.n == 153
    assert finished.test.accuracy >= 0.95


def test_a_card_with_too_little_memory_trains_with_fewer_photos_at_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has room for 16 photos to be judged, for 4 to be learnt from, and once the training goes on for 2."""
    most, learnt = 0, 0

    def load(*args: Any) -> nn.Module:
        net = load_backbone(*args)
        net.register_forward_pre_hook(use)
        return net

    def use(net: nn.Module, photos: tuple[Tensor]) -> None:
        nonlocal most, learnt
        if torch.is_grad_enabled():
            learnt += 1
            if len(photos[0]) > (4 if learnt < 20 else 2):
                raise torch.OutOfMemoryError("CUDA out of memory.")
            most = max(most, len(photos[0]))

    monkeypatch.setattr(weights, "load_backbone", load)
    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished) and events[-1].test.accuracy == 1.0
    notes = [event.note for event in events if isinstance(event, Noted)]
    assert [next(n for n in (8, 4, 2) if f"{n} photos" in note) for note in notes] == [8, 4, 2]
    assert most == 4
    report = read_report(Path(settings.run_dir))
    assert report and report.notes == notes
    steps = [event for event in events if isinstance(event, Step)]
    assert steps[-1].step == steps[-1].steps == PRESETS["quick"].epochs * 2  # as many as ever


def no_number(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """Let the loss be no number in these steps, counted over the whole training, and the weights with it."""
    seen = 0

    def disturbed(material: Material, learner: Learner, *rest: Any) -> float:
        nonlocal seen
        seen += 1
        if seen not in steps:
            return one_batch(material, learner, *rest)
        with torch.no_grad():
            for parameter in learner.net.parameters():
                parameter.fill_(float("nan"))
        return float("nan")

    monkeypatch.setattr(loop, "one_batch", disturbed)


def test_a_loss_that_is_no_number_is_gone_back_from_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    no_number(monkeypatch, 4)  # in the second epoch
    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished) and events[-1].test.accuracy == 1.0
    (note,) = [event.note for event in events if isinstance(event, Noted)]
    assert "went back to where it was last saved" in note
    report = read_report(Path(settings.run_dir))
    assert report and report.notes == [note]
    when = events.index(Noted(note=note))
    before, after = ([event for event in part if isinstance(event, Epoch)] for part in (events[:when], events[when:]))
    assert [event.epoch for event in before] == [0, 1]
    assert after[-1].epoch == after[-1].epochs == PRESETS["quick"].epochs
    assert max(event.learning_rate for event in after) <= 0.1 * PRESETS["quick"].learning_rate
    assert all(event.train_loss is not None and event.train_loss < 1 for event in after)


def test_a_loss_that_is_no_number_again_is_said_and_the_model_is_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_number(monkeypatch, 4, 6)
    with pytest.raises(UserError, match="lost its footing again"):
        list(fine_tune(settings))
    for tensor in load_model(Path(settings.run_dir)).net.state_dict().values():
        assert tensor.isfinite().all()


def test_weights_that_are_no_numbers_are_never_gone_back_to(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the work of an epoch's last step, whose loss was still a number."""
    steps = 0

    def disturbed(material: Material, learner: Learner, *rest: Any) -> float:
        nonlocal steps
        steps += 1
        loss = one_batch(material, learner, *rest)
        if steps == 4:  # the last of the second epoch
            with torch.no_grad():
                for parameter in learner.net.parameters():
                    parameter.fill_(float("nan"))
        return loss

    monkeypatch.setattr(loop, "one_batch", disturbed)
    monkeypatch.setattr(loop, "SAVE_PERIOD", -1.0)
    monkeypatch.setitem(PRESETS, "quick", Preset(64, 3, 1.5e-4, 0.5))
    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished) and events[-1].test.accuracy == 1.0
    (note,) = [event.note for event in events if isinstance(event, Noted)]
    assert "went back" in note


def test_a_model_of_which_a_kill_left_no_note_is_not_taken_for_the_first_answer(settings: Settings) -> None:
    """Killed between the fine-tuned model and the checkpoint that tells of it; gone on with, and stopped."""
    stop, read = stop_after(Epoch)
    read(fine_tune(settings, stop))
    run = Path(settings.run_dir)
    first = weights_hash(run)
    model = load_model(run)
    with torch.no_grad():
        for parameter in model.net.parameters():
            parameter.mul_(1.01)
    (run / REPORT).unlink()
    model.save(run)
    assert weights_hash(run) != first
    stop, read = stop_after(Started)
    *_, end = read(fine_tune(settings, stop))
    assert isinstance(end, Stopped) and end.kept == "first answer"
    assert weights_hash(run) == first


def test_the_model_keeps_some_of_many_test_photos_and_is_judged_on_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "MOST_PHOTOS", 6)
    monkeypatch.setitem(PRESETS, "quick", Preset(64, 0, 1.5e-4, 0.5))
    list(fine_tune(settings))
    report, gallery = read_report(Path(settings.run_dir)), load_model(Path(settings.run_dir)).gallery
    assert report and gallery
    kept = [photo for photo in gallery.photos if photo.split == "test"]
    assert [photo.label for photo in kept] == [0, 0, 1, 1, 2, 2]
    assert {photo.name for photo in kept} < {judged.path for judged in report.judged}
    assert report.test.n == 12


def test_a_card_with_too_little_memory_is_tested_with_fewer_photos_at_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, most = Classifier.look, 0

    def small(model: Classifier, pixels: Any) -> Any:
        nonlocal most
        if len(pixels) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        most = max(most, len(pixels))
        return look(model, pixels)

    monkeypatch.setattr(Classifier, "look", small)
    monkeypatch.setitem(PRESETS, "quick", Preset(64, 0, 1.5e-4, 0.5))
    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished) and events[-1].test.accuracy == 1.0
    assert most == 2
    notes = [event.note for event in events if isinstance(event, Noted) and "Memory ran out" in event.note]
    assert len(notes) == 3  # 8, 4 and 2
    came = [event for event in events if isinstance(event, Progress) and event.stage == "test"]
    assert came[-1].done == came[-1].total == 12
    report = read_report(Path(settings.run_dir))
    assert report and {*notes} <= {*report.notes}


class OldCard(Hardware):
    """A GPU that knows no bfloat16, but for its speed and its rounding: losses are scaled, as for float16."""

    def autocast(self) -> Any:
        return nullcontext()


def test_with_float16_a_run_begins_and_goes_back_to_before_its_first_step(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When there is no scale of the losses yet."""
    monkeypatch.setattr(material, "find_hardware", lambda: OldCard(device=torch.device("cpu"), precision="float16"))
    monkeypatch.setitem(PRESETS, "quick", Preset(64, 1, 1.5e-4, 0.5))
    no_number(monkeypatch, 1)
    events = list(fine_tune(settings))
    assert isinstance(events[-1], Finished) and events[-1].test.accuracy == 1.0
    assert [event.epoch for event in events if isinstance(event, Epoch)] == [0, 1]
    assert any(isinstance(event, Noted) and "went back" in event.note for event in events)


def test_a_run_trains_on_from_an_earlier_one_and_its_test_stays_honest(settings: Settings, trained: Path) -> None:
    """With photos added to one class, and a new class: what the earlier run has learnt from never judges this one."""
    write_photos(Path(settings.data), "grey*18", "red/18.png", "red/19.png")
    events = list(fine_tune(replace(settings, train_on=str(trained))))
    started = next(event for event in events if isinstance(event, Started))
    assert started.weights == "the earlier run run"
    assert not any("earlier run" in note for note in started.notes)
    before: dict[str, str] = disk.read_json(trained / "photos.json")
    after: dict[str, str] = disk.read_json(Path(settings.run_dir, "photos.json"))
    assert len(before) == 54 and len(after) == 54 + 2 + 18
    assert {digest: after[digest] for digest in before} == before
    assert isinstance(events[-1], Finished) and events[-1].test.n == sum(part == "test" for part in after.values())


def test_a_run_that_did_not_note_its_photos_is_not_trained_on(settings: Settings, trained: Path, tmp_path: Path) -> None:
    old = shutil.copytree(trained, tmp_path / "old")
    (old / "photos.json").unlink()
    with pytest.raises(UserError, match="no test of it would be honest"):
        list(fine_tune(replace(settings, train_on=str(old))))


def test_a_run_of_another_network_is_not_trained_on_though_its_weights_would_fit(settings: Settings, trained: Path) -> None:
    with pytest.raises(UserError, match=r"trained resnet18, not resnet18\.a1"):
        list(fine_tune(replace(settings, train_on=str(trained), model="resnet18.a1")))


def test_a_run_that_is_judged_like_another_has_not_seen_what_it_leaves_out(settings: Settings, trained: Path) -> None:
    """Its test photos are those of the other run, and only photos of its own are noted as seen."""
    shutil.copytree(trained.parent / "photos", settings.data, dirs_exist_ok=True)
    run = Path(settings.run_dir)
    run.mkdir()
    corrections.write(run / corrections.FILE, {"red/00.png": None})
    started_with(replace(settings, split_of=str(trained)))
    other: dict[str, str] = disk.read_json(trained / "photos.json")
    own: dict[str, str] = disk.read_json(run / "photos.json")
    assert len(other) == 54 and len(own) == 53
    assert own.items() < other.items()

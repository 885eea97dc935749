"""Runs on disk: made, recorded, read while they grow, and told apart after a crash. Locks are taken by real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from resnet_finetune.data import collection
from resnet_finetune.model.saved_model import WEIGHTS
from resnet_finetune.runs import history, lock, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Failed, Finished, FirstAnswer, Progress, Score, Started, Step, Stopped, to_json
from resnet_finetune.words.settings import Settings

SCORE = Score(accuracy=0.9, low=0.8, high=0.95, n=50)
STEP = Step(step=1, steps=9, loss=0.5, images_per_second=20.0, seconds_left=3.0)
FINISHED = Finished(test=SCORE, kept="fine-tuned", seconds=9.0)
STOPPED = Stopped(test=SCORE, kept="first answer", seconds=9.0)
FAILED = Failed(messages=["The disk is full."], bug=False)


@pytest.fixture
def run(photos: Path, tmp_path: Path) -> Run:
    """A run that was made and not begun."""
    return Run(Path(run_folder.create(Settings(data=str(photos), run_dir=str(tmp_path / "run"))).run_dir))


def write_events(run: Run, *events: Event, torn: str = "") -> None:
    lines = [json.dumps({"time": 1.0, **to_json(event)}) + "\n" for event in events]
    (run.path / "events.jsonl").write_text("".join(lines) + torn, encoding="utf-8")


@contextmanager
def another_process_trains_in(folder: Path) -> Iterator[psutil.Process]:
    code = f"""
import sys
from pathlib import Path
from resnet_finetune.runs import lock
with lock.hold(Path({str(folder)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == b"held"
            yield psutil.Process(child.pid)
        finally:
            child.kill()


# Making one


def test_a_new_run_says_what_will_be_trained(run: Run, photos: Path) -> None:
    written = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert written["settings"]["data"] == str(photos)
    assert written["seed"] == 0
    assert {"python", "torch", "torchvision", "timm"} <= written["versions"].keys()
    assert run.settings == Settings(data=str(photos), run_dir=str(run.path))
    assert run.created.tzinfo is not None
    assert run.state == "new"
    assert run.events() == []
    assert run.report() is None


def test_paths_are_absolute_so_that_a_run_goes_on_from_anywhere(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = run_folder.create(Settings(data="photos", run_dir="here/run"))
    assert settings.data == str(photos)
    assert settings.run_dir == str(tmp_path / "here" / "run")


def test_a_folder_holds_one_run(run: Run) -> None:
    before = (run.path / "run.json").read_bytes()
    with pytest.raises(UserError, match="holds a run already"):
        run_folder.create(Settings(data="demo", run_dir=str(run.path)))
    assert (run.path / "run.json").read_bytes() == before


@pytest.mark.parametrize("name", ["model.safetensors", "checkpoint", "corrections.json"])
def test_a_persons_own_folder_is_not_written_over(tmp_path: Path, name: str) -> None:
    own = tmp_path / "project" / name
    own.parent.mkdir()
    own.mkdir() if name == "checkpoint" else own.write_text("mine")
    with pytest.raises(UserError, match=f"holds {name}, which the training would write over"):
        run_folder.create(Settings(run_dir=str(own.parent)))
    assert [path.name for path in own.parent.iterdir()] == [name]


def test_runs_without_a_folder_get_readable_names_of_their_own(home: Path) -> None:
    first, second = (Path(run_folder.create(Settings(data="Mes photos d'été.zip")).run_dir) for _ in range(2))
    assert first.parent == second.parent == home / "runs"
    assert first.name.endswith("-Mes-photos-d-été-resnet18")
    assert second.name == first.name + "-2"


def test_photos_from_the_browser_give_the_run_the_name_that_the_person_knows(home: Path) -> None:
    brought = collection.create("Mes fruits")
    assert Path(run_folder.create(Settings(data=str(brought.photos))).run_dir).name.endswith("-Mes-fruits-resnet18")


def test_all_mistakes_are_told_at_once_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        run_folder.create(Settings(model="resnet19", preset="hasty", seed=-1, run_dir=str(tmp_path / "run")))
    assert len(caught.value.messages) == 3
    assert not (tmp_path / "run").exists()


def test_a_place_that_cannot_be_written_is_the_persons_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        run_folder.create(Settings(run_dir=str(tmp_path / "file" / "run")))


def test_runs_are_listed_newest_first_wherever_they_are(run: Run) -> None:
    newer = Run(Path(run_folder.create(Settings()).run_dir))
    assert run_folder.list_runs() == [newer, run]


@pytest.mark.parametrize("spoilt", [b'"/home/some', b"\0\0\0\0", b"7\n", b'"\\ud800"\n', b"\xff\n"])
def test_a_spoilt_line_hides_no_run_that_was_made_elsewhere(
    run: Run, photos: Path, tmp_path: Path, home: Path, spoilt: bytes
) -> None:
    with (home / "runs-elsewhere.jsonl").open("ab") as file:
        file.write(spoilt)
    assert run_folder.list_runs() == [run]
    newer = run_folder.create(Settings(data=str(photos), run_dir=str(tmp_path / "newer")))
    assert run_folder.list_runs() == [Run(Path(newer.run_dir)), run]


def test_a_run_that_was_deleted_is_listed_no_more(run: Run) -> None:
    shutil.rmtree(run.path)
    assert run_folder.list_runs() == []


def test_data_of_an_impossible_name_are_left_to_the_engine_to_explain(tmp_path: Path) -> None:
    settings = run_folder.create(Settings(data="x" * 5000, run_dir=str(tmp_path / "run")))
    (failed,) = run_folder.record(settings)
    assert isinstance(failed, Failed)
    assert not failed.bug


def test_a_damaged_run_does_not_hide_the_others(run: Run) -> None:
    damaged = Run(Path(run_folder.create(Settings()).run_dir))
    (damaged.path / "run.json").write_text('{"settings"')
    assert run_folder.list_runs() == [run]
    with pytest.raises(UserError, match="is damaged"):
        _ = damaged.settings


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        _ = Run(tmp_path).settings
    with pytest.raises(UserError, match="holds no run"):
        next(run_folder.record(Settings(run_dir=str(tmp_path))))


def test_a_run_that_was_moved_is_still_itself(run: Run, tmp_path: Path) -> None:
    run.path.rename(tmp_path / "moved")
    assert Run(tmp_path / "moved").settings.run_dir == str(tmp_path / "moved")


# Photos to be left out


def test_the_list_of_photos_to_leave_out_is_kept_with_the_run(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.json").write_text('["red/01.png", "red/00.png", "red/01.png"]')
    monkeypatch.chdir(tmp_path)
    settings = run_folder.create(Settings(data=str(photos), run_dir="run", corrections="list.json"))
    assert settings.corrections == str(tmp_path / "list.json")
    assert corrections.read(tmp_path / "run" / corrections.FILE) == {"red/00.png": None, "red/01.png": None}


def test_a_run_that_leaves_nothing_out_has_no_list(run: Run) -> None:
    assert not (run.path / corrections.FILE).exists()


def test_a_run_goes_on_when_the_list_that_it_was_made_from_is_gone(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('["red/00.png"]')
    settings = run_folder.create(
        Settings(data=str(photos), run_dir=str(tmp_path / "run"), corrections=str(tmp_path / "list.json"))
    )
    (tmp_path / "list.json").unlink()
    first = next(event for event in run_folder.record(Run(Path(settings.run_dir)).settings) if not isinstance(event, Progress))
    assert isinstance(first, Started)
    assert sum(map(sum, first.counts.values())) == 53


@pytest.mark.parametrize("content", ["{", '{"a": 3}', "[3]"])
def test_a_list_that_is_none_makes_no_run(photos: Path, tmp_path: Path, home: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(UserError, match=r"list\.json"):
        run_folder.create(Settings(data=str(photos), corrections=str(tmp_path / "list.json")))
    assert list(home.glob("runs/*")) == []


# Reading one


def test_events_are_read_as_they_were_written(run: Run) -> None:
    started = Started(
        classes=["ä", "b"],
        counts={"train": [1, 2], "validation": [1, 1], "test": [1, 1]},
        rejected=0,
        own_split=False,
        model="resnet18",
        weights="bundled with the app",
        device="CPU",
        root="/photos",
        fingerprint="0f",
    )
    write_events(run, started, STEP, FINISHED)
    assert run.events() == [started, STEP, FINISHED]


def test_a_half_written_line_waits_for_its_other_half(run: Run) -> None:
    line = json.dumps(to_json(FINISHED)) + "\n"
    write_events(run, STEP, torn=line[:20])
    events, byte = run.events_since(0)
    assert events == [STEP]
    assert run.last_event() == STEP
    with (run.path / "events.jsonl").open("a") as file:
        file.write(line[20:])
    assert run.events_since(byte)[0] == [FINISHED]
    assert run.last_event() == FINISHED


def test_reading_on_returns_only_what_is_new(run: Run) -> None:
    assert run.events_since(0) == ([], 0)
    write_events(run, STEP)
    events, byte = run.events_since(0)
    assert events == [STEP]
    assert run.events_since(byte) == ([], byte)
    write_events(run, STEP, FINISHED)
    assert run.events_since(byte)[0] == [FINISHED]


@pytest.mark.parametrize(
    "spoilt", ["\0" * 300 + "\n", '{"event": "Unknown"}\n', "[]\n", '"text"\n', "\x80\n", '{"event": "St\n']
)
def test_a_spoilt_line_costs_no_other(run: Run, spoilt: str) -> None:
    write_events(run, STEP, torn=spoilt)
    assert run.events() == [STEP]
    assert run.last_event() == STEP


def test_the_last_event_is_found_behind_any_length(run: Run) -> None:
    long = FirstAnswer(validation=SCORE, confusion=[[7] * 90] * 90, seconds=1.0)  # longer than one block from the end
    for events in ([long], [STEP, long], [long, STEP], [STEP] * 500 + [long]):
        write_events(run, *events)
        assert run.last_event() == events[-1]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "new"),
        ([STEP], "crashed"),
        ([STEP, FINISHED], "finished"),
        ([STEP, STOPPED], "stopped"),
        ([STEP, FAILED], "failed"),
        ([STEP, STOPPED, STEP], "crashed"),  # resumed, then killed
        ([STOPPED, STEP, FINISHED], "finished"),
    ],
)
def test_the_state_is_the_last_thing_that_was_said(run: Run, events: list[Event], state: str) -> None:
    write_events(run, *events)
    assert run.state == state


def test_a_damaged_report_is_said_to_be(run: Run) -> None:
    (run.path / "report.json").write_text('{"classes": []}')
    with pytest.raises(UserError, match="is damaged"):
        run.report()


# Who trains in it


def test_a_run_is_running_while_its_process_lives(run: Run) -> None:
    write_events(run, STOPPED)
    with another_process_trains_in(run.path):
        assert run.state == "running"
    assert Run(run.path).state == "crashed"  # killed, although the last thing said was from before


def test_a_second_training_in_the_folder_is_refused(run: Run) -> None:
    with another_process_trains_in(run.path):
        with pytest.raises(UserError, match="is going on"):
            list(run_folder.record(run.settings))
        assert run.events() == []
        assert run.state == "running"


def test_the_lock_of_a_killed_process_is_taken_over(run: Run) -> None:
    with another_process_trains_in(run.path) as process:
        process.kill()
        process.wait()
        with lock.hold(run.path):
            assert run.state == "running"
    assert Run(run.path).state == "new"


def test_a_lock_that_cannot_be_given_back_hides_nothing(run: Run) -> None:
    with lock.hold(run.path):
        (run.path / "lock").unlink()
        (run.path / "lock").mkdir()  # as on a drive that was unplugged: it cannot be removed


def test_a_process_that_only_has_the_same_number_is_another(run: Run) -> None:
    with lock.hold(run.path):
        owner = json.loads((run.path / "lock").read_text())
        assert owner["pid"] == os.getpid()
        (run.path / "lock").write_text(json.dumps({**owner, "born": owner["born"] - 2}))
        assert lock.holder(run.path) == "dead"


def test_a_clock_that_is_set_ends_no_training(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with another_process_trains_in(run.path):
        if sys.platform == "linux":  # where psutil reckons from when the computer was started, by the wall clock
            create_time = psutil.Process.create_time
            monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
        assert lock.holder(run.path) == "alive"


def test_a_wish_to_stop_is_for_the_training_that_goes_on_now(run: Run) -> None:
    lock.ask_to_stop(run.path)
    with lock.hold(run.path):
        assert not lock.asked_to_stop(run.path)
        lock.ask_to_stop(run.path)
        assert lock.asked_to_stop(run.path)


# Recording one: the real engine


def test_every_event_is_on_disk_before_it_is_told(run: Run, trained: Path) -> None:
    told = []
    for event in run_folder.record(run.settings):
        told.append(event)
        assert run.last_event() == event
        assert run.state == "running"
    (started,) = [event for event in told if isinstance(event, Started)]
    assert json.loads((run.path / "run.json").read_bytes())["fingerprint"] == started.fingerprint
    assert isinstance(told[-1], Finished)
    assert sum(isinstance(event, Finished | Stopped | Failed) for event in told) == 1
    assert run.events() == told
    assert run.state == "finished"
    report = run.report()
    assert report is not None
    assert report.test == told[-1].test
    times = [json.loads(line)["time"] for line in (run.path / "events.jsonl").read_text().splitlines()]
    assert times == sorted(times)
    # The same photos and the same seed, elsewhere and in another process: the same weights
    assert (run.path / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()


def test_a_mistake_in_the_data_is_told_not_raised(tmp_path: Path) -> None:
    settings = run_folder.create(Settings(data=str(tmp_path / "gone"), run_dir=str(tmp_path / "run")))
    (failed,) = run_folder.record(settings)
    assert isinstance(failed, Failed)
    assert not failed.bug
    run = Run(tmp_path / "run")
    assert run.state == "failed"
    assert run.events() == [failed]
    assert not run.log.exists()


def test_a_torn_line_of_a_crash_is_cut_off_before_the_run_goes_on(tmp_path: Path) -> None:
    run = Run(Path(run_folder.create(Settings(data=str(tmp_path / "gone"), run_dir=str(tmp_path / "run"))).run_dir))
    write_events(run, STEP, torn='{"event": "Ste')
    (failed,) = run_folder.record(run.settings)
    assert run.events() == [STEP, failed]
    assert len((run.path / "events.jsonl").read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_with_its_place(run: Run) -> None:
    (run.path / "events.jsonl").symlink_to("/dev/full")
    (failed,) = run_folder.record(run.settings)
    assert isinstance(failed, Failed)
    assert not failed.bug
    assert "disk is full" in failed.messages[0]
    assert str(run.path) in failed.messages[0]


def test_a_place_that_cannot_be_written_any_more_is_told(run: Run) -> None:
    (run.path / "model.safetensors").mkdir()  # stands for a drive that is gone or write-protected
    *_, failed = run_folder.record(run.settings)
    assert isinstance(failed, Failed)
    assert not failed.bug
    assert "model.safetensors cannot be read or written" in failed.messages[0]
    assert "then go on with this run" in failed.messages[0]
    assert "Traceback" in run.log.read_text(encoding="utf-8")


def test_a_bug_leaves_its_traceback_in_the_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("resnet_finetune.engine.train.gather", broken)
    *_, failed = run_folder.record(run.settings)
    assert isinstance(failed, Failed)
    assert failed.bug
    assert str(run.log) in failed.messages[0]
    assert "Traceback" in run.log.read_text(encoding="utf-8")
    assert run.state == "failed"


def test_half_written_files_of_a_kill_are_swept_away(run: Run) -> None:
    for folder in (run.path, run.path / "checkpoint"):
        folder.mkdir(exist_ok=True)
        (folder / ".model.safetensors.0a1b2c3d.unfinished").write_bytes(b"half")
    shutil.rmtree(run.settings.data)
    list(run_folder.record(run.settings))
    assert list(run.path.rglob("*.unfinished")) == []


def test_a_name_and_a_deletion_are_kept_in_the_folder(run: Run) -> None:
    assert run.title == "run"
    history.rename(run, "  Apples   and pears ")
    assert run.title == Run(run.path).title == "Apples and pears"
    assert run.settings.run_dir == str(run.path)
    history.rename(run, "")
    assert run.title == "run"


def test_a_deleted_run_can_be_brought_back(run: Run) -> None:
    history.delete(run)
    assert run_folder.list_runs() == [] and run_folder.list_runs(deleted=True) == [run]
    history.restore(run)
    assert run_folder.list_runs() == [run] and run_folder.list_runs(deleted=True) == []


def test_what_was_deleted_long_ago_is_erased_and_the_persons_own_files_stay(run: Run) -> None:
    own = run.path / "my notes.txt"
    own.write_text("mine")
    (run.path / "checkpoint").mkdir()
    (run.path / "checkpoint" / "000001-00.safetensors").write_bytes(b"state")
    history.delete(run)
    history.erase_old()
    assert run_folder.list_runs(deleted=True) == [run]
    long_ago = time.time() - (history.DAYS + 1) * 24 * 60 * 60
    os.utime(run.path / "deleted", (long_ago, long_ago))
    with lock.hold(run.path):  # somebody goes on with it
        history.erase_old()
    assert run_folder.list_runs(deleted=True) == [run]
    history.erase_old()
    assert list(run.path.iterdir()) == [own]


def test_a_deleted_run_that_is_gone_on_with_is_brought_back(run: Run) -> None:
    history.delete(run)
    list(run_folder._recorded(run, replace(run.settings, preset="none such"), lambda: False))
    assert run_folder.list_runs() == [run]


def test_everything_that_a_run_writes_is_known_by_name(trained: Path) -> None:
    """Or an erased run would leave something behind, and a packed one lack it."""
    assert {path.name for path in trained.iterdir()} <= {*run_folder.FILES, ".guard"}


def test_a_run_that_is_trained_is_not_renamed_or_deleted(run: Run) -> None:
    with another_process_trains_in(run.path):
        with pytest.raises(UserError, match="is being trained: stop it first"):
            history.rename(run, "another")
        with pytest.raises(UserError, match="is being trained: stop it first"):
            history.delete(run)
    assert run_folder.list_runs() == [run]

"""Training in the background: real child processes, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from resnet_finetune.runs import jobs, lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Finished, FirstAnswer, Stopped
from resnet_finetune.words.settings import Settings

LONG = 60.0  # minutes: longer than any test here


@pytest.fixture(autouse=True)
def nothing_goes_on_afterwards(home: Path) -> Iterator[None]:
    yield
    run = jobs.current()
    if run is not None:
        worker(run).kill()


def wait_for(what: Callable[[], bool], run: Run) -> None:
    """A hung test is worth nothing, a timed one even less: ten minutes is only where hope ends."""
    for _ in range(12_000):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain; the log says: {run.log.read_text(encoding='utf-8')}")


def wait_for_event(run: Run, kind: type[Event]) -> None:
    wait_for(lambda: any(isinstance(event, kind) for event in run.events()), run)


def wait_until_it_ends(run: Run) -> None:
    wait_for(lambda: run.state != "running", run)


def worker(run: Run) -> psutil.Process:
    return psutil.Process(json.loads((run.path / "lock").read_text())["pid"])


def test_a_job_outlives_whoever_started_it(few_photos: Path, home: Path) -> None:
    code = f"""
from resnet_finetune.runs import jobs
from resnet_finetune.words.settings import Settings
print(jobs.start(Settings(data={str(few_photos)!r})).path)
"""
    page = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    run = Run(Path(page.stdout.strip()))
    assert run.path.parent == home / "runs"
    assert jobs.current() == run
    wait_until_it_ends(run)
    assert run.state == "finished"
    assert isinstance(run.last_event(), Finished)
    wait_for(lambda: '"state": "finished"' in run.log.read_text(encoding="utf-8"), run)  # its last word, once all is written
    assert jobs.current() is None


def test_one_training_at_a_time_stopped_and_resumed(photos: Path) -> None:
    run = jobs.start(Settings(data=str(photos), minutes=LONG))
    assert run.state == "running"
    with pytest.raises(UserError, match="is going on already"):
        jobs.start(Settings(data=str(photos)))
    with pytest.raises(UserError, match="is going on already"):
        jobs.resume(run)

    wait_for_event(run, FirstAnswer)
    jobs.stop(run)
    wait_until_it_ends(run)
    end = run.last_event()
    assert isinstance(end, Stopped)
    assert end.test is not None
    assert run.report() is not None

    before = len(run.events())
    assert jobs.resume(run) == run
    wait_for(lambda: len(run.events()) > before, run)
    assert not lock.asked_to_stop(run.path)
    jobs.stop(run)
    wait_until_it_ends(run)
    assert run.state in ("stopped", "finished")


def test_a_double_click_starts_one_training(photos: Path) -> None:
    started: list[Run] = []
    refused: list[UserError] = []

    def click() -> None:
        try:
            started.append(jobs.start(Settings(data=str(photos), minutes=LONG)))
        except UserError as error:
            refused.append(error)

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    (run,) = started
    assert len(refused) == 3
    assert len(list(run.path.parent.iterdir())) == 1


def test_a_mistake_ends_the_job_with_a_sentence(tmp_path: Path) -> None:
    run = jobs.start(Settings(data=str(tmp_path / "gone")))
    wait_until_it_ends(run)
    assert run.state == "failed"
    with pytest.raises(UserError, match="resnet19"):
        jobs.start(Settings(model="resnet19"))
    assert jobs.current() is None


def test_a_home_that_cannot_be_written_to_is_told(home: Path) -> None:
    home.write_text("a file where the folder should be")
    try:
        with pytest.raises(UserError, match="app’s own folder"):
            jobs.start(Settings(data="demo"))
    finally:
        home.unlink()


def test_a_run_that_was_deleted_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        jobs.resume(Run(tmp_path / "gone"))


@pytest.mark.skipif(os.name == "nt", reason="needs an environment variable that Windows treats otherwise")
def test_a_process_that_cannot_start_is_told(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # the child finds no standard library
    with pytest.raises(UserError, match="did not start"):
        jobs.start(Settings(data=str(photos)))
    assert jobs.current() is None


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_breaks_down_is_seen_with_its_signal_and_where(photos: Path, number: signal.Signals) -> None:
    run = jobs.start(Settings(data=str(photos), minutes=LONG))
    wait_for(lambda: run.last_event() is not None, run)
    worker(run).send_signal(number)
    wait_until_it_ends(run)
    wait_for(lambda: run.exit_code is not None, run)
    assert (run.state, run.exit_code) == ("crashed", -number)
    assert jobs.current() is None
    broke_down = "Fatal Python error: Segmentation fault" in run.log.read_text(encoding="utf-8")
    assert broke_down == (number == signal.SIGSEGV)

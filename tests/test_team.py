"""Two processes that train one network, by Accelerate over gloo: what comes out, who writes, and who dies.

``accelerate launch`` starts several processes on a CPU only through MPI; torchrun, which it uses for GPUs, does it by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from conftest import ROOT, make_photos
from torch import nn

from resnet_finetune.engine.team import Order, Team
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.events import Epoch, Failed, Finished, FirstAnswer, Started, Step

pytestmark = pytest.mark.skipif(os.name != "posix", reason="gloo over several processes is tested where CI runs")

LAUNCH = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "resnet_finetune")


@contextmanager
def launched(home: Path, *train: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A training by two processes. None of them is left."""
    log = home / "team.log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [*LAUNCH, "train", *map(str, train)],
            cwd=ROOT,
            env={**os.environ, "RESNET_FINETUNE_HOME": str(home), "OMP_NUM_THREADS": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as team,
    ):
        yield team
        assert team.wait(300) is not None, log.read_text()
        for process in psutil.process_iter(["cmdline"]):
            assert str(home / "run") not in (process.info["cmdline"] or []), "a process was left"


def members(run: Path) -> list[psutil.Process]:
    """The lead and the helper: not the launcher."""
    found = [process for process in psutil.process_iter(["cmdline"]) if str(run) in (process.info["cmdline"] or [])]
    return [process for process in found if "torch.distributed.run" not in process.info["cmdline"]]


def wait_for_a_step(run: Run, team: subprocess.Popen[str], sittings: int) -> None:
    """Until the training is in the middle of an epoch, after it was started so many times."""
    while True:
        events = run.events() if (run.path / "events.jsonl").exists() else []
        started = [number for number, event in enumerate(events) if isinstance(event, Started)]
        if len(started) == sittings and any(isinstance(event, Step) for event in events[started[-1] :]):
            return
        assert team.poll() is None, run.path
        time.sleep(0.2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Path:
    """The photos of ``trained``, trained on by two processes."""
    home = tmp_path_factory.mktemp("team")
    with launched(home, trained.parent / "photos", "--run-dir", home / "run") as team:
        assert team.wait(900) == 0, (home / "team.log").read_text()
    return home / "run"


def test_two_processes_compute_what_one_does(finished: Path, trained: Path) -> None:
    ours, alone = ([event for event in Run(run).events() if isinstance(event, Epoch)] for run in (finished, trained))
    assert [epoch.epoch for epoch in ours] == [epoch.epoch for epoch in alone]
    for one, other in zip(ours, alone, strict=True):  # bfloat16 and other sums: the third digit
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=0.02, abs=1e-3)
        if one.train_loss is not None:
            assert one.train_loss == pytest.approx(other.train_loss, rel=0.02)


def test_every_photo_is_counted_once(finished: Path, trained: Path) -> None:
    report, alone = Run(finished).report(), Run(trained).report()
    assert report and alone
    assert [photo.path for photo in report.judged] == [photo.path for photo in alone.judged]
    first = next(event for event in Run(finished).events() if isinstance(event, FirstAnswer))
    assert np.sum(first.confusion) == first.validation.n == 9


def test_one_process_writes_and_tells(finished: Path) -> None:
    events = Run(finished).events()
    assert [type(event) for event in events].count(Started) == 1
    assert isinstance(events[-1], Finished)
    assert next(event for event in events if isinstance(event, Started)).device.endswith("2 processes")
    said = (finished.parent / "team.log").read_text()
    assert said.count("First answer after") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize("who", [pytest.param(0, marks=pytest.mark.long, id="the lead"), pytest.param(1, id="the helper")])
def test_a_killed_process_ends_the_training_and_it_can_go_on(tmp_path: Path, who: int) -> None:
    photos, run = make_photos(tmp_path / "photos"), Run(tmp_path / "run")
    with launched(tmp_path, photos, "--run-dir", run.path, "--minutes", "60") as team:
        wait_for_a_step(run, team, sittings=1)
        ranks = {int(process.environ()["RANK"]): process for process in members(run.path)}
        ranks[who].send_signal(signal.SIGKILL)
        assert team.wait(300) != 0
    last = run.last_event()
    if who == 1 and isinstance(last, Failed):  # else the launcher ended the lead before it had noticed
        assert "Another process of this training ended" in last.messages[0]
    assert run.state in ("crashed", "failed", "stopped")
    assert (run.path / "model.safetensors").is_file()
    with launched(tmp_path, "--resume", run.path) as team:
        wait_for_a_step(run, team, sittings=2)
        os.kill(next(process.pid for process in members(run.path) if process.environ()["RANK"] == "0"), signal.SIGTERM)
        team.wait(300)


def test_a_mistake_in_the_photos_ends_both(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["cats"])
    with launched(tmp_path, photos, "--run-dir", tmp_path / "run") as team:
        assert team.wait(300) != 0
    assert "All 18 photos lie in one folder, cats" in (tmp_path / "team.log").read_text()


# --- Alone ---------------------------------------------------------------------------------------------------------------


def test_alone_nothing_is_sent_and_everything_is_ones_own() -> None:
    team = Team()
    assert team.leads and team.size == 1
    assert team.share(7) == slice(0, 7)
    assert team.order(Order.LEARN, 7, 208, 1.0) == (Order.LEARN, [7.0, 208.0, 1.0])
    assert team.text("words ä") == "words ä"
    assert team.photos(np.array([3, 1]), 2).tolist() == [3, 1]
    answers = torch.ones(2, 3)
    assert team.answers(answers, 2) is answers
    assert team.gradient(nn.Linear(2, 2), 0.5) == 0.5
    assert not team.working


@pytest.mark.parametrize("photos", [0, 1, 2, 5, 16])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_shares_are_even_and_everything_is_shared_out(photos: int, size: int) -> None:
    team = Team()
    team.size = size
    shared = []
    for team.rank in range(size):
        own = range(photos)[team.share(photos)]
        assert photos // size <= len(own) <= photos // size + 1
        shared += list(own)
    assert shared == list(range(photos))

"""A run that is interrupted, by a real signal to a real process, and gone on with ends with the very same weights."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, Cli

from resnet_finetune.engine.plan import PRESETS
from resnet_finetune.model.gallery import FEATURES, NAMES
from resnet_finetune.model.saved_model import ABOUT, load_model
from resnet_finetune.runs import lock, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.events import Epoch, Event, Finished, Started, Stopped
from resnet_finetune.words.settings import Settings

Moment = Callable[[Event], bool]
MOMENTS: dict[str, Moment] = {
    "during the first answer": lambda event: isinstance(event, Started),
    "in mid-epoch": lambda event: isinstance(event, Epoch) and event.epoch == 2,  # the third has begun
    "during evaluation": lambda event: isinstance(event, Epoch) and event.epoch == PRESETS["quick"].epochs,
}


# It waits in the third epoch, so that whoever is slow does not come when all is over.
WAITING = """
import sys, time
from itertools import count
from resnet_finetune.cli import main
from resnet_finetune.engine import loop
one_batch, steps = loop.one_batch, count()
def waiting(*given):
    if next(steps) == 4:
        time.sleep(600)
    return one_batch(*given)
loop.one_batch = waiting
sys.exit(main(sys.argv[1:]))
"""


def kill(process: subprocess.Popen[bytes], run: Run) -> None:
    process.kill()


def terminate(process: subprocess.Popen[bytes], run: Run) -> None:
    process.send_signal(signal.SIGTERM)


def stop(process: subprocess.Popen[bytes], run: Run) -> None:
    lock.ask_to_stop(run.path)


def weights_of(run: Path) -> str:
    return hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("interrupt", "moment"),
    [
        pytest.param(kill, "during the first answer", marks=pytest.mark.long),
        (kill, "in mid-epoch"),
        pytest.param(kill, "during evaluation", marks=pytest.mark.long),
        pytest.param(terminate, "in mid-epoch", marks=pytest.mark.long),
        pytest.param(terminate, "during the first answer", marks=pytest.mark.long),
        pytest.param(terminate, "during evaluation", marks=pytest.mark.long),
        pytest.param(stop, "during the first answer", marks=pytest.mark.long),
        pytest.param(stop, "in mid-epoch", marks=pytest.mark.long),
        pytest.param(stop, "during evaluation", marks=pytest.mark.long),
    ],
)
def test_interrupted_and_gone_on_with_is_as_never_interrupted(
    interrupt: Callable[[subprocess.Popen[bytes], Run], None],
    moment: str,
    photos: Path,
    trained: Path,
    tmp_path: Path,
    cli: Cli,
    home: Path,
) -> None:
    run = Run(tmp_path / "run")
    before = psutil.Process().children(recursive=True)  # the page's server, where other files have asked for it
    command = ["-c", WAITING] if (interrupt, moment) == (kill, "in mid-epoch") else ["-m", "resnet_finetune"]
    with subprocess.Popen(
        [sys.executable, *command, "train", photos, "--run-dir", run.path],
        cwd=ROOT,
        env={**os.environ, "RESNET_FINETUNE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not any(map(MOMENTS[moment], run.events())):
            assert process.poll() is None
            time.sleep(0.005)
        interrupt(process, run)
        process.wait(60)
        assert psutil.Process().children(recursive=True) == before
    if interrupt is kill:
        assert run.state == "crashed"
    else:  # the test, once it has begun, is brought to its end
        assert isinstance(run.last_event(), Stopped | Finished)

    done = cli("train", "--resume", run.path)
    assert done.returncode == 0, done.stderr
    assert isinstance(run.last_event(), Finished)
    assert weights_of(run.path) == weights_of(trained)
    for name in (ABOUT, FEATURES, NAMES):
        assert (run.path / name).read_bytes() == (trained / name).read_bytes()


SMALL_DISK = """
import resource, sys
from resnet_finetune.cli import main
from resnet_finetune.engine import loop
loop.SAVE_PERIOD = -1.0  # there is a checkpoint after every epoch, however short
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # no file becomes larger: to who writes it, the disk is full
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
@pytest.mark.parametrize(
    ("most", "place", "megabytes", "has_model"),
    [
        pytest.param(30_000_000, "run", 45, False, marks=pytest.mark.long, id="no room for the model"),
        pytest.param(100_000_000, "run/checkpoint", 134, True, id="no room for a checkpoint"),
    ],
)
def test_a_full_disk_loses_nothing_and_is_told_with_what_is_needed_and_where(
    most: int, place: str, megabytes: int, has_model: bool, photos: Path, trained: Path, tmp_path: Path, cli: Cli, home: Path
) -> None:
    run = tmp_path / "run"
    full = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(most), "train", photos, "--run-dir", run],
        cwd=ROOT,
        env={**os.environ, "RESNET_FINETUNE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert full.returncode == 1
    said = full.stderr.splitlines()[-1]
    assert said.startswith(f"The disk is full ({tmp_path / place}). {megabytes} MB are needed there.")
    assert said.endswith("make room, then go on with this run.")
    assert list(run.rglob("*.unfinished")) == []
    if has_model:
        assert load_model(run).classes == ["blue", "green", "red"]

    done = cli("train", "--resume", run)
    assert done.returncode == 0, done.stderr
    assert weights_of(run) == weights_of(trained)


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_disk_on_which_not_even_the_end_can_be_told_is_told_to_who_trains(photos: Path, tmp_path: Path, home: Path) -> None:
    run = tmp_path / "run"
    run_folder.create(Settings(data=str(photos), run_dir=str(run)))
    (run / "events.jsonl").write_bytes(b"{}\n" * 1000)
    full = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, "3000", "train", "--resume", run, "--json"],
        cwd=ROOT,
        env={**os.environ, "RESNET_FINETUNE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in full.stderr
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].startswith("The disk is full")
    answer = json.loads(full.stdout.splitlines()[-1])
    assert (answer["state"], len(answer["error"])) == ("failed", 1)


def test_a_run_folder_that_cannot_be_written_is_told(photos: Path, tmp_path: Path, cli: Cli) -> None:
    run = tmp_path / "run"
    run_folder.create(Settings(data=str(photos), run_dir=str(run)))
    (run / "stop").mkdir()  # it cannot be removed
    done = cli("train", "--resume", run)
    assert done.returncode == 1
    assert f"{run / 'stop'} cannot be read or written" in done.stderr

"""Training as a child process that outlives the page, one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

import resnet_finetune
from resnet_finetune.runs import lock, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.settings import Settings


def start(settings: Settings, name: str = "") -> Run:
    """Begin a new run in the background, called ``name``; it is under way when this returns.

    Raises:
        UserError: a training is going on, a setting is wrong, a folder cannot be written, or the process did not start.
    """
    with _one_at_a_time():
        run = Run(Path(run_folder.create(settings, name).run_dir))
        _launch(run)
    return run


def resume(run: Run) -> Run:
    """Go on with a run that was stopped, failed or crashed. Raises ``UserError`` as ``start`` does."""
    with _one_at_a_time():
        _launch(run)
    return run


def current() -> Run | None:
    """The run that is going on now, whoever started it."""
    return next((run for run in run_folder.find_runs() if lock.holder(run.path) == "alive"), None)


def stop(run: Run) -> None:
    """Ask the training to end early. It keeps the best model so far, tests it and writes all results."""
    lock.ask_to_stop(run.path)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """From asking whether a training is going on to having started one, nobody else may ask: no double click starts two."""
    try:
        own_folder(home())
        starting = FileLock(home() / "starting.lock").acquire()
    except OSError as error:
        raise UserError(
            say(
                "Nothing can be written to the app’s own folder {folder} ({reason}): check the drive and rights.",
                folder=home(),
                reason=reason(error),
            )
        ) from error
    with starting:
        going = current()
        if going is not None:
            raise UserError(
                say("A training is going on already ({name}): wait until it ends, or stop it first.", name=going.path.name)
            )
        yield


def _launch(run: Run) -> None:
    """Start the child and wait until it holds the run's lock, or has ended (a tenth of a second, seconds on a slow disk)."""
    try:
        log = run.log.open("ab")  # a file, not a pipe: nobody needs to read it for the child to go on
    except OSError as error:
        raise UserError(
            say(
                "{path} cannot be written ({reason}): put the folder back, or train again.", path=run.path, reason=reason(error)
            )
        ) from error
    with log:
        child = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "resnet_finetune", "train", "--resume", str(run.path), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=Path(resnet_finetune.__file__).parents[1],  # so that -m finds the package without it being installed
            env={**os.environ, "PYTHONUTF8": "1"},
            start_new_session=os.name == "posix",  # closing the terminal or Ctrl-C on the page leaves the training alone
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    threading.Thread(target=_wait, args=(child, run.path), daemon=True).start()
    while child.poll() is None and lock.holder(run.path) != "alive":
        time.sleep(0.02)
    if child.poll() is not None and run.state == "new":
        raise UserError(say("The training process did not start: the reason is in {log}.", log=run.log))


def _wait(child: subprocess.Popen[bytes], folder: Path) -> None:
    """Or it stays a zombie when it ends before the page does. How it ended is noted, should it have been killed."""
    code = child.wait()
    with suppress(OSError):  # the folder may be gone; then there is nothing left to explain
        lock.note_exit(folder, child.pid, code)

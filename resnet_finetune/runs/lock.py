"""Who is training in a run folder, and whether they were asked to stop.

The lock names a process by its number *and* its start time, so that neither a crash nor a reused number leaves a folder locked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psutil
from filelock import FileLock

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

_LOCK = "lock"
_STOP = "stop"
_GUARD = ".guard"  # held for the moment in which the lock is looked at and taken
_CLOCK_STEP = 60.0  # seconds; start times follow the wall clock, and that may be set right during a run


def holder(folder: Path) -> Literal["none", "alive", "dead"]:
    """The process that took ``folder`` to train in it. Cheap enough to ask every second."""
    try:
        owner = disk.read_json(folder / _LOCK)
    except (FileNotFoundError, NotADirectoryError):
        return "none"
    try:
        process = psutil.Process(owner["pid"])
        same = abs(process.create_time() - owner["started"]) < _CLOCK_STEP
        return "alive" if same and process.status() != psutil.STATUS_ZOMBIE else "dead"
    except psutil.NoSuchProcess:
        return "dead"


def note_exit(folder: Path, pid: int, code: int) -> None:
    """How the process ``pid`` ended, if it ended without giving the lock back. Negative: by that signal."""
    with FileLock(folder / _GUARD):
        try:
            owner = disk.read_json(folder / _LOCK)
        except (FileNotFoundError, NotADirectoryError):
            return
        if owner["pid"] == pid:
            disk.write_json(folder / _LOCK, owner | {"exit": code})


def exit_code(folder: Path) -> int | None:
    """How the process that still has the lock ended, where somebody saw it."""
    try:
        code: int | None = disk.read_json(folder / _LOCK).get("exit")
        return code
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Be the one process that trains in ``folder``. An earlier wish to stop is forgotten.

    Raises:
        UserError: another training is going on in this folder.
    """
    with FileLock(folder / _GUARD):
        if holder(folder) == "alive":
            raise UserError(say("A training is going on in {folder} already: wait until it ends, or stop it.", folder=folder))
        (folder / _STOP).unlink(missing_ok=True)
        me = psutil.Process()
        disk.write_json(folder / _LOCK, {"pid": me.pid, "started": me.create_time()})
    try:
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)


def ask_to_stop(folder: Path) -> None:
    (folder / _STOP).touch()


def asked_to_stop(folder: Path) -> bool:
    return (folder / _STOP).exists()

"""Who is training in a run folder, and whether they were asked to stop.

The lock names a process by its number *and* its start time, so that neither a crash nor a reused number leaves a folder locked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import psutil
from filelock import FileLock

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.fitting import fitted
from resnet_finetune.words.language import say

_LOCK = "lock"
_STOP = "stop"
_GUARD = ".guard"  # held for the moment in which the lock is looked at and taken
_CLOCK_STEP = 60.0  # seconds; start times follow the wall clock, and that may be set right during a run


@dataclass(frozen=True, kw_only=True)
class _Owner:
    pid: int
    started: float  # seconds since 1970
    exit: int | None = None  # how it ended, where somebody saw it


def _owner(folder: Path) -> _Owner | None:
    """The process that has the lock. Raises ``ValueError`` when that is damaged."""
    try:
        owner: _Owner = fitted(_Owner, disk.read_json(folder / _LOCK))
        return owner
    except (FileNotFoundError, NotADirectoryError):
        return None


def holder(folder: Path) -> Literal["none", "alive", "dead"]:
    """The process that took ``folder`` to train in it. Cheap enough to ask every second."""
    try:
        owner = _owner(folder)
        if owner is None:
            return "none"
        process = psutil.Process(owner.pid)
        same = abs(process.create_time() - owner.started) < _CLOCK_STEP
        return "alive" if same and process.status() != psutil.STATUS_ZOMBIE else "dead"
    except (psutil.Error, ValueError, OverflowError):  # or the lock is damaged: no process of ours wrote that
        return "dead"


def note_exit(folder: Path, pid: int, code: int) -> None:
    """How the process ``pid`` ended, if it ended without giving the lock back. Negative: by that signal."""
    with FileLock(folder / _GUARD):
        owner = _owner(folder)
        if owner and owner.pid == pid:
            disk.write_json(folder / _LOCK, asdict(replace(owner, exit=code)))


def exit_code(folder: Path) -> int | None:
    """How the process that still has the lock ended, where somebody saw it."""
    try:
        owner = _owner(folder)
    except ValueError:
        return None
    return owner.exit if owner else None


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
        disk.write_json(folder / _LOCK, asdict(_Owner(pid=me.pid, started=me.create_time())))
    try:
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)


def ask_to_stop(folder: Path) -> None:
    (folder / _STOP).touch()


def asked_to_stop(folder: Path) -> bool:
    return (folder / _STOP).exists()

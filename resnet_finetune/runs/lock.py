"""Who is training in a run folder, and whether they were asked to stop.

The lock names a process by its number *and* its start time, so that neither a crash nor a reused number leaves a folder locked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@dataclass(frozen=True, kw_only=True)
class _Owner:
    pid: int
    born: float  # as ``_born`` tells it
    exit: int | None = None  # how it ended, where somebody saw it
    parent: int | None = None  # on Windows a launcher, which is what was started and is seen to end, if Python is in a venv


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
        same = abs(_born(process) - owner.born) < 1
        return "alive" if same and process.status() != psutil.STATUS_ZOMBIE else "dead"
    except (psutil.Error, ValueError, OverflowError):  # or the lock is damaged: no process of ours wrote that
        return "dead"


def _born(process: psutil.Process) -> float:
    """When it began, in seconds by a clock that is never set: on Linux since the computer was started, elsewhere since 1970.

    On Linux psutil's own answer moves with the wall clock, and a computer that has slept sets that by hours.
    """
    if sys.platform != "linux":
        return process.create_time()
    try:
        about = Path(f"/proc/{process.pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(process.pid) from error
    return int(about.rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): field 22; the name is field 2


def note_exit(folder: Path, pid: int, code: int) -> None:
    """How the process ``pid`` ended, if it ended without giving the lock back. Negative: by that signal."""
    with FileLock(folder / _GUARD):
        owner = _owner(folder)
        if owner and pid in (owner.pid, owner.parent):
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
        disk.remove(folder / _STOP)
        me = psutil.Process()
        disk.write_json(folder / _LOCK, asdict(_Owner(pid=me.pid, born=_born(me), parent=me.ppid())))
    try:
        yield
    finally:
        with suppress(OSError):  # a drive that was unplugged: the run then reads as crashed, and goes on as well
            disk.remove(folder / _LOCK)


def ask_to_stop(folder: Path) -> None:
    (folder / _STOP).touch()


def asked_to_stop(folder: Path) -> bool:
    return (folder / _STOP).exists()

"""A run on disk: how it is made, what it says while it goes on, and in which state it is.

    run.json            settings, seed, versions, when it was made; the data's fingerprint once they were read; its name, if
                        the person gave it one
    events.jsonl        one event a line, only ever appended to
    lock, stop          who trains here now; that they should stop
    deleted             the person threw the run away; until it is erased it can be brought back
    log.txt             what the training process printed, and the traceback of a bug

The model, the report and the checkpoint in the same folder are the engine's.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import BinaryIO, Literal

import resnet_finetune
from resnet_finetune.data.intake import called
from resnet_finetune.data.problems import listed
from resnet_finetune.model import catalog
from resnet_finetune.runs import lock
from resnet_finetune.words import corrections, disk, servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import (
    Event,
    Failed,
    Finished,
    Progress,
    Score,
    Started,
    Step,
    Stopped,
    from_json,
    to_json,
)
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import joined, reason, say
from resnet_finetune.words.report import REPORT, Report, read_report
from resnet_finetune.words.settings import Settings

State = Literal["new", "running", "finished", "stopped", "failed", "crashed"]
UNFINISHED = ("stopped", "failed", "crashed")  # and can be gone on with

RUN = "run.json"
DELETED = "deleted"
CHECKPOINT = "checkpoint"
# All that a run writes into its folder and that stays, but what ``CHECKPOINT`` holds.
FILES = (
    "run.json", "events.jsonl", "report.json", "model.json", "model.safetensors", "features.json", "features.safetensors",
    "photo_map.json", "blocks.json", "photos.json", "corrections.json", "left_out.json", "verdicts.json", "log.txt",
)  # fmt: skip
LONGEST_NAME = 80  # characters
_EVENTS = "events.jsonl"
LOG = "log.txt"


@dataclass(frozen=True)
class Run:
    """A run folder, read. Nothing is kept in memory but what never changes."""

    path: Path

    @cached_property
    def _about(self) -> tuple[Settings, datetime]:
        try:
            about = disk.read_json(self.path / RUN)
            settings, created = Settings.from_json(about["settings"]), datetime.fromisoformat(about["created"])
            if settings.model not in catalog.names() or created.tzinfo is None:
                raise ValueError("of another version, or of no app at all")
            return replace(settings, run_dir=str(self.path)), created  # it may have moved
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(say("{path} holds no run: name the folder that a training wrote.", path=self.path)) from None
        except (ValueError, KeyError, TypeError):
            raise UserError(say("{path} is damaged: put back a copy of it, or train again.", path=self.path / RUN)) from None

    @property
    def settings(self) -> Settings:
        """Raises ``UserError`` when the folder holds no run, as ``created`` does."""
        return self._about[0]

    @property
    def created(self) -> datetime:
        return self._about[1]

    @property
    def title(self) -> str:
        """What the person calls it, or else the name of its folder. Read anew each time: it can be renamed."""
        try:
            name = disk.read_json(self.path / RUN).get("name")
        except (OSError, ValueError, AttributeError):
            name = None
        return name[:LONGEST_NAME] if isinstance(name, str) and name else self.path.name

    @property
    def deleted(self) -> bool:
        return (self.path / DELETED).exists()

    @property
    def log(self) -> Path:
        return self.path / LOG

    def events(self) -> list[Event]:
        return self.events_since(0)[0]

    def events_since(self, byte: int) -> tuple[list[Event], int]:
        """The events after ``byte`` and where to read on: 0 at first, then what the last call returned.

        A line that is still being written is left for the next call. A line that is no event is passed over: a power
        cut can leave one, and the rest of the run is worth reading.
        """
        try:
            with (self.path / _EVENTS).open("rb") as file:
                file.seek(byte)
                text = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return [], 0
        whole = text[: text.rfind(b"\n") + 1]
        events = [event for line in whole.splitlines() if (event := _parse(line)) is not None]
        return events, byte + len(whole)

    def last_event(self) -> Event | None:
        """Read from the end of the file, however long it has grown."""
        try:
            file = (self.path / _EVENTS).open("rb")
        except (FileNotFoundError, NotADirectoryError):
            return None
        with file:
            size = file.seek(0, os.SEEK_END)
            block = 4096  # bytes
            while True:
                start = max(0, size - block)
                file.seek(start)
                lines = file.read().split(b"\n")[:-1]  # what follows the last line end is not whole
                for line in reversed(lines if start == 0 else lines[1:]):
                    if (event := _parse(line)) is not None:
                        return event
                if start == 0:
                    return None
                block *= 4

    @property
    def state(self) -> State:
        holder = lock.holder(self.path)  # asked first: a run that ends between the two questions has ended
        if holder == "alive":
            return "running"
        last = self.last_event()
        if holder == "dead" and not isinstance(last, Finished):  # a run that was killed after it had finished, has finished
            return "crashed"
        match last:
            case None:
                return "new"
            case Finished():
                return "finished"
            case Stopped():
                return "stopped"
            case Failed():
                return "failed"
            case _:
                return "crashed"

    @property
    def exit_code(self) -> int | None:
        """Of a crashed run, where it was seen: how its process ended; negative by that signal."""
        return lock.exit_code(self.path)

    @property
    def score(self) -> Score | None:
        """Of the model that it left, if it has ended. What an earlier sitting found holds as well when going on with it
        failed or broke off: its report is removed only for a better model.
        """
        end = self.last_event()
        if isinstance(end, Finished | Stopped):
            return end.test
        if self.state not in ("failed", "crashed"):
            return None
        try:
            return _tested(self.path, (self.path / REPORT).stat().st_mtime_ns)
        except (OSError, UserError):  # there is none, or it is damaged
            return None

    def report(self) -> Report | None:
        """The result, or None while there is none. Raises ``UserError`` when the file is damaged."""
        return read_report(self.path)


@lru_cache(maxsize=100)  # asked for at every look at the list, and a report may be large
def _tested(folder: Path, changed: int) -> Score | None:
    report = read_report(folder)
    return report.test if report else None


def create(settings: Settings, name: str = "") -> Settings:
    """Make the run folder and say in ``run.json`` what will be trained; the settings come back with absolute paths.

    Without a ``run_dir`` the folder gets a readable, unused name among the app's own runs. ``name`` is what the person calls
    it; else it is called by its folder.

    Raises:
        UserError: a setting is wrong, the folder holds a run already, or what is called as a run's files are; or it cannot be
            written.
    """
    servers.check(*settings.places)
    own_name = settings.run_dir == ""
    run_dir = _runs() if own_name else Path(settings.run_dir).absolute()
    settings = replace(settings.absolute(), run_dir=str(run_dir))
    settings.check(catalog.names())
    corrected = corrections.read(Path(settings.corrections)) if settings.corrections else None
    folder = Path(settings.run_dir)
    try:
        if own_name:
            folder = unused_folder(settings)
            settings = replace(settings, run_dir=str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / RUN).exists():
            raise UserError(
                say("{folder} holds a run already: choose another folder, or go on with that run by --resume.", folder=folder)
            )
        theirs = [name for name in (*FILES, CHECKPOINT) if (folder / name).exists()]
        if theirs:
            raise UserError(
                say(
                    "{folder} holds {names}, which the training would write over: choose another folder.",
                    folder=folder,
                    names=listed(theirs),
                )
            )
        about = {
            "settings": settings.to_json(),
            "seed": settings.seed,
            "created": datetime.now().astimezone().isoformat(timespec="microseconds"),
            "versions": _versions(),
            **({"name": name} if name else {}),
        }
        if corrected is not None:
            corrections.write(folder / corrections.FILE, corrected)
        disk.write_json(folder / RUN, about)
        if not own_name:
            _remember(folder)
    except OSError as error:
        raise UserError(
            say(
                "The run folder {folder} cannot be written ({reason}): choose another place.",
                folder=folder,
                reason=reason(error),
            )
        ) from error
    return settings


def record(settings: Settings, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Train in the folder that ``create`` made, or go on there: every event is on disk before it is yielded.

    Whatever goes wrong in the training becomes a last event, ``Failed``; a bug leaves its traceback in the log.

    Raises:
        UserError: the folder holds no run or cannot be written, or another training is going on in it.
    """
    run = Run(Path(settings.run_dir))
    try:
        yield from _recorded(run, settings, stop)
    except OSError as error:
        raise UserError(*_failure(run, error).messages) from error


def _recorded(run: Run, settings: Settings, stop: Callable[[], bool]) -> Iterator[Event]:
    events = run.path / _EVENTS
    if not (run.path / RUN).is_file():
        raise UserError(say("{path} holds no run: make it with 'create' first.", path=run.path))
    with lock.hold(run.path):
        disk.remove(run.path / DELETED)  # who goes on with it wants it back
        disk.sweep(run.path)
        try:
            from resnet_finetune.engine.train import fine_tune  # torch: seconds to import, not to be paid by a reader of runs

            for event in fine_tune(settings, lambda: stop() or lock.asked_to_stop(run.path)):
                if isinstance(event, Started):
                    disk.write_json(run.path / RUN, disk.read_json(run.path / RUN) | {"fingerprint": event.fingerprint})
                _append(events, event)
                yield event
            return
        except Exception as error:
            failed = _failure(run, error)
        with suppress(OSError):  # a full disk cannot be told so; the run then reads as crashed, and goes on as well
            _append(events, failed)
        yield failed


def list_runs(*, deleted: bool = False) -> list[Run]:
    """All runs this person made on this machine, or those that were ``deleted``, newest first.

    A folder whose ``run.json`` is damaged is no run.
    """
    runs = []
    for run in find_runs():
        if run.deleted != deleted:
            continue
        with suppress(UserError):
            runs.append((run.created, run))
    return [run for _, run in sorted(runs, key=lambda pair: pair[0], reverse=True)]


def find_runs() -> Iterator[Run]:
    """The same in no order, without opening any of them."""
    folders = {*_runs().glob("*/"), *_those_elsewhere()}
    # Path.is_file would raise for a drive that was unplugged.
    return (Run(folder) for folder in folders if os.path.isfile(folder / RUN))  # noqa: PTH113


def _failure(run: Run, error: Exception) -> Failed:
    if isinstance(error, UserError):
        return Failed(messages=list(error.messages), bug=False)
    if isinstance(error, OSError) and error.errno in disk.FULL:
        return Failed(messages=[_no_room(run, error)], bug=False)
    with suppress(OSError), run.log.open("a", encoding="utf-8", errors="backslashreplace") as log:
        log.write("".join(traceback.format_exception(error)))
    if isinstance(error, OSError):
        place = error.filename or run.path
        sentence = say(
            "{place} cannot be read or written ({reason}): see that the drive is connected and not write-protected, then go on "
            "with this run.",
            place=place,
            reason=reason(error),
        )
        return Failed(messages=[sentence], bug=False)
    return Failed(
        messages=[
            say("The app itself made a mistake ({kind}): the details are in {log}.", kind=type(error).__name__, log=run.log)
        ],
        bug=True,
    )


def _no_room(run: Run, error: OSError) -> str:
    place = error.folder if isinstance(error, disk.NoRoom) else run.path
    said = [say("The disk is full ({place}).", place=place)]
    if isinstance(error, disk.NoRoom):
        said.append(say("{megabytes:,.0f} MB are needed there.", megabytes=error.needed / 1e6))
    with suppress(OSError):
        said.append(say("{megabytes:,.0f} MB are free.", megabytes=shutil.disk_usage(place).free / 1e6))
    said.append(say("What was saved before is whole: make room, then go on with this run."))
    return joined(said)


def _append(path: Path, event: Event) -> None:
    line = json.dumps({"time": time.time(), **to_json(event)}, ensure_ascii=False)
    # Of these there are several a second, and none of them is missed after a power cut.
    _append_line(path, line, lasting=not isinstance(event, Step | Progress))


def _append_line(path: Path, line: str, *, lasting: bool) -> None:
    with path.open("a+b") as file:
        _drop_torn_line(file)
        file.write(line.encode() + b"\n")
        if lasting:
            file.flush()
            os.fsync(file.fileno())


def _drop_torn_line(file: BinaryIO) -> None:
    """A kill or a full disk can leave half a line, which would spoil the next one too."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _parse(line: bytes) -> Event | None:
    try:
        values = disk.parse_json(line)
        return from_json(values) if isinstance(values, dict) else None
    except ValueError:
        return None


def _runs() -> Path:
    return home().absolute() / "runs"


def _elsewhere() -> Path:
    """One JSON string a line: the folders of runs that were given a place of their own."""
    return home().absolute() / "runs-elsewhere.jsonl"


def _those_elsewhere() -> Iterator[Path]:
    """A power cut can spoil a line, which must not hide the others."""
    try:
        lines = _elsewhere().read_bytes().splitlines()
    except FileNotFoundError:  # no run was ever made elsewhere
        return
    for line in lines:
        with suppress(ValueError):
            if isinstance(folder := disk.parse_json(line), str):
                yield Path(folder)


def _remember(folder: Path) -> None:
    own_folder(home())
    _append_line(_elsewhere(), json.dumps(str(folder)), lasting=True)


def unused_folder(settings: Settings) -> Path:
    """Make a folder such as ``2026-11-23-groceries-resnet18``, or the same with ``-2``. Raises ``OSError``."""
    what = re.sub(r"[^\w-]+", "-", Path(called(Path(settings.data))).stem)[:40].strip("-")
    name = f"{datetime.now():%Y-%m-%d}-{what}-{settings.model}"
    runs = own_folder(_runs())
    for number in count(1):
        folder = runs / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
    raise AssertionError  # count() never ends


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "timm", "numpy", "pillow", "safetensors")
    return {
        "resnet_finetune": resnet_finetune.__version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }

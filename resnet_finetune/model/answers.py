"""Answers for many files: which files, and the answers as a table or as copies in a folder for each class."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from resnet_finetune.data.intake import open_data
from resnet_finetune.data.names import UnsafeName, archive_suffix, safe_parts
from resnet_finetune.data.problems import Problem
from resnet_finetune.data.scan import walk
from resnet_finetune.model.saved_model import Answer
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.spreadsheet import Row, to_csv

NONE = "none of these"  # folder of the photos that are of no class
UNREADABLE = "could not be read"


def files_of(paths: Sequence[Path], check: Callable[[], None] = lambda: None) -> tuple[dict[str, Path], list[Problem]]:
    """Every file named, and every file in the folders and archives named, by the name to show it by; and what was left out.
    In a folder links are not followed, as in one to train on. ``check`` is called often; what it raises ends the work.

    Raises:
        UserError: an archive cannot be opened.
    """
    found: dict[str, Path] = {}
    left: list[Problem] = []
    for path in paths:
        folder = open_data(str(path), check) if archive_suffix(path.name) and path.is_file() else path
        if not folder.is_dir():
            found[str(path)] = path
            continue
        files, _, problems = walk(folder, lambda _: check())
        found |= {str(path / inside): file for inside, file in files.items()}
        left += problems
    return found, left


def table(classes: Sequence[str], names: Sequence[str], answers: Sequence[Answer], way: str | None = None) -> bytes:
    """CSV for a spreadsheet: a row for each file; and in which ``way`` they were answered, where there was a choice."""
    more: Row = ["way"] if way else []
    head: Row = ["path", "label", "confidence", *classes, "none_of_these", "error", *more]
    rows = (_row(classes, name, answer) for name, answer in zip(names, answers, strict=True))
    return to_csv([head, *([*row, way] if way else row for row in rows)])


def _row(classes: Sequence[str], name: str, answer: Answer) -> Row:
    scores: Row = answer.scores or [None] * len(classes)
    none = ("yes" if answer.none_of_these else "no") if answer.scores else None
    return [name, answer.label, answer.confidence, *scores, none, answer.error and str(answer.error)]


def folder_of(answer: Answer) -> str:
    """Name of the folder that a copy of the file belongs into."""
    if answer.scores is None:
        return UNREADABLE
    return NONE if answer.label is None else answer.label


def copy_sorted(answers: Sequence[Answer], to: Path) -> int:
    """Copy every file into a folder of ``to`` named by its answer; how many were copied comes back. No file is moved, and none
    that is there already is written over: files of the same name get a number. What cannot be opened (any more) is left out.

    Raises:
        UserError: ``to`` is not an empty or a new folder, it cannot be written, or no folder can be called like a class. What
            was copied until then stays.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise UserError(say("{to} is not empty: name a new folder for the copies.", to=to))
        there = [answer for answer in answers if _opens(answer.path)]
        room, needed = shutil.disk_usage(to).free, sum(answer.path.stat().st_size for answer in there)
        if needed > room:
            raise UserError(
                say(
                    "The copies need {needed:.1f} GB, and there are {room:.1f} GB free in {to}: name a folder on another "
                    "drive.",
                    needed=needed / 1e9,
                    room=room / 1e9,
                    to=to,
                )
            )
        for answer in there:
            folder = to / _harmless(folder_of(answer))
            folder.mkdir(exist_ok=True)
            shutil.copy2(answer.path, _unused(folder / answer.path.name))
    except OSError as error:
        raise UserError(
            say("The copies could not be written ({reason}): choose another place.", reason=reason(error))
        ) from error
    return len(there)


def _opens(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def _harmless(label: str) -> str:
    """A class of a stranger's model may be called "../..": its folder is none the less in the folder that was asked for."""
    try:
        return safe_parts(re.sub(r"[/\\\0:]", "_", label).strip(". ") or "_")[0]
    except UnsafeName as error:
        raise UserError(say("One of the classes {error}: no folder can be called so.", error=error)) from error


def _unused(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free

"""What the person does with runs that are there: give them a name, throw them away, bring them back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resnet_finetune.runs import lock, run_folder
from resnet_finetune.runs.run_folder import CHECKPOINT, DELETED, FILES, LONGEST_NAME, RUN, Run
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say

DAYS = 7  # for which a deleted run can be brought back

# Everything that a run writes into its folder. A folder that was chosen with --run-dir may hold the person's own files too.
_OWN = (*FILES, "lock", "stop", ".guard", DELETED)


def rename(run: Run, name: str) -> None:
    """Call it ``name``, or by its folder's name again when that is empty.

    Raises:
        UserError: it is being trained, or its folder cannot be written.
    """
    with _at_rest(run):
        about = disk.read_json(run.path / RUN)
        disk.write_json(run.path / RUN, about | {"name": " ".join(name.split())[:LONGEST_NAME]})


def delete(run: Run) -> None:
    """Take it from the list; ``restore`` brings it back for ``DAYS`` days. Raises ``UserError`` as ``rename`` does."""
    with _at_rest(run):
        (run.path / DELETED).touch()


def restore(run: Run) -> None:
    """Raises ``UserError`` as ``rename`` does."""
    with _at_rest(run):
        (run.path / DELETED).unlink(missing_ok=True)


def erase(run: Run) -> None:
    """Remove a deleted run's files for good, and nothing else that lies in its folder."""
    assert run.deleted
    shutil.rmtree(run.path / CHECKPOINT, ignore_errors=True)
    disk.sweep(run.path)
    for name in _OWN:
        with suppress(OSError):
            (run.path / name).unlink()
    with suppress(OSError):  # files of the person's own are in it
        run.path.rmdir()


def erase_old() -> None:
    """Those that were deleted more than ``DAYS`` days ago."""
    for run in run_folder.list_runs(deleted=True):
        with suppress(OSError):
            old = time.time() - (run.path / DELETED).stat().st_mtime > DAYS * 24 * 60 * 60
            if old and lock.holder(run.path) != "alive":
                erase(run)


def size(run: Run) -> int:
    """Bytes of its files."""
    return sum(file.stat().st_size for file in files(run.path))


def files(folder: Path) -> list[Path]:
    """What makes up a run, without what is only true of the folder that it lies in."""
    known = [folder / name for name in FILES]
    return [file for file in (*known, *sorted((folder / CHECKPOINT).glob("[!.]*.safetensors"))) if file.is_file()]


@contextmanager
def _at_rest(run: Run) -> Iterator[None]:
    if lock.holder(run.path) == "alive":
        raise UserError(say("“{title}” is being trained: stop it first.", title=run.title))
    try:
        yield
    except OSError as error:
        raise UserError(
            say(
                "{path} cannot be written ({reason}): see that the drive is connected and not write-protected.",
                path=run.path,
                reason=reason(error),
            )
        ) from error

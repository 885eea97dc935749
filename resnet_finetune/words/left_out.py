"""The list of photos that a person does not want to be used. It is kept with the run; no file is touched."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError

FILE = "left_out.json"  # in a run folder: a JSON list of names


def read(file: Path) -> frozenset[str]:
    """The names, relative to the data root and with "/" between, as ``check`` gives them.

    Raises:
        UserError: there is no such file, or it holds something else.
    """
    try:
        names = disk.read_json(file)
    except FileNotFoundError as error:
        raise UserError(f"The list of photos to leave out, {file}, does not exist: check the path.") from error
    except (OSError, ValueError) as error:
        raise UserError(f"The list {file} cannot be read: it should be a JSON list of the photos to leave out.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f'{file} is no list of photos to leave out: it should look like ["cats/1.jpg", "dogs/2.jpg"].')
    return frozenset(names)


def of_run(run: Path) -> frozenset[str]:
    """The names that were left out when a run was made. Raises ``UserError`` when its list is damaged."""
    return read(run / FILE) if (run / FILE).exists() else frozenset()


def write(file: Path, names: Collection[str]) -> None:
    """Raises ``OSError`` when it cannot be written; an earlier list is then as it was."""
    disk.write_json(file, sorted(names))

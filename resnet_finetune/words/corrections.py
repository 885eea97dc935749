"""What a person knows better than the folders: photos that belong to another class, or are not to be used. It is kept with the
run; no file is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

FILE = "corrections.json"  # in a run folder: a JSON object, name → class, or null for what is not to be used
OF_EARLIER_VERSIONS = "left_out.json"  # a JSON list of names that are not to be used

Corrections = Mapping[str, str | None]  # names are relative to the data root, with "/" between, as ``check`` gives them


def read(file: Path) -> dict[str, str | None]:
    """Of a JSON object as in ``FILE``, or of a JSON list of photos that are not to be used.

    Raises:
        UserError: there is no such file, or it holds something else.
    """
    try:
        said = disk.read_json(file)
    except FileNotFoundError as error:
        raise UserError(say("The list of corrections, {file}, does not exist: check the path.", file=file)) from error
    except (OSError, ValueError) as error:
        raise UserError(
            say("The corrections {file} cannot be read: they should be a JSON object or list of photos.", file=file)
        ) from error
    if isinstance(said, list):
        said = dict.fromkeys(said) if all(isinstance(name, str) for name in said) else None
    if not isinstance(said, dict) or not all(
        class_ is None or (isinstance(class_, str) and class_) for class_ in said.values()
    ):
        raise UserError(
            say(
                '{file} holds no corrections: it should look like {{"cats/1.jpg": "dogs", "dogs/2.jpg": null}}, where '
                'null leaves a photo out, or like ["cats/1.jpg", "dogs/2.jpg"].',
                file=file,
            )
        )
    return said


def of_run(run: Path) -> dict[str, str | None]:
    """What was corrected when a run was made. Raises ``UserError`` when its list is damaged."""
    return kept(run) or {}


def kept(run: Path) -> dict[str, str | None] | None:
    """The same; None where the run has no list."""
    file = kept_in(run)
    return read(file) if file else None


def kept_in(run: Path) -> Path | None:
    """The list itself."""
    return next((run / name for name in (FILE, OF_EARLIER_VERSIONS) if (run / name).exists()), None)


def write(file: Path, corrections: Corrections) -> None:
    """Raises ``OSError`` when it cannot be written; an earlier list is then as it was."""
    disk.write_json(file, dict(sorted(corrections.items())))

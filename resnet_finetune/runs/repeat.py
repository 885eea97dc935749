"""The same training once more, to see whether it comes to the same model."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from resnet_finetune.model.saved_model import WEIGHTS
from resnet_finetune.runs.run_folder import RUN, Run, list_runs
from resnet_finetune.words import corrections, disk
from resnet_finetune.words.events import Finished
from resnet_finetune.words.settings import Settings


def once_more(run: Run) -> Settings:
    """Of a training that should come to the same model as ``run``."""
    corrected = corrections.kept_in(run.path)
    return replace(run.settings, run_dir="", corrections=str(corrected) if corrected else None)


def repeats(run: Run) -> list[Run]:
    """The other finished trainings with the same settings, on the same photos with the same split, newest first."""
    photos = fingerprint(run)
    return [
        other
        for other in list_runs()
        if other != run
        and photos is not None
        and fingerprint(other) == photos
        and once_more(other) == replace(once_more(run), corrections=once_more(other).corrections)
        and isinstance(other.last_event(), Finished)
    ]


def outcomes(run: Run) -> list[tuple[Run, bool]]:
    """The repeats of ``run``, and whether each came to the same weights. Raises ``OSError``."""
    others = repeats(run)
    if not others:  # then there is nothing to hash, which takes a while
        return []
    own = weights_hash(run)
    return [(other, weights_hash(other) == own) for other in others]


def fingerprint(run: Run) -> str | None:
    """Of its photos, their classes and their split; None before they were read."""
    try:
        found = disk.read_json(run.path / RUN).get("fingerprint")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def weights_hash(run: Run) -> str:
    """sha256 of the model's weights. Raises ``OSError``."""
    with (run.path / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What a person said of photos that may lie in the wrong class. Kept in the run folder, so that no click is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections, disk
from resnet_finetune.words.fitting import fitted

FILE = "verdicts.json"  # in a run folder


@dataclass(frozen=True, kw_only=True)
class Verdict:
    name: str  # of the photo, relative to the data root
    given: str  # the class that it lies in
    class_: str | None  # the class that it is of; None: it is not to be used


def read(run: Run) -> list[Verdict]:
    """In the order in which they were given, one for each photo; none where the file is missing or damaged."""
    try:
        found: list[Verdict] = fitted(list[Verdict], disk.read_json(run.path / FILE))
        return found
    except (OSError, ValueError):
        return []


def write(run: Run, verdicts: Sequence[Verdict]) -> None:
    """Raises ``OSError``; what was said before is then as it was."""
    disk.write_json(run.path / FILE, [asdict(verdict) for verdict in verdicts])


def corrected(run: Run, verdicts: Sequence[Verdict]) -> dict[str, str | None]:
    """The corrections for the next run: those that this one was made with, and the new ones."""
    return corrections.of_run(run.path) | {said.name: said.class_ for said in verdicts if said.class_ != said.given}

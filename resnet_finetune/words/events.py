"""What a run says while it goes on. Frozen, plain values: no tensors, no widgets.

The page, the command line, ``events.jsonl`` and the tests all read the same events. A run ends with exactly one of
``Finished``, ``Stopped`` or ``Failed``. Accuracies are fractions (0 to 1), times are seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from resnet_finetune.words import language
from resnet_finetune.words.fitting import OrNoNumber, fitted
from resnet_finetune.words.gradients import Norms

Stage = Literal["fetch", "scan", "features", "check", "remember", "test", "measure", "rates", "prove", "experiment", "blocks"]
Split = Literal["train", "validation", "test"]
Kept = Literal["fine-tuned", "first answer"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Accuracy on ``n`` photos with its 95 % Wilson interval ``low`` to ``high``."""

    accuracy: float
    low: float
    high: float
    n: int

    @property
    def right(self) -> int:
        return round(self.accuracy * self.n)


@dataclass(frozen=True, kw_only=True)
class Started:
    """The data are understood and the plan is made."""

    classes: list[str]
    counts: dict[Split, list[int]]  # photos per class, in the order of ``classes``
    rejected: int
    own_split: bool  # the data brought its own test photos
    model: str
    weights: str  # where the pretrained weights came from, in words
    device: str  # in words, e.g. "CPU, 2 threads, bfloat16"
    root: str  # the folder the photos are in
    fingerprint: str  # of the photos and their split
    notes: list[str] = field(default_factory=list)  # sentences on what makes the score less honest, or the training slower


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a stage other than training has come, in photos; fetching the weights, in MB; measuring them, in networks;
    trying learning rates, in steps; an experiment on networks, in steps of one layer; leaving out blocks, in photos
    times blocks.
    """

    stage: Stage
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something came up on the way that the person should know; the training goes on."""

    note: str


@dataclass(frozen=True, kw_only=True)
class FirstAnswer:
    """A linear head on the frozen network, judged on the validation photos before they chose anything; of a tiny set, by
    cross-validation on all of them.
    """

    validation: Score
    confusion: list[list[int]]  # rows true, columns predicted
    seconds: float  # since the run began


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What fine-tuning will do, said before it starts; and again when it turns out that another number of epochs fits."""

    epochs: int
    steps: int  # optimiser steps in all
    photo_size: int  # pixels, side of the square that is trained on
    batch: int
    seconds: float | None  # expected for fine-tuning; None when not measured
    test_seconds: float = 0.0  # expected for the test after it


@dataclass(frozen=True, kw_only=True)
class Step:
    """One optimiser step. ``loss`` is the smoothed, augmented training loss of its photos, ``gradients`` the norm of its
    gradient by stage of the network; empty in runs that were made before it was told, and where the precision was at fault
    (float16, which then takes a smaller scale).
    """

    step: int
    steps: int
    loss: float
    images_per_second: float
    seconds_left: float
    gradients: Norms = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One pass over the training photos. Epoch 0 is the first answer, before any fine-tuning."""

    epoch: int
    epochs: int
    train_loss: OrNoNumber | None
    validation_loss: OrNoNumber
    validation_accuracy: float
    learning_rate: float
    best: bool  # the best so far on the validation photos; the model on disk is this one
    seconds: float  # since the run began


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The report is written. ``kept`` says which model won on the validation photos."""

    test: Score
    kept: Kept
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """The person stopped it. ``test`` is the score of the best model so far, or None when there was none yet."""

    test: Score | None
    kept: Kept | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Failed:
    """``messages`` are sentences for the person; ``bug`` says that the traceback is in the log."""

    messages: list[str]
    bug: bool


Event = Started | Progress | Noted | FirstAnswer | Planned | Step | Epoch | Finished | Stopped | Failed
END = (Finished, Stopped, Failed)
_KINDS = {kind.__name__: kind for kind in Event.__args__}


_SAID = ("note", "notes", "messages", "weights", "device")  # fields that hold sentences


def to_json(event: Event) -> dict[str, Any]:
    values = asdict(event)
    said = {key: language.to_json(values[key]) for key in _SAID if key in values}
    return {"event": type(event).__name__, **values, **said}


def from_json(values: dict[str, Any]) -> Event:
    """The event that ``to_json`` wrote. Raises ``ValueError`` for anything else."""
    try:
        fields = {key: value for key, value in values.items() if key not in ("event", "time")}
        fields |= {key: language.from_json(fields[key]) for key in _SAID if key in fields}
        event: Event = fitted(_KINDS[values["event"]], fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("not an event") from error
    return event

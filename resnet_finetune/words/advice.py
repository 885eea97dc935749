"""What was measured of each depth, and which one is advised. Accuracies are fractions (0 to 1), times seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from resnet_finetune.words.events import Score


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One depth."""

    model: str
    parameters_m: float  # millions
    memory_gb: float  # to train it, a micro-batch at a time: weights, gradients, the optimiser's moments, activations
    epoch_seconds: float  # for one pass over the training photos on this machine
    here: bool  # its weights are on this machine, so that it could race
    score: Score | None  # of its first answer, cross-validated on the training photos that it was tried on
    download_mb: float


@dataclass(frozen=True, kw_only=True)
class Advice:
    candidates: tuple[Candidate, ...]  # from shallow to deep, the usual family first
    recommended: str
    usual: str  # what one would take for so many photos without measuring: the prior
    photos: int  # to train on

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def too_few(self) -> bool:
        """Whether there were too few photos of each class for any to race."""
        return not self.raced and any(candidate.here for candidate in self.candidates)

    @property
    def raced(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.score]

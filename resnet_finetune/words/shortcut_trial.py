"""What came of training small networks with and without the shortcut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from resnet_finetune.words.fitting import fitted

FILE = "shortcut_trial.json"  # in the app's home: the last one


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One network. The gradients are norms at the first step, one for each layer from the photo to the classes."""

    depth: int  # layers with weights
    shortcut: bool
    bare_gradients: list[float]  # without batch norm
    gradients: list[float]  # with it
    losses: list[float]  # of each step, with batch norm; cut short where it was no number any more


@dataclass(frozen=True, kw_only=True)
class ShortcutTrial:
    photos: int
    classes: int
    data: str  # as in the settings
    seconds: float
    steps: int
    networks: list[Trained]  # from shallow to deep, of each depth the plain one first

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ShortcutTrial:
        """What ``to_json`` wrote. Raises ``ValueError`` for anything else."""
        trial: ShortcutTrial = fitted(cls, values)
        if not (trial.of(True) and trial.of(False)):
            raise ValueError("not the trial of a shortcut: one kind of network is missing")
        return trial

    def of(self, shortcut: bool) -> list[Trained]:
        return [network for network in self.networks if network.shortcut == shortcut]

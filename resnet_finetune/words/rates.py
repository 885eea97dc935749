"""What came of trying learning rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RateTrial:
    """``points`` are (learning rate of the last layer, smoothed training loss), from low to high rates."""

    points: list[tuple[float, float]]
    suggested: float
    usual: float  # what the preset would take

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

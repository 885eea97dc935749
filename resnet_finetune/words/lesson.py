"""What more photos taught, class by class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Of one class, or of all together: how often its photos were named right after learning from a share of the others."""

    name: str | None  # None: all together
    photos: int  # of it
    recalls: list[float]  # one for each share, from few photos to all
    error: float  # standard error of the gain from the last step

    @property
    def gain(self) -> float:
        """From the last step, in which the photos became twice as many."""
        return self.recalls[-1] - self.recalls[-2]

    @property
    def would_gain(self) -> bool:
        return self.gain > self.error

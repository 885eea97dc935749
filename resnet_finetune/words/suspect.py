"""A photo that may lie in the wrong class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Suspect:
    name: str  # relative to the data root
    path: str
    given: str  # the class that it lies in
    likely: list[tuple[str, float]]  # classes and how likely each is by the other photos, the likeliest first

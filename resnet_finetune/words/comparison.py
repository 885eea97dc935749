"""Two results on the same test photos: is one model really better, or was it luck?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import comb

from resnet_finetune.words.report import Judged, Report

CHANCE = 0.05  # a difference that luck alone would make this often is not called real


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two models did on the ``n`` test photos that both were tested on."""

    n: int
    only_first: int  # photos that only the first named right
    only_second: int
    p: float  # how often luck alone would make them differ at least so much

    @property
    def real(self) -> bool:
        return self.p < CHANCE


def compare(first: Report, second: Report) -> Comparison | None:
    """None when they have no test photo in common."""
    theirs = _right(second)
    both = [(right, theirs[photo]) for photo, right in _right(first).items() if photo in theirs]
    if not both:
        return None
    pairs = Counter(both)
    only_first, only_second = pairs[True, False], pairs[False, True]
    return Comparison(n=len(both), only_first=only_first, only_second=only_second, p=mcnemar(only_first, only_second))


def mcnemar(one: int, other: int) -> float:
    """Of so many photos that only one or only the other named right: the exact two-sided p (McNemar 1947, Psychometrika 12,
    p. 153): were both equally good, each such photo would be a coin's throw.
    """
    n = one + other
    tail: int = sum(comb(n, k) for k in range(min(one, other) + 1))
    return min(1.0, float(2 * tail / 2**n))


def _right(report: Report) -> dict[tuple[str, str], bool]:
    """(photo, its class) → whether it was named right. A photo is known by its content, or else by where it lies."""
    return {(_identity(report, photo), report.classes[photo.true]): photo.predicted == photo.true for photo in report.judged}


def _identity(report: Report, photo: Judged) -> str:
    return photo.sha256 or f"{report.root}/{photo.path}"

"""Every number of a result, computed here and nowhere else. ``figures`` draws them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

from resnet_finetune.words import disk, language, servers
from resnet_finetune.words.corrections import Corrections
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Kept, Score
from resnet_finetune.words.fitting import fitted
from resnet_finetune.words.language import say

REPORT = "report.json"  # in a run folder

Interval = tuple[float, float]  # low and high


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One labelled photo and what the model said of it. ``scores`` are probabilities in class order."""

    path: str
    true: int
    scores: list[float]
    sha256: str | None = None  # of the file; earlier versions did not note it

    @cached_property
    def predicted(self) -> int:
        return max(range(len(self.scores)), key=self.scores.__getitem__)


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """``precision``: of the photos called this, how many are. ``recall``: of the photos that are this, how many were called so.

    Each with its 95 % interval; None where there is nothing to divide by.
    """

    name: str
    n: int
    precision: float | None
    recall: float | None
    f1: float | None
    precision_interval: Interval | None
    recall_interval: Interval | None
    f1_interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A model judged on ``test.n`` labelled photos that it neither trained nor tuned on."""

    classes: list[str]
    test: Score
    balanced_accuracy: float  # mean recall of the classes that have photos
    macro_f1: float
    largest_class: float  # accuracy of always answering the class with most photos
    confusion: list[list[int]]  # rows true, columns predicted, in the order of ``classes``
    per_class: list[ClassScore]
    judged: list[Judged]


@dataclass(frozen=True, kw_only=True)
class Report(Result):
    """The result of a run, with what led to it."""

    root: str  # the folder that the paths of ``judged`` are relative to
    kept: Kept
    first_answer: FirstScore
    cross_validated: bool = False  # each photo was judged by a model that was trained on the others
    notes: list[str] = field(default_factory=list)  # sentences on what makes the score less honest

    @cached_property
    def folder(self) -> Path:
        """That the paths of ``judged`` start from. ``UserError`` when one leads to a server that the person has never named."""
        names = [photo.path for photo in self.judged]
        servers.check(self.root, *names, *(f"{self.root}/{name}" for name in names))
        return Path(self.root)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"notes": language.to_json(self.notes)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Report:
        """What ``to_json`` wrote. Raises ``ValueError`` for anything else."""
        if not isinstance(values, dict):
            raise ValueError("not a report")
        notes = language.from_json(values.get("notes", []))
        report: Report = fitted(cls, {**values, "notes": notes, "per_class": []})  # earlier versions had no intervals in it
        classes = len(report.classes)
        if not (
            classes == len(set(report.classes))
            and len(report.confusion) == classes
            and all(len(row) == classes and min(row) >= 0 for row in report.confusion)
            and report.test.n == len(report.judged) > 0
            and all(0 <= photo.true < classes == len(photo.scores) for photo in report.judged)
        ):
            raise ValueError("what it counts does not fit together")
        return replace(report, per_class=class_scores(report.classes, report.confusion))


@dataclass(frozen=True, kw_only=True)
class FirstScore:
    """How the first answer did. ``accuracy`` is on the test photos; None when the run was stopped before that was tried."""

    accuracy: float | None
    validation_accuracy: float
    seconds: float


def wilson(right: int, n: int) -> Score:
    """Share of ``right`` among ``n`` with its 95 % score interval (Wilson 1927, JASA 22, p. 209). ``n`` must be positive."""
    z = 1.959964  # two-sided 95 %
    share = right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Score(accuracy=share, low=max(0.0, centre - half), high=min(1.0, centre + half), n=n)


def confusion_matrix(true: list[int], predicted: list[int], classes: int) -> list[list[int]]:
    """``classes`` × ``classes`` counts; rows true, columns predicted."""
    matrix = [[0] * classes for _ in range(classes)]
    for row, column in zip(true, predicted, strict=True):
        matrix[row][column] += 1
    return matrix


def class_scores(classes: list[str], confusion: list[list[int]]) -> list[ClassScore]:
    scores = []
    for index, name in enumerate(classes):
        right = confusion[index][index]
        n = sum(confusion[index])
        called = sum(row[index] for row in confusion)
        scores.append(
            ClassScore(
                name=name,
                n=n,
                precision=right / called if called else None,
                recall=right / n if n else None,
                f1=2 * right / (n + called) if n + called else None,
                precision_interval=_interval(right, called),
                recall_interval=_interval(right, n),
                f1_interval=_f1_interval(right, n + called - right),
            )
        )
    return scores


def _interval(right: int, n: int) -> Interval | None:
    if not n:
        return None
    score = wilson(right, n)
    return score.low, score.high


def _f1_interval(right: int, concerned: int) -> Interval | None:
    """F1 rises with the share j of ``right`` among all photos that are of the class or called so: F1 = 2 j / (1 + j)."""
    interval = _interval(right, concerned)
    if interval is None:
        return None
    low, high = (2 * share / (1 + share) for share in interval)
    return low, high


def make_result(classes: list[str], judged: list[Judged]) -> Result:
    """Count and divide. ``judged`` must not be empty."""
    confusion = confusion_matrix([j.true for j in judged], [j.predicted for j in judged], len(classes))
    per_class = class_scores(classes, confusion)
    recalls = [score.recall for score in per_class if score.recall is not None]
    f1s = [score.f1 for score in per_class if score.f1 is not None]
    return Result(
        classes=classes,
        test=wilson(sum(j.predicted == j.true for j in judged), len(judged)),
        balanced_accuracy=sum(recalls) / len(recalls),
        macro_f1=sum(f1s) / len(f1s),
        largest_class=max(score.n for score in per_class) / len(judged),
        confusion=confusion,
        per_class=per_class,
        judged=judged,
    )


def corrected(report: Report, corrections: Corrections) -> Report | None:
    """What ``report`` would be by the corrected classes, without the photos that are not to be used; None if none is left."""
    known = {name: number for number, name in enumerate(report.classes)}
    judged = []
    for photo in report.judged:
        true = known.get(corrections.get(photo.path, report.classes[photo.true]) or "")
        if true is not None:
            judged.append(replace(photo, true=true))
    return replace(report, **vars(make_result(report.classes, judged))) if judged else None


def read_report(run: Path) -> Report | None:
    """The result in a run folder, or None while there is none. It is nobody's to change: the next one may be given the same.

    Raises:
        UserError: the file is damaged.
    """
    try:
        about = (run / REPORT).stat()
        return _read(run / REPORT, about.st_mtime_ns, about.st_size)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            say("The report in {run} is damaged: put back a copy of the folder, or train again.", run=run)
        ) from error


@lru_cache(maxsize=4)  # as many as are compared. With a thousand classes it is tens of megabytes, and every click needs it
def _read(file: Path, changed: int, size: int) -> Report:
    return Report.from_json(disk.read_json(file))

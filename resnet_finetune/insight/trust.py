"""How far a model's confidence can be trusted, and what another threshold than "the likeliest class" would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from resnet_finetune.words.report import Interval, Report, wilson

MOST_BINS = 10
IN_A_BIN = 10  # photos at least, where there are so many: of fewer, a share says nothing
MOST_POINTS = 200  # of a curve that is drawn

Curve = list[tuple[float, float]]  # (x, y), each from 0 to 1


@dataclass(frozen=True, kw_only=True)
class Bin:
    """``n`` photos of about the same ``confidence``, and the share of them that is right, with its 95 % interval."""

    n: int
    confidence: float  # mean of theirs
    accuracy: float
    interval: Interval


def calibration(report: Report) -> list[Bin]:
    """Photos by the confidence of their answer, in bins of equal count, from unsure to sure."""
    confidence = np.array([max(photo.scores) for photo in report.judged])
    right = np.array([photo.predicted == photo.true for photo in report.judged])
    bins = max(1, min(MOST_BINS, len(confidence) // IN_A_BIN))
    return [_bin(confidence[some], right[some]) for some in np.array_split(np.argsort(confidence, kind="stable"), bins)]


def _bin(confidence: np.ndarray, right: np.ndarray) -> Bin:
    score = wilson(int(right.sum()), len(right))
    return Bin(n=len(right), confidence=float(confidence.mean()), accuracy=score.accuracy, interval=(score.low, score.high))


def calibration_error(bins: list[Bin]) -> float:
    """Mean gap between confidence and accuracy, each bin counted by its photos (Guo et al. 2017, ICML, eq. 3)."""
    return sum(bin.n * abs(bin.accuracy - bin.confidence) for bin in bins) / sum(bin.n for bin in bins)


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well the scores part the photos of a class from the others, whatever the threshold."""

    roc: Curve  # (false positive rate, true positive rate)
    roc_area: float
    precision_recall: Curve  # (recall, precision)
    average_precision: float
    share: float  # of the photos that are of the class: the precision of guessing


def separation(report: Report, of_class: int | None) -> Separation | None:
    """Of one class from the rest; of None, of all classes at once (micro-averaged: each score is a guess of its own).

    None where there are no photos on both sides.
    """
    scores = np.array([photo.scores for photo in report.judged])
    true = np.eye(scores.shape[1], dtype=int)[[photo.true for photo in report.judged]]
    chosen, truth = (scores.ravel(), true.ravel()) if of_class is None else (scores[:, of_class], true[:, of_class])
    if truth.min() == truth.max():
        return None
    false_positive, true_positive, _ = roc_curve(truth, chosen)
    precision, recall, _ = precision_recall_curve(truth, chosen)
    return Separation(
        roc=_thinned(false_positive, true_positive),
        roc_area=float(roc_auc_score(truth, chosen)),
        precision_recall=_thinned(recall[::-1], precision[::-1]),
        average_precision=float(average_precision_score(truth, chosen)),
        share=float(truth.mean()),
    )


def _thinned(x: np.ndarray, y: np.ndarray) -> Curve:
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int))
    return list(zip(x[chosen].tolist(), y[chosen].tolist(), strict=True))

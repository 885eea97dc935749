"""Confidence against what came true, and classes told from the rest, on answers whose figures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resnet_finetune.insight.trust import MOST_BINS, MOST_POINTS, calibration, calibration_error, separation
from resnet_finetune.ui.drawn.trust_card import calibration_chart
from resnet_finetune.words.report import FirstScore, Judged, Report, make_result


def report(answers: list[tuple[int, list[float]]]) -> Report:
    """Of (true class, scores) pairs."""
    judged = [Judged(path=f"{index}.jpg", true=true, scores=scores) for index, (true, scores) in enumerate(answers)]
    classes = [f"class {index}" for index in range(len(answers[0][1]))]
    first = FirstScore(accuracy=None, validation_accuracy=0.5, seconds=1)
    return Report(**vars(make_result(classes, judged)), root="nowhere", kept="first answer", first_answer=first)


def test_photos_are_put_together_by_confidence_from_unsure_to_sure() -> None:
    unsure = [(index % 2, [0.6, 0.4]) for index in range(10)]  # half of them right
    sure = [(0, [0.9, 0.1])] * 9 + [(1, [0.9, 0.1])]
    first, second = calibration(report(sure + unsure))
    assert (first.n, first.accuracy, second.n, second.accuracy) == (10, 0.5, 10, 0.9)
    assert [first.confidence, second.confidence] == pytest.approx([0.6, 0.9])
    assert second.interval[0] < 0.9 < second.interval[1]
    assert calibration_error([first, second]) == pytest.approx(0.05)


def test_of_a_tiny_set_nothing_is_said_of_validation_photos() -> None:
    usual = report([(0, [0.7, 0.3])] * 5)
    assert "set on the validation photos" in calibration_chart(usual)
    crossed = calibration_chart(replace(usual, cross_validated=True))
    assert "validation photos" not in crossed and "was set on others" in crossed


def test_few_photos_are_one_bin_and_many_are_ten() -> None:
    assert len(calibration(report([(0, [0.7, 0.3])] * 5))) == 1
    assert len(calibration(report([(0, [0.7, 0.3])] * 500))) == MOST_BINS


def test_a_class_that_is_always_told_has_an_area_of_one_and_one_that_is_guessed_a_half() -> None:
    told = separation(report([(0, [0.9, 0.1]), (0, [0.8, 0.2]), (1, [0.3, 0.7])]), 0)
    guessed = separation(report([(0, [0.5, 0.5]), (1, [0.5, 0.5]), (1, [0.5, 0.5]), (1, [0.5, 0.5])]), 0)
    assert told is not None and guessed is not None
    assert (told.roc_area, told.average_precision) == (1, 1)
    assert told.roc[0] == (0, 0) and told.roc[-1] == (1, 1)
    assert (guessed.roc_area, guessed.share) == (0.5, 0.25)


def test_all_classes_at_once_count_every_score() -> None:
    all_classes = separation(report([(0, [0.9, 0.1]), (1, [0.6, 0.4])]), None)
    assert all_classes is not None
    assert all_classes.share == 0.5
    assert all_classes.roc_area == pytest.approx(3 / 4)  # of 2 × 2 pairs of a right and a wrong score, .4 < .6 alone is wrong


def test_where_there_is_nothing_to_tell_apart_nothing_is_said() -> None:
    assert separation(report([(0, [0.9, 0.1]), (0, [0.8, 0.2])]), 1) is None


def test_a_curve_of_many_photos_is_thinned_and_keeps_its_ends() -> None:
    random = np.random.default_rng(0)
    found = separation(report([(int(random.integers(2)), [share, 1 - share]) for share in random.random(3000)]), 0)
    assert found is not None
    assert len(found.roc) <= MOST_POINTS
    assert found.roc[0] == (0, 0) and found.roc[-1] == (1, 1)

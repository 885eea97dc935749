"""The numbers of a result, against values worked out by hand or taken from the literature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import REPORT, FirstScore, Judged, Report, confusion_matrix, make_result, read_report, wilson


def judged(true: int, predicted: int, classes: int = 3) -> Judged:
    rest = 0.4 / (classes - 1)
    return Judged(path="a.png", true=true, scores=[0.6 if label == predicted else rest for label in range(classes)])


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (40, 40, 0.9124, 1.0),
        (0, 10, 0.0, 0.2775),
        (8, 10, 0.4902, 0.9433),
        (1, 1, 0.2065, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Stat. Med. 17, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(right: int, n: int, low: float, high: float) -> None:
    score = wilson(right, n)
    assert (score.accuracy, score.n) == (right / n, n)
    assert (score.low, score.high) == pytest.approx((low, high), abs=5.1e-5)
    assert 0 <= score.low <= score.accuracy <= score.high <= 1


def test_confusion_has_true_rows_and_predicted_columns() -> None:
    assert confusion_matrix([0, 0, 0, 1, 2], [1, 1, 0, 1, 0], 3) == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError):
        confusion_matrix([0, 1], [0], 2)


def test_the_predicted_class_is_the_first_of_the_most_probable() -> None:
    assert Judged(path="a.png", true=0, scores=[0.2, 0.4, 0.4]).predicted == 1


def test_a_result_counted_by_hand() -> None:
    answers = [judged(0, 0), judged(0, 0), judged(0, 0), judged(0, 1), judged(1, 1), judged(1, 0), judged(2, 0)]
    result = make_result(["a", "b", "c"], answers)
    assert result.confusion == [[3, 1, 0], [1, 1, 0], [1, 0, 0]]
    assert result.test == wilson(4, 7)
    assert [(score.n, score.precision, score.recall) for score in result.per_class] == [
        (4, 3 / 5, 3 / 4),
        (2, 1 / 2, 1 / 2),
        (1, None, 0.0),  # never predicted: of nothing there is no share
    ]
    assert [score.f1 for score in result.per_class] == pytest.approx([2 / 3, 1 / 2, 0.0])
    assert result.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert result.macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert result.largest_class == 4 / 7


def test_a_class_without_photos_has_no_recall_and_spoils_no_mean() -> None:
    result = make_result(["a", "b", "c"], [judged(0, 0), judged(1, 1)])
    unseen = result.per_class[2]
    assert (unseen.n, unseen.precision, unseen.recall, unseen.f1) == (0, None, None, None)
    assert result.balanced_accuracy == result.macro_f1 == 1.0


def test_a_class_without_photos_that_is_predicted_costs_precision() -> None:
    wrong = make_result(["a", "b", "c"], [judged(0, 0), judged(1, 2)])
    assert (wrong.per_class[2].precision, wrong.per_class[2].recall, wrong.per_class[2].f1) == (0.0, None, 0.0)
    assert wrong.balanced_accuracy == 0.5
    assert wrong.macro_f1 == pytest.approx((1 + 0 + 0) / 3)


def test_a_report_survives_json() -> None:
    result = make_result(["a", "ü"], [judged(0, 1, 2), judged(0, 0, 2)])
    first = FirstScore(accuracy=None, validation_accuracy=0.5, seconds=1.5)
    report = Report(
        **vars(result),
        root="photos",
        kept="first answer",
        first_answer=first,
        cross_validated=True,
        notes=["Nur wenige Fotos."],
    )
    again = Report.from_json(json.loads(json.dumps(report.to_json())))
    assert again == report
    assert again.judged[0].predicted == 1
    with pytest.raises(ValueError):
        Report.from_json(report.to_json() | {"stranger": 1})


def test_a_report_of_before_there_was_cross_validation_can_be_read() -> None:
    first = FirstScore(accuracy=1.0, validation_accuracy=0.5, seconds=1.5)
    report = Report(**vars(make_result(["a", "b"], [judged(0, 0, 2)])), root="photos", kept="fine-tuned", first_answer=first)
    old = {name: value for name, value in report.to_json().items() if name not in ("cross_validated", "notes")}
    again = Report.from_json(old)
    assert (again.cross_validated, again.notes) == (False, [])


def test_a_report_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    first = FirstScore(accuracy=1.0, validation_accuracy=0.5, seconds=1.5)
    for notes in (["One."], ["Two."]):
        result = make_result(["a", "b"], [judged(0, 0, 2)])
        report = Report(**vars(result), root="photos", kept="fine-tuned", first_answer=first, notes=notes)
        disk.write_json(tmp_path / REPORT, report.to_json())
        assert read_report(tmp_path) == report
        assert read_report(tmp_path) is read_report(tmp_path)
    (tmp_path / REPORT).write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        read_report(tmp_path)

"""Which of two models is better on the same photos, against values worked out elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resnet_finetune.words.comparison import compare, mcnemar
from resnet_finetune.words.report import FirstScore, Judged, Report, make_result


def report(answers: str, *, true: str | None = None, classes: str = "abc", root: str = "/photos", known: bool = True) -> Report:
    """Of photos 0, 1, 2 … that are named like ``answers``; those in capitals were not tested."""
    judged = []
    for number, (answer, is_) in enumerate(zip(answers, true or "a" * len(answers), strict=True)):
        if answer.islower():
            scores = [1.0 if class_ == answer else 0.0 for class_ in classes]
            content = str(number) if known else None
            judged.append(Judged(path=f"{number}.jpg", true=classes.index(is_), scores=scores, sha256=content))
    result = make_result(list(classes), judged)
    first = FirstScore(accuracy=None, validation_accuracy=0.5, seconds=1.0)
    return Report(**vars(result), root=root, kept="fine-tuned", first_answer=first)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (1, 9, 22 / 1024), (3, 3, 1.0), (25, 10, 0.016674)],
)
def test_mcnemar(one: int, other: int, p: float) -> None:
    assert mcnemar(one, other) == mcnemar(other, one) == pytest.approx(p, rel=1e-3)


def test_photos_are_paired_by_what_they_show() -> None:
    found = compare(report("aaaaab"), report("bbbbba", root="/elsewhere"))
    assert found is not None
    assert (found.n, found.only_first, found.only_second) == (6, 5, 1)
    assert not found.real


def test_only_photos_that_both_were_tested_on_count() -> None:
    found = compare(report("aaaaaaaaB"), report("bbbbbbbbb"))
    assert found is not None
    assert (found.n, found.only_first, found.only_second) == (8, 8, 0)
    assert found.real and found.p == pytest.approx(2 / 2**8)


def test_classes_are_told_by_their_names() -> None:
    found = compare(report("aab"), report("aab", classes="zabc"))
    assert found is not None
    assert (found.n, found.only_first, found.only_second) == (3, 0, 0)


def test_photos_of_older_runs_are_told_by_where_they_lie() -> None:
    older = report("ab", known=False)
    assert (found := compare(older, older)) is not None and found.n == 2
    assert compare(older, replace(older, root="/elsewhere")) is None

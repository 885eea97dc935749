"""The matrix as files: they open, they say what the numbers are, and no class name breaks them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image

from resnet_finetune.ui.drawn import matrix_picture
from resnet_finetune.ui.drawn.matrix_picture import NUMBERS
from resnet_finetune.words.report import FirstScore, Judged, Report, make_result

NAMES = ["$x_", "<b>&amp;", "=1+1", "苹果"]


def report(classes: list[str]) -> Report:
    """Every class has three photos, of which one is called the class after it."""
    n = len(classes)
    scores = [[float(index == other) for other in range(n)] for index in range(n)]
    judged = [
        Judged(path=f"{true}/{photo}.jpg", true=true, scores=scores[(true + (photo == 0)) % n])
        for true in range(n)
        for photo in range(3)
    ]
    first = FirstScore(accuracy=None, validation_accuracy=0.5, seconds=1)
    return Report(**vars(make_result(classes, judged)), root="nowhere", kept="first answer", first_answer=first)


def test_the_table_has_rows_true_and_columns_predicted_in_the_order_asked_for() -> None:
    head, *rows = csv.reader(io.StringIO(matrix_picture.csv(report(NAMES), [3, 0, 1, 2]).decode("utf-8-sig")))
    assert head[1:] == ["苹果", "$x_", "<b>&amp;", "'=1+1"]
    assert rows[0] == ["苹果", "2", "1", "0", "0"]


def test_the_svg_keeps_names_as_text() -> None:
    written = matrix_picture.svg(report(NAMES), range(4))
    said = [node.text for node in ElementTree.fromstring(written).iter() if node.tag.endswith("}text")]
    assert set(NAMES) <= set(said)
    assert "8 of 12 test photos named right" in said


def test_of_a_tiny_set_it_is_not_said_that_there_was_a_test() -> None:
    written = matrix_picture.svg(replace(report(NAMES), cross_validated=True), range(4)).decode()
    assert "8 of 12 photos named right, each by a model that had not seen it" in written
    assert "test photos" not in written


@pytest.mark.parametrize("n", [2, 10, NUMBERS + 1, 300])
def test_the_picture_opens_at_any_number_of_classes(n: int) -> None:
    with Image.open(io.BytesIO(matrix_picture.png(report([f"class {index}" for index in range(n)]), range(n)))) as image:
        image.load()
        assert image.format == "PNG"
        assert min(image.size) > 500

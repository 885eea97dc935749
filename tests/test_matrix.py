"""The confusion matrix says what the numbers are, in the order that is asked for, in words as well."""

from __future__ import annotations

import pytest
from conftest import Drawn

from resnet_finetune.insight.class_order import alike_together, by_mistakes, by_name
from resnet_finetune.ui import matrix
from resnet_finetune.ui.matrix import View, draw, found

PETS = ["cat", "dog", "owl"]
COUNTS = [[5, 2, 0], [0, 7, 1], [0, 0, 0]]


def test_rows_are_true_and_columns_predicted() -> None:
    drawn = Drawn(draw(PETS, COUNTS, View([0, 1, 2])))
    assert drawn.rows == [
        ["", "cat", "dog", "owl"],
        ["cat", "5", "2", ""],
        ["dog", "", "7", "1"],
        ["owl", "", "", ""],
    ]
    assert "2 of 7 photos of cat were called dog" in drawn.titles
    assert "1 of 8 photos of dog was called owl" in drawn.titles
    assert "5 of 7 photos of cat named right" in drawn.titles


def test_shares_are_of_each_row_or_of_each_column() -> None:
    assert Drawn(draw(PETS, COUNTS, View([0, 1, 2], "rows"))).rows[1] == ["cat", "71", "29", ""]
    assert Drawn(draw(PETS, COUNTS, View([0, 1, 2], "columns"))).rows[1:3] == [
        ["cat", "100", "22", ""],
        ["dog", "", "78", "100"],
    ]


def test_classes_come_in_the_order_asked_for() -> None:
    assert Drawn(draw(PETS, COUNTS, View([1, 0]))).rows == [["", "dog", "cat"], ["dog", "7", ""], ["cat", "2", "5"]]


def test_a_cell_with_photos_can_be_opened_and_one_without_cannot() -> None:
    assert Drawn(draw(PETS, COUNTS, View([0, 1, 2]))).tags.count("button") == 4
    assert "button" not in Drawn(draw(PETS, COUNTS, View([0, 1, 2], opens=False))).tags


def test_the_axes_are_labelled() -> None:
    drawn = draw(PETS, COUNTS, View([0, 1, 2]))
    assert "(true class)" in drawn
    assert "(predicted class)" in drawn


@pytest.mark.parametrize(("n", "size"), [(8, "roomy"), (25, "close"), (81, "dense"), (100, "dense")])
def test_all_of_up_to_a_hundred_classes_are_drawn(n: int, size: str) -> None:
    drawn = draw([f"class {index}" for index in range(n)], [[int(i == j) for j in range(n)] for i in range(n)], View(range(n)))
    assert len(Drawn(drawn).rows) == n + 1
    assert f'class="matrix {size}"' in drawn


def test_of_more_those_with_the_most_mistakes() -> None:
    counts = [[5 * (i == j) for j in range(300)] for i in range(300)]
    counts[299][298] = 3
    drawn = draw([f"class {index}" for index in range(300)], counts, View(range(300)))
    names = [row[0] for row in Drawn(drawn).rows[1:]]
    assert len(names) == matrix.MOST_CLASSES
    assert names[-2:] == ["class 298", "class 299"]
    assert "100 classes with the most mistakes, of 300" in drawn


def test_a_class_is_found_by_a_part_of_its_name_with_those_it_is_confused_with() -> None:
    assert found(PETS, COUNTS, "  CA") == [0, 1]
    assert found(PETS, COUNTS, "owl") == [1, 2]
    assert found(PETS, COUNTS, "") == [0, 1, 2]
    assert found(PETS, COUNTS, "horse") == []


# --- The orders --------------------------------------------------------------------------------------------------------


def test_the_class_with_the_most_mistakes_comes_first() -> None:
    assert by_mistakes([[5, 0, 1], [0, 5, 0], [2, 0, 5]]) == [0, 2, 1]
    assert by_name(COUNTS) == [0, 1, 2]


def test_classes_that_are_taken_for_one_another_stand_side_by_side() -> None:
    order = alike_together([[5, 0, 4, 0], [0, 5, 0, 3], [3, 0, 6, 0], [0, 4, 0, 5]])
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1


def test_two_classes_and_classes_without_photos_have_an_order_too() -> None:
    assert sorted(alike_together([[5, 1], [0, 0]])) == [0, 1]
    assert sorted(alike_together([[0] * 3] * 3)) == [0, 1, 2]

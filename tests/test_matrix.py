"""The confusion matrix says what the numbers are, in the order that is asked for, in words as well."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from conftest import Drawn

from resnet_finetune.insight.class_order import alike_together, by_mistakes, by_name
from resnet_finetune.ui.drawn import matrix
from resnet_finetune.ui.drawn.matrix import View, draw, found
from resnet_finetune.words.assets import ASSETS

Colour = tuple[float, ...]  # red, green, blue, 0 to 1

PETS = ["cat", "dog", "owl"]
COUNTS = [[5, 2, 0], [0, 7, 1], [0, 0, 0]]


def contrast(one: Colour, other: Colour) -> float:
    """Of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""

    def luminance(colour: Colour) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours(scope: str) -> dict[str, Colour]:
    """The page's own, by name."""
    block = re.search(
        rf"^{re.escape(scope)} \{{\n(.*?)\n\}}", (ASSETS / "ui" / "page.css").read_text(encoding="utf-8"), re.S | re.M
    )
    assert block
    named = re.findall(r"--(\w+): #(\w+);", block[1])
    return {
        name: tuple(int(part, 16) / 255 for part in re.findall("..", value if len(value) == 6 else value * 2))
        for name, value in named
    }


class Cells(HTMLParser):
    """What is drawn at which row and column: the number and the sentence of each cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.numbers: dict[tuple[int, int], str] = {}
        self.says: dict[tuple[int, int], str] = {}
        self._at: tuple[int, int] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        at = about.get("data-at")
        self._at = (int(at.split()[0]), int(at.split()[1])) if at else None
        if self._at:
            self.numbers[self._at] = ""
            self.says[self._at] = about.get("title") or ""

    def handle_data(self, data: str) -> None:
        if self._at:
            self.numbers[self._at] += data

    def handle_endtag(self, tag: str) -> None:
        self._at = None


def names(drawn: str) -> list[str]:
    """Of the classes, in the order of the rows."""
    return [row[0] for row in Drawn(drawn).rows[1:]]


def test_rows_are_true_and_columns_predicted() -> None:
    drawn = Cells(draw(PETS, COUNTS, View([0, 1, 2])))
    assert drawn.numbers == {(0, 0): "5", (0, 1): "2", (1, 1): "7", (1, 2): "1", (2, 2): ""}
    assert drawn.says[0, 1] == "2 of 7 photos of cat were called dog"
    assert drawn.says[1, 2] == "1 of 8 photos of dog was called owl"
    assert drawn.says[0, 0] == "5 of 7 photos of cat named right"


def test_the_same_is_listed_class_by_class() -> None:
    assert Drawn(draw(PETS, [[5, 2, 3], [0, 7, 1], [0, 0, 0]], View([1, 0, 2]))).rows == [
        ["Class", "Named right", "Called something else"],
        ["dog", "7 of 8", "1 × owl"],
        ["cat", "5 of 10", "3 × owl · 2 × dog"],
        ["owl", "0 of 0", ""],
    ]


def test_shares_are_of_each_row_or_of_each_column() -> None:
    rows, columns = (Cells(draw(PETS, COUNTS, View([0, 1, 2], shows))).numbers for shows in ("rows", "columns"))
    assert (rows[0, 0], rows[0, 1]) == ("71", "29")
    assert (columns[0, 0], columns[0, 1], columns[1, 1], columns[1, 2]) == ("100", "22", "78", "100")


def test_classes_come_in_the_order_asked_for() -> None:
    drawn = draw(PETS, COUNTS, View([1, 0]))
    assert names(drawn) == ["dog", "cat"]
    assert Cells(drawn).numbers == {(0, 0): "7", (1, 0): "2", (1, 1): "5"}


def test_a_cell_with_photos_can_be_opened_and_one_without_cannot() -> None:
    assert draw(PETS, COUNTS, View([0, 1, 2])).count('<button type="button" tabindex') == 4
    assert "button" not in Drawn(draw(PETS, COUNTS, View([0, 1, 2], opens=False))).tags


def test_the_axes_are_labelled() -> None:
    drawn = draw(PETS, COUNTS, View([0, 1, 2]))
    assert "(true class)" in drawn
    assert "(predicted class)" in drawn


def test_only_cells_with_photos_are_drawn_however_many_classes_there_are() -> None:
    counts = [[5 * (i == j) for j in range(300)] for i in range(300)]
    counts[299][298] = 3
    drawn = draw([f"class {index}" for index in range(300)], counts, View(range(300)))
    assert len(names(drawn)) == 300
    assert len(Cells(drawn).numbers) == 301
    assert len(Drawn(drawn).tags) < 3000


def test_of_more_than_can_be_drawn_those_with_the_most_mistakes() -> None:
    n = matrix.MOST_CLASSES + 100
    counts = [[5 * (i == j) for j in range(n)] for i in range(n)]
    counts[n - 1][n - 2] = 3
    drawn = draw([f"class {index}" for index in range(n)], counts, View(range(n)))
    assert len(names(drawn)) == matrix.MOST_CLASSES
    assert names(drawn)[-2:] == [f"class {n - 2}", f"class {n - 1}"]
    assert "500 classes with the most mistakes, of 600" in drawn


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


@pytest.mark.parametrize("scope", [":root", ".dark"])
@pytest.mark.parametrize("count", range(1, 41))
def test_the_number_can_be_read_on_its_cell(scope: str, count: int) -> None:
    page = colours(scope)
    drawn = str(draw(["a", "b"], [[count, 40 - count], [40 - count, count]], View(range(2))))
    cells = re.findall(r'class="(right|wrong)( deep)?( bright)?" [^>]*--fill:(\d+)%', drawn)
    assert cells
    for kind, deep, bright, fill in cells:
        share = int(fill) / 100
        ground = tuple(share * a + (1 - share) * b for a, b in zip(page[kind], page["card"], strict=True))
        white = not bright if scope == ".dark" else bool(deep)
        assert contrast(ground, (1.0, 1.0, 1.0) if white else (0.0, 0.0, 0.0)) >= 4.5

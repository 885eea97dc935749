"""Drawings and sentences say what the numbers are, and nothing that a class is called can break out of them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from resnet_finetune.ui import figures
from resnet_finetune.ui.figures import Line, chart, confusion_matrix, per_class_table
from resnet_finetune.ui.texts import duration, percent, photos
from resnet_finetune.words.report import class_scores

HOSTILE = "<script>alert(1)</script>\"'>&amp;{0}"


class Page(HTMLParser):
    """The cells of all tables as text, row by row, and every tag that was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_rows_are_true_and_columns_predicted() -> None:
    page = Page(confusion_matrix(["cat", "dog", "owl"], [[5, 2, 0], [0, 7, 1], [0, 0, 0]], shares=False))
    assert page.rows == [
        ["", "cat", "dog", "owl"],
        ["cat", "5", "2", ""],
        ["dog", "", "7", "1"],
        ["owl", "", "", ""],
    ]
    assert "cat taken for dog: 2 of 7" in page.titles
    assert "dog taken for owl: 1 of 8" in page.titles


def test_shares_are_of_each_row() -> None:
    page = Page(confusion_matrix(["cat", "dog"], [[3, 1], [0, 0]], shares=True))
    assert page.rows[1:] == [["cat", "75", "25"], ["dog", "", ""]]


def test_the_axes_are_labelled() -> None:
    drawn = confusion_matrix(["cat", "dog"], [[3, 1], [0, 4]], shares=False)
    assert "(true class)" in drawn
    assert "(predicted class)" in drawn


def test_eighty_classes_are_all_drawn_and_more_than_a_hundred_are_not() -> None:
    def rows(n: int) -> tuple[list[str], Markup]:
        matrix = [[0] * n for _ in range(n)]
        for index in range(n):
            matrix[index][index] = 5
        matrix[n - 1][n - 2] = 3
        drawn = confusion_matrix([f"class {index}" for index in range(n)], matrix, shares=False)
        return [row[0] for row in Page(drawn).rows[1:]], drawn

    assert rows(80)[0] == [f"class {index}" for index in range(80)]
    names, drawn = rows(150)
    assert len(names) == figures.MOST_CLASSES
    assert names[-2:] == ["class 148", "class 149"]  # the ones with mistakes, last though they are
    assert "100 classes with the most mistakes, of 150" in drawn


@pytest.mark.parametrize(
    "drawn",
    [
        confusion_matrix([HOSTILE, "b"], [[3, 1], [0, 4]], shares=False),
        per_class_table(class_scores([HOSTILE, "b"], [[3, 1], [0, 4]])),
        figures.bars([(HOSTILE, 0.7), ("b", 0.3)]),
        chart("Loss", "epochs", 3, (0, 1), [Line(HOSTILE, "thin", [(0, 1), (3, 0.5)])]),
    ],
    ids=["matrix", "table", "bars", "chart"],
)
def test_a_name_stays_a_name(drawn: Markup) -> None:
    assert "script" not in Page(drawn).tags
    assert str(Markup.escape(HOSTILE)) in drawn


def test_the_worst_class_comes_first_and_the_unjudged_last() -> None:
    page = Page(per_class_table(class_scores(["good", "none", "bad"], [[8, 0, 0], [0, 0, 0], [6, 0, 2]])))
    assert [row[:2] for row in page.rows[1:]] == [["bad", "8"], ["good", "8"], ["none", "0"]]
    assert page.rows[1][2:] == ["100\u00a0%", "25\u00a0%", "40\u00a0%"]  # precision, recall, F1
    assert page.rows[3][2:] == ["–", "–", "–"]


def test_points_are_inside_the_chart_and_higher_is_up() -> None:
    drawn = chart("Loss", "epochs", 4, (0, 2), [Line("training", "thin", [(0, 2), (2, 1), (4, 0)])])
    path = re.search(r'points="([^"]+)"', drawn)
    assert path
    points = [tuple(map(float, point.split(","))) for point in path[1].split()]
    across, down = [x for x, _ in points], [y for _, y in points]
    assert across == sorted(across)
    assert down == sorted(down)  # the loss falls, so it goes down the page
    assert all(0 < x < figures.WIDTH for x in across)
    assert all(0 < y < figures.HEIGHT for y in down)


@pytest.mark.parametrize(("low", "high"), [(0, 1e-4), (0, 0.7), (0.9, 1), (0, 2500)])
def test_axes_have_a_few_round_ticks(low: float, high: float) -> None:
    drawn = chart("Loss", "epochs", 1, (low, high), [])
    ticks = [float(value) for value in re.findall(r'class="y"[^>]*>([^<]+)<', drawn)]
    assert 2 <= len(ticks) <= 6
    assert all(low <= tick <= high for tick in ticks)


@pytest.mark.parametrize(("share", "words"), [(0, "0"), (0.001, "<1"), (0.5, "50"), (0.867, "87"), (0.998, ">99"), (1, "100")])
def test_nearly_all_is_not_all(share: float, words: str) -> None:
    assert percent(share) == f"{words}\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (1500, "25 min"), (7320, "2 h 2 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_one_photo_is_one_photo() -> None:
    assert [photos(0), photos(1), photos(1200)] == ["0 photos", "1 photo", "1,200 photos"]

"""Drawings and sentences say what the numbers are, and nothing that a class is called can break out of them."""

from __future__ import annotations

import re

import pytest
from conftest import Drawn
from markupsafe import Markup

from resnet_finetune.ui.drawn import figures, matrix
from resnet_finetune.ui.drawn.figures import Line, chart, per_class_table
from resnet_finetune.ui.wording.texts import duration, left, percent, photos
from resnet_finetune.words.report import class_scores

HOSTILE = "<script>alert(1)</script>\"'>&amp;{0}"


@pytest.mark.parametrize(
    "drawn",
    [
        matrix.draw([HOSTILE, "b"], [[3, 1], [0, 4]], matrix.View([0, 1])),
        per_class_table(class_scores([HOSTILE, "b"], [[3, 1], [0, 4]])),
        figures.bars([(HOSTILE, 0.7), ("b", 0.3)]),
        chart("Loss", "epochs", 3, (0, 1), [Line(HOSTILE, "thin", [(0, 1), (3, 0.5)])]),
    ],
    ids=["matrix", "table", "bars", "chart"],
)
def test_a_name_stays_a_name(drawn: Markup) -> None:
    assert "script" not in Drawn(drawn).tags
    assert str(Markup.escape(HOSTILE)) in drawn


def test_the_worst_class_comes_first_and_the_unjudged_last() -> None:
    page = Drawn(per_class_table(class_scores(["good", "none", "bad"], [[8, 0, 0], [0, 0, 0], [6, 0, 2]])))
    assert [row[:2] for row in page.rows[1:]] == [["bad", "8"], ["good", "8"], ["none", "0"]]
    precision, recall, f1 = page.rows[1][2:]
    assert precision == "100\u00a0% (34–100)"
    assert recall == "25\u00a0% (7–59)"
    assert f1.startswith("40\u00a0% (")
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
    ("seconds", "words"), [(8.4, "8 s"), (59.7, "1 min"), (125, "2 min 5 s"), (1500, "25 min"), (7320, "2 h 2 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "working out how long it takes"),
        (2, "a few seconds left"),
        (31, "about 35 s left"),
        (58, "about 1 min left"),
        (62, "about 1 min 30 s left"),
        (601, "about 11 min left"),
    ],
)
def test_time_left_is_told_roughly(seconds: float | None, words: str) -> None:
    assert left(seconds) == words


def test_one_photo_is_one_photo() -> None:
    assert [photos(0), photos(1), photos(1200)] == ["0 photos", "1 photo", "1,200 photos"]

"""More photos help where they do, and are not asked for where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import with_two_kiwis
from PIL import Image

from resnet_finetune.engine.learning_curve import SHARES, _drawn, learning_curve
from resnet_finetune.engine.progress import drained
from resnet_finetune.ui.steps.learning import ATTEMPT
from resnet_finetune.words.lesson import Lesson
from resnet_finetune.words.settings import Settings


def lessons(photos: Path) -> list[Lesson]:
    return drained(learning_curve(Settings(data=str(photos)), lambda: None), lambda event: None)


def test_what_is_told_from_few_photos_gains_nothing_from_more(photos: Path) -> None:
    everyone, *classes = lessons(photos)
    assert (everyone.name, everyone.photos) == (None, 54)
    assert {lesson.name for lesson in classes} == {"blue", "green", "red"}
    assert all(len(lesson.recalls) == len(SHARES) for lesson in classes)
    assert everyone.recalls[-1] == 1
    assert not any(lesson.would_gain for lesson in classes)


def test_a_class_of_many_kinds_gains_from_more_photos_of_it(tmp_path: Path) -> None:
    """“odd” is of eight colours, each of which has to be seen to be known; “even” is of another eight."""
    hues = np.random.default_rng(0).permutation(16)
    for label, class_ in enumerate(("even", "odd")):
        (tmp_path / class_).mkdir()
        for number in range(32):
            hue = int(hues[label * 8 + number % 8])
            photo = Image.new("HSV", (64, 64), (hue * 16, 255, 255)).convert("RGB")
            noise = np.random.default_rng([label, number]).integers(0, 40, (64, 64, 3), np.uint8)
            Image.fromarray(np.asarray(photo) // 2 + noise).save(tmp_path / class_ / f"{number:02}.png")
    everyone, *_ = lessons(tmp_path)
    assert everyone.recalls == sorted(everyone.recalls)
    assert everyone.recalls[-1] > everyone.recalls[0] + 0.05


def test_a_class_with_one_photo_of_its_own_stops_nothing(tmp_path: Path) -> None:
    _, *classes = lessons(with_two_kiwis(tmp_path / "photos"))
    assert {lesson.name: lesson.photos for lesson in classes} == {"apple": 12, "kiwi": 2, "pear": 12}


@pytest.mark.parametrize("counts", [[1, 9], [20, 1, 3], [40, 8]])
def test_of_each_class_its_share_is_drawn_and_at_least_one_photo(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    everyone = np.arange(len(labels))
    for share in SHARES:
        draws = [_drawn(everyone, labels, share, seed) for seed in range(3)]
        for some in draws:
            assert len(set(some)) == len(some)
            assert np.bincount(labels[some]).tolist() == [max(1, round(share * count)) for count in counts]
    assert not np.array_equal(_drawn(everyone, labels, 0.5, 0), _drawn(everyone, labels, 0.5, 1))


@pytest.mark.parametrize(("recalls", "error", "gains"), [([0.5, 0.6, 0.8], 0.1, True), ([0.5, 0.75, 0.8], 0.1, False)])
def test_a_gain_within_chance_is_none(recalls: list[float], error: float, gains: bool) -> None:
    assert Lesson(name="a", photos=9, recalls=recalls, error=error).would_gain is gains


def test_it_is_drawn_with_the_classes_that_gain_most() -> None:
    names = ["<b>pear</b>", "apple", "melon", "plum"]
    found = [Lesson(name=name, photos=40, recalls=[0.5, 0.7, 0.8], error=0.05) for name in (None, *names)]
    drawn, _ = ATTEMPT.answer(found, None)
    assert drawn.count("<polyline") == 1 + 3
    assert "&lt;b&gt;pear" in drawn and "<b>pear" not in drawn
    chart, table = drawn[drawn.index("<figure") :].split("<table")
    assert "melon" in chart and "plum" not in chart and "plum" in table

"""When fine-tuning counts as better than the first answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from resnet_finetune.engine.judge import Verdict, judged

TRUE = np.array([0, 1, 0, 1, 0, 1])


def verdict(*margins: float) -> Verdict:
    """Of six photos; ``margins`` is by how much the logit of the true class leads."""
    logits = torch.zeros(6, 2)
    logits[torch.arange(6), torch.from_numpy(TRUE)] = torch.tensor(margins, dtype=torch.float32)
    return judged(logits, TRUE)


def test_losses_and_accuracy() -> None:
    found = verdict(2, 2, 2, 2, 2, -2)
    assert found.predicted == [0, 1, 0, 1, 0, 0]
    assert found.score.accuracy == pytest.approx(5 / 6)
    assert found.losses[0].item() == pytest.approx(np.log(1 + np.exp(-2)))
    assert found.loss == pytest.approx(found.losses.mean().item())


FIRST = verdict(1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("other", "better"),
    [
        (verdict(2, 2, 2, 2, 2, 2), True),
        (verdict(2, 2, 2, 2, 2, 1.5), True),
        (FIRST, False),
        (verdict(0.5, 0.5, 0.5, 0.5, 0.5, 0.5), False),
        (verdict(1.5, 0.8, 1.3, 0.8, 1.1, 0.8), False),  # better in the mean, but no more than chance
        (verdict(9, 9, 9, 9, 9, -0.1), False),  # far lower loss, but one photo more is wrong
    ],
)
def test_better_by_more_than_chance(other: Verdict, better: bool) -> None:
    assert other.beats(FIRST) is better


def test_the_case_of_chance_is_better_in_the_mean() -> None:
    assert verdict(1.5, 0.8, 1.3, 0.8, 1.1, 0.8).loss < FIRST.loss


def test_one_photo_tells_nothing() -> None:
    one = np.array([0])
    better, worse = judged(torch.tensor([[5.0, 0.0]]), one), judged(torch.tensor([[1.0, 0.0]]), one)
    assert better.loss < worse.loss
    assert not better.beats(worse)

"""Temperatures fitted to answers that are known to be too sure, not sure enough, or just right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from resnet_finetune.engine.calibration import MOST, fit_temperature


def answers(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits [count, 4], and labels that come true as often as the logits say."""
    random = np.random.default_rng(seed)
    logits = 2 * random.standard_normal((count, 4))
    return logits, np.array([random.choice(4, p=row) for row in softmax(logits, axis=1)])


@pytest.mark.parametrize("too_sure", [0.5, 1, 3])
def test_confidence_is_brought_in_line_with_what_comes_true(too_sure: float) -> None:
    logits, labels = answers(4000)
    assert fit_temperature(too_sure * logits, labels) == pytest.approx(too_sure, rel=0.08)


def test_a_few_photos_named_right_are_no_proof_of_certainty() -> None:
    logits = 4 * np.eye(3)[[0, 1, 2, 0]]
    assert 0.4 < fit_temperature(logits, np.array([0, 1, 2, 0])) < 1


def test_it_stays_within_bounds() -> None:
    logits = 1e4 * np.eye(2)[[0] * 200]
    assert fit_temperature(logits, np.array([1] * 200)) == pytest.approx(MOST, rel=0.01)

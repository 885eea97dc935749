"""The first answer's linear head, on features that are made up."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from resnet_finetune.engine.probe import ENOUGH, _best_strength, linear_head


def made_up(counts: list[int], dimensions: int = 6, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, D] around one corner per class, and labels [N]."""
    labels = np.repeat(np.arange(len(counts)), counts)
    spread = np.random.default_rng(0).normal(0, noise, (len(labels), dimensions))
    return (np.eye(dimensions)[labels] + spread).astype(np.float32), labels


def scores(head: tuple[torch.Tensor, torch.Tensor], seen: np.ndarray) -> torch.Tensor:
    """Probabilities [N, classes]."""
    weight, bias = head
    return (torch.from_numpy(seen) @ weight.T + bias).softmax(1)


def answers(head: tuple[torch.Tensor, torch.Tensor], seen: np.ndarray) -> np.ndarray:
    predicted: np.ndarray = scores(head, seen).argmax(1).numpy()
    return predicted


@pytest.mark.parametrize("counts", [[8, 8], [8, 8, 8], [20, 3, 9, 5]], ids=str)
@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_what_can_be_told_apart_is(counts: list[int], scale: float) -> None:
    seen, labels = made_up(counts)
    weight, bias = linear_head(seen * scale, labels, np.arange(len(labels)), len(counts), 0)
    assert weight.shape == (len(counts), 6) and bias.shape == (len(counts),)
    assert weight.dtype == bias.dtype == torch.float32
    assert np.array_equal(answers((weight, bias), seen * np.float32(scale)), labels)


@pytest.mark.parametrize("counts", [[45, 15], [30, 20, 10]], ids=str)
def test_it_is_as_sure_as_the_classes_are_frequent(counts: list[int]) -> None:
    """The intercept is not penalised, so the mean probabilities of the training photos are the shares of the classes."""
    seen, labels = made_up(counts, noise=1.0)
    weight, bias = linear_head(seen, labels, np.arange(len(labels)), len(counts), 0)
    mean = (torch.from_numpy(seen) @ weight.T + bias).softmax(1).mean(0)
    assert mean.tolist() == pytest.approx([count / sum(counts) for count in counts], abs=2e-3)


@pytest.mark.parametrize("present", [[0, 2], [1, 3, 4]], ids=str)
def test_a_class_without_training_photos_never_wins(present: list[int]) -> None:
    counts = [10 if label in present else 0 for label in range(5)]
    seen, labels = made_up(counts)
    head = linear_head(seen, labels, np.arange(len(labels)), 5, 0)
    assert np.array_equal(answers(head, seen), labels)
    foreign = np.random.default_rng(1).normal(0, 1, (500, 6)).astype(np.float32)
    absent = [label for label in range(5) if label not in present]
    assert scores(head, foreign)[:, absent].max() < 1e-6


def test_photos_of_one_class_alone_are_all_of_it() -> None:
    seen, labels = made_up([0, 5, 0])
    assert np.array_equal(answers(linear_head(seen, labels, np.arange(len(labels)), 3, 0), seen), labels)


def test_one_photo_for_each_class_is_enough() -> None:
    seen, labels = made_up([1, 1, 1])
    assert np.array_equal(answers(linear_head(seen, labels, np.arange(len(labels)), 3, 0), seen), labels)


@pytest.mark.parametrize("seed", range(4))
def test_a_class_too_rare_to_be_among_the_photos_that_choose_the_penalty(seed: int) -> None:
    seen, labels = made_up([3 * ENOUGH, 1], dimensions=2)
    rare = scores(linear_head(seen, labels, np.arange(len(labels)), 2, seed), seen)[:, 1]
    assert rare.argmax() == len(labels) - 1


def test_the_same_seed_gives_the_same_head() -> None:
    seen, labels = made_up([9, 9, 9], noise=0.8)
    one, other = (linear_head(seen, labels, np.arange(len(labels)), 3, 5) for _ in range(2))
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_photos_that_are_alike_do_not_vouch_for_each_other_when_the_penalty_is_chosen() -> None:
    seen, labels = made_up([12, 12, 12], noise=0.8)
    series, of, each = (np.repeat(array, 6, axis=0) for array in (seen, labels, np.arange(len(labels))))
    assert _best_strength(series, of, np.arange(len(of)), 0) == 30.0  # each is known by its copies
    assert _best_strength(series, of, each, 0) == _best_strength(seen, labels, np.arange(len(labels)), 0) == 1.0
    once, often = linear_head(seen, labels, np.arange(36), 3, 0), linear_head(series, of, each, 3, 0)
    assert torch.allclose(once[0], often[0], atol=0.01)  # six times the same is no more than once

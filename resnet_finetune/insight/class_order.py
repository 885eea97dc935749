"""In which order a confusion matrix shows its classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

Matrix = Sequence[Sequence[int]]  # counts; rows true, columns predicted


def by_name(confusion: Matrix) -> list[int]:
    """As the classes are, which is by name."""
    return list(range(len(confusion)))


def by_mistakes(confusion: Matrix) -> list[int]:
    """First the class that is most often taken for another, or another for it."""
    order: list[int] = np.argsort(-mistakes(confusion), kind="stable").tolist()
    return order


def mistakes(confusion: Matrix) -> np.ndarray:
    """Of each class, how many photos were taken for another class, or of another for it: int [classes]."""
    counts = np.asarray(confusion)
    found: np.ndarray = counts.sum(0) + counts.sum(1) - 2 * counts.diagonal()
    return found


def alike_together(confusion: Matrix) -> list[int]:
    """Classes that are taken for one another stand side by side, so that mistakes gather in blocks along the diagonal.

    Average-linkage clustering of the share of two classes' photos that went to the other, in the leaf order that puts
    neighbours closest (Bar-Joseph et al. 2001, Bioinformatics 17, p. S22).
    """
    counts = np.asarray(confusion, float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    apart = 1 - np.clip(shares + shares.T, 0, 1)
    np.fill_diagonal(apart, 0)
    order: list[int] = leaves_list(linkage(squareform(apart), "average", optimal_ordering=True)).tolist()
    return order


ORDERS: dict[str, Callable[[Matrix], list[int]]] = {"name": by_name, "mistakes": by_mistakes, "alike": alike_together}

"""The first answer: a linear head on the features of the network as it was pretrained (a linear probe)."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)  # inverse of the L2 penalty, for features of about unit length
USUAL_STRENGTH = 10.0
FOLDS = 5
ENOUGH = 2000  # photos; more would not change which strength is chosen


def linear_head(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Weight [classes, D] and bias [classes] of a linear layer fitted to ``features`` [N, D].

    Multinomial logistic regression; its L2 penalty is chosen by cross-validated log loss over these photos alone, of which one
    stands for all that are alike (``groups`` [N]).
    """
    share = len(np.unique(groups)) / len(groups)  # the loss is a sum: all weigh then as much as those that it was chosen for
    return _head(features, labels, classes, lambda scaled: share * _best_strength(scaled, labels, groups, seed))


def usual_head(features: np.ndarray, labels: np.ndarray, classes: int) -> tuple[Tensor, Tensor]:
    """As ``linear_head``, with a penalty that is about right: many times as quick."""
    return _head(features, labels, classes, lambda scaled: USUAL_STRENGTH)


def _head(
    features: np.ndarray, labels: np.ndarray, classes: int, choose: Callable[[np.ndarray], float]
) -> tuple[Tensor, Tensor]:
    weight, bias = np.zeros((classes, features.shape[1])), np.full(classes, -100.0)
    present = np.unique(labels)
    if len(present) == 1:  # nothing to tell apart: always this one
        bias[present] = 0.0
        return torch.tensor(weight, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32)
    scale = 1 / np.linalg.norm(features, axis=1).mean()  # the penalty then means the same for every network
    scaled = features * scale
    model = _fit(scaled, labels, choose(scaled))
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes: how much more likely the second is
        weight[model.classes_] = np.concatenate([-model.coef_, model.coef_]) / 2
        bias[model.classes_] = np.concatenate([-model.intercept_, model.intercept_]) / 2
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return torch.tensor(weight * scale, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32)


def _best_strength(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> float:
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = order[np.sort(np.unique(groups[order], return_index=True)[1])][:ENOUGH]  # the first of each group
    features, labels = features[chosen], labels[chosen]
    counts = np.unique(labels, return_counts=True)[1]
    folds = min(FOLDS, int(counts.min()))
    if folds < 2 or len(counts) < 2:  # a rare class may not be among those chosen
        return USUAL_STRENGTH
    losses = dict.fromkeys(STRENGTHS, 0.0)
    for fit, held in StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels):
        for strength in STRENGTHS:
            model = _fit(features[fit], labels[fit], strength)
            losses[strength] += log_loss(labels[held], model.predict_proba(features[held]), labels=model.classes_)
    return min(losses, key=losses.__getitem__)


def _fit(features: np.ndarray, labels: np.ndarray, strength: float) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits of a strongly fitted head do not matter
        return LogisticRegression(C=strength, max_iter=300).fit(features, labels)

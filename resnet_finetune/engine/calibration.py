"""How sure a model may be: its confidence brought in line with how often it is right."""

from __future__ import annotations

from math import exp, log

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

MOST = 5.0  # times surer, or less sure, than the network says itself
SPREAD = 0.5  # of the logarithm of temperatures that are to be expected: a dozen photos alone do not prove certainty


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What ``logits`` [N, classes] of photos that were not trained on are to be divided by.

    Temperature scaling (Guo et al. 2017, ICML, sec. 4.2): the one number with which the ``labels`` [N] are likeliest, and
    which changes no answer; here with a log-normal prior around 1, since few photos that are all named right would call for
    a temperature of nothing.
    """
    true = np.arange(len(labels)), labels

    def unlikely(log_temperature: float) -> float:
        likely = log_softmax(logits / exp(log_temperature), axis=1)[true].sum()
        return float(log_temperature**2 / (2 * SPREAD**2) - likely)

    return exp(minimize_scalar(unlikely, bounds=(-log(MOST), log(MOST)), method="bounded").x)

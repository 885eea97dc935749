"""A learning rate for these photos: it is raised from step to step until the loss gets worse (learning-rate range test: Smith
2017, WACV, sec. 3.3). Nothing is kept of what is learnt meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch

from resnet_finetune.engine.first_answer import add_head, features_of
from resnet_finetune.engine.material import BATCH, with_network
from resnet_finetune.engine.plan import PRESETS
from resnet_finetune.engine.probe import usual_head
from resnet_finetune.engine.progress import Pace
from resnet_finetune.engine.step import Learner, make_optimizer, one_batch
from resnet_finetune.words.events import Event
from resnet_finetune.words.rates import RateTrial
from resnet_finetune.words.settings import Settings

LOWEST, HIGHEST = 1e-6, 1e-1  # of the head
STEPS = 60
SMOOTHING = 0.9  # of the loss, over the steps
TOO_BAD = 4.0  # times the lowest loss: there it ends
SAFE = 10.0  # times below the rate of the lowest loss


def find_rate(settings: Settings, check_stop: Callable[[], None] = lambda: None) -> Generator[Event, None, RateTrial]:
    """Yields how far it has come. Starts from the first answer, as fine-tuning does, with the same optimiser.

    Raises:
        UserError: the photos or the weights are not such that a training could come of them.
    """
    material, net = yield from with_network(settings, check_stop)
    train, classes = material.indices("train"), len(material.dataset.classes)
    seen = yield from features_of(material, net, train)
    add_head(net, classes, usual_head(seen, material.labels(train), classes))
    scaler = torch.amp.GradScaler(material.hardware.device.type, enabled=material.hardware.precision == "float16")
    learner = Learner(net, make_optimizer(net), scaler)
    generator = torch.Generator().manual_seed(settings.seed)
    preset, pace = PRESETS[settings.preset], Pace("rates")
    tried: list[tuple[float, float]] = []  # learning rate, loss before the step
    for batch in _batches(train, generator):
        rate = LOWEST * (HIGHEST / LOWEST) ** (len(tried) / (STEPS - 1))
        for group in learner.optimizer.param_groups:
            group["lr"] = group["lr_scale"] * rate
        loss = one_batch(material, learner, preset.photo_size, batch, generator)
        tried.append((rate, loss))
        points = _smooth(tried)
        yield from pace(len(tried), STEPS)
        if len(tried) == STEPS or not math.isfinite(loss) or points[-1][1] > TOO_BAD * min(loss for _, loss in points):
            break
    return RateTrial(points=points, suggested=suggestion(points), usual=preset.learning_rate)


def suggestion(points: list[tuple[float, float]]) -> float:
    """From (rate, smoothed loss): well below where the loss was lowest, for there it is about to get worse."""
    return min(points, key=lambda point: point[1])[0] / SAFE


def _batches(train: np.ndarray, generator: torch.Generator) -> Iterator[np.ndarray]:
    """Without end, each photo as often as any other."""
    while True:
        order = train[torch.randperm(len(train), generator=generator).numpy()]
        yield from np.array_split(order, max(1, round(len(order) / BATCH)))


def _smooth(tried: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Running means that owe nothing to where they began (Kingma & Ba 2015, sec. 3); up to a loss that is no number."""
    mean, points = 0.0, []
    for step, (rate, loss) in enumerate(tried, start=1):
        if not math.isfinite(loss):
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        points.append((rate, mean / (1 - SMOOTHING**step)))
    return points

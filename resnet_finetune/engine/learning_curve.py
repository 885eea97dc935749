"""Would more photos help? What a share of the photos teaches, against all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from resnet_finetune.engine.cross_validation import parted
from resnet_finetune.engine.first_answer import features_of
from resnet_finetune.engine.material import with_network
from resnet_finetune.engine.probe import usual_head
from resnet_finetune.words.events import Event
from resnet_finetune.words.lesson import Lesson
from resnet_finetune.words.settings import Settings

SHARES = (0.25, 0.5, 1.0)  # of the photos that may be learnt from; each twice the one before
REPEATS = 4  # draws of each share: which photos are taken matters as much as how many


def learning_curve(settings: Settings, check_stop: Callable[[], None]) -> Generator[Event, None, list[Lesson]]:
    """All classes together, then each, the one that gains most from more photos first.

    Every photo is judged by heads on the pretrained network's features that were fitted to shares of the photos in the other
    folds, never to one like it. That is the first answer, not fine-tuning: it tells where photos are missing, not how good
    the model will be.

    Raises:
        UserError: the photos cannot be trained on any more, or the weights are not in reach.
    """
    material, net = yield from with_network(settings, check_stop)
    dataset = material.dataset
    everyone = np.arange(len(dataset.photos))
    labels, classes = material.labels(everyone), len(dataset.classes)
    seen = yield from features_of(material, net, everyone)

    right = np.zeros((len(SHARES), len(everyone)))  # share of the draws in which a photo was named right
    for fit, held in parted(material, everyone):
        for number, share in enumerate(SHARES):
            draws = 1 if share == 1 else REPEATS
            for draw in range(draws):
                check_stop()
                some = _drawn(fit, labels, share, settings.seed + draw)
                weight, bias = usual_head(seen[some], labels[some], classes)
                answers = (seen[held] @ weight.numpy().T + bias.numpy()).argmax(1)
                right[number, held] += (answers == labels[held]) / draws
    of_each = [_lesson(name, right[:, labels == label]) for label, name in enumerate(dataset.classes)]
    return [_lesson(None, right), *sorted(of_each, key=lambda lesson: -lesson.gain)]


def _drawn(fit: np.ndarray, labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """``share`` of the photos ``fit`` of each class, and at least one."""
    if share == 1:
        return fit
    random = np.random.default_rng(seed)
    of_each = (random.permutation(fit[labels[fit] == label]) for label in np.unique(labels[fit]))
    return np.concatenate([own[: max(1, round(share * len(own)))] for own in of_each])


def _lesson(name: str | None, right: np.ndarray) -> Lesson:
    """Of ``right`` [shares, photos]."""
    gains = right[-1] - right[-2]
    return Lesson(
        name=name,
        photos=right.shape[1],
        recalls=right.mean(1).tolist(),
        error=float(gains.std() / len(gains) ** 0.5),
    )

"""The number of a tiny set: every photo is judged in turn, by a first answer that was fitted to others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor, nn

from resnet_finetune.data.split import folds, judges
from resnet_finetune.engine.calibration import fit_temperature
from resnet_finetune.engine.first_answer import add_head, features_of
from resnet_finetune.engine.judge import looked_at, write_report
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.probe import linear_head
from resnet_finetune.engine.strangers import make_crossed_gallery
from resnet_finetune.words.events import Event, FirstAnswer, Kept, Score
from resnet_finetune.words.report import FirstScore, Judged, make_result

Head = tuple[Tensor, Tensor]  # weight [classes, D] and bias [classes]


def cross_validate(material: Material, net: nn.Module) -> Generator[Event, None, tuple[Score, Kept]]:
    """Write the model, a head fitted to all photos, and the report, in which each photo has the answer of a head that was
    fitted without it and without those like it (grouped, stratified folds; the features are of the frozen network, which has
    seen none of them).
    """
    photos, classes = material.dataset.photos, len(material.dataset.classes)
    everyone = np.arange(len(photos))
    labels, groups, seed = material.labels(everyone), material.groups(everyone), material.settings.seed
    seen = yield from features_of(material, net, everyone)

    def fitted(some: np.ndarray) -> Head:
        return linear_head(seen[some], labels[some], groups[some], classes, seed)

    parts = parted(material, everyone)
    logits = out_of_fold(material, seen, everyone, parts, fitted)

    add_head(net, classes, fitted(everyone))
    model = material.classifier(net)
    fair = np.array(judges(material.dataset))
    model.temperature = fit_temperature(logits[fair], labels[fair])
    scores = np.empty_like(logits)
    for others, fold in parts:  # how sure it may be of these is told by the others, as its answers are
        sure = others[fair[others]]
        scores[fold] = softmax(logits[fold] / fit_temperature(logits[sure], labels[sure]), axis=1)
    features, _ = yield from looked_at(model, material, everyone, "remember", material.hardware.autocast())
    model.gallery = make_crossed_gallery(material, features, parts, fair)
    model.save(material.run)
    judged = [
        Judged(path=photo.name, true=photo.label, scores=own.tolist(), sha256=photo.digest)
        for photo, own, judge in zip(photos, scores, fair, strict=True)
        if judge
    ]
    result = make_result(material.dataset.classes, judged)
    seconds = material.clock()
    yield FirstAnswer(validation=result.test, confusion=result.confusion, seconds=seconds)
    accuracy = result.test.accuracy
    first = FirstScore(accuracy=accuracy, validation_accuracy=accuracy, seconds=seconds)
    write_report(material, result, "first answer", first)
    return result.test, "first answer"


def parted(material: Material, indices: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(others, fold): places in ``indices``. No photo of a fold is like any of the others, for groups stay together.

    There are two folds at least: a class whose photos are all alike, or like those of others, is not trained on in one of them.
    """
    labels = material.labels(indices)
    photos = [material.dataset.photos[index] for index in indices]
    parts = max(2, folds(replace(material.dataset, photos=photos)))
    parting = StratifiedGroupKFold(parts, shuffle=True, random_state=material.settings.seed)
    return list(parting.split(labels, labels, [photo.group for photo in photos]))


def out_of_fold(
    material: Material,
    seen: np.ndarray,
    indices: np.ndarray,
    parts: list[tuple[np.ndarray, np.ndarray]],
    fitted: Callable[[np.ndarray], Head],
) -> np.ndarray:
    """Logits float32 [N, classes] of photos with the features ``seen`` [N, D], each by a head that was ``fitted`` to the
    others, as ``parted``, by their places in ``indices``.
    """
    answers = np.empty((len(indices), len(material.dataset.classes)), np.float32)
    for fit, held in parts:
        material.check_stop()
        weight, bias = fitted(fit)
        answers[held] = seen[held] @ weight.numpy().T + bias.numpy()
    return answers

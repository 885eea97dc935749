"""The number of a tiny set: every photo is judged in turn, by a first answer that was fitted to others."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor, nn

from resnet_finetune.data.split import folds, judges
from resnet_finetune.engine.calibration import fit_temperature
from resnet_finetune.engine.first_answer import add_head, features_of
from resnet_finetune.engine.judge import write_report
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.probe import linear_head
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
    labels, seed = material.labels(everyone), material.settings.seed
    seen = yield from features_of(material, net, everyone)

    def fitted(seen: np.ndarray, labels: np.ndarray) -> Head:
        return linear_head(seen, labels, classes, seed)

    logits = out_of_fold(material, seen, everyone, folds(material.dataset), fitted)

    add_head(net, classes, fitted(seen, labels))
    model = material.classifier(net)
    model.temperature = fit_temperature(logits, labels)
    model.save(material.run)
    scores = softmax(logits / model.temperature, axis=1)
    judged = [
        Judged(path=photo.name, true=photo.label, scores=own.tolist(), sha256=photo.digest)
        for photo, own, fair in zip(photos, scores, judges(material.dataset), strict=True)
        if fair
    ]
    result = make_result(material.dataset.classes, judged)
    seconds = material.clock()
    yield FirstAnswer(validation=result.test, confusion=result.confusion, seconds=seconds)
    accuracy = result.test.accuracy
    first = FirstScore(accuracy=accuracy, validation_accuracy=accuracy, seconds=seconds)
    write_report(material, result, "first answer", first)
    return result.test, "first answer"


def out_of_fold(
    material: Material, seen: np.ndarray, indices: np.ndarray, folds: int, fitted: Callable[[np.ndarray, np.ndarray], Head]
) -> np.ndarray:
    """Logits float32 [N, classes] of photos with the features ``seen`` [N, D], each by a head that was ``fitted`` to the
    features and labels of others: of none that is like it, for groups stay together.
    """
    labels = material.labels(indices)
    groups = [material.dataset.photos[index].group for index in indices]
    answers = np.empty((len(indices), len(material.dataset.classes)), np.float32)
    parting = StratifiedGroupKFold(folds, shuffle=True, random_state=material.settings.seed)
    for fit, held in parting.split(labels, labels, groups):
        material.check_stop()
        weight, bias = fitted(seen[fit], labels[fit])
        answers[held] = seen[held] @ weight.numpy().T + bias.numpy()
    return answers

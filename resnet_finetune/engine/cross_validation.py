"""The number of a tiny set: every photo is judged in turn, by a first answer that was fitted to others."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn

from resnet_finetune.data.split import folds, judges
from resnet_finetune.engine.first_answer import add_head, features_of
from resnet_finetune.engine.judge import write_report
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.probe import linear_head
from resnet_finetune.words.events import Event, FirstAnswer, Kept, Score
from resnet_finetune.words.report import FirstScore, Judged, make_result


def cross_validate(material: Material, net: nn.Module) -> Generator[Event, None, tuple[Score, Kept]]:
    """Write the model, a head fitted to all photos, and the report, in which each photo has the answer of a head that was
    fitted without it and without those like it (grouped, stratified folds; the features are of the frozen network, which has
    seen none of them).
    """
    photos, classes = material.dataset.photos, len(material.dataset.classes)
    everyone = np.arange(len(photos))
    labels, seed = material.labels(everyone), material.settings.seed
    seen = yield from features_of(material, net, everyone)
    scores = np.empty((len(photos), classes))
    parting = StratifiedGroupKFold(folds(material.dataset), shuffle=True, random_state=seed)
    for fit, held in parting.split(labels, labels, [photo.group for photo in photos]):
        material.check_stop()
        weight, bias = linear_head(seen[fit], labels[fit], classes, seed)
        scores[held] = softmax(seen[held, 0] @ weight.numpy().T + bias.numpy(), axis=1)

    add_head(net, classes, linear_head(seen, labels, classes, seed))
    material.classifier(net).save(material.run)
    judged = [
        Judged(path=photo.name, true=photo.label, scores=own.tolist())
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

"""Photos that may lie in the wrong class: what the others teach about each of them, against where it lies."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
from cleanlab.filter import find_label_issues
from scipy.special import softmax

from resnet_finetune.engine.calibration import fit_temperature
from resnet_finetune.engine.cross_validation import out_of_fold, parted
from resnet_finetune.engine.first_answer import features_of
from resnet_finetune.engine.material import with_network
from resnet_finetune.engine.probe import usual_head
from resnet_finetune.words.events import Event
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.suspect import Suspect


def check_labels(settings: Settings, check_stop: Callable[[], None]) -> Generator[Event, None, list[Suspect]]:
    """The photos whose class is doubtful, the most doubtful first.

    Each photo is judged by a head on the pretrained network's features that was fitted to the others, and to none like it
    (grouped, stratified folds), so that no wrong label vouches for itself. Of these answers confident learning finds the
    labels that are likelier wrong than right (Northcutt et al. 2021, JAIR 70, sec. 3).

    Raises:
        UserError: the photos cannot be trained on any more, or the weights are not in reach.
    """
    material, net = yield from with_network(settings, check_stop)
    dataset = material.dataset
    everyone = np.arange(len(dataset.photos))
    labels, classes = material.labels(everyone), len(dataset.classes)
    seen = yield from features_of(material, net, everyone)
    parts = parted(material, everyone)
    logits = out_of_fold(material, seen, everyone, parts, lambda fit: usual_head(seen[fit], labels[fit], classes))
    likely = softmax(logits / fit_temperature(logits, labels), axis=1)
    doubtful = find_label_issues(labels, likely, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [
        Suspect(
            name=dataset.photos[index].name,
            path=str(dataset.photos[index].path),
            given=dataset.classes[labels[index]],
            likely=[(dataset.classes[other], float(likely[index, other])) for other in np.argsort(-likely[index])],
        )
        for index in doubtful
    ]

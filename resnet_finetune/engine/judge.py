"""Validation while a network is trained, and the one test at the end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.calibration import fit_temperature
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.progress import Pace
from resnet_finetune.engine.share import own_logits
from resnet_finetune.engine.strangers import kept_photos, make_gallery
from resnet_finetune.engine.team import Order
from resnet_finetune.model.folding import folded
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.events import Event, Kept, Score, Stage
from resnet_finetune.words.report import REPORT, FirstScore, Judged, Report, Result, make_result, wilson

AT_ONCE = 512  # photos between two words on how far it has come; a team is sent the weights each time

_FULL: AbstractContextManager[Any] = nullcontext()


def logits(net: nn.Module, material: Material, indices: np.ndarray) -> Generator[Event, None, Tensor]:
    """Float32 [N, classes] on the CPU, of whole photos without augmentation; and how far it has come, where that takes long."""
    quick, team, pace, answers = folded(net), material.team, Pace("check"), []
    for start in range(0, len(indices), AT_ONCE):
        material.check_stop()
        some = indices[start : start + AT_ONCE]
        team.order(Order.JUDGE, len(some))
        team.photos(some, len(some))
        team.weights(net)
        answers.append(team.answers(own_logits(quick, material, some[team.share(len(some))]), len(some)))
        if len(indices) > AT_ONCE:
            yield from pace(start + len(some), len(indices))
    return torch.cat(answers)


@dataclass(frozen=True)
class Verdict:
    """How a network did on labelled photos. ``losses`` is the cross-entropy of each, float32 [N]."""

    losses: Tensor
    predicted: list[int]
    score: Score

    @property
    def loss(self) -> float:
        return self.losses.mean().item()

    def beats(self, other: Verdict) -> bool:
        """Whether it is better on the same photos by more than chance would have it: right on no fewer, and with a mean loss
        that is lower by more than one standard error of the difference (Breiman et al. 1984, sec. 3.4.3). Of one photo there is
        no such error, and nothing is told by it.
        """
        gains = other.losses - self.losses
        if len(gains) < 2:
            return False
        error = gains.std().item() / len(gains) ** 0.5
        return self.score.accuracy >= other.score.accuracy and gains.mean().item() > error


def judged(logits: Tensor, labels: np.ndarray) -> Verdict:
    true = torch.from_numpy(labels)
    predicted = logits.argmax(1)
    return Verdict(
        losses=F.cross_entropy(logits, true, reduction="none"),
        predicted=predicted.tolist(),
        score=wilson(int((predicted == true).sum()), len(true)),
    )


def test(material: Material, compare: bool) -> Generator[Event, None, tuple[Score, Kept]]:
    """Judge the model as it lies on disk on the test photos, once, and write the report. Before, it is calibrated on the
    validation photos; and it keeps what tells it the photos that are of no class.

    With ``compare`` the first answer is judged on them too, so that both can be shown side by side; it changes nothing.
    """
    standing = checkpoint.load_standing(material.run)
    assert standing is not None  # it is written with the first answer
    test = material.indices("test")
    photos = [material.dataset.photos[index] for index in test]
    model = load_model(material.run)
    train, validation = kept_photos(material, "train"), kept_photos(material, "validation")
    learnt, _ = yield from looked_at(model, material, train, "remember", material.hardware.autocast())
    chose, logits = yield from looked_at(model, material, validation, "remember")
    model.temperature = fit_temperature(logits, material.labels(validation))
    tested, logits = yield from looked_at(model, material, test, "test")
    kept = np.isin(test, kept_photos(material, "test"))  # all are judged, but not all are worth their place in the model
    features = np.concatenate([learnt, chose, tested[kept]])
    model.gallery = make_gallery(material, np.concatenate([train, validation, test[kept]]), features)
    model.save_about(material.run)
    scores = model.calibrated(torch.from_numpy(logits)).tolist()
    answers = [Judged(path=p.name, true=p.label, scores=s, sha256=p.digest) for p, s in zip(photos, scores, strict=True)]
    result = make_result(model.classes, answers)

    first_accuracy = result.test.accuracy if standing.kept == "first answer" else None
    if compare and first_accuracy is None:
        model.net.load_state_dict(checkpoint.load_first(material.run))
        _, logits = yield from looked_at(material.classifier(model.net), material, test, "test", material.hardware.autocast())
        right = logits.argmax(1) == material.labels(test)
        first_accuracy = float(right.mean())
    first = FirstScore(
        accuracy=first_accuracy,
        validation_accuracy=standing.first.validation.accuracy,
        seconds=standing.first.seconds,
    )
    write_report(material, result, standing.kept, first)
    return result.test, standing.kept


def write_report(material: Material, result: Result, kept: Kept, first: FirstScore) -> None:
    """Raises ``OSError`` when it cannot be written; an earlier report is then as it was."""
    report = Report(
        **{spec.name: getattr(result, spec.name) for spec in fields(result)},
        root=str(material.dataset.root.absolute()),
        kept=kept,
        first_answer=first,
        cross_validated=material.dataset.cross_validated,
        notes=[*material.notes, *material.micro_batches.notes],
    )
    disk.write_json(material.run / REPORT, report.to_json())


def looked_at(
    model: Classifier,
    material: Material,
    indices: np.ndarray,
    stage: Stage,
    precision: AbstractContextManager[Any] = _FULL,
) -> Generator[Event, None, tuple[np.ndarray, np.ndarray]]:
    """Features float32 [N, D] and logits float32 [N, classes] of these photos, and how far it has come. What is to be the same
    in the test, in the app and in an export needs full precision.
    """

    def look(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with precision:
            return model.look(material.pixels[chosen])

    pace, looks, done = Pace(stage), [], 0
    for seen in material.micro_batches.each(indices, look):
        looks.append(seen)
        done += len(seen[0])
        yield from material.micro_batches.news()
        yield from pace(done, len(indices))
    features, logits = (np.concatenate(parts) for parts in zip(*looks, strict=True))
    return features, logits

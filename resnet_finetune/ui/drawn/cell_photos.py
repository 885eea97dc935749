"""Test photos, each of which can be explained: those behind one cell of the confusion matrix, and the worst of all."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup

from resnet_finetune.ui.drawn import matrix
from resnet_finetune.ui.drawn.messages import action
from resnet_finetune.ui.drawn.thumbnails import of_run
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.report import Judged, Report

AT_FIRST = 24  # photos
_NOTHING = Markup("")


def photos_of(report: Report, true: int, predicted: int) -> list[Judged]:
    """The largest mistakes first; of right answers, those that were nearly wrong."""
    there = [photo for photo in report.judged if photo.true == true and photo.predicted == predicted]
    return sorted(there, key=lambda photo: photo.scores[predicted], reverse=true != predicted)


def draw(report: Report, true: int, predicted: int, *, every: bool = False) -> Markup:
    there = photos_of(report, true, predicted)
    shown = there if every else there[:AT_FIRST]
    more = ""
    if len(shown) < len(there):
        more = action(text("cell.every", n=len(there)), {"true": true, "predicted": predicted, "every": True})
    return Markup('<section class="card cell"><h3>{}</h3><p>{}</p><div class="looks">{}</div>{}</section>').format(
        matrix.says(report.classes, report.confusion, true, predicted),
        text("cell.order.right" if true == predicted else "cell.order") + " " + text("cell.open"),
        _NOTHING.join(_photo(report, photo, _sure(report, photo)) for photo in shown),
        more,
    )


def draw_worst(report: Report) -> Markup:
    """Of all test photos those with the largest loss, which is -log of the probability of their class; right ones too."""
    worst = sorted(report.judged, key=lambda photo: photo.scores[photo.true])[:AT_FIRST]
    return Markup('<section class="cell"><p>{}</p><div class="looks">{}</div></section>').format(
        text("worst.lead") + " " + text("cell.open"),
        _NOTHING.join(_photo(report, photo, _given(report, photo)) for photo in worst),
    )


def _given(report: Report, photo: Judged) -> str:
    share, true, said = percent(photo.scores[photo.true]), report.classes[photo.true], report.classes[photo.predicted]
    return text("worst.right" if true == said else "worst.wrong", true=true, percent=share, said=said)


def _sure(report: Report, photo: Judged) -> str:
    return text("cell.sure", percent=percent(photo.scores[photo.predicted]), predicted=report.classes[photo.predicted])


def _photo(report: Report, photo: Judged, said: str) -> Markup:
    return Markup(
        '<figure><button type="button" class="look" data-do="{}" aria-label="{}">{}</button>'
        "<figcaption>{}<small>{}</small></figcaption></figure>"
    ).format(
        json.dumps({"why": photo.path}),
        text("cell.why", name=Path(photo.path).name),
        of_run(report, photo.path),
        said,
        Path(photo.path).name,
    )

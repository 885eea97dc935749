"""The photos behind one cell of the confusion matrix."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup

from resnet_finetune.ui import matrix
from resnet_finetune.ui.parts import action
from resnet_finetune.ui.texts import percent, text
from resnet_finetune.ui.thumbnails import thumbnail
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
        _NOTHING.join(_photo(report, photo) for photo in shown),
        more,
    )


def _photo(report: Report, photo: Judged) -> Markup:
    said = text("cell.sure", percent=percent(photo.scores[photo.predicted]), predicted=report.classes[photo.predicted])
    return Markup(
        '<figure><button type="button" class="look" data-do="{}" aria-label="{}">{}</button>'
        "<figcaption>{}<small>{}</small></figcaption></figure>"
    ).format(
        json.dumps({"why": photo.path}),
        text("cell.why", name=Path(photo.path).name),
        thumbnail(Path(report.root, photo.path), photo.path),
        said,
        Path(photo.path).name,
    )

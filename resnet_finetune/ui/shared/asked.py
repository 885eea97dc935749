"""A photo about which is asked, in whichever step; and what is said where it, or its model, is gone."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.data.names import located
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.runs import lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say
from resnet_finetune.words.report import Judged, Report


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The server keeps it: what a browser sends never becomes a path."""

    run: str  # folder
    photo: str  # path
    name: str
    true: int | None = None  # its class, where it is known
    of_class: int | None = None  # the class that is asked about; the one it is named, unless said
    readiness: float | None = None  # with which it says "none of these"; the training's, unless said


def about_tested(run: Run, report: Report, photo: Judged) -> Asked:
    """About one of the photos that tested this run."""
    return Asked(run=str(run.path), photo=str(located(report.folder, photo.path)), name=photo.path, true=photo.true)


def answering(asked: Asked | None) -> tuple[Asked, Classifier, Report]:
    """With who answers: the model, and the report on its test. Raises ``UserError`` when they are gone or damaged."""
    run = finished.find(asked.run) if asked else None
    report = run.report() if run else None
    if run and report is None and lock.holder(run.path) == "alive":
        raise UserError(say("This model is still learning: ask why once its training is over."))
    if asked is None or run is None or report is None:
        raise UserError(
            say("The photo or its model is not there any more, or another model was chosen: show it the photo again.")
        )
    return asked, load_model(run.path), report


def told(asked: Asked, classes: list[str], said: str) -> str:
    """What the model says it is, and what it is where that is known."""
    if asked.true is None or asked.true >= len(classes):
        return text("why.said", said=said)
    return text("why.true", true=classes[asked.true], said=said)


def cannot(error: UserError | UnreadablePhoto) -> Markup:
    messages = error.messages if isinstance(error, UserError) else [error.message]
    return message("bad", text("why.gone"), messages)

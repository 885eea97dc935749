"""How loss and accuracy went so far, over the passes (epochs)."""

from __future__ import annotations

from math import floor, isfinite

from markupsafe import Markup

from resnet_finetune.ui.drawn.figures import Line, chart, in_percent
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.events import Planned


def curves(story: Story) -> Markup:
    """Two charts side by side, or nothing before there is a first point."""
    if story.planned is None or not (story.epochs or story.losses):
        return Markup("")
    return Markup('<div class="charts">{}{}</div><p class="note">{}</p>').format(
        _loss(story, story.planned), _accuracy(story, story.planned), text("train.curves.what")
    )


def _loss(story: Story, plan: Planned) -> Markup:
    trained = [(step / plan.steps * plan.epochs, loss) for step, loss in story.losses if isfinite(loss)]
    validated = [
        (float(epoch.epoch), epoch.validation_loss) for epoch in story.epochs.values() if isfinite(epoch.validation_loss)
    ]
    highest = max((loss for _, loss in trained + validated), default=1.0)
    lines = [
        Line(text("train.loss.train"), "thin", trained),
        Line(text("train.loss.validation"), "strong", validated, dots=True),
    ]
    return chart(text("train.loss"), text("train.passes"), max(1, plan.epochs), (0, 1.05 * highest or 1), lines)


def _accuracy(story: Story, plan: Planned) -> Markup:
    last = max(1, plan.epochs)
    right = [(float(epoch.epoch), epoch.validation_accuracy) for epoch in story.epochs.values()]
    first = [(float(x), story.first_answer.validation.accuracy) for x in (0, last)] if story.first_answer else []
    lowest = min((accuracy for _, accuracy in right + first), default=0.0)
    low = foot(lowest)
    lines = [
        Line(text("train.accuracy.first"), "dashed", first),
        Line(text("train.accuracy.line"), "strong", right, dots=True),
    ]
    return chart(text("train.accuracy"), text("train.passes"), last, (low, 1), lines, name_y=in_percent)


def foot(lowest: float) -> float:
    """Where the axis of a chart begins whose lowest accuracy this is: a round tenth, a little below."""
    return min(0.9, max(0, floor(10 * lowest - 0.5)) / 10)

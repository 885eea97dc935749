"""A learning rate for those who want one of their own: tried on the person's photos, as the page shows it."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.engine.rate_finder import LOWEST, find_rate
from resnet_finetune.ui.drawn.figures import Line, chart
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.shared import desk
from resnet_finetune.ui.shared.desk import Chosen
from resnet_finetune.ui.shared.trial import Attempt, of_desk
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.rates import RateTrial


def _doing(last: Event | None) -> str:
    return text("rates.trying" if isinstance(last, Progress) and last.stage == "rates" else "rates.ready")


def _curve(found: RateTrial) -> Markup:
    """Loss over the rate's power of ten."""

    def at(rate: float) -> float:
        return log10(rate / LOWEST)

    points = [(at(rate), loss) for rate, loss in found.points]
    most = max(loss for _, loss in points)
    lines = [
        Line(text("rates.loss"), "strong", points),
        Line(text("rates.suggested"), "dashed", [(at(found.suggested), 0.0), (at(found.suggested), most)]),
    ]
    said = message("good", text("rates.says", rate=f"{found.suggested:.1e}"), [text("rates.why", usual=f"{found.usual:.1e}")])
    drawn = chart(
        text("rates.curve"),
        text("rates.axis"),
        max(1.0, points[-1][0]),
        (0, 1.05 * most),
        lines,
        name_x=lambda x: f"{LOWEST * 10**x:.0e}",
    )
    return said + drawn


def _before(chosen: Chosen | None) -> tuple[Markup, Any]:
    """A rate that is filled in may be the person's own."""
    return Markup(""), gr.skip()


def _found(found: RateTrial, chosen: Chosen) -> tuple[Markup, float]:
    """It is filled in, and kept as if the person had."""
    desk.keep_choice(replace(desk.kept_choice(), learning_rate=found.suggested))
    return _curve(found), found.suggested


ATTEMPT = Attempt("rates", find_rate, _doing, _found, of_desk, _before)

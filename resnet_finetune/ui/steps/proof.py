"""What lets others check a result: a report as one file, and the same training once more."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.runs import jobs, repeat
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.served import downloads
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError

_NOTHING = Markup("")


def build(tabs: gr.Tabs, run: gr.Dropdown) -> list[Component]:
    """The part that ``shown`` fills when another run is looked at."""
    gr.HTML(Markup("<p>{}</p>").format(text("proof.lead")))
    about = gr.HTML(elem_id="proof")
    mistake = gr.HTML(elem_id="proof-mistake")
    again = gr.Button(text("proof.again"), elem_id="proof-again")
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    again.click(_again, inputs_kwargs={"path": run}, outputs=[mistake, tabs], **quick)
    return [about]


def shown(run: Run) -> list[Markup]:
    """Where the report is, and whether the same training led to the same model."""
    link = Markup('<p><a class="action" href="{}" download>{}</a></p>').format(
        downloads.report_address(run), text("proof.report")
    )
    try:
        repeated = [(other.title, same) for other, same in repeat.outcomes(run)]
    except OSError:  # it was deleted meanwhile
        return [_NOTHING]
    verdicts = (
        message(
            "good" if same else "info",
            text("proof.repeat", name=name),
            [text("proof.same" if same else "proof.other")],
        )
        for name, same in repeated
    )
    return [link + _NOTHING.join(verdicts)]


def _again(path: str | None) -> tuple[Any, Any]:
    run = finished.find(path)
    if run is None:
        return gr.skip(), gr.skip()
    try:
        jobs.start(repeat.once_more(run))
    except UserError as error:
        return message("bad", text("train.state.failed"), error.messages), gr.skip()
    return _NOTHING, gr.Tabs(selected="train")

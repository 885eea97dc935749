"""Inside the network: what its blocks do, each fold an idea of residual learning on the person's own photos."""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.parts import heading, lead_to
from resnet_finetune.ui.steps import network, shortcut_experiment, stages
from resnet_finetune.ui.steps.try_step import Tried
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Report

_NOTHING = Markup("")


def build(tabs: gr.Tabs, tab: gr.Tab, chosen: gr.State, tried: gr.State) -> None:
    """``chosen``: photos for a training; ``tried``: those that were shown to a model last."""
    heading(text("inside.title"), text("inside.lead"))
    run = finished.dropdown(text("try.model"), "inside-run")
    said = gr.HTML(elem_id="inside-said")
    with gr.Column(visible=False) as rest:
        with gr.Accordion(text("network"), elem_classes="folded", elem_id="inside-network"):
            blocks = network.build(run)
        with gr.Accordion(text("stages"), open=False, elem_classes="folded", elem_id="inside-stages") as way:
            photo = stages.build(run, tried)
    with gr.Accordion(text("shortcuts"), open=False, elem_classes="folded", elem_id="inside-shortcuts") as experiment:
        curves = shortcut_experiment.build(chosen)
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "try")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    given = {"path": run, "tried": tried}
    filled: dict[str, Any] = {"inputs_kwargs": given, "outputs": [said, rest, *blocks, *photo], **quick}
    tab.select(finished.offer, inputs_kwargs={"chosen": run}, outputs=run, **quick).then(_show, **filled)
    run.select(_show, trigger_mode="always_last", **filled)
    # Others may have been tried meanwhile; and the curves are read only by who opens their fold.
    way.expand(_offered, inputs_kwargs=given, outputs=photo[1], **quick)
    experiment.expand(shortcut_experiment.last, outputs=curves, **quick)


def _show(path: str | None, tried: Tried | None) -> list[Any]:
    run, report, said = _looked_at(path)
    return [said, gr.Column(visible=run is not None), *network.shown(run), *stages.shown(run, report, tried)]


def _offered(path: str | None, tried: Tried | None) -> Markup:
    run, report, _ = _looked_at(path)
    return stages.offered(run, report, tried)


def _looked_at(path: str | None) -> tuple[Run | None, Report | None, Markup]:
    """The run and its report, and what is said where there are none."""
    run = finished.find(path)
    if run is None:
        return None, None, message("info", text("inside.none"), [text("inside.none.help")])
    try:
        return run, run.report(), _NOTHING
    except UserError as error:
        return None, None, message("bad", text("inside.none"), error.messages)

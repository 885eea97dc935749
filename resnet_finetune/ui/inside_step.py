"""Inside the network: what its blocks do, each section an idea of residual learning on the person's own photos."""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui import finished, network, shortcut_experiment, stages
from resnet_finetune.ui.parts import heading, lead_to, message
from resnet_finetune.ui.texts import text
from resnet_finetune.words.errors import UserError

_NOTHING = Markup("")


def build(page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab, chosen: gr.State) -> None:
    heading(text("inside.title"), text("inside.lead"))
    run = finished.dropdown(text("try.model"), "inside-run")
    said = gr.HTML(elem_id="inside-said")
    with gr.Column(visible=False) as rest:
        with gr.Column(elem_classes="card part"):
            blocks = network.build(run)
        with gr.Column(elem_classes="card part"):
            photo = stages.build(run)
    shortcut_experiment.build(page, chosen)
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "try")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    filled: dict[str, Any] = {"inputs_kwargs": {"path": run}, "outputs": [said, rest, *blocks, *photo], **quick}
    tab.select(finished.offer, inputs_kwargs={"chosen": run}, outputs=run, **quick).then(_show, **filled)
    run.select(_show, **filled)


def _show(path: str | None) -> list[Any]:
    run = finished.find(path)
    try:
        report = run.report() if run else None
    except UserError as error:
        return [
            message("bad", text("inside.none"), error.messages),
            gr.Column(visible=False),
            *network.shown(None),
            *stages.shown(None, None),
        ]
    none = _NOTHING if run else message("info", text("inside.none"), [text("inside.none.help")])
    return [none, gr.Column(visible=run is not None), *network.shown(run), *stages.shown(run, report)]

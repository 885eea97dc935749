"""What the model says of what the camera sees, as it changes. A script of the page (``assets/ui/live.js``) asks the door for
other programs, picture by picture: nothing of it goes through Gradio's queue, where others would wait behind it.
"""

from __future__ import annotations

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui import finished
from resnet_finetune.ui.texts import text, texts

_START = """const model = () => document.querySelector("#live-model i")?.dataset.model;
import("/collect/script/live.js").then((module) => module.live(element.querySelector(".bring"), props.setup, model));"""


def build(run: gr.Dropdown) -> None:
    """``run``: the training whose model is asked."""
    others = {"no_model": "try.none", "unreachable": "bring.unreachable", "language": "language", "nothing": "none"}
    said = {name: text(key) for name, key in others.items()} | {"percent": texts("percent")[""]}
    gr.HTML(
        html_template='<section class="bring"></section>',
        js_on_load=_START,
        apply_default_css=False,
        elem_id="live",
        setup={"texts": texts("live.") | said},
    )
    model = gr.HTML(elem_id="live-model")
    run.change(_model, inputs_kwargs={"path": run}, outputs=model, queue=False, show_progress="hidden")


def _model(path: str | None) -> Markup:
    """What the script is to call the model."""
    run = finished.find(path)
    return Markup('<i hidden data-model="{}"></i>').format(run.path.name if run else "")

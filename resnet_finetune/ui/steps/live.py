"""What the model says of what the camera sees, as it changes. A script of the page (``assets/ui/live.js``) asks the door for
other programs, picture by picture: nothing of it goes through Gradio's queue, where others would wait behind it.
"""

from __future__ import annotations

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.wording.texts import text, texts

_START = """const asked = () => document.querySelector("#live-asked i").dataset;
import("/collect/script/live.js").then((module) => module.live(element.querySelector(".bring"), props.setup, asked));"""


def build(run: gr.Dropdown, readiness: gr.Slider) -> None:
    """``run``: the training whose model is asked. ``readiness``: how readily it says "none of these"."""
    others = {"no_model": "try.none", "unreachable": "bring.unreachable", "language": "language", "nothing": "none"}
    said = {name: text(key) for name, key in others.items()} | {"percent": texts("percent")[""]}
    gr.HTML(
        html_template='<section class="bring"></section>',
        js_on_load=_START,
        apply_default_css=False,
        elem_id="live",
        setup={"texts": texts("live.") | said},
    )
    asked = gr.HTML(_asked(None, 0), elem_id="live-asked")
    gr.on(
        [run.change, readiness.change],
        _asked,
        inputs_kwargs={"path": run, "readiness": readiness},
        outputs=asked,
        queue=False,
        show_progress="hidden",
        trigger_mode="always_last",
    )


def _asked(path: str | None, readiness: float) -> Markup:
    """What the script is to call the model, and what to say with each picture."""
    run = finished.find(path)
    return Markup('<i hidden data-model="{}" data-readiness="{}"></i>').format(run.path if run else "", readiness)

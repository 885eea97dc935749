"""On the first step: that the last training broke off while nobody looked, and that it can be gone on with."""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.runs import history, jobs
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.shared import thrown_away
from resnet_finetune.ui.shared.parts import clicked_on, tried
from resnet_finetune.ui.wording.texts import text

_NOTHING = Markup("")


def build(page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab) -> None:
    said = gr.HTML(js_on_load=ACTIONS, elem_id="broken-off")
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    gr.on([page.load, tab.select], _shown, outputs=said, **quick)
    said.click(_act, outputs=[said, tabs], **quick)


def _find() -> Run | None:
    """The newest of all, if it broke off: an older one was left alone on purpose."""
    last = next(iter(list_runs()), None)
    return last if last and last.state == "crashed" and not jobs.current() else None


def _shown() -> Markup:
    run = _find()
    if run is None:
        return _NOTHING
    folder = str(run.path)
    do = Markup("<p>{} {}</p>").format(
        action(text("train.resume"), {"do": "resume", "run": folder}),
        action(text("train.discard"), {"do": "discard", "run": folder}),
    )
    return message("bad", text("broken_off", name=run.title), [text("broken_off.what")], more=do)


def _act(event: gr.EventData) -> tuple[Markup, Any]:
    """A browser may send anything: only the run that broke off is touched, or the one that was just thrown away."""
    clicked = clicked_on(event)
    folder, run = str(clicked.get("run")), _find()
    gone = thrown_away.find(folder)
    if run and str(run.path) != folder:  # another has broken off since
        run = None
    match clicked.get("do"):
        case "resume" if run:
            said = tried(lambda: jobs.resume(run))
            return said, gr.skip() if said else gr.Tabs(selected="train")
        case "discard" if run:
            return thrown_away.throw_away(run), gr.skip()
        case "restore" if gone:
            return tried(lambda: history.restore(gone)) or _shown(), gr.skip()
    return _shown(), gr.skip()

"""A training to look at before any of one's own: on the demo photos, tested on the demo's new photos, some of which it names
wrong. It is a run like all others and is made on the person's own computer when it is first asked for: nothing is prepared.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import DEMO, open_data
from resnet_finetune.runs import jobs
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.parts import tried
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home
from resnet_finetune.words.language import reason
from resnet_finetune.words.settings import Settings


def settings() -> Settings:
    return Settings(data=str(_photos()))


def build(tabs: gr.Tabs, wanted: gr.State) -> None:
    """The button that leads to it. ``wanted``: the run that the results step is opened for."""
    ask = gr.Button(text("example.ask"), elem_id="example-ask")
    said = gr.HTML(elem_id="example-said")
    ask.click(_open, outputs=[said, wanted, tabs], queue=False, show_progress="hidden")


def _open() -> tuple[Markup, Any, Any]:
    """Its results; or the step in which it can be watched, while there are none."""
    made = _made()
    if made:
        return Markup(""), str(made.path), gr.Tabs(selected="results")
    said = Markup("") if _is_it(jobs.current()) else tried(_start)
    return said, gr.skip(), gr.skip() if said else gr.Tabs(selected="train")


def _start() -> None:
    """Raises ``UserError``."""
    try:
        _lay_out()
        jobs.start(settings(), text("example.name"))
    except OSError as error:
        raise UserError(text("bring.no_room", reason=reason(error))) from error


def _made() -> Run | None:
    return next((run for run in list_runs() if _is_it(run) and finished.has_model(run)), None)


def _is_it(run: Run | None) -> bool:
    """Whether it is the example: the same settings make the same training, whoever chose them."""
    return run is not None and replace(run.settings, run_dir="") == settings()


def _photos() -> Path:
    return home().absolute() / "example"


def _lay_out() -> None:
    """The demo photos to train on and the new ones to test on, as folders that say so. Raises ``OSError``."""
    for split, archive in (("train", DEMO), ("test", DEMO.with_name("new_photos.zip"))):
        shutil.copytree(open_data(str(archive)), _photos() / split, dirs_exist_ok=True)

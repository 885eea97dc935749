"""A look inside: what the parts of a ResNet are for, seen on the person's photos."""

from __future__ import annotations

import gradio as gr

from resnet_finetune.ui import shortcut_experiment
from resnet_finetune.ui.parts import heading
from resnet_finetune.ui.texts import text


def build(page: gr.Blocks, chosen: gr.State) -> None:
    heading(text("step.inside"), text("inside.lead"))
    shortcut_experiment.build(page, chosen)

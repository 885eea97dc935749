"""Step 2: which network to start from, and how thoroughly to train it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.model.catalog import CATALOG, Model
from resnet_finetune.model.machine import look_at_machine
from resnet_finetune.model.weights import in_reach
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui import advisor, rate_finder
from resnet_finetune.ui.parts import ACTIONS, action, heading, lead_to, message
from resnet_finetune.ui.texts import text
from resnet_finetune.words.settings import PRESETS, Settings

_DEFAULT = Settings()
_WORDS = {spec.name: spec.metadata for spec in fields(Settings)}


def build(tabs: gr.Tabs, tab: gr.Tab, chosen: gr.State) -> tuple[dict[str, Component], gr.HTML]:
    """The inputs, under the names that ``Settings`` gives them, and where it is said which run is trained on from."""
    heading(text("step.model"), text("model.lead"))
    train_on = gr.State(None)  # folder of the run to start from
    starts_from = gr.HTML(js_on_load=ACTIONS, elem_id="model-train-on")
    model = gr.Radio(
        _depths(),
        value=_DEFAULT.model,
        label=text("model.depth"),
        info=text("model.depth.help"),
        elem_classes="cards",
        elem_id="model",
    )
    preset = gr.Radio(
        [(text(f"model.preset.{name}"), name) for name in PRESETS],
        value=_DEFAULT.preset,
        label=text("model.preset"),
        elem_classes="cards",
        elem_id="preset",
    )
    advisor.ATTEMPT.build(model, chosen=chosen, preset=preset)
    with gr.Accordion(text("model.more"), open=False):
        with gr.Row():  # an empty number field says 0
            minutes = gr.Number(
                0, label=_label("minutes"), info=f"{_help('minutes')} {text('model.minutes.none')}", elem_id="minutes"
            )
            seed = gr.Number(_DEFAULT.seed, precision=0, label=_label("seed"), info=_help("seed"), elem_id="seed")
            weights = gr.Textbox("", max_lines=1, label=_label("weights"), info=_help("weights"), elem_id="weights")
        rate = gr.Number(
            0, label=_label("learning_rate"), info=f"{_help('learning_rate')} {text('model.rate.none')}", elem_id="rate"
        )
        rate_finder.ATTEMPT.build(rate, chosen=chosen, model=model, preset=preset)
    system = gr.HTML(elem_id="machine")
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "data")
        lead_to(gr.Button(text("model.next"), variant="primary", elem_id="model-next"), tabs, "train")

    # Weights may have arrived meanwhile.
    tab.select(lambda: gr.Radio(_depths()), outputs=model, queue=False, show_progress="hidden")
    tab.select(_system, outputs=system, queue=False, show_progress="hidden")
    # Another depth cannot start from that run's weights.
    gr.on(
        [starts_from.click, model.input],
        lambda: (None, Markup("")),
        outputs=[train_on, starts_from],
        queue=False,
        show_progress="hidden",
    )
    inputs: dict[str, Component] = {"model": model, "preset": preset, "minutes": minutes, "seed": seed, "weights": weights}
    return inputs | {"learning_rate": rate, "train_on": train_on}, starts_from


def starting_from(folder: str | None) -> Markup:
    """What is said of the run in ``folder``, if there is one to train on from."""
    if folder is None:
        return Markup("")
    said = message("info", text("model.train_on", name=Run(Path(folder)).title))
    return said + Markup("<p>{}</p>").format(action(text("model.afresh"), {"do": "afresh"}))


def _system() -> Markup:
    machine = look_at_machine()
    about = text("machine.about", trains_on=machine.trains_on, cores=machine.cores, memory=machine.memory_gb)
    trouble = Markup("")
    if machine.unused and machine.remedy:
        trouble = message("info", text("machine.unused", name=machine.unused), [text("machine.slower"), machine.remedy])
    return trouble + Markup("<p><strong>{}</strong> {}</p>").format(text("machine"), about)


def _label(name: str) -> str:
    return str(_WORDS[name]["label"])


def _help(name: str) -> str:
    return str(_WORDS[name]["help"])


def _depths() -> list[tuple[str, str]]:
    return [(_depth(model), model.name) for model in CATALOG]


def _depth(model: Model) -> str:
    """Three lines: the name, why one would take it, the numbers."""
    return text(
        "model.choice",
        name=f"ResNet-{model.depth}",
        advice=text("model.advised") if model.name == _DEFAULT.model else "",
        why=text(f"model.why.{model.depth}"),
        parameters=model.parameters_m,
        top1=model.top1,
        reach=text("model.here") if in_reach(model) else text("model.fetch", megabytes=model.download_mb),
    )

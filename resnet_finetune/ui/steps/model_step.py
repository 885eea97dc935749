"""Step 2: which network to start from, and how thoroughly to train it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.model import catalog
from resnet_finetune.model.catalog import CATALOG, USUAL, Model
from resnet_finetune.model.machine import look_at_machine
from resnet_finetune.model.weights import in_reach
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.drawn.variants import depths, variants
from resnet_finetune.ui.shared import desk
from resnet_finetune.ui.shared.parts import HIDDEN, heading, lead_to
from resnet_finetune.ui.steps import advisor, rate_finder
from resnet_finetune.ui.wording.texts import duration, parameters, text
from resnet_finetune.words.advice import Advice
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.settings import PRESETS, Settings

_DEFAULT = Settings()
_WORDS = {spec.name: spec.metadata for spec in fields(Settings)}


def build(page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab, chosen: gr.State) -> tuple[dict[str, Component], gr.HTML]:
    """The inputs, under the names that ``Settings`` gives them, and where it is said which run is trained on from."""
    heading(text("step.model"), text("model.lead"))
    train_on = gr.State(None)  # folder of the run to start from
    starts_from = gr.HTML(js_on_load=ACTIONS, elem_id="model-train-on")
    model = gr.Textbox(_DEFAULT.model, visible=HIDDEN, elem_id="model-name")  # what is chosen, in whichever of the lists below
    advice = gr.State(None)  # what was measured, once the advisor has
    usual = gr.Radio(
        _choices(USUAL, None),
        value=_DEFAULT.model,
        label=text("model.depth"),
        info=text("model.depth.help"),
        elem_classes="cards",
        elem_id="model",
    )
    gr.HTML(Markup('<p class="note">{}</p>').format(text("model.numbers.what")))
    ask = gr.Column()  # the advisor's place is beside the depths, but it is told what is chosen below
    with gr.Accordion(text("depths.ask"), open=False, elem_id="depths"):
        gr.HTML(depths())
    with gr.Accordion(text("model.others"), open=False, elem_id="model-others") as others:
        gr.HTML(variants())
        lists = [usual] + [
            gr.Radio(
                _choices(family, None),
                value=None,
                label=text(f"family.{family}"),
                info=text(f"family.{family}.what"),
                elem_classes="cards",
            )
            for family in catalog.families()
            if family != USUAL
        ]
    preset = gr.Radio(
        [(text(f"model.preset.{name}"), name) for name in PRESETS],
        value=_DEFAULT.preset,
        label=text("model.preset"),
        elem_classes="cards",
        elem_id="preset",
    )
    with ask:
        advisor.ATTEMPT.build(chosen, advice, preset=preset, model=model)
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
        rate_finder.ATTEMPT.build(chosen, rate, model=model, preset=preset)
    system = gr.HTML(elem_id="machine")
    with gr.Row(elem_classes=["onward", "kept"]):
        lead_to(gr.Button(text("back")), tabs, "data")
        lead_to(gr.Button(text("model.next"), variant="primary", elem_id="model-next"), tabs, "train")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    by_hand = [one.input(fn=None, js="(name) => name", inputs=one, outputs=model) for one in lists]
    # Weights may have arrived meanwhile; another run's choice was taken over; or the fold was closed and is drawn anew.
    gr.on(
        [tab.select, model.change, others.expand],
        _drawn,
        inputs_kwargs={"model": model, "advice": advice},
        outputs=lists,
        trigger_mode="always_last",
        **quick,
    )
    advised = advice.change(
        lambda advice: [advice.recommended, *_drawn(advice.recommended, advice)] if advice else [gr.skip()] * (1 + len(lists)),
        inputs_kwargs={"advice": advice},
        outputs=[model, *lists],
        **quick,
    )
    tab.select(_system, outputs=system, **quick)
    afresh: dict[str, Any] = {"outputs": [train_on, starts_from], **quick}
    inputs: dict[str, Component] = {"model": model, "preset": preset, "minutes": minutes, "seed": seed, "weights": weights}
    inputs |= {"learning_rate": rate, "train_on": train_on}
    page.load(lambda: filled_in(desk.kept_choice()), outputs=[starts_from, *inputs.values()], **quick)
    # Only what the person does is kept: while a page is being filled in, its parts change one by one.
    keep: dict[str, Any] = {"fn": _keep, "inputs_kwargs": inputs, **quick}
    gr.on([part.input for part in (preset, minutes, seed, weights, rate)], trigger_mode="always_last", **keep)
    for picked in (*by_hand, advised):
        picked.then(_fitting, inputs_kwargs={"model": model, "train_on": train_on}, **afresh).then(**keep)
    starts_from.click(lambda: (None, Markup("")), **afresh).then(**keep)
    return inputs, starts_from


def _keep(**inputs: Any) -> None:
    desk.keep_choice(desk.choice(**inputs))


def _fitting(model: str, train_on: str | None) -> tuple[Any, Any]:
    """Another network cannot start from that run's weights."""
    try:
        fits = train_on is None or Run(Path(train_on)).settings.model == model
    except UserError:  # it is gone, which is said when the training starts
        fits = True
    return (gr.skip(), gr.skip()) if fits else (None, Markup(""))


def filled_in(choice: Settings) -> list[Any]:
    """What is said of the run that it starts from, and the values of the inputs, in their order."""
    return [
        _starting_from(choice.train_on),
        choice.model,
        choice.preset,
        choice.minutes or 0,
        choice.seed,
        choice.weights or "",
        choice.learning_rate or 0,
        choice.train_on,
    ]


def _starting_from(folder: str | None) -> Markup:
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


def _drawn(model: str, advice: Advice | None) -> list[gr.Radio]:
    """The lists, family by family, of which one has what is chosen."""
    return [
        gr.Radio(_choices(family, advice), value=model if catalog.find(model).family == family else None)
        for family in catalog.families()
    ]


def _choices(family: str, advice: Advice | None) -> list[tuple[str, str]]:
    seconds = {one.model: one.epoch_seconds for one in advice.candidates} if advice else {}
    return [(_card(one, seconds.get(one.name)), one.name) for one in CATALOG if one.family == family]


def _card(model: Model, seconds: float | None) -> str:
    """Lines: the name; why one would take it, of the usual ones; its size; how good it is; where the weights are, and their
    licence; what it takes here, once that was measured.
    """
    top1 = text("model.top1.none") if model.top1 is None else text("model.top1", top1=model.top1, size=model.top1_size)
    lines = [
        f"{model.title}{text('model.advised') if model.name == _DEFAULT.model else ''}",
        *([text(f"model.why.{model.depth}")] if model.family == USUAL else []),
        text("model.numbers", depth=model.depth, parameters=parameters(model.parameters_m)),
        top1,
        text("model.here") if in_reach(model) else text("model.fetch", megabytes=model.download_mb),
        text("model.licence" if model.commercial else "model.licence.no", licence=model.licence),
        *([] if seconds is None else [text("model.epoch", time=duration(seconds))]),
    ]
    return "\n".join(lines)

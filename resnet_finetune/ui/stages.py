"""One photo on its way through a trained network, stage by stage: what lights up, and what of it speaks for a class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component
from markupsafe import Markup
from PIL import Image

from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.insight.explain import coloured, painted
from resnet_finetune.insight.stages import Stage, stages_of
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui import finished
from resnet_finetune.ui.network_picture import size_of
from resnet_finetune.ui.parts import ACTIONS, action, message
from resnet_finetune.ui.texts import text
from resnet_finetune.ui.thumbnails import picture, thumbnail
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Report

OFFERED = 12  # test photos to choose from
BEST = 5  # classes that can be asked about
SIDE = 160  # pixels of the pictures
_NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A photo that is shown, of those that were offered. The server keeps it: what a browser sends never becomes a path."""

    run: str  # folder
    photo: int  # number among those that are offered
    of_class: int | None = None  # the class that is asked about; the one it is named, unless said


def build(run: gr.Dropdown) -> list[Component]:
    """The parts that ``shown`` fills when another run is looked at."""
    gr.HTML(Markup("<h3>{}</h3><p>{}</p>").format(text("stages"), text("stages.lead")))
    chosen = gr.State(None)
    offered = gr.HTML(js_on_load=ACTIONS, elem_id="stages-photos")
    drawn = gr.HTML(js_on_load=ACTIONS, elem_id="stages")
    for part in (offered, drawn):
        part.click(
            _open,
            inputs_kwargs={"run": run, "chosen": chosen},
            outputs=[drawn, chosen],
            show_progress="minimal",
            show_progress_on=drawn,
            queue=False,
            trigger_mode="multiple",
        )
    return [chosen, offered, drawn]


def shown(run: Run | None, report: Report | None) -> list[Any]:
    """The photos to choose from."""
    return [None, _choices(report) if run and report else _NOTHING, _NOTHING]


def _open(event: gr.EventData, run: str | None, chosen: Chosen | None) -> tuple[Markup, Chosen | None]:
    """A browser may send anything: only photos and classes that were offered are shown."""
    match event._data if isinstance(event._data, dict) else {}:
        case {"photo": int(number)} if run:
            chosen = Chosen(run=run, photo=number)
        case {"class": int(of_class)} if chosen:
            chosen = replace(chosen, of_class=of_class)
        case _:
            return _NOTHING, None
    return _looked_at(chosen), chosen


def _looked_at(chosen: Chosen) -> Markup:
    found = finished.find(chosen.run)
    try:
        report = found.report() if found else None
        photos = _offered(report) if report else []
        if found is None or report is None or chosen.photo not in range(len(photos)):
            return message("info", text("why.gone"), [text("why.gone.help")])
        photo = photos[chosen.photo]
        model = load_model(found.path)
        pixels = model.preprocessing.read(Path(report.root, photo.path))
        best = [int(number) for number in np.argsort(-model.scores(pixels[None])[0], kind="stable")[:BEST]]
        of_class = chosen.of_class if chosen.of_class in best else best[0]
        stages = stages_of(model, pixels, of_class)
    except (UserError, UnreadablePhoto) as error:
        messages = error.messages if isinstance(error, UserError) else [error.message]
        return message("bad", text("why.gone"), messages)
    return _drawn(photo, pixels, model.classes, best, of_class, stages)


# --- What is drawn ------------------------------------------------------------------------------------------------------


def _offered(report: Report) -> list[Judged]:
    """Mistakes first, of which there is most to learn, up to half of the places; the others from all over the test."""
    wrong = [photo for photo in report.judged if photo.predicted != photo.true][: OFFERED // 2]
    right = [photo for photo in report.judged if photo.predicted == photo.true]
    places = OFFERED - len(wrong)
    return wrong + [right[number * len(right) // places] for number in range(min(places, len(right)))]


def _choices(report: Report) -> Markup:
    looks = _NOTHING.join(
        Markup('<button type="button" class="look" data-do="{{&#34;photo&#34;: {}}}" aria-label="{}">{}</button>').format(
            number,
            text("stages.choose", name=photo.path, said=report.classes[photo.predicted]),
            thumbnail(Path(report.root, photo.path), photo.path),
        )
        for number, photo in enumerate(_offered(report))
    )
    return Markup('<div class="choose">{}</div>').format(looks)


def _drawn(
    photo: Judged, pixels: np.ndarray, classes: list[str], best: list[int], of_class: int, stages: list[Stage]
) -> Markup:
    name = classes[of_class]
    whole = Markup("<figure>{}<figcaption><b>{}</b><small>{}</small></figcaption></figure>").format(
        picture(_enlarged(pixels), photo.path), text("stages.seen"), photo.path
    )
    said = text("why.true", true=classes[photo.true], said=classes[best[0]])
    return Markup(
        '<section class="card stages"><p>{said}</p><h4>{ask}</h4><div class="ask">{buttons}</div>'
        '<div class="row">{whole}{stages}</div><p class="aside">{honest}</p></section>'
    ).format(
        said=said,
        ask=text("stages.ask"),
        buttons=_NOTHING.join(action(classes[n], {"class": n}, pressed=n == of_class) for n in best),
        whole=whole,
        stages=_NOTHING.join(_stage(number, stage, pixels, name) for number, stage in enumerate(stages, 1)),
        honest=text("stages.honest"),
    )


def _stage(number: int, stage: Stage, pixels: np.ndarray, name: str) -> Markup:
    small = _NOTHING.join(picture(_map(channel), text("stages.channel", n=index)) for index, channel in stage.strongest)
    heat = text("stages.heat" if stage.heat.any() else "stages.nothing", name=name)
    return Markup(
        "<figure><figcaption><b>{title}</b><small>{shape}</small></figcaption>{mean}<small>{of_mean}</small>"
        '<div class="strongest">{small}</div><small>{of_small}</small>{heat}<small>{of_heat}</small></figure>'
    ).format(
        title=text("network.stage", n=number),
        shape=size_of(stage.gives),
        mean=picture(_map(stage.mean), text("stages.mean")),
        of_mean=text("stages.mean"),
        small=small,
        of_small=text("stages.strongest"),
        heat=picture(_enlarged(painted(pixels, stage.heat)), heat),
        of_heat=heat,
    )


def _map(values: np.ndarray) -> np.ndarray:
    """Every place of the stage is a square of its own, so that is seen how coarse it is."""
    return _enlarged(coloured(values).round().astype(np.uint8), Image.Resampling.NEAREST)


def _enlarged(pixels: np.ndarray, how: Image.Resampling = Image.Resampling.LANCZOS) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), how))

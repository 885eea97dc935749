"""One photo on its way through a trained network, stage by stage: what lights up, and what of it speaks for a class."""

from __future__ import annotations

import json
from dataclasses import replace
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
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import ACTIONS, action
from resnet_finetune.ui.drawn.network_picture import size_of
from resnet_finetune.ui.drawn.thumbnails import of_run, picture
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.asked import Asked, about_tested, answering, cannot, told
from resnet_finetune.ui.shared.parts import clicked_on
from resnet_finetune.ui.steps.try_step import Tried
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Report

OFFERED = 12  # test photos to choose from, and as many that were tried
BEST = 5  # classes that can be asked about
SIDE = 160  # pixels of the pictures
_NOTHING = Markup("")


def build(run: gr.Dropdown, tried: gr.State) -> list[Component]:
    """The parts that ``shown`` fills when another run is looked at; the second one holds what is ``offered``."""
    gr.HTML(Markup("<p>{}</p>").format(text("stages.lead")))
    asked = gr.State(None)
    offered = gr.HTML(js_on_load=ACTIONS, elem_id="stages-photos")
    drawn = gr.HTML(js_on_load=ACTIONS, elem_id="stages")
    for part in (offered, drawn):
        part.click(
            _open,
            inputs_kwargs={"run": run, "asked": asked, "tried": tried},
            outputs=[drawn, asked],
            show_progress="minimal",
            show_progress_on=drawn,
            queue=False,
            trigger_mode="multiple",
        )
    return [asked, offered, drawn]


def shown(run: Run | None, report: Report | None, tried: Tried | None) -> list[Any]:
    return [None, offered(run, report, tried), _NOTHING]


def offered(run: Run | None, report: Report | None, tried: Tried | None) -> Markup:
    """The photos to choose from."""
    return _choices(report, _of(run, tried)) if run and report else _NOTHING


def _open(event: gr.EventData, run: str | None, asked: Asked | None, tried: Tried | None) -> tuple[Markup, Asked | None]:
    """A browser may send anything: only photos and classes that were offered are shown."""
    try:
        match clicked_on(event):
            case {"photo": int(number)}:
                asked = _tested(finished.find(run), number)
            case {"tried": int(number)}:
                asked = _tried(_of(finished.find(run), tried), number)
            case {"class": int(of_class)} if asked:
                asked = replace(asked, of_class=of_class)
            case _:
                return _NOTHING, None
        asked, model, _ = answering(asked)
        pixels = model.preprocessing.read(Path(asked.photo))
        best = [int(number) for number in np.argsort(-model.scores(pixels[None])[0], kind="stable")[:BEST]]
        of_class = asked.of_class if asked.of_class in best else best[0]
        return _drawn(asked, pixels, model.classes, best, of_class, stages_of(model, pixels, of_class)), asked
    except (UserError, UnreadablePhoto) as error:
        return cannot(error), None


def _of(run: Run | None, tried: Tried | None) -> Tried | None:
    """What was shown to this run's model, if that was the last that was tried."""
    return tried if run and tried and tried.run == str(run.path) else None


def _tested(run: Run | None, number: int) -> Asked | None:
    """Raises ``UserError`` when the report is damaged."""
    report = run.report() if run else None
    photos = _offered(report) if report else []
    if run is None or report is None or number not in range(len(photos)):
        return None
    return about_tested(run, report, photos[number])


def _tried(tried: Tried | None, number: int) -> Asked | None:
    if tried is None or number not in range(len(tried.answers)):
        return None
    path = tried.answers[number].path
    return Asked(run=tried.run, photo=str(path), name=path.name)


# --- What is drawn ------------------------------------------------------------------------------------------------------


def _offered(report: Report) -> list[Judged]:
    """Mistakes first, of which there is most to learn, up to half of the places; the others from all over the test."""
    wrong = [photo for photo in report.judged if photo.predicted != photo.true][: OFFERED // 2]
    right = [photo for photo in report.judged if photo.predicted == photo.true]
    places = OFFERED - len(wrong)
    return wrong + [right[number * len(right) // places] for number in range(min(places, len(right)))]


def _choices(report: Report, tried: Tried | None) -> Markup:
    tests = [
        _look("photo", number, photo.path, report.classes[photo.predicted], of_run(report, photo.path))
        for number, photo in enumerate(_offered(report))
    ]
    return (_row(text("stages.tried"), _new(tried)) if tried else _NOTHING) + _row(text("stages.tests"), tests)


def _new(tried: Tried) -> list[Markup]:
    return [
        _look("tried", number, answer.path.name, tried.classes[int(np.argmax(answer.scores))], look)
        for number, (answer, look) in enumerate(zip(tried.answers[:OFFERED], tried.looks, strict=False))
        if answer.scores is not None
    ]


def _row(title: str, looks: list[Markup]) -> Markup:
    return Markup('<h4>{}</h4><div class="choose">{}</div>').format(title, _NOTHING.join(looks)) if looks else _NOTHING


def _look(kind: str, number: int, name: str, said: str, look: Markup) -> Markup:
    return Markup('<button type="button" class="look" data-do="{}" aria-label="{}">{}</button>').format(
        json.dumps({kind: number}), text("stages.choose", name=name, said=said), look
    )


def _drawn(asked: Asked, pixels: np.ndarray, classes: list[str], best: list[int], of_class: int, stages: list[Stage]) -> Markup:
    name = classes[of_class]
    whole = Markup("<figure>{}<figcaption><b>{}</b><small>{}</small></figcaption></figure>").format(
        picture(_enlarged(pixels), asked.name), text("stages.seen"), asked.name
    )
    return Markup(
        '<section class="card stages"><p>{said}</p><h4>{ask}</h4><div class="ask">{buttons}</div>'
        '<div class="row">{whole}{stages}</div><p class="aside">{honest}</p></section>'
    ).format(
        said=told(asked, classes, classes[best[0]]),
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

"""Why a model answers so: one photo, large, with what spoke for a class, and the training photos that are like it.

It opens over the page. A step that has photos builds a panel with ``build``; what opens it has ``opened`` for its outputs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
from markupsafe import Markup

from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.insight.explain import Explanation, explain, painted
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn import figures
from resnet_finetune.ui.drawn.messages import ACTIONS, action
from resnet_finetune.ui.drawn.thumbnails import of_run, picture
from resnet_finetune.ui.shared.asked import Asked, about_tested, answering, cannot, told
from resnet_finetune.ui.shared.parts import clicked_on
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Report

BEST = 5  # classes that can be asked about
_NOTHING = Markup("")

# The panel takes the keyboard while it is open, closes with Escape, and gives the keyboard back.
_PANEL = (
    ACTIONS
    + """
let before = null;
element.addEventListener("keydown", (event) => {
    const panel = element.querySelector(".why");
    if (!panel) return;
    if (event.key === "Escape") panel.querySelector("button").click();
    if (event.key !== "Tab") return;
    const buttons = panel.querySelectorAll("button");
    const [first, last, now] = [buttons[0], buttons[buttons.length - 1], document.activeElement];
    if (event.shiftKey && (now === first || now === panel)) { event.preventDefault(); last.focus(); }
    else if (!event.shiftKey && now === last) { event.preventDefault(); first.focus(); }
});
new MutationObserver(() => {
    const panel = element.querySelector(".why");
    if (panel && !panel.contains(document.activeElement)) {
        before ??= document.activeElement;
        panel.querySelector("button").focus();
    } else if (!panel && before) {
        before.focus();
        before = null;
    }
}).observe(element, { childList: true, subtree: true });"""
)


def build(elem_id: str) -> tuple[gr.HTML, gr.State]:
    """The panel, empty, and the ``Asked`` that it shows: an event that opens it has both as outputs, of ``opened``."""
    asked = gr.State(None)
    panel = gr.HTML(js_on_load=_PANEL, elem_id=elem_id, elem_classes="over")
    panel.click(
        _answer_click,
        inputs_kwargs={"asked": asked},
        outputs=[panel, asked],
        queue=False,
        show_progress="hidden",
        trigger_mode="multiple",
    )
    return panel, asked


def opened(asked: Asked | None) -> tuple[Markup, Asked | None]:
    return draw(asked), asked


def opened_for_tested(run: Run, name: str) -> tuple[Markup, Asked | None]:
    """For a photo that tested the run, by its name in the report."""
    try:
        return opened(_asked_about(run, name))
    except UserError as error:
        return _in_panel(text("why.gone"), cannot(error)), None


def _asked_about(run: Run, name: str) -> Asked | None:
    """None if no photo of that name tested it. ``UserError`` when the report is damaged, or leads to a strange server."""
    report = run.report()
    photo = next((photo for photo in report.judged if photo.path == name), None) if report else None
    if report is None or photo is None:
        return None
    return about_tested(run, report, photo)


def draw(asked: Asked | None) -> Markup:
    try:
        asked, model, report = answering(asked)
        of_class = asked.of_class if asked.of_class is None or asked.of_class < len(model.classes) else None
        found = explain(model, Path(asked.photo), of_class, asked.readiness)
    except (UserError, UnreadablePhoto) as error:
        return _in_panel(text("why.gone"), cannot(error))
    title = text("why.title", name=model.classes[found.of_class])
    return _in_panel(title, _explained(asked, model.classes, found, report))


def _answer_click(event: gr.EventData, asked: Asked | None) -> tuple[Markup, Asked | None]:
    """A browser may send anything."""
    clicked = clicked_on(event)
    match clicked:
        case {"class": int(of_class)} if asked and of_class >= 0:
            return opened(replace(asked, of_class=of_class))
        case _:
            return _NOTHING, None


def _in_panel(title: str, inside: Markup) -> Markup:
    return Markup(
        '<div class="why" role="dialog" aria-modal="true" tabindex="-1" aria-label="{title}"><section class="card">'
        "<header><h3>{title}</h3>{close}</header>{inside}</section></div>"
    ).format(title=title, close=action(text("why.close"), {"close": True}), inside=inside)


def _explained(asked: Asked, classes: list[str], found: Explanation, report: Report) -> Markup:
    best = [int(number) for number in np.argsort(-found.scores, kind="stable")[:BEST]]
    name = classes[found.of_class]
    said = text("none") if found.none_of_these else classes[best[0]]
    return Markup(
        '<p>{known} <small>{name}</small></p><div class="looks"><figure>{photo}<figcaption>{of_photo}</figcaption></figure>'
        "<figure>{heat}<figcaption>{of_heat}</figcaption></figure></div><p>{honest}</p><h4>{other}</h4>"
        '<div class="ask">{buttons}</div><div class="reasons"><div><h4>{scores}</h4>{bars}</div>'
        "<div><h4>{nearest}</h4>{photos}</div></div>"
    ).format(
        known=told(asked, classes, said),
        name=asked.name,
        photo=picture(found.pixels, asked.name),
        of_photo=text("why.photo"),
        heat=picture(painted(found.pixels, found.heat), text("why.heat", name=name)),
        of_heat=text("why.heat" if found.heat.any() else "why.nothing", name=name),
        honest=text("why.honest"),
        other=text("why.other"),
        buttons=_NOTHING.join(action(classes[n], {"class": n}, pressed=n == found.of_class) for n in best),
        scores=text("why.scores"),
        bars=figures.bars([(classes[n], float(found.scores[n])) for n in best]),
        nearest=text("why.nearest"),
        photos=_nearest(classes, found, report),
    )


def _nearest(classes: list[str], found: Explanation, report: Report) -> Markup:
    if not found.nearest:
        return Markup("<p>{}</p>").format(text("why.nearest.none"))
    items = _NOTHING.join(
        Markup("<li>{}<b>{}</b><small>{}</small></li>").format(
            of_run(report, photo.name),
            classes[photo.label],
            text("why.nearest.similar", share=percent(similar)),
        )
        for photo, similar in found.nearest
    )
    return Markup('<ul class="alike">{}</ul>').format(items)

"""Step 4: how good the model is, honestly, and where it goes wrong."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui import figures, finished, photo_map
from resnet_finetune.ui.parts import heading, lead_to, message
from resnet_finetune.ui.texts import percent, photos, text
from resnet_finetune.ui.thumbnails import thumbnail
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Report

PAIRS = 6  # of classes that are confused, listed
SHOWN = 8  # photos of each
_NOTHING = Markup("")


def build(tabs: gr.Tabs, tab: gr.Tab, wanted: gr.State) -> None:
    """``wanted``: folder of the run that another step opened this one for. The server keeps it. Were it written into the choice
    itself, it would reach the page together with the change of the tab, and be asked for too early.
    """
    heading(text("step.results"), text("results.lead"))
    run = finished.dropdown(text("results.run"), "results-run")
    summary = gr.HTML(elem_id="results-summary")
    with gr.Column(visible=False) as rest:
        gr.HTML(Markup("<h3>{}</h3>").format(text("results.where")))
        shows = gr.Radio(
            [(text(f"results.shows.{name}"), name) for name in ("counts", "shares")],
            value="counts",
            label=text("results.shows"),
            elem_id="results-shows",
            elem_classes="switch",
        )
        matrix = gr.HTML(elem_id="results-matrix")
        details = gr.HTML(elem_id="results-details")
        photo_map.build(run)
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "train")
        lead_to(gr.Button(text("results.next"), variant="primary", elem_id="results-next"), tabs, "try")

    tab.select(
        lambda wanted, chosen: (finished.offer(wanted or chosen), None),
        inputs_kwargs={"wanted": wanted, "chosen": run},
        outputs=[run, wanted],
        queue=False,
        show_progress="hidden",
    ).then(
        _show,
        inputs_kwargs={"path": run, "shows": shows},
        outputs=[summary, rest, matrix, details],
        queue=False,
        show_progress="hidden",
    )
    run.select(
        _show,
        inputs_kwargs={"path": run, "shows": shows},
        outputs=[summary, rest, matrix, details],
        queue=False,
        show_progress="hidden",
    )
    shows.input(_redraw, inputs_kwargs={"path": run, "shows": shows}, outputs=matrix, queue=False, show_progress="hidden")


def _show(path: str | None, shows: str) -> tuple[Markup, gr.Column, Markup, Markup]:
    run = finished.find(path)
    try:
        report = run.report() if run else None
    except UserError as error:
        return message("bad", text("results.none"), error.messages), gr.Column(visible=False), _NOTHING, _NOTHING
    if run is None or report is None:
        return message("info", text("results.none")), gr.Column(visible=False), _NOTHING, _NOTHING
    return _summary(report), gr.Column(visible=True), _matrix(report, shows), _pairs(report) + _classes(report)


def _redraw(path: str | None, shows: str) -> Markup:
    run = finished.find(path)
    report = run.report() if run else None
    return _matrix(report, shows) if report else _NOTHING


def _matrix(report: Report, shows: str) -> Markup:
    return figures.confusion_matrix(report.classes, report.confusion, shares=shows == "shares")


def _summary(report: Report) -> Markup:
    test = report.test
    guess = percent(report.largest_class)
    kept = text(f"results.kept.{report.kept}", first=percent(report.first_answer.validation_accuracy))
    sentences = (
        text("results.interval", low=percent(test.low), high=percent(test.high)),
        text("results.better" if test.low > report.largest_class else "results.not_better", guess=guess),
        *([] if report.cross_validated else [kept]),
        *report.notes,
    )
    right = round(test.accuracy * test.n)
    said = percent(test.accuracy)
    return Markup('<section class="card verdict"><p class="score">{}</p><h3>{}</h3>{}</section>').format(
        said,
        text("results.says.crossed" if report.cross_validated else "results.says", right=right, n=test.n, accuracy=said),
        _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in sentences),
    )


def _pairs(report: Report) -> Markup:
    """The classes that are most often taken for another, each with the photos of which the model was surest."""
    mistakes: dict[tuple[int, int], list[Judged]] = defaultdict(list)  # (true, predicted) → photos
    for photo in report.judged:
        if photo.predicted != photo.true:
            mistakes[photo.true, photo.predicted].append(photo)
    items = _NOTHING.join(
        _pair(report, mistakes[pair]) for pair in sorted(mistakes, key=lambda pair: -len(mistakes[pair]))[:PAIRS]
    )
    said = Markup('<ol class="pairs">{}</ol>').format(items) if items else Markup("<p>{}</p>").format(text("results.no_pairs"))
    return Markup('<section class="card"><h3>{}</h3>{}</section>').format(text("results.pairs"), said)


def _pair(report: Report, mistaken: list[Judged]) -> Markup:
    true, predicted = mistaken[0].true, mistaken[0].predicted
    surest = sorted(mistaken, key=lambda photo: -photo.scores[predicted])[:SHOWN]
    return Markup("<li><b>{}</b> {}<div>{}</div></li>").format(
        text("results.pair", true=report.classes[true], predicted=report.classes[predicted]),
        text("results.pair.count", count=len(mistaken), photos=photos(sum(report.confusion[true]))),
        _NOTHING.join(thumbnail(Path(report.root, photo.path), photo.path) for photo in surest),
    )


def _classes(report: Report) -> Markup:
    return Markup('<section class="card"><h3>{}</h3>{}</section>').format(
        text("results.classes"), figures.per_class_table(report.per_class)
    )

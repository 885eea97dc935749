"""Step 4: how good the model is, honestly, and where it goes wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.insight.class_order import ORDERS
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn import cell_photos, figures, matrix, side_by_side, trust_card
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.drawn.thumbnails import of_run
from resnet_finetune.ui.served import downloads
from resnet_finetune.ui.shared import finished, why
from resnet_finetune.ui.shared.beside import Turn
from resnet_finetune.ui.shared.parts import clicked_on, heading, into_view, lead_to
from resnet_finetune.ui.steps import learning, photo_map, proof, suspects, take_away
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words import corrections
from resnet_finetune.words.comparison import compare
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Report, corrected

MANY = 12  # classes; among more a person wants to look for one
PAIRS = 6  # of classes that are confused, listed
SHOWN = 8  # photos of each
APART = 0.02  # of the balanced accuracy from the accuracy; closer, it would only repeat it
_NOTHING = Markup("")


def build(
    tabs: gr.Tabs,
    tab: gr.Tab,
    wanted: gr.State,
    to_try: gr.State,
    look_again: Callable[[Dependency], None],
    asked_for: gr.State,
) -> None:
    """``wanted``: folder of the run that another step opened this one for. The server keeps it. Were it written into the choice
    itself, it would reach the page together with the change of the tab, and be asked for too early. ``to_try``: likewise, for
    the step of new photos. ``look_again`` and ``asked_for`` are the data step's.
    """
    turn = gr.State(Turn())
    heading(text("step.results"), text("results.lead"))
    run = finished.dropdown(text("results.run"), "results-run")
    summary = gr.HTML(elem_id="results-summary")
    with gr.Column(visible=False) as rest:
        gr.HTML(Markup("<h3>{}</h3><p>{}</p>").format(text("results.where"), text("results.open")))
        with gr.Row(elem_classes="ways"):
            shows = _choice("results.shows", ("counts", "rows", "columns"))
            order = _choice("results.order", tuple(ORDERS))
        find = gr.Textbox("", label=text("results.find"), placeholder=text("results.find.hint"), elem_id="results-find")
        drawn = gr.HTML(js_on_load=matrix.KEYS, elem_id="results-matrix")
        save = gr.HTML(elem_id="results-save")
        cell = gr.HTML(js_on_load=ACTIONS, elem_id="results-cell")
        pairs = gr.HTML(js_on_load=ACTIONS, elem_id="results-pairs")
        with _folded(text("worst"), "results-worst"):
            worst = gr.HTML(js_on_load=ACTIONS)
        with _folded(text("suspects"), "results-suspects"):
            doubts = suspects.build(tabs, run, look_again, asked_for)
        with _folded(text("learning"), "results-learning"):
            gr.HTML(Markup("<p>{}</p>").format(text("learning.lead")))
            learning.ATTEMPT.build(run, gr.State(None))
        with _folded(text("results.classes"), "results-classes"):
            details = gr.HTML(elem_id="results-details")
        with _folded(text("trust"), "results-trust"):
            gr.HTML(Markup("<p>{}</p>").format(text("trust.lead")))
            calibrated = gr.HTML(elem_id="results-calibration")
            of_class = gr.Dropdown([], value=None, label=text("trust.class"), interactive=True, elem_id="results-of-class")
            told = gr.HTML(elem_id="results-told")
        with _folded(text("map.title"), "results-map"):
            map_again = photo_map.build(run)
        with _folded(text("take"), "results-take"):
            take_again = take_away.build(run)
        with _folded(text("proof"), "results-proof"):
            proven = proof.build(tabs, run)
    panel, asked = why.build("results-why")
    with gr.Row(elem_classes=["onward", "kept"]):
        lead_to(gr.Button(text("back")), tabs, "train")
        onward = gr.Button(text("results.next"), variant="primary", elem_id="results-next")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    view: dict[str, Any] = {"shows": shows, "order": order, "query": find}
    shown: dict[str, Any] = {
        "inputs_kwargs": {"path": run, "found": doubts[0]},
        "outputs": [*(summary, rest, find, pairs, worst, details), *doubts, *proven],
        **quick,
    }
    # After the rest: as it is wanted by then, and no answer to an earlier question replaces it.
    redrawn: dict[str, Any] = {"inputs_kwargs": {"path": run, **view}, "outputs": [drawn, save], **quick}
    trusted: dict[str, Any] = {"inputs_kwargs": {"path": run}, "outputs": [calibrated, of_class, told], **quick}
    offered = tab.select(
        lambda wanted, chosen: (finished.offer(wanted or chosen), None),
        inputs_kwargs={"wanted": wanted, "chosen": run},
        outputs=[run, wanted],
        **quick,
    )
    for looked_at in (offered.then(_show, **shown), run.select(_show, trigger_mode="always_last", **shown)):
        looked_at.then(_redraw, **redrawn).then(_trusted, **trusted)
    take_again(offered)
    opening: dict[str, Any] = {"inputs_kwargs": {"path": run, "turn": turn}, "outputs": cell, **quick}
    run.change(_close, **opening)  # at once: what is opened meanwhile stays open
    offered.then(_close, **opening)  # what was gone on with may have another model now
    map_again(offered)
    gr.on([shows.input, order.input, find.input], _redraw, trigger_mode="always_last", **redrawn)
    onward.click(lambda run: (run, gr.Tabs(selected="try")), inputs_kwargs={"run": run}, outputs=[to_try, tabs], **quick)
    of_class.input(_separation, inputs_kwargs={"path": run, "of_class": of_class}, outputs=told, **quick)
    for part in (drawn, cell, pairs):
        part.click(_open, trigger_mode="multiple", **opening)
    for part in (cell, worst):
        part.click(_ask_why, inputs_kwargs={"path": run}, outputs=[panel, asked], trigger_mode="multiple", **quick)
    gr.on([drawn.click, pairs.click], fn=None, js=into_view("results-cell", after=300))  # what was clicked may be far above


def _folded(title: str, elem_id: str) -> gr.Accordion:
    """What comes after the score, the matrix and the mistakes, to be opened by those who look for it."""
    return gr.Accordion(title, open=False, elem_id=elem_id, elem_classes="folded")


def _choice(key: str, names: tuple[str, ...]) -> gr.Radio:
    return gr.Radio(
        [(text(f"{key}.{name}"), name) for name in names],
        value=names[0],
        label=text(key),
        elem_id=key.replace(".", "-"),
        elem_classes="switch",
        min_width=280,  # pixels: on a phone, one below the other
    )


def _show(path: str | None, found: suspects.Found | None) -> tuple[Any, ...]:
    try:
        run, report = _result(path)
    except UserError as error:
        return message("bad", text("results.none"), error.messages), gr.Column(visible=False), *(gr.skip(),) * (4 + 6)
    if run is None or report is None:
        return message("info", text("results.none")), gr.Column(visible=False), *(gr.skip(),) * (4 + 6)
    return (
        _summary(run, report),
        gr.Column(visible=True),
        gr.Textbox(visible=len(report.classes) > MANY),
        _pairs(report),
        cell_photos.draw_worst(report),
        _classes(report),
        *suspects.shown(run, found),
        *proof.shown(run),
    )


def _redraw(path: str | None, shows: str, order: str, query: str) -> tuple[Markup, Markup]:
    """The matrix, and the links by which it is saved."""
    try:
        run, report = _result(path)
    except UserError:  # said by ``_show``
        return _NOTHING, _NOTHING
    if run is None or report is None:
        return _NOTHING, _NOTHING
    return _drawn(run, report, shows, order, query if len(report.classes) > MANY else "")


def _result(path: str | None) -> tuple[Run | None, Report | None]:
    """Raises ``UserError`` when the report is damaged."""
    run = finished.find(path)
    return run, run.report() if run else None


def _trusted(path: str | None) -> tuple[Any, Any, Any]:
    """After the rest, and folded: with hundreds of classes it takes seconds."""
    try:
        _, report = _result(path)
    except UserError:  # said by ``_show``
        report = None
    if report is None:
        return gr.skip(), gr.skip(), gr.skip()
    every = trust_card.separation_charts(report, trust_card.ALL)
    return trust_card.calibration_chart(report), _one_class(report), every


def _one_class(report: Report) -> gr.Dropdown:
    """Of which class it is drawn how well it is told from the rest."""
    classes = [(name, number) for number, name in enumerate(report.classes)]
    return gr.Dropdown([(text("trust.all"), trust_card.ALL), *classes], value=trust_card.ALL)


def _separation(path: str | None, of_class: int | None) -> Markup:
    _, report = _result(path)
    if report is None or of_class is None or of_class not in (trust_card.ALL, *range(len(report.classes))):
        return _NOTHING
    return trust_card.separation_charts(report, of_class)


def _ask_why(event: gr.EventData, path: str | None) -> tuple[Any, Any]:
    """A photo of the cell that is open, explained. Only photos that tested the run can be asked about."""
    clicked = clicked_on(event)
    run = finished.find(path)
    return why.opened_for_tested(run, str(clicked["why"])) if run and "why" in clicked else (gr.skip(), gr.skip())


def _close(path: str | None, turn: Turn) -> Any:
    return _NOTHING if turn.over(finished.of_now(path)) else gr.skip()


def _open(event: gr.EventData, path: str | None, turn: Turn) -> Any:
    """The photos of the cell that was clicked last, if its run is still looked at once they are drawn."""
    clicked = clicked_on(event)
    if "why" in clicked:
        return gr.skip()
    return next(turn.taken(lambda trial: iter((_cell(path, clicked),)), finished.of_now(path)), gr.skip())


def _cell(path: str | None, clicked: dict[str, Any]) -> Markup:
    """A browser may send anything: only cells that are there are opened."""
    try:
        _, report = _result(path)
    except UserError as error:
        return message("bad", text("results.none"), error.messages)
    if report is None:
        return _NOTHING
    true, predicted = clicked.get("true"), clicked.get("predicted")
    there = range(len(report.classes))
    if not (isinstance(true, int) and isinstance(predicted, int) and true in there and predicted in there):
        return _NOTHING
    return cell_photos.draw(report, true, predicted, every=bool(clicked.get("every")))


# --- What is drawn -----------------------------------------------------------------------------------------------------


def _drawn(run: Run, report: Report, shows: str, order: str, query: str) -> tuple[Markup, Markup]:
    found = set(matrix.found(report.classes, report.confusion, query))
    if not found:
        return message("info", text("results.not_found")), _NOTHING
    wanted = [index for index in ORDERS[order](report.confusion) if index in found]
    drawn = matrix.draw(report.classes, report.confusion, matrix.View(wanted, cast(matrix.Shows, shows)))
    links = (
        Markup('<a href="{}" download>{}</a>').format(downloads.matrix_address(run, order, form), text(f"results.save.{form}"))
        for form in downloads.FORMS
    )
    return drawn, Markup('<p class="save">{} {}</p>').format(text("results.save"), Markup(" · ").join(links))


def _summary(run: Run, report: Report) -> Markup:
    test = report.test
    guess = percent(report.largest_class)
    kept = text(f"results.kept.{report.kept}", first=percent(report.first_answer.validation_accuracy))
    sentences = (
        text("results.interval", low=percent(test.low), high=percent(test.high)),
        text("results.better" if test.low > report.largest_class else "results.not_better", guess=guess),
        *([_alike(report)] if abs(report.balanced_accuracy - test.accuracy) >= APART else []),
        *([] if report.cross_validated else [kept]),
        *_before_and_after(run, report),
        *report.notes,
        *_elsewhere(report),
    )
    said = percent(test.accuracy)
    return Markup('<section class="card verdict"><p class="score">{}</p><h3>{}</h3>{}</section>').format(
        said,
        text("results.says.crossed" if report.cross_validated else "results.says", right=test.right, n=test.n, accuracy=said),
        _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in sentences),
    )


def _elsewhere(report: Report) -> list[str]:
    """Why no photo is shown, where they may not be fetched."""
    try:
        report.folder  # noqa: B018  which is refused
    except UserError as error:
        return list(error.messages)
    return []


def _before_and_after(run: Run, report: Report) -> list[str]:
    """What the corrections changed, of a run that was made to find out."""
    earlier = finished.find(run.settings.split_of)
    before = earlier.report() if earlier else None
    again = corrected(before, corrections.of_run(run.path)) if before else None
    if earlier is None or again is None:
        return []
    scores = {key: percent(one.test.accuracy) for key, one in (("before", again), ("after", report))}
    return [
        text("results.corrected", name=earlier.title, **scores),
        side_by_side.verdict(earlier.title, run.title, compare(again, report)),
    ]


def _pairs(report: Report) -> Markup:
    """The classes that are most often taken for another, each with the photos of which the model was surest."""
    mistakes: dict[tuple[int, int], int] = defaultdict(int)  # (true, predicted) → photos
    for photo in report.judged:
        if photo.predicted != photo.true:
            mistakes[photo.true, photo.predicted] += 1
    worst = sorted(mistakes, key=lambda pair: -mistakes[pair])[:PAIRS]
    items = _NOTHING.join(_pair(report, true, predicted) for true, predicted in worst)
    said = Markup('<ol class="pairs">{}</ol>').format(items) if items else Markup("<p>{}</p>").format(text("results.no_pairs"))
    return Markup('<section class="card"><h3>{}</h3>{}</section>').format(text("results.pairs"), said)


def _pair(report: Report, true: int, predicted: int) -> Markup:
    there: list[Judged] = cell_photos.photos_of(report, true, predicted)
    says = matrix.says(report.classes, report.confusion, true, predicted)
    return Markup("<li>{}<div>{}</div></li>").format(
        action(says, {"true": true, "predicted": predicted}),
        _NOTHING.join(of_run(report, photo.path) for photo in there[:SHOWN]),
    )


def _classes(report: Report) -> Markup:
    return Markup('<p>{}</p>{}<p class="note">{}</p>').format(
        _alike(report), figures.per_class_table(report.per_class), text("table.note")
    )


def _alike(report: Report) -> str:
    """Were all classes as large."""
    return text("results.alike", balanced=percent(report.balanced_accuracy), f1=percent(report.macro_f1))

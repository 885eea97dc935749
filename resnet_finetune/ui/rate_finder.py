"""A learning rate for those who want one of their own: tried on the person's photos, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.engine.progress import drained
from resnet_finetune.engine.rate_finder import LOWEST, find_rate
from resnet_finetune.runs import jobs
from resnet_finetune.ui.beside import Trial, Unwanted, beside
from resnet_finetune.ui.data_step import Chosen
from resnet_finetune.ui.figures import Line, chart
from resnet_finetune.ui.parts import HIDDEN, message, progress, seen_if
from resnet_finetune.ui.texts import duration, text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.rates import RateTrial
from resnet_finetune.words.settings import Settings

# What is found, the rate that is chosen, the buttons to ask and to stop, and the trial that can be stopped.
Shown = tuple[Markup, Any, gr.Button, gr.Button, Trial | None]


def build(chosen: gr.State, model: gr.Radio, preset: gr.Radio, rate: gr.Number) -> None:
    """A button that tries learning rates; the suggested one is written into ``rate``."""
    trial = gr.State(None)
    with gr.Row(elem_classes="onward"):
        ask = gr.Button(text("rates.ask"), elem_id="rates-ask")
        stop = gr.Button(text("rates.stop"), variant="stop", visible=HIDDEN, elem_id="rates-stop")
    found = gr.HTML(elem_id="rates")
    ask.click(
        _asked,
        inputs_kwargs={"chosen": chosen, "model": model, "preset": preset},
        outputs=[found, rate, ask, stop, trial],
        show_progress="hidden",
    )
    stop.click(_stop, inputs_kwargs={"trial": trial}, queue=False, show_progress="hidden")


def _asked(chosen: Chosen | None, model: str, preset: str) -> Iterator[Shown]:
    if chosen is None:
        yield _shown(message("info", text("train.no_data")))
    elif jobs.current():
        yield _shown(message("info", text("advisor.busy")))
    else:
        try:
            yield from _tried(Settings(data=chosen.desk.data, leave_out=chosen.desk.list_file(), model=model, preset=preset))
        except OSError as error:
            yield _shown(message("bad", text("rates.failed"), [text("train.no_list", reason=error.strerror)]))
        except UserError as error:
            yield _shown(message("bad", text("rates.failed"), error.messages))


def _stop(trial: Trial | None) -> None:
    if trial:
        trial.wanted = False


def _tried(settings: Settings) -> Iterator[Shown]:
    """Says how far it has come, until it is over or not wanted any more."""
    last: Event | None = None
    trial = Trial()

    def see(event: Event) -> None:
        nonlocal last
        last = event

    try:
        found = yield from beside(
            lambda check: drained(find_rate(settings, check), see), lambda: _shown(_busy(last), trial=trial), trial
        )
    except Unwanted:
        yield _shown(Markup(""))
    else:
        yield _shown(_curve(found), found.suggested)


def _busy(last: Event | None) -> Markup:
    if not isinstance(last, Progress) or last.stage != "rates":
        return progress(text("rates.ready"), 0, [text("train.left.unknown")])
    left = text("train.left.unknown") if last.seconds_left is None else text("train.left", time=duration(last.seconds_left))
    return progress(text("rates.trying"), last.done / max(1, last.total), [left])


def _shown(found: Markup, suggested: float | None = None, trial: Trial | None = None) -> Shown:
    wanted = trial is None or trial.wanted
    stop = gr.Button(text("rates.stop" if wanted else "train.stopping"), visible=seen_if(trial is not None), interactive=wanted)
    return found, gr.skip() if suggested is None else suggested, gr.Button(visible=seen_if(trial is None)), stop, trial


def _curve(found: RateTrial) -> Markup:
    """Loss over the rate's power of ten."""

    def at(rate: float) -> float:
        return log10(rate / LOWEST)

    points = [(at(rate), loss) for rate, loss in found.points]
    most = max(loss for _, loss in points)
    lines = [
        Line(text("rates.loss"), "strong", points),
        Line(text("rates.suggested"), "dashed", [(at(found.suggested), 0.0), (at(found.suggested), most)]),
    ]
    said = message("good", text("rates.says", rate=f"{found.suggested:.1e}"), [text("rates.why", usual=f"{found.usual:.1e}")])
    drawn = chart(
        text("rates.curve"),
        text("rates.axis"),
        max(1.0, points[-1][0]),
        (0, 1.05 * most),
        lines,
        name_x=lambda x: f"{LOWEST * 10**x:.0e}",
    )
    return said + drawn

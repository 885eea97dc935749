"""The model, to be used without this app: what it can be made into, what its proof found, and the way to get it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.engine.progress import drained
from resnet_finetune.exports.export import export, require_possible
from resnet_finetune.exports.formats import FORMATS, Format
from resnet_finetune.exports.seal import FEWEST, Parity
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message, progress
from resnet_finetune.ui.served import downloads
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.beside import AT_ONCE, Trial, Turn, Unwanted, beside
from resnet_finetune.ui.shared.parts import HIDDEN, clicked_on, seen_if
from resnet_finetune.ui.wording.texts import left, text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress

_NOTHING = Markup("")
_DIGITS = 5  # of a difference of probabilities

Shown = tuple[Markup, gr.Button]  # the formats, and the button to stop


def build(run: gr.Dropdown) -> Callable[[Dependency], None]:
    """``run``: the training that is looked at. What comes back looks again, after an event, at what there is."""
    gr.HTML(Markup("<p>{}</p>").format(text("take.lead")))
    turn = gr.State(Turn())
    listing = gr.HTML(js_on_load=ACTIONS, elem_id="take")
    stop = gr.Button(text("take.stop"), variant="stop", visible=HIDDEN, elem_id="take-stop")
    given: dict[str, Any] = {"inputs_kwargs": {"path": run, "turn": turn}, "outputs": [listing, stop]}
    run.change(_show, queue=False, show_progress="hidden", **given)
    listing.click(_make, show_progress="hidden", **given, **AT_ONCE)
    stop.click(_stop, inputs_kwargs={"turn": turn}, outputs=stop, queue=False, show_progress="hidden")

    def look_again(event: Dependency) -> None:
        event.then(_show_again, queue=False, show_progress="hidden", **given)

    return look_again


def _show(path: str | None, turn: Turn) -> Shown | dict[str, Any]:
    return _there(path) if turn.over(path) else gr.skip()


def _show_again(path: str | None, turn: Turn) -> Shown | dict[str, Any]:
    """A training that went on has thrown away what was made of its model."""
    return gr.skip() if turn.busy else _there(path)


def _there(path: str | None) -> Shown:
    run = finished.find(path)
    return _shown(_listing(run) if run else _NOTHING)


def _stop(turn: Turn) -> gr.Button:
    turn.give_up()
    return gr.Button(text("train.stopping"), interactive=False)


def _make(event: gr.EventData, path: str | None, turn: Turn) -> Iterator[Shown]:
    """A browser may send anything: only a run of the list is made into one of the formats."""
    clicked = clicked_on(event)
    run = finished.find(path)
    for format in FORMATS:
        if run and format == clicked.get("format"):
            yield from turn.taken(partial(_made, run, format), path)


def _made(run: Run, format: Format, trial: Trial) -> Iterator[Shown]:
    """Says how far it has come, and then what there is now."""
    last: Event | None = None

    def work(check: Callable[[], None]) -> None:
        def see(event: Event) -> None:
            nonlocal last
            check()
            last = event

        drained(export(run.path, format, downloads.place(run, format)), see)

    try:
        yield from beside(work, lambda: _shown(_listing(run, format, _busy(last), free=False), trial), trial)
    except UserError as error:
        yield _shown(_listing(run, format, message("bad", text("take.not_made"), error.messages) + _button(format)))
    except Unwanted:
        yield _shown(_listing(run, format, message("info", text("take.stopped")) + _button(format)))
    else:
        yield _shown(_listing(run))


def _shown(listing: Markup, trial: Trial | None = None) -> Shown:
    """With what can be stopped, while there is something."""
    wanted = trial is None or trial.wanted
    said = text("take.stop" if wanted else "train.stopping")
    return listing, gr.Button(said, visible=seen_if(trial is not None), interactive=wanted)


def _listing(run: Run, format: Format | None = None, said: Markup = _NOTHING, free: bool = True) -> Markup:
    """All formats; of ``format`` this is ``said``. Only when ``free`` can another be made."""
    rows = _NOTHING.join(
        Markup("<li><div><strong>{}</strong><p>{}</p></div><div>{}</div></li>").format(
            text(f"take.{one}"), text(f"take.{one}.what", fewest=FEWEST), said if one == format else _state(run, one, free)
        )
        for one in FORMATS
    )
    return Markup('<ol class="takes">{}</ol>').format(rows)


def _state(run: Run, format: Format, free: bool) -> Markup:
    """What its proof found and the way to get it, or the button that makes it, or why it cannot be made."""
    made = downloads.parity(run, format)
    if made is None:
        return _offer(run, format) if free else _NOTHING
    link = Markup('<a class="action" href="{}" download>{}</a>').format(
        downloads.export_address(run, format), text("take.get", megabytes=max(1, round(downloads.size(run, format) / 1e6)))
    )
    return message("good", _found(format, made)) + link


def _offer(run: Run, format: Format) -> Markup:
    try:
        require_possible(run.path, format)
    except UserError as error:
        return message("info", text("take.not_offered"), error.messages)
    return _button(format)


def _found(format: Format, parity: Parity) -> str:
    if format == "onnx-int8":
        return text("take.found.onnx-int8", right=parity.right, in_app=parity.right_in_app, n=parity.n, agree=parity.agree)
    gap = max(1, math.ceil(parity.max_abs_diff * 10**_DIGITS)) / 10**_DIGITS  # "at most", so never rounded down
    same = text("take.found", agree=parity.agree, n=parity.n, gap=f"{gap:.{_DIGITS}f}")
    return f"{same} {text('take.found.web')}" if format == "web" else same


def _button(format: Format) -> Markup:
    return action(text("take.make"), {"format": format})


def _busy(last: Event | None) -> Markup:
    if not isinstance(last, Progress):
        return progress(text("take.writing"), 0, [left(None)])
    return progress(text("take.proving", done=last.done, all=last.total), last.done / last.total, [left(last.seconds_left)])

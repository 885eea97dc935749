"""Which depth to pick: the race on the person's own photos, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
from markupsafe import Markup

from resnet_finetune.engine.advise import advise
from resnet_finetune.engine.progress import drained
from resnet_finetune.model import catalog
from resnet_finetune.runs import jobs
from resnet_finetune.ui.beside import Trial, Unwanted, beside
from resnet_finetune.ui.data_step import Chosen
from resnet_finetune.ui.parts import HIDDEN, message, progress, seen_if
from resnet_finetune.ui.texts import duration, percent, photos, text
from resnet_finetune.words.advice import Advice, Candidate
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.settings import Settings

# What is found, the depth that is chosen, the buttons to ask and to stop, and the race that can be stopped.
Shown = tuple[Markup, gr.Radio, gr.Button, gr.Button, Trial | None]


def build(chosen: gr.State, model: gr.Radio, preset: gr.Radio) -> None:
    """A button that asks for advice, and what comes of it; the advised depth is chosen in ``model``."""
    race = gr.State(None)
    with gr.Row(elem_classes="onward"):
        ask = gr.Button(text("advisor.ask"), elem_id="advisor-ask")
        stop = gr.Button(text("advisor.stop"), variant="stop", visible=HIDDEN, elem_id="advisor-stop")
    found = gr.HTML(elem_id="advisor")
    ask.click(
        _asked,
        inputs_kwargs={"chosen": chosen, "preset": preset},
        outputs=[found, model, ask, stop, race],
        show_progress="hidden",
    )
    stop.click(_stop, inputs_kwargs={"race": race}, queue=False, show_progress="hidden")


def _asked(chosen: Chosen | None, preset: str) -> Iterator[Shown]:
    if chosen is None:
        yield _shown(message("info", text("train.no_data")))
    elif jobs.current():
        yield _shown(message("info", text("advisor.busy")))
    else:
        try:
            yield from _race(Settings(data=chosen.desk.data, leave_out=chosen.desk.list_file(), preset=preset))
        except OSError as error:
            yield _shown(message("bad", text("advisor.failed"), [text("train.no_list", reason=error.strerror)]))
        except UserError as error:
            yield _shown(message("bad", text("advisor.failed"), error.messages))


def _stop(race: Trial | None) -> None:
    if race:
        race.wanted = False


def _race(settings: Settings) -> Iterator[Shown]:
    """Says how far it has come, until it is over or not wanted any more."""
    last: Event | None = None
    race = Trial()

    def see(event: Event) -> None:
        nonlocal last
        last = event

    try:
        advice = yield from beside(
            lambda check: drained(advise(settings, check), see), lambda: _shown(_busy(last), race=race), race
        )
    except Unwanted:
        yield _shown(Markup(""))
    else:
        yield _shown(_advice(advice), advice.recommended)


def _busy(last: Event | None) -> Markup:
    if not isinstance(last, Progress):
        return progress(text("advisor.scan"), 0, [text("train.left.unknown")])
    left = text("train.left.unknown") if last.seconds_left is None else text("train.left", time=duration(last.seconds_left))
    return progress(text(f"advisor.{last.stage}"), last.done / max(1, last.total), [left])


def _shown(found: Markup, recommended: str | None = None, race: Trial | None = None) -> Shown:
    model = gr.Radio(value=recommended) if recommended else gr.Radio()
    wanted = race is None or race.wanted
    stop = gr.Button(
        text("advisor.stop" if wanted else "train.stopping"), visible=seen_if(race is not None), interactive=wanted
    )
    return found, model, gr.Button(visible=seen_if(race is None)), stop, race


def _advice(advice: Advice) -> Markup:
    name = _name(advice.recommended)
    return message("good", text("advisor.says", name=name), [_why(advice)]) + _table(advice)


def _why(advice: Advice) -> str:
    """The measurement, or what is known where there is none."""
    usual, many = _name(advice.usual), photos(advice.photos)
    if len(advice.raced) < 2:
        return text("advisor.why.alone", photos=many, usual=usual)
    if advice.recommended == advice.usual:
        return text("advisor.why.usual", photos=many, usual=usual)
    return text("advisor.why.raced", photos=many, usual=usual)


def _table(advice: Advice) -> Markup:
    heads = [text(f"advisor.{column}") for column in ("depth", "parameters", "memory", "epoch", "right")]
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in heads)
    rows = Markup("").join(_row(one, one.model == advice.recommended) for one in advice.candidates)
    table = Markup('<table class="scores depths"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)
    return Markup('<div class="scroll">{}</div><p class="aside">{}</p>').format(table, text("advisor.how"))


def _row(one: Candidate, recommended: bool) -> Markup:
    cells = [
        text("advisor.millions", n=one.parameters_m),
        text("advisor.gb", n=one.memory_gb),
        duration(one.epoch_seconds),
        _right(one),
    ]
    name = Markup("<strong>{}</strong>").format(_name(one.model)) if recommended else _name(one.model)
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(
        name, Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells)
    )


def _right(one: Candidate) -> str:
    score = one.score
    if score is None:
        return text("advisor.not_here", megabytes=one.download_mb)
    shares = {key: percent(getattr(score, key)) for key in ("accuracy", "low", "high")}
    return text("advisor.score", n=score.n, **shares)


def _name(model: str) -> str:
    return f"ResNet-{catalog.find(model).depth}"

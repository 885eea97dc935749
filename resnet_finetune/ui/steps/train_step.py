"""Step 3: start, watch, stop. The page never owns the run: it reads the run's folder once a second, as every other tab does."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.data.intake import unquoted
from resnet_finetune.model.catalog import find
from resnet_finetune.runs import history, jobs, lock
from resnet_finetune.runs.run_folder import UNFINISHED, Run, State, list_runs
from resnet_finetune.ui.drawn.curves import curves
from resnet_finetune.ui.drawn.gradient_strip import strip
from resnet_finetune.ui.drawn.messages import ACTIONS, message
from resnet_finetune.ui.drawn.status import first_answer, status
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.served import news
from resnet_finetune.ui.shared import desk, thrown_away
from resnet_finetune.ui.shared.desk import Chosen
from resnet_finetune.ui.shared.parts import HIDDEN, clicked_on, heading, lead_to, seen_if, tried
from resnet_finetune.ui.wording.texts import classes, photos, text
from resnet_finetune.words import corrections, servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Finished, FirstAnswer, Stopped
from resnet_finetune.words.language import reason
from resnet_finetune.words.report import REPORT
from resnet_finetune.words.settings import Settings

_NOTHING = Markup("")
_LABELS = {spec.name: spec.metadata["label"] for spec in fields(Settings)}


@dataclass
class Watch:
    """What one open tab has read, and what it shows of it."""

    story: Story | None = None
    chosen: Chosen | None = None  # the photos that were chosen when this was read
    shown: tuple[Markup, ...] = ()
    first: FirstAnswer | None = None  # that is shown, last of all


def build(
    page: gr.Blocks,
    tabs: gr.Tabs,
    chosen: gr.State,
    choices: dict[str, Component],
    wanted: gr.State,
    to_try: gr.State,
    going: gr.HTML,
    at_once: gr.Button,
) -> None:
    """``wanted``, ``to_try``: the run that the results step, or that of new photos, is opened for. ``going``: where ``news`` is
    told. ``at_once``: a button of an earlier step that starts too.
    """
    watch = gr.State(Watch())
    timer = gr.Timer(1)
    heading(text("step.train"), text("train.lead"))
    plan = gr.HTML(elem_id="train-plan")
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "model")
        start = gr.Button(text("train.start"), variant="primary", elem_id="train-start")
        stop = gr.Button(text("train.stop"), variant="stop", visible=HIDDEN, elem_id="train-stop")
        sample = gr.Button(text("train.try"), variant="primary", visible=HIDDEN, elem_id="train-try")
        resume = gr.Button(text("train.resume"), visible=HIDDEN, elem_id="train-resume")
        discard = gr.Button(text("train.discard"), visible=HIDDEN, elem_id="train-discard")
        onward = gr.Button(text("train.next"), variant="primary", visible=HIDDEN, elem_id="train-next")
    news.choice()
    said = gr.HTML(js_on_load=ACTIONS, elem_id="train-said")
    shown = gr.HTML(elem_id="train-status")
    first = gr.HTML(elem_id="train-first")
    drawn = gr.HTML(elem_id="train-curves")
    gradients = gr.HTML(elem_id="train-gradients")

    look: dict[str, Any] = {
        "fn": _look,
        "inputs_kwargs": {"watch": watch, "chosen": chosen, **choices},
        "outputs": [watch, going, plan, shown, drawn, gradients, first, start, stop, sample, resume, discard, onward],
        "show_progress": "hidden",
        "queue": False,  # a request and its answer: no connection stays open, and nothing waits for its turn
    }
    gr.on([page.load, timer.tick], **look)
    lead_to(at_once, tabs, "train")
    gr.on(
        [start.click, at_once.click],
        _start,
        inputs_kwargs={"watch": watch, "chosen": chosen, **choices},
        outputs=[said, watch],
        queue=False,
        show_progress="hidden",
    ).then(**look)
    resume.click(_resume, inputs_kwargs={"watch": watch}, outputs=said, queue=False, show_progress="hidden").then(**look)
    discard.click(_discard, inputs_kwargs={"watch": watch}, outputs=said, queue=False, show_progress="hidden").then(**look)
    said.click(_bring_back, inputs_kwargs={"watch": watch}, outputs=[said, watch], queue=False, show_progress="hidden").then(
        **look
    )
    stop.click(_stop, inputs_kwargs={"watch": watch}, queue=False, show_progress="hidden").then(**look)
    for button, run, step in ((onward, wanted, "results"), (sample, to_try, "try")):
        button.click(
            partial(_lead, step=step), inputs_kwargs={"watch": watch}, outputs=[run, tabs], queue=False, show_progress="hidden"
        )


def _lead(watch: Watch, step: str) -> tuple[str | None, gr.Tabs]:
    """To another step, opened for the run that is watched."""
    return str(watch.story.run.path) if watch.story else None, gr.Tabs(selected=step)


def _plan(chosen: Chosen | None, state: State, story: Story | None, model: str, preset: str, **others: Any) -> Markup:
    """What the start button will do, where there is one to press; or why there is none for what was chosen."""
    if state == "running":
        other = chosen and story and chosen.desk.data != story.run.settings.data
        return message("info", text("train.waits", where=chosen.desk.where)) if chosen and other else _NOTHING
    if chosen is None:
        return message("info", text("train.no_data" if state == "new" else "train.again"))
    if story and _as(story.run, model=model, preset=preset, **others) and _of(story.run, chosen):
        return _NOTHING  # it is done already, and below is how it ended
    network = find(model)
    return message(
        "info",
        text(
            "train.plan",
            model=network.title,
            preset=text(f"preset.{preset}"),
            where=chosen.desk.where,
            photos=photos(chosen.photos),
            classes=classes(chosen.classes),
        ),
        [
            *_also(**others),
            text("train.plan.time"),
            *([] if network.commercial else [text("model.licence.no", licence=network.licence)]),
        ],
    )


def _as(run: Run, **choices: Any) -> bool:
    """Whether it trains, or has trained, in just this way."""
    settings = _settings(**choices)
    return all(getattr(run.settings, name) == getattr(settings, name) for name in choices)


def _settings(weights: str, **choices: Any) -> Settings:
    """What was chosen, but for the photos."""
    return desk.choice(weights=_file(weights), **choices)


def _file(named: str) -> str | None:
    """As it was named, or as Windows copies it."""
    path = unquoted(named)
    return str(Path(os.path.expanduser(path)).absolute()) if path else None  # noqa: PTH111  Path.expanduser raises for "~bob"


def _also(train_on: str | None, **others: Any) -> list[str]:
    """What else is set, in a part of an earlier step that is folded."""
    usual = Settings()
    listed = [f"{_LABELS[name]}: {value}" for name, value in others.items() if value and value != getattr(usual, name)]
    return [
        *([text("model.train_on", name=Run(Path(train_on)).title)] if train_on else []),
        *([text("train.plan.also", settings="; ".join(listed))] if listed else []),
    ]


def _start(watch: Watch, chosen: Chosen, weights: str, **choices: Any) -> tuple[Markup, Watch]:
    try:
        servers.trust(weights)
        run = jobs.start(
            replace(
                _settings(weights=weights, **choices),
                data=chosen.desk.data,
                corrections=chosen.desk.corrections_file(),
            )
        )
    except OSError as error:
        return message("bad", text("train.state.failed"), [text("train.no_list", reason=reason(error))]), watch
    except UserError as error:
        return message("bad", text("train.state.failed"), error.messages), watch
    return _NOTHING, replace(watch, story=Story(run), chosen=chosen)


def _resume(watch: Watch) -> Markup:
    if watch.story is None:
        return _NOTHING
    try:
        jobs.resume(watch.story.run)
    except UserError as error:
        return message("bad", text("train.state.failed"), error.messages)
    watch.story.last = None  # what it said before it ended is not what goes on now
    return _NOTHING


def _discard(watch: Watch) -> Markup:
    if watch.story is None:
        return _NOTHING
    return thrown_away.throw_away(watch.story.run)


def _bring_back(event: gr.EventData, watch: Watch) -> tuple[Markup, Watch]:
    clicked = clicked_on(event)
    run = thrown_away.find(str(clicked.get("run")))
    if run is None:
        return _NOTHING, watch
    return tried(lambda: history.restore(run)), replace(watch, story=Story(run))


def _stop(watch: Watch) -> None:
    if watch.story and watch.story.run.path.exists():
        jobs.stop(watch.story.run)


def _look(watch: Watch, chosen: Chosen | None, **choices: Any) -> list[object]:
    """Read on, and redraw only what has changed: a drawing that is replaced loses its scroll position. What the buttons are is
    said each time, because Gradio loses what it is told of a button in a step that was not open yet.
    """
    story = _story(watch, chosen)
    state: State = "new"
    if story:
        state = story.run.state  # before the events: what ends in between is told the next time
        story.read_on()
    now = (news.told(story, state), _plan(chosen, state, story, **choices), *_drawings(story, state, watch))
    before = watch.shown or (None,) * len(now)
    drawn = (new if new != old else gr.skip() for new, old in zip(now, before, strict=True))
    return [Watch(story, chosen, now, story.first_answer if story else None), *drawn, *_buttons(story, state, chosen)]


def _story(watch: Watch, chosen: Chosen | None) -> Story | None:
    """Of the run that is going on (of the one that was watched, where another was started by the command line); else of the one
    that was watched; else, until new photos are chosen, of the last one. Photos that were chosen before the page was loaded are
    not new to a run of them.
    """
    if watch.story and lock.holder(watch.story.run.path) == "alive":
        return watch.story
    run = jobs.current()
    if run is None:
        watched = watch.story.run if watch.story and watch.story.run.path.exists() and not watch.story.run.deleted else None
        last = next(iter(list_runs()), None)
        if chosen is None:
            run = watched or last
        elif chosen == watch.chosen:
            run = watched
        elif watch.chosen is None and last and last.state != "new" and _of(last, chosen):
            run = last
    if watch.story and watch.story.run == run:
        return watch.story
    return Story(run) if run else None


def _of(run: Run, chosen: Chosen) -> bool:
    """Whether it trains, or has trained, on just these photos."""
    try:
        return run.settings.data == chosen.desk.data and corrections.of_run(run.path) == chosen.desk.corrections
    except UserError:  # its list is damaged
        return False


def _drawings(story: Story | None, state: State, before: Watch) -> tuple[Markup, Markup, Markup, Markup]:
    if story is None:
        return _NOTHING, _NOTHING, _NOTHING, _NOTHING
    # Drawn once: of a thousand classes it takes a tenth of a second, and each open page asks once a second.
    same = before.story is story and before.first is story.first_answer and before.shown
    return status(story, state), curves(story), strip(story), before.shown[-1] if same else first_answer(story)


def _has_result(story: Story) -> bool:
    """Also of an earlier sitting, when going on failed or broke off. Asked once a second, so the report is not read."""
    if isinstance(story.end, Finished | Stopped):
        return story.end.test is not None
    return (story.run.path / REPORT).exists()


def _buttons(story: Story | None, state: State, chosen: Chosen | None) -> tuple[dict[str, Any], ...]:
    """Start, stop, try it, resume, discard, onward."""
    running = state == "running"
    stopping = running and story is not None and lock.asked_to_stop(story.run.path)
    has_result = not running and story is not None and _has_result(story)
    return (
        gr.update(
            visible=seen_if(not running and (chosen is not None or story is None)),
            interactive=chosen is not None,
            value=text("train.start.anew" if story else "train.start"),
            variant="secondary" if has_result or state in UNFINISHED else "primary",
        ),
        gr.update(
            visible=seen_if(running), interactive=not stopping, value=text("train.stopping" if stopping else "train.stop")
        ),
        gr.update(visible=seen_if(running and story is not None and story.first_answer is not None)),
        gr.update(visible=seen_if(state in UNFINISHED), variant="secondary" if has_result else "primary"),
        gr.update(visible=seen_if(state in UNFINISHED)),
        gr.update(visible=seen_if(has_result)),
    )

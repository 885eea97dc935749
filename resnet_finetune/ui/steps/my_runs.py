"""All trainings of this person: open, compare, name, use again, take away, throw away and bring back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.runs import history, jobs, parcel
from resnet_finetune.runs.run_folder import LONGEST_NAME, UNFINISHED, Run, list_runs
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.drawn.side_by_side import MOST, side_by_side
from resnet_finetune.ui.served import downloads
from resnet_finetune.ui.shared import desk, finished, thrown_away
from resnet_finetune.ui.shared.parts import clicked_on, heading, tried
from resnet_finetune.ui.shared.thrown_away import throw_away
from resnet_finetune.ui.steps.model_step import filled_in
from resnet_finetune.ui.wording.texts import percent, photos, text
from resnet_finetune.words import servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home

_NOTHING = Markup("")

# What is said, the list, the comparison; the card, what is in it, the name and the row it is in, the buttons; what is chosen.
Shown = tuple[
    Markup, Markup, Markup, gr.Column, Markup, gr.Textbox, gr.Row, gr.Button, gr.Button, gr.Button, str | None, list[str]
]


def build(
    tabs: gr.Tabs,
    tab: gr.Tab,
    wanted: gr.State,
    choices: dict[str, Component],
    starts_from: gr.HTML,
    look_again: Callable[[Dependency], None],
    asked: gr.State,
) -> None:
    """``wanted``: the run that the results step is opened for. ``choices`` and ``starts_from`` are the model step's,
    ``look_again`` and ``asked`` the data step's.
    """
    opened = gr.State(None)  # folder of the run whose card is open
    picked = gr.State([])  # folders of those to compare
    heading(text("runs"), text("runs.lead"))
    said = gr.HTML(js_on_load=ACTIONS, elem_id="runs-said")
    listing = gr.HTML(js_on_load=ACTIONS, elem_id="runs-list")
    with gr.Column(visible=False, elem_classes="card", elem_id="runs-card") as card:
        about = gr.HTML(elem_id="runs-about")
        with gr.Row(elem_classes="pair") as naming:
            name = gr.Textbox("", label=text("runs.name"), max_lines=1, max_length=LONGEST_NAME, elem_id="runs-name")
            rename = gr.Button(text("runs.rename"), elem_id="runs-rename")
        with gr.Row(elem_classes="pair"):
            resume = gr.Button(text("train.resume"), visible=False, elem_id="runs-resume")
            again = gr.Button(text("runs.again"), elem_id="runs-again")
            onward = gr.Button(text("runs.train_on"), elem_id="runs-train-on")
            delete = gr.Button(text("runs.delete"), variant="stop", elem_id="runs-delete")
    comparison = gr.HTML(elem_id="runs-comparison")
    saved = gr.UploadButton(text("runs.unpack"), elem_id="runs-unpack")

    have: dict[str, Any] = {"opened": opened, "picked": picked}
    shown = [said, listing, comparison, card, about, name, naming, resume, onward, delete, opened, picked]
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    tab.select(_show, inputs_kwargs=have, outputs=shown, **quick)
    for part in (listing, said):
        part.click(_act, inputs_kwargs=have, outputs=[*shown, wanted, tabs], trigger_mode="multiple", **quick)
    gr.on([rename.click, name.submit], _rename, inputs_kwargs={**have, "name": name}, outputs=shown, **quick)
    resume.click(_resume, inputs_kwargs=have, outputs=[*shown, tabs], **quick)
    delete.click(_delete, inputs_kwargs=have, outputs=shown, **quick)
    taken = [said, asked, tabs, starts_from, *choices.values()]
    for button, fn in ((again, _use_again), (onward, _train_on)):
        look_again(button.click(fn, inputs_kwargs={"opened": opened}, outputs=taken, **quick))
    saved.upload(_unpack, inputs_kwargs={**have, "file": saved}, outputs=shown, **quick)


# --- What is clicked ---------------------------------------------------------------------------------------------------


def _act(event: gr.EventData, opened: str | None, picked: list[str]) -> tuple[Any, ...]:
    """A browser may send anything: only what can be done to a run of the list is done."""
    clicked = clicked_on(event)
    folder = str(clicked.get("run"))
    run, gone = finished.find(folder), thrown_away.find(folder)
    said, go = _NOTHING, (gr.skip(), gr.skip())
    match clicked.get("do"):
        case "results" if run:
            go = (folder, gr.Tabs(selected="results"))
        case "watch" if run and run == jobs.current():
            go = (gr.skip(), gr.Tabs(selected="train"))
        case "open" if run:
            opened = None if opened == folder else folder
        case "compare" if run and finished.has_model(run):
            picked = [other for other in picked if other != folder] if folder in picked else [*picked, folder][-MOST:]
        case "restore" if gone:
            said = tried(lambda: history.restore(gone))
        case "erase" if gone:
            history.erase(gone)
    return (*_show(opened, picked, said), *go)


def _rename(opened: str | None, picked: list[str], name: str) -> Shown:
    run = finished.find(opened)
    return _show(opened, picked, tried(lambda: history.rename(run, name)) if run else _NOTHING)


def _resume(opened: str | None, picked: list[str]) -> tuple[Any, ...]:
    """And go where it can be watched."""
    run = finished.find(opened)
    said = tried(lambda: jobs.resume(run)) if run and run.state in UNFINISHED else _NOTHING
    return (*_show(opened, picked, said), gr.skip() if said else gr.Tabs(selected="train"))


def _delete(opened: str | None, picked: list[str]) -> Shown:
    run = finished.find(opened)
    if run is None:
        return _show(opened, picked)
    return _show(opened, picked, throw_away(run))


def _unpack(opened: str | None, picked: list[str], file: str) -> Shown:
    titles = {run.title for run in list_runs()}
    try:
        run = parcel.unpack(Path(file))
        if run.title in titles:  # or nobody could tell the two apart
            history.rename(run, next(name for n in count(2) if (name := f"{run.title} ({n})") not in titles))
    except UserError as error:
        return _show(opened, picked, message("bad", text("runs.not_unpacked"), error.messages))
    return _show(str(run.path), picked, message("good", text("runs.unpacked", name=run.title)))


def _use_again(opened: str | None) -> list[Any]:
    run = finished.find(opened)
    return _settings_of(run, run.settings.train_on) if run else _as_it_is()


def _train_on(opened: str | None) -> list[Any]:
    run = finished.find(opened)
    if run and not finished.has_model(run):
        return _as_it_is(message("info", text("runs.no_model")))
    return _settings_of(run, opened) if run else _as_it_is()


def _as_it_is(said: Markup = _NOTHING) -> list[Any]:
    return [said, None, *[gr.skip()] * 9]


def _settings_of(run: Run, train_on: str | None) -> list[Any]:
    """For the next run, which starts from the run in the folder ``train_on``, if there is one."""
    settings = replace(run.settings, train_on=train_on, weights=None if train_on else run.settings.weights)
    try:
        servers.check(settings.data, settings.weights, train_on)
        lay = desk.of_run(run)
    except UserError as error:
        return _as_it_is(message("bad", text("runs.not_done"), error.messages))
    desk.keep_choice(settings)
    return [_NOTHING, lay, gr.Tabs(selected="data"), *filled_in(settings)]


# --- What is shown -----------------------------------------------------------------------------------------------------


def _show(opened: str | None, picked: list[str], said: Markup = _NOTHING) -> Shown:
    runs = list_runs()
    known = {str(run.path): run for run in runs}
    picked = [folder for folder in picked if folder in known]
    run = known.get(opened) if opened else None
    at_rest = run is not None and run.state != "running"
    rows = _NOTHING.join(_row(run, str(run.path) in picked, str(run.path) == opened) for run in runs)
    numbers = Markup('<p class="note">{}</p>').format(text("runs.numbers")) if any(map(finished.has_model, runs)) else _NOTHING
    listing = Markup('<ol class="runs">{}</ol>').format(rows) + numbers if runs else message("info", text("runs.none"))
    return (
        said,
        listing + _deleted(),
        side_by_side([known[folder] for folder in picked]),
        gr.Column(visible=run is not None),
        _about(run) if run else _NOTHING,
        gr.Textbox(run.title if run else ""),
        gr.Row(visible=at_rest),
        gr.Button(visible=run is not None and run.state in UNFINISHED),
        gr.Button(visible=run is not None and at_rest and finished.has_model(run)),
        gr.Button(visible=at_rest),
        opened if run else None,
        picked,
    )


def _row(run: Run, picked: bool, opened: bool) -> Markup:
    folder, state, score = str(run.path), run.state, run.score
    right = _NOTHING
    if score:
        interval = text("runs.interval", low=percent(score.low), high=percent(score.high), photos=photos(score.n))
        right = Markup("<b>{}</b> <small>{}</small>").format(percent(score.accuracy), interval)
    buttons = [action(text("runs.results"), {"do": "results", "run": folder})] if score else []
    if score:
        buttons.append(action(text("runs.compare"), {"do": "compare", "run": folder}, pressed=picked))
    if state == "running":
        buttons.append(action(text("runs.watch"), {"do": "watch", "run": folder}))
    buttons.append(action(text("runs.more"), {"do": "open", "run": folder}, pressed=opened))
    return Markup(
        '<li class="run"><div><strong>{}</strong> <span class="state {}">{}</span><small>{}</small></div><div>{}</div>'
        '<div class="do">{}</div></li>'
    ).format(run.title, state, text(f"runs.state.{state}"), _in_short(run), right, _NOTHING.join(buttons))


def _in_short(run: Run) -> str:
    settings = run.settings
    preset = text(f"model.preset.{settings.preset}").partition("\n")[0]
    return f"{settings.model} · {preset} · {run.created:%Y-%m-%d %H:%M}"


def _about(run: Run) -> Markup:
    if run.state == "running":
        link = Markup("{}").format(text("runs.going"))
    else:
        link = Markup('<a class="action" href="{}" download>{}</a>').format(
            downloads.address(run), text("runs.pack", megabytes=max(1, round(history.size(run) / 1e6)))
        )
    about = text("runs.about", data=run.settings.data, seed=run.settings.seed)
    return Markup("<h3>{}</h3><p>{} <code>{}</code></p><p>{}</p><p>{}</p>").format(
        run.title, about, run.path, link, _of_training_on(run.settings.data) if finished.has_model(run) else ""
    )


def _of_training_on(data: str) -> str:
    """Where to add photos: what was dropped or uploaded is a copy in the app’s own folder, which nobody adds to."""
    copied = home().absolute() in Path(data).parents
    whence = "demo" if data == "demo" else "copy" if copied else "folder"
    return text("runs.train_on.what", first=text(f"runs.train_on.{whence}"))


def _deleted() -> Markup:
    runs = list_runs(deleted=True)
    if not runs:
        return _NOTHING
    items = _NOTHING.join(
        Markup("<li>{} {} {}</li>").format(
            run.title,
            action(text("runs.restore"), {"do": "restore", "run": str(run.path)}),
            action(text("runs.erase", megabytes=round(history.size(run) / 1e6)), {"do": "erase", "run": str(run.path)}),
        )
        for run in runs
    )
    return Markup('<details class="listed"><summary>{}</summary><p>{}</p><ul>{}</ul></details>').format(
        text("runs.deleted", n=len(runs)), text("runs.deleted.what", days=history.DAYS), items
    )

"""A whole folder of new photos, however many: named with progress, shown by class, taken away as a table or sorted copies."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import find, unquoted
from resnet_finetune.model.answers import NONE, UNREADABLE, copy_sorted, files_of, folder_of, table
from resnet_finetune.model.saved_model import Answer, load_model
from resnet_finetune.ui import finished
from resnet_finetune.ui.beside import Trial, Unwanted, beside, give_up
from resnet_finetune.ui.parts import HIDDEN, message, progress, seen_if
from resnet_finetune.ui.texts import duration, percent, photos, text
from resnet_finetune.ui.thumbnails import thumbnail
from resnet_finetune.words import servers
from resnet_finetune.words.errors import UserError

SHOWN = 12  # photos of each class
_NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a model said of all files of a folder."""

    folder: Path
    classes: list[str]
    names: list[str]
    answers: list[Answer]


# What is said, the answers, what can be stopped, the buttons to ask and to stop, and what to do with the answers.
Shown = tuple[Markup, Named | None, Trial | None, gr.Button, gr.Button, gr.Column, str]


def build(run: gr.Dropdown) -> None:
    named, trial = gr.State(None), gr.State(None)
    gr.HTML(Markup("<p>{}</p>").format(text("many.lead")))
    with gr.Row(elem_classes="pair"):
        folder = gr.Textbox("", label=text("data.path"), max_lines=1, elem_id="many-folder")
        ask = gr.Button(text("many.ask"), elem_id="many-ask")
        stop = gr.Button(text("data.stop_scan"), variant="stop", visible=HIDDEN, elem_id="many-stop")
    said = gr.HTML(elem_id="many-said")
    with gr.Column(visible=False) as after:
        gr.HTML(Markup("<p>{}</p>").format(text("many.copies.lead")))
        with gr.Row(elem_classes="pair"):
            to = gr.Textbox("", label=text("many.to"), max_lines=1, elem_id="many-to")
            copy = gr.Button(text("many.copy"), elem_id="many-copy")
        copied = gr.HTML(elem_id="many-copied")

    outputs = [said, named, trial, ask, stop, after, to]
    gr.on(
        [ask.click, folder.submit],
        _name,
        inputs_kwargs={"path": run, "folder": folder},
        outputs=outputs,
        show_progress="hidden",
    )
    stop.click(give_up, inputs_kwargs={"trial": trial}, queue=False, show_progress="hidden")
    copy.click(_copy, inputs_kwargs={"named": named, "to": to}, outputs=copied, show_progress="minimal")


def _name(path: str | None, folder: str) -> Iterator[Shown]:
    """Says how far it has come, until all are named or it is not wanted any more."""
    run, trial, began = finished.find(path), Trial(), monotonic()
    done, total = 0, 0

    def work(check: Callable[[], None]) -> Named:
        nonlocal done, total
        servers.trust(folder)
        place = find(folder)
        files = dict(files_of([place]))
        total = len(files)
        if run is None or not files:
            raise UserError(text("try.none") if run is None else text("many.empty"))
        model = load_model(run.path)
        answers = []
        for answer in model.classify(list(files.values())):
            check()
            answers.append(answer)
            done += 1
        inside = [str(Path(name).relative_to(place)) for name in files]
        return Named(folder=place, classes=model.classes, names=inside, answers=answers)

    def busy() -> Shown:
        facts = [text("try.classifying", done=done, all=total)] if total else []
        if done and monotonic() - began > 1:
            facts.append(text("train.left", time=duration((monotonic() - began) / done * (total - done))))
        return _shown(progress(text("many.busy"), done / max(1, total), facts), trial=trial)

    try:
        named = yield from beside(work, busy, trial)
    except Unwanted:
        yield _shown(message("info", text("many.stopped")))
    except UserError as error:
        yield _shown(message("bad", text("many.failed"), error.messages))
    else:
        yield _shown(_answers(named), named)


def _shown(said: Markup, named: Named | None = None, trial: Trial | None = None) -> Shown:
    to = str(named.folder.with_name(f"{named.folder.stem} {text('many.sorted')}")) if named else ""
    return (
        said,
        named,
        trial,
        gr.Button(visible=seen_if(trial is None)),
        gr.Button(visible=seen_if(trial is not None)),
        gr.Column(visible=named is not None),
        to,
    )


def _copy(named: Named | None, to: str) -> Markup:
    if named is None:
        return _NOTHING
    place = unquoted(to)
    if not place:
        return message("info", text("many.to.missing"))
    try:
        copied = copy_sorted(named.answers, Path(place).expanduser().absolute())
    except UserError as error:
        return message("bad", text("many.not_copied"), error.messages)
    return message("good", text("many.copied", photos=photos(copied), to=place))


# --- What is shown -----------------------------------------------------------------------------------------------------


def _answers(named: Named) -> Markup:
    """How many there are of each class, the way to the table, and some photos of each, the least sure first."""
    by_folder: dict[str, list[Answer]] = defaultdict(list)
    for answer in named.answers:
        by_folder[folder_of(answer)].append(answer)
    order = [*named.classes, NONE, UNREADABLE]
    there = [name for name in order if name in by_folder]
    csv = b64encode(table(named.classes, named.names, named.answers)).decode()
    link = Markup('<a class="action" download="{}.csv" href="data:text/csv;base64,{}">{}</a>').format(
        named.folder.stem, csv, text("many.csv")
    )
    groups = _NOTHING.join(_group(name, by_folder[name]) for name in there)
    return Markup("{}<p>{}</p>{}").format(message("good", text("try.done", photos=photos(len(named.answers)))), link, groups)


def _group(name: str, answers: list[Answer]) -> Markup:
    title = text("none") if name == NONE else text("many.unreadable") if name == UNREADABLE else name
    if name == UNREADABLE:
        lines = (Markup("<li><code>{}</code> {}</li>").format(answer.path.name, answer.error) for answer in answers[:SHOWN])
        inside = Markup("<ul>{}</ul>").format(_NOTHING.join(lines))
    else:
        least_sure = sorted(answers, key=lambda answer: answer.confidence or 0)[:SHOWN]
        inside = Markup('<div class="looks">{}</div>').format(_NOTHING.join(map(_look, least_sure)))
    more = Markup("<p>{}</p>").format(text("data.more", n=len(answers) - SHOWN)) if len(answers) > SHOWN else ""
    return Markup('<section class="card cell"><h3>{} <small>{}</small></h3>{}{}</section>').format(
        title, photos(len(answers)), inside, more
    )


def _look(answer: Answer) -> Markup:
    sure = Markup("{} ").format(percent(answer.confidence)) if answer.confidence is not None else ""
    return Markup("<figure>{}<figcaption>{}<small>{}</small></figcaption></figure>").format(
        thumbnail(answer.path, answer.path.name), sure, answer.path.name
    )

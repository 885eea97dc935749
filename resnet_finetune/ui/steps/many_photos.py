"""A whole folder of new photos, however many: named with progress, shown by class, taken away as a table or sorted copies."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import find, unquoted
from resnet_finetune.data.names import shown
from resnet_finetune.data.problems import Problem
from resnet_finetune.model.answers import NONE, UNREADABLE, copy_sorted, files_of, folder_of, table
from resnet_finetune.model.faster import TRIED_ON, Way, find_way
from resnet_finetune.model.gallery import FARTHEST, Gallery
from resnet_finetune.model.saved_model import Answer
from resnet_finetune.ui.drawn.messages import message, progress
from resnet_finetune.ui.drawn.thumbnails import thumbnail
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.beside import AT_ONCE, Trial, Turn, Unwanted, beside
from resnet_finetune.ui.shared.parts import HIDDEN, seen_if
from resnet_finetune.ui.steps import folders
from resnet_finetune.ui.wording.texts import left, percent, photos, text
from resnet_finetune.words import servers
from resnet_finetune.words.errors import UserError

SHOWN = 12  # photos of each class
_NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a model said of all files of a folder. Without a gallery it cannot say "none of these"."""

    folder: Path
    classes: list[str]
    gallery: Gallery | None
    names: list[str]
    answers: list[Answer]
    way: Way | None  # the faster one, or why it was not taken; None when nobody asked for it
    left: list[str]  # what was not looked at, in a sentence, if there is any
    looks: dict[Path, Markup] = field(default_factory=dict)  # the small previews that were drawn


# What is said, the answers, the buttons to ask and to stop, what to do with the answers, where to, and that it was done.
Shown = tuple[Markup, Named | None, gr.Button, gr.Button, gr.Column, str, Markup]


def build(run: gr.Dropdown, readiness: gr.Slider) -> None:
    """``run``: the training whose model is asked. ``readiness``: how readily it says "none of these"."""
    named, turn = gr.State(None), gr.State(Turn())
    gr.HTML(Markup("<p>{}</p>").format(text("many.lead")))
    with gr.Row(elem_classes="pair"):
        folder = gr.Textbox("", label=text("data.path"), max_lines=1, elem_id="many-folder")
        browse = gr.Button(text("data.browse"), elem_id="many-browse")
        ask = gr.Button(text("many.ask"), elem_id="many-ask")
        stop = gr.Button(text("data.stop_scan"), variant="stop", visible=HIDDEN, elem_id="many-stop")
    folders.build(folder, browse)
    faster = gr.Checkbox(False, label=text("many.faster"), info=text("many.faster.help", n=TRIED_ON), elem_id="many-faster")
    said = gr.HTML(elem_id="many-said")
    with gr.Column(visible=False) as after:
        gr.HTML(Markup("<p>{}</p>").format(text("many.copies.lead")))
        with gr.Row(elem_classes="pair"):
            to = gr.Textbox("", label=text("many.to"), max_lines=1, elem_id="many-to")
            copy = gr.Button(text("many.copy"), elem_id="many-copy")
        copied = gr.HTML(elem_id="many-copied")

    outputs = [said, named, ask, stop, after, to, copied]
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    judged: dict[str, Any] = {
        "inputs_kwargs": {"named": named, "readiness": readiness},
        "outputs": [said, named],
        **quick,
    }
    gr.on(
        [ask.click, folder.submit],
        _name,
        inputs_kwargs={"path": run, "folder": folder, "faster": faster, "turn": turn},
        outputs=outputs,
        show_progress="hidden",
        **AT_ONCE,
    ).then(_judged, **judged)
    run.change(_empty, inputs_kwargs={"path": run, "turn": turn}, outputs=outputs, **quick)
    readiness.change(_judged, trigger_mode="always_last", **judged)
    stop.click(lambda turn: turn.give_up(), inputs_kwargs={"turn": turn}, **quick)
    copy.click(_copy, inputs_kwargs={"named": named, "to": to}, outputs=copied, show_progress="minimal")


def _empty(path: str | None, turn: Turn) -> Shown | dict[str, Any]:
    """What another model said goes."""
    return _shown(_NOTHING) if turn.over(path) else gr.skip()


def _name(path: str | None, folder: str, faster: bool, turn: Turn) -> Iterator[Shown]:
    yield from turn.taken(partial(_asked, path, folder, faster), path)


def _asked(path: str | None, folder: str, faster: bool, trial: Trial) -> Iterator[Shown]:
    """Says how far it has come, until all are named or it is not wanted any more."""
    run, began = finished.find(path), monotonic()
    done, total = 0, 0
    compared: tuple[int, int] | None = None  # on so many photos of so many, before the first answer

    def work(check: Callable[[], None]) -> Named:
        nonlocal done, total, began

        def tell(*far: int) -> None:
            nonlocal compared
            check()
            compared = (far[0], far[1])

        servers.trust(folder)
        place = find(folder)
        files, left_out = files_of([place], check)
        total = len(files)
        if run is None or not files:
            raise UserError(text("try.none") if run is None else text("many.empty"), *_left(left_out))
        model, way = finished.model(run), None
        if faster:
            model, way = find_way(model, list(files.values()), tell)
            began = monotonic()
        answers = []
        for answer in model.classify(list(files.values())):
            check()
            answers.append(answer)
            done += 1
        inside = [str(Path(name).relative_to(place)) for name in files]
        return Named(
            folder=place,
            classes=model.classes,
            gallery=model.gallery,
            names=inside,
            answers=answers,
            way=way,
            left=_left(left_out),
        )

    def busy() -> Shown:
        if compared and not done:
            seen, all = compared
            return _shown(
                progress(text("many.comparing"), seen / all, [text("many.compared", done=seen, all=all)]), trial=trial
            )
        facts = [text("try.classifying", done=done, all=total)] if total else []
        if done and monotonic() - began > 1:
            facts.append(left((monotonic() - began) / done * (total - done)))
        return _shown(progress(text("many.busy"), done / max(1, total), facts), trial=trial)

    try:
        named = yield from beside(work, busy, trial)
    except Unwanted:
        yield _shown(message("info", text("many.stopped")))
    except UserError as error:
        yield _shown(message("bad", text("many.failed"), error.messages))
    else:
        yield _shown(busy()[0], named)  # and ``_judged`` goes on


def _left(problems: list[Problem]) -> list[str]:
    """Of what was not looked at, if there is any: how much, and what is the matter with the first."""
    return [text("many.left", n=len(problems), first=shown(problems[0].path), why=problems[0].message)] if problems else []


def _beside(folder: Path) -> str:
    """Where copies of its photos may go; nothing is beside a whole drive."""
    whole = folder.absolute()
    return str(whole.with_name(f"{whole.stem} {text('many.sorted')}")) if whole.name else ""


def _shown(said: Markup, named: Named | None = None, trial: Trial | None = None) -> Shown:
    return (
        said,
        named,
        gr.Button(visible=seen_if(trial is None)),
        gr.Button(visible=seen_if(trial is not None)),
        gr.Column(visible=named is not None),
        _beside(named.folder) if named else "",
        _NOTHING,
    )


def _judged(named: Named | None, readiness: float) -> tuple[Any, Any]:
    """The answers as the slider stands, to be seen, downloaded and copied by."""
    if named is None:
        return gr.skip(), gr.skip()
    gallery = named.gallery
    threshold = gallery.threshold_at(readiness) if gallery else FARTHEST
    named = replace(named, answers=[answer.judged(named.classes, threshold) for answer in named.answers])
    return _answers(named, moved=gallery is not None and threshold != gallery.threshold), named


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
    left = len(named.answers) - copied
    more = [text("many.copied.left", n=left)] if left else []
    return message("good", text("many.copied", photos=photos(copied), to=place), more)


# --- What is shown -----------------------------------------------------------------------------------------------------


def _answers(named: Named, moved: bool) -> Markup:
    """How many there are of each class, the way to the table, and some photos of each, the least sure first. ``moved``: the
    slider is not where the training set it, and only there the faster way asks the exact one about what is nearly strange.
    """
    by_folder: dict[str, list[Answer]] = defaultdict(list)
    for answer in named.answers:
        by_folder[folder_of(answer)].append(answer)
    order = [*named.classes, NONE, UNREADABLE]
    there = [name for name in order if name in by_folder]
    csv = b64encode(table(named.classes, named.names, named.answers, named.way.name if named.way else None)).decode()
    link = Markup('<a class="action" download="{}.csv" href="data:text/csv;base64,{}">{}</a>').format(
        named.folder.stem, csv, text("many.csv")
    )
    groups = _NOTHING.join(_group(named, name, by_folder[name]) for name in there)
    moved = moved and named.way is not None and named.way.name == "faster"
    facts = [*named.left, *([named.way.why] if named.way else []), *([text("many.faster.moved")] if moved else [])]
    done = message("good", text("try.done", photos=photos(len(named.answers))), facts)
    return Markup("{}<p>{}</p>{}").format(done, link, groups)


def _group(named: Named, name: str, answers: list[Answer]) -> Markup:
    title = text("none") if name == NONE else text("many.unreadable") if name == UNREADABLE else name
    if name == UNREADABLE:
        lines = (
            Markup("<li><code>{}</code> {}</li>").format(shown(answer.path.name), answer.error) for answer in answers[:SHOWN]
        )
        inside = Markup("<ul>{}</ul>").format(_NOTHING.join(lines))
    else:
        least_sure = sorted(answers, key=lambda answer: answer.confidence or 0)[:SHOWN]
        inside = Markup('<div class="looks">{}</div>').format(_NOTHING.join(_look(named, answer) for answer in least_sure))
    more = Markup("<p>{}</p>").format(text("data.more", n=len(answers) - SHOWN)) if len(answers) > SHOWN else ""
    return Markup('<section class="card cell"><h3>{} <small>{}</small></h3>{}{}</section>').format(
        title, photos(len(answers)), inside, more
    )


def _look(named: Named, answer: Answer) -> Markup:
    if answer.path not in named.looks:
        named.looks[answer.path] = thumbnail(answer.path, shown(answer.path.name))
    sure = Markup("{} ").format(percent(answer.confidence)) if answer.confidence is not None else ""
    return Markup("<figure>{}<figcaption>{}<small>{}</small></figcaption></figure>").format(
        named.looks[answer.path], sure, shown(answer.path.name)
    )

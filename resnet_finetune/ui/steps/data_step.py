"""Step 1: the person shows their photos, sees at once what is in them, and what the doctor says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.data.dataset import understand
from resnet_finetune.data.intake import find, open_data, unquoted
from resnet_finetune.data.photos import Dataset
from resnet_finetune.data.scan import Scan, scan_files
from resnet_finetune.data.split import heap, require_trainable, split
from resnet_finetune.ui.drawn.doctor_cards import Findings, cards
from resnet_finetune.ui.drawn.messages import ACTIONS, message, progress
from resnet_finetune.ui.drawn.overview import overview
from resnet_finetune.ui.shared import desk
from resnet_finetune.ui.shared.beside import AT_ONCE, Trial, Turn, Unwanted, beside
from resnet_finetune.ui.shared.desk import Chosen, Desk
from resnet_finetune.ui.shared.parts import HIDDEN, clicked_on, heading, into_view, lead_to, seen_if
from resnet_finetune.ui.steps import bring, broken_off, example, folders
from resnet_finetune.ui.wording.texts import left, photos, text
from resnet_finetune.words import servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

_NOTHING = Markup("")


@dataclass(frozen=True)
class Seen:
    """What the last scan found, for the doctor's remedies: they need no second one."""

    desk: Desk
    scanned: Scan
    findings: Findings


Answer = tuple[Chosen | None, Seen | None, Markup, Markup, gr.Button, gr.Button, gr.Button]


def build(
    page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab, chosen: gr.State, wanted: gr.State, asked: gr.State
) -> tuple[Callable[[Dependency], None], gr.Button]:
    """``wanted``: the run that the results step is opened for. The first of what comes back has the desk in ``asked``, which
    another step put there, looked at after that step's event; the second asks for a training at once.
    """
    seen, turn = gr.State(None), gr.State(Turn())
    broken_off.build(page, tabs, tab)
    heading(text("step.data"), text("data.lead"))
    zone = bring.drop_zone()
    archive = gr.File(file_count="single", show_label=False, elem_id="data-zip")  # what it is, its content tells
    with gr.Row(elem_classes="ways"):
        with gr.Column(min_width=280, elem_classes="way"):
            gr.HTML(_title(text("data.folder"), text("data.folder.what")))
            path = gr.Textbox(
                "",
                label=text("data.path"),
                placeholder=str(Path.home() / text("data.path.hint")),
                elem_id="data-path",
                max_lines=1,
            )
            with gr.Row(elem_classes="pair"):
                browse = gr.Button(text("data.browse"), elem_id="data-browse")
                look = gr.Button(text("data.look"), elem_id="data-look")
            folders.build(path, browse)
        with gr.Column(min_width=280, elem_classes="way"):
            gr.HTML(_title(text("data.demo"), text("data.demo.what")))
            demo = gr.Button(text("data.demo.button"), elem_id="data-demo")
            example.build(tabs, wanted)
    with gr.Accordion(text("data.make"), open=False, elem_id="data-make"):
        maker = bring.maker()
    stop = gr.Button(text("data.stop_scan"), variant="stop", visible=HIDDEN, elem_id="data-stop")
    findings = gr.HTML(elem_id="data-findings")
    doctor = gr.HTML(js_on_load=ACTIONS, elem_id="data-doctor")
    with gr.Row(elem_classes=["onward", "kept"], elem_id="data-onward"):  # without a button it is not seen
        onward = gr.Button(text("data.next"), visible=HIDDEN, elem_id="data-next")
        at_once = gr.Button(_train(None), variant="primary", visible=HIDDEN, elem_id="data-train")
    lead_to(onward, tabs, "model")

    answer: dict[str, Any] = {"outputs": [chosen, seen, findings, doctor, onward, at_once, stop], "show_progress": "hidden"}
    # Each begins at once, whatever other scan goes on, and ends that.
    scan: dict[str, Any] = {**AT_ONCE, **answer}
    page.load(_restore, inputs_kwargs={"turn": turn}, **scan)
    archive.upload(_take_archive, inputs_kwargs={"archive": archive, "turn": turn}, **scan).then(
        lambda: None, outputs=archive, queue=False, show_progress="hidden"
    )  # a box that is full has no place for the next one
    zone.submit(_take_brought, inputs_kwargs={"turn": turn}, **scan)
    maker.submit(_take_brought, inputs_kwargs={"turn": turn}, **scan)
    gr.on([look.click, path.submit], _take_folder, inputs_kwargs={"path": path, "turn": turn}, **scan)
    demo.click(_take_demo, inputs_kwargs={"turn": turn}, **scan)
    gr.on(
        [archive.upload, zone.submit, maker.submit, look.click, path.submit, demo.click],
        fn=None,
        js=into_view("data-findings", after=500, block="start"),  # below the ways to choose
    )
    stop.click(lambda turn: turn.give_up(), inputs_kwargs={"turn": turn}, queue=False, show_progress="hidden")
    told: dict[str, Any] = {"inputs_kwargs": {"seen": seen, "turn": turn}, **answer}
    doctor.click(_remedy, trigger_mode="multiple", **told)  # quick fingers lose no click

    def look_again(event: Dependency) -> None:
        event.then(_take_asked, inputs_kwargs={"asked": asked, "turn": turn}, **scan)

    return look_again, at_once


def _title(title: str, more: str) -> Markup:
    return Markup("<h3>{}</h3><p>{}</p>").format(title, more)


# --- What is chosen ----------------------------------------------------------------------------------------------------


def _take_archive(archive: str, turn: Turn) -> Iterator[Answer]:
    yield from _look(Desk(data=archive, where=say("the archive “{name}”", name=Path(archive).name)), turn, upload=True)


def _take_brought(event: gr.EventData, turn: Turn) -> Iterator[Answer]:
    try:
        come = bring.brought(event)
    except UserError as error:
        yield _refused(error)
    else:
        yield from _look(Desk(data=str(come.photos), where=say("the folder “{name}”", name=come.name)), turn)


def _take_folder(path: str, turn: Turn) -> Iterator[Answer]:
    folder = unquoted(path)
    servers.trust(folder)
    if not folder:
        yield _refused(UserError(text("data.nothing")))
    else:
        yield from _look(Desk(data=folder, where=say("the folder “{name}”", name=Path(folder).name or folder)), turn)


def _take_demo(turn: Turn) -> Iterator[Answer]:
    yield from _look(Desk(data="demo", where=say("the demo photos")), turn)


def _take_asked(asked: Desk | None, turn: Turn) -> Iterator[Answer]:
    if asked is not None:
        yield from _look(asked, turn)


def _restore(turn: Turn) -> Iterator[Answer]:
    """What was chosen before the page was loaded, unless the person was quicker and has chosen something else."""
    before = desk.kept()
    if turn.trial:
        return
    if before is None:
        yield _answer(_welcome())
    else:
        yield from _look(before, turn)


def _welcome() -> Markup:
    """What is going to happen, for who has chosen nothing yet."""
    steps = _NOTHING.join(
        Markup("<li><strong>{}</strong> {}</li>").format(text(f"step.{step}"), text(f"welcome.{step}"))
        for step in ("data", "model", "train", "results", "try")
    )
    return Markup('<section class="card welcome"><h3>{}</h3><p>{}</p><ol>{}</ol></section>').format(
        text("welcome"), text("welcome.what"), steps
    )


# --- What is found -----------------------------------------------------------------------------------------------------


def _look(chosen: Desk, turn: Turn, *, upload: bool = False) -> Iterator[Answer]:
    """As long as nothing else is looked at. An ``upload`` is swept away later; what is unpacked from it is kept."""
    yield from turn.taken(lambda trial: _looked(chosen, trial, upload))


def _looked(chosen: Desk, trial: Trial, upload: bool) -> Iterator[Answer]:
    """Says how far the scan has come, then what it found."""
    come, began = (0, 0), monotonic()

    def scan(check: Callable[[], None]) -> tuple[str, Scan]:
        def tell(done: int, total: int) -> None:
            nonlocal come
            come = (done, total)
            check()

        root = open_data(chosen.data, check)
        kept = root if upload else find(chosen.data).absolute()  # as a run of it has it
        return "demo" if chosen.data == "demo" else str(kept), scan_files(root, tell)

    def busy() -> Answer:
        return _busy(text("data.scanning") if come[1] else text("data.opening"), *come, seconds=monotonic() - began)

    try:
        data, scanned = yield from beside(scan, busy, trial)
    except Unwanted:
        yield _answer(message("info", text("data.stopped")))
    except UserError as error:
        yield _refused(error)
    else:
        chosen = replace(chosen, data=data)
        chosen.keep()
        yield from _understood(chosen, scanned)


def _remedy(event: gr.EventData, seen: Seen | None, turn: Turn) -> Iterator[Answer]:
    """What the person clicked in the doctor's findings. A browser may send anything: only what was offered is done. While other
    photos are looked at, those that were clicked on are not chosen any more.
    """
    if seen is None or turn.busy:
        return
    clicked = clicked_on(event)
    now = seen.desk
    if clicked.get("undo_all"):
        now = Desk(data=now.data, where=now.where)
    elif clicked.get("undo"):
        now = now.undone()
    elif "of" in clicked:
        now = now.corrected(dict.fromkeys(seen.findings.remedy_for(str(clicked.get("leave")), str(clicked["of"]))))
    else:
        now = now.corrected(dict.fromkeys(seen.findings.remedy(str(clicked.get("leave")))))
    now.keep()
    yield from turn.taken(lambda trial: _understood(now, seen.scanned))


def _understood(chosen: Desk, scanned: Scan) -> Iterator[Answer]:
    """What is found; of 100,000 photos this takes a while."""
    busy = _answer(progress(text("data.understanding"), 1, []))
    yield (yield from beside(lambda check: _found(chosen, scanned), lambda: busy))


def _busy(what: str, done: int = 0, total: int = 0, seconds: float = 0) -> Answer:
    facts = [text("data.scanned", done=done, total=total)] if total else []
    if done and seconds > 1:
        facts.append(left(seconds / done * (total - done)))
    return _answer(progress(what, done / max(1, total), facts), scanning=True)


def _found(chosen: Desk, scanned: Scan) -> Answer:
    dataset = understand(scanned, chosen.corrections)
    findings = Findings.of(dataset)
    seen = Seen(chosen, scanned, findings)
    try:
        require_trainable(dataset)
    except UserError as error:
        refused = _refusal(error, _help(findings, dataset))
        said = overview(dataset, chosen.where, trainable=False) if dataset.photos or dataset.problems else _NOTHING
        return _answer(refused + said, cards(findings, chosen.corrections, well=False), seen=seen)
    said = overview(split(dataset, seed=0), chosen.where, trainable=True)
    ready = Chosen(chosen, len(dataset.photos), len(dataset.classes))
    return _answer(said, cards(findings, chosen.corrections, well=True), seen=seen, ready=ready)


def _refused(error: UserError) -> Answer:
    return _answer(_refusal(error))


def _answer(
    said: Markup, doctor: Markup = _NOTHING, *, seen: Seen | None = None, ready: Chosen | None = None, scanning: bool = False
) -> Answer:
    """The way on is open once the photos are ``ready``; a scan can be stopped while there is one."""
    way = seen_if(ready is not None)
    onward, at_once = gr.Button(visible=way), gr.Button(_train(ready), visible=way)
    return ready, seen, said, doctor, onward, at_once, gr.Button(visible=seen_if(scanning))


def _train(ready: Chosen | None) -> str:
    """What the button says that trains at once: on which photos, because older ones stay chosen when new ones cannot be."""
    return text("data.train", photos=photos(ready.photos if ready else 0))


def _refusal(error: UserError, help: str = "") -> Markup:
    return message("bad", text("data.stop"), [*error.messages, *([help] if help else [])])


def _help(findings: Findings, dataset: Dataset) -> str:
    """What this page can do about photos that cannot be trained on."""
    if findings.remedy("too-few"):
        return text("data.doctor_helps")
    return text("data.heap_helps", part=text("data.make")) if heap(dataset) else ""

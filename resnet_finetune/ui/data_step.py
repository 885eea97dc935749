"""Step 1: the person shows their photos, and sees at once what is in them and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.dataset import Dataset, require_trainable, scan
from resnet_finetune.data.intake import open_data
from resnet_finetune.ui.overview import overview
from resnet_finetune.ui.parts import heading, lead_to, message, progress
from resnet_finetune.ui.texts import text
from resnet_finetune.words.errors import UserError

SAID_EVERY = 0.3  # seconds between two words on how far a scan has come

Answer = tuple["Chosen | None", Markup, gr.Button]


@dataclass(frozen=True)
class Chosen:
    """Photos that can be trained on. ``data`` goes into the settings of the run."""

    data: str
    where: str  # in words
    photos: int
    classes: int


def build(tabs: gr.Tabs, chosen: gr.State) -> None:
    heading(text("step.data"), text("data.lead"))
    with gr.Row(elem_classes="ways"):
        with gr.Column(min_width=280, elem_classes="way"):
            gr.HTML(_title(text("data.zip"), text("data.zip.what")))
            archive = gr.File(file_count="single", file_types=[".zip"], show_label=False, height=150, elem_id="data-zip")
        with gr.Column(min_width=280, elem_classes="way"):
            gr.HTML(_title(text("data.folder")))
            path = gr.Textbox("", label=text("data.path"), placeholder=text("data.path.hint"), elem_id="data-path", max_lines=1)
            inside = gr.Dropdown(_folders(""), value=None, label=text("data.inside"), interactive=True, elem_id="data-inside")
            look = gr.Button(text("data.look"), elem_id="data-look")
        with gr.Column(min_width=280, elem_classes="way"):
            gr.HTML(_title(text("data.demo"), text("data.demo.what")))
            demo = gr.Button(text("data.demo.button"), elem_id="data-demo")
    findings = gr.HTML(elem_id="data-findings")
    onward = gr.Button(text("data.next"), variant="primary", visible=False, elem_id="data-next")

    answer = [chosen, findings, onward]
    archive.upload(_take_zip, inputs_kwargs={"archive": archive}, outputs=answer, show_progress="hidden")
    gr.on([look.click, path.submit], _take_folder, inputs_kwargs={"path": path}, outputs=answer, show_progress="hidden")
    demo.click(_take_demo, outputs=answer, show_progress="hidden")
    path.blur(
        lambda path: gr.Dropdown(_folders(path), value=None),
        inputs_kwargs={"path": path},
        outputs=inside,
        show_progress="hidden",
    )
    inside.select(  # .input would come twice
        lambda folder: (folder, gr.Dropdown(_folders(folder), value=None)),
        inputs_kwargs={"folder": inside},
        outputs=[path, inside],
        show_progress="hidden",
    )
    lead_to(onward, tabs, "model")


def _title(title: str, more: str = "") -> Markup:
    return Markup("<h3>{}</h3>{}").format(title, Markup("<p>{}</p>").format(more) if more else "")


def _folders(path: str) -> list[tuple[str, str]]:
    """The way up and the folders in ``path``, as choices; of the person's home when there is no ``path``."""
    here = Path(_unquoted(path) or Path.home()).absolute()
    try:
        inside = sorted(child for child in here.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:  # no folder, or not ours to read: there is still the way up
        inside = []
    return [(text("data.inside.up"), str(here.parent)), *((child.name, str(child)) for child in inside)]


def _unquoted(path: str) -> str:
    """Windows puts quotes around a path that is copied."""
    return path.strip().strip('"')


def _take_zip(archive: str) -> Iterator[Answer]:
    yield _busy(text("data.opening"))
    try:
        root = open_data(archive)  # the upload is swept away later, what was unpacked from it is kept
    except UserError as error:
        yield _refused(error)
    else:
        yield from _look(str(root), text("data.zip.named", name=Path(archive).name))


def _take_folder(path: str) -> Iterator[Answer]:
    if not path.strip():
        yield _refused(UserError(text("data.nothing")))
    else:
        folder = _unquoted(path)
        yield from _look(folder, text("data.folder.named", name=Path(folder).name))


def _take_demo() -> Iterator[Answer]:
    yield from _look("demo", text("data.demo.named"))


def _look(data: str, where: str) -> Iterator[Answer]:
    """Says how far the scan has come, then what it found."""
    come = (0, 0)

    def say(done: int, total: int) -> None:
        nonlocal come
        come = (done, total)

    with ThreadPoolExecutor(1) as beside:
        scanning = beside.submit(lambda: scan(open_data(data), say))
        while wait([scanning], timeout=SAID_EVERY).not_done:
            yield _busy(text("data.scanning"), *come)
    try:
        yield _found(scanning.result(), data, where)
    except UserError as error:
        yield _refused(error)


def _busy(what: str, done: int = 0, total: int = 0) -> Answer:
    facts = [text("data.scanned", done=done, total=total)] if total else []
    return None, progress(what, done / max(1, total), facts), gr.Button(visible=False)


def _found(dataset: Dataset, data: str, where: str) -> Answer:
    try:
        require_trainable(dataset)
    except UserError as error:
        return None, _refusal(error) + overview(dataset, where), gr.Button(visible=False)
    found = Chosen(data, where, len(dataset.photos), len(dataset.classes))
    return found, overview(dataset, where), gr.Button(visible=True)


def _refused(error: UserError) -> Answer:
    return None, _refusal(error), gr.Button(visible=False)


def _refusal(error: UserError) -> Markup:
    return message("bad", text("data.stop"), error.messages)

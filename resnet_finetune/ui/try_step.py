"""Step 5: new photos, and what the model says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import DEMO, open_data
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.ui import figures, finished
from resnet_finetune.ui.parts import heading, lead_to, message
from resnet_finetune.ui.texts import photos, text
from resnet_finetune.ui.thumbnails import thumbnail
from resnet_finetune.words.errors import UserError

BEST = 5  # classes shown for a photo
EVERY = 5  # of the demo's new photos is shown, so that each class comes
_NOTHING = Markup("")

Answers = tuple[Markup, dict[str, Any]]  # what is said, what becomes of the file box


def build(tabs: gr.Tabs, tab: gr.Tab) -> None:
    heading(text("step.try"), text("try.lead"))
    run = finished.dropdown(text("try.model"), "try-run")
    files = gr.File(file_count="multiple", label=text("try.drop"), height=180, elem_id="try-files")
    demo = gr.Button(text("try.demo"), visible=False, elem_id="try-demo")
    answers = gr.HTML(elem_id="try-answers")
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "results")

    tab.select(finished.offer, inputs_kwargs={"chosen": run}, outputs=run, queue=False, show_progress="hidden")
    run.change(_offer_demo, inputs_kwargs={"path": run}, outputs=demo, queue=False, show_progress="hidden")
    files.upload(_classify, inputs_kwargs={"path": run, "files": files}, outputs=[answers, files], show_progress="hidden")
    demo.click(_classify_demo, inputs_kwargs={"path": run}, outputs=[answers, files], show_progress="hidden")


def _offer_demo(path: str | None) -> gr.Button:
    """The demo has new photos of the same classes."""
    run = finished.find(path)
    return gr.Button(visible=run is not None and run.settings.data == "demo")


def _classify_demo(path: str | None) -> Iterator[Answers]:
    new_photos = sorted(open_data(str(DEMO.with_name("new_photos.zip"))).rglob("*.jpg"))
    yield from _classify(path, [str(photo) for photo in new_photos[::EVERY]])


def _classify(path: str | None, files: list[str]) -> Iterator[Answers]:
    """Says how far it has come once a second, then answers; the drop zone is free again at the end."""
    run = finished.find(path)
    if run is None:
        yield message("info", text("try.none" if path is None else "try.gone")), gr.update(value=None)
        return
    yield _busy(0, len(files)), gr.skip()
    said = monotonic()
    good, bad = [], []
    try:
        model = load_model(run.path)
        for done, answer in enumerate(model.classify([Path(file) for file in files]), start=1):
            if answer.scores is None:
                bad.append(Markup("<li><code>{}</code> {}</li>").format(answer.path.name, answer.error))
            else:
                good.append(_card(answer.path, model.classes, answer.scores))
            if monotonic() - said > 1:
                yield _busy(done, len(files)), gr.skip()
                said = monotonic()
    except UserError as error:
        yield message("bad", text("try.gone"), error.messages), gr.update(value=None)
        return
    yield _answers(good, bad), gr.update(value=None)


def _busy(done: int, total: int) -> Markup:
    return message("info", text("try.classifying", done=done, all=total))


def _answers(good: list[Markup], bad: list[Markup]) -> Markup:
    done = message("good", text("try.done", photos=photos(len(good))), [text("try.again")]) if good else _NOTHING
    unread = (
        Markup('<details class="listed left-out" open><summary>{}</summary><ul>{}</ul></details>').format(
            text("try.bad", photos=photos(len(bad))), _NOTHING.join(bad)
        )
        if bad
        else _NOTHING
    )
    return Markup('{}{}<div class="answers">{}</div>').format(done, unread, _NOTHING.join(good))


def _card(path: Path, classes: list[str], scores: list[float]) -> Markup:
    best = sorted(zip(classes, scores, strict=True), key=lambda pair: -pair[1])[:BEST]
    return Markup('<article class="card answer">{}<div><h4>{}</h4>{}<small>{}</small></div></article>').format(
        thumbnail(path, path.name), best[0][0], figures.bars(best), path.name
    )

"""What a person learns of a training while they look at something else: in the title of the page, and by a sound and a
notification when it is over, if they want. And that the app was closed, which the page must find out by itself.
"""

from __future__ import annotations

import gradio as gr
from fastapi import APIRouter, FastAPI, Response
from markupsafe import Markup

from resnet_finetune.runs.run_folder import State
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.assets import ASSETS

_ASSETS = ASSETS / "ui"
_ALIVE = "/alive"

_router = APIRouter()


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)


@_router.get(_ALIVE)
def _alive() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def build() -> gr.HTML:
    """Out of sight. Its value is what ``told`` makes."""
    gr.HTML(
        Markup('<div class="gone" role="alert" data-ask="{}" hidden><strong>{}</strong><p>{}</p></div>').format(
            _ALIVE, text("gone"), text("gone.what")
        ),
        js_on_load=(_ASSETS / "gone.js").read_text(encoding="utf-8"),
        elem_id="gone",
    )
    return gr.HTML(js_on_load=(_ASSETS / "news.js").read_text(encoding="utf-8"), elem_id="news")


def told(story: Story | None, state: State) -> Markup:
    """For the page's script: whether a training goes on, how far it has come, how it ended."""
    if story is None:
        return Markup("")
    return Markup('<span data-state="{}" data-share="{}" data-said="{}" data-name="{}"></span>').format(
        state, percent(story.way.share), text(f"train.state.{state}"), story.run.title
    )


def choice() -> None:
    """Whether to be called when it is over. The browser keeps it."""
    gr.HTML(
        Markup(
            '<label class="tell"><input type="checkbox"> {}</label><p class="tell" role="status" data-denied="{}"></p>'
        ).format(text("news.tell"), text("news.denied")),
        js_on_load=(_ASSETS / "tell.js").read_text(encoding="utf-8"),
        elem_id="train-tell",
    )

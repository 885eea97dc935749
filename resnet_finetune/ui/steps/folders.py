"""A way to find a folder on this computer without typing where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import unquoted
from resnet_finetune.ui.drawn.messages import ACTIONS, action
from resnet_finetune.ui.shared.parts import HIDDEN, clicked_on
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.disk import is_text
from resnet_finetune.words.language import reason

MOST = 300  # folders listed


def build(path: gr.Textbox, browse: gr.Button) -> None:
    """``browse`` shows, right here, the folders where ``path`` is; one that is clicked is written there."""
    inside = gr.HTML(visible=HIDDEN, js_on_load=ACTIONS)
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    browse.click(lambda path: gr.HTML(listing(path), visible=True), inputs_kwargs={"path": path}, outputs=inside, **quick)
    inside.click(_into, outputs=[path, inside], **quick)


def _into(event: gr.EventData) -> tuple[str, Markup]:
    folder = str(clicked_on(event).get("folder", ""))  # a browser may send anything
    return folder, listing(folder)


def listing(path: str) -> Markup:
    """The way up and the folders in ``path``, or in the last part of it that is a folder, to be clicked; of the person's home
    when there is no ``path``.
    """
    here = Path(unquoted(path) or Path.home()).expanduser().absolute()
    here = next(folder for folder in (here, *here.parents) if folder.is_dir() or folder == folder.parent)
    try:
        inside = sorted(child for child in here.iterdir() if child.is_dir() and _is_listed(child.name))
        said = "" if inside else text("folders.none")
    except OSError as error:  # no folder, or not ours to read: there is still the way up
        inside, said = [], text("folders.closed", reason=reason(error))
    if len(inside) > MOST:
        said = text("folders.more", n=MOST)
    rows = [_row(str(here.parent), text("folders.up")), *(_row(str(child), child.name) for child in inside[:MOST])]
    return Markup('<nav class="folders" aria-label="{}"><p>{}</p><ul>{}</ul>{}</nav>').format(
        text("folders.label"), str(here), Markup("").join(rows), Markup("<p>{}</p>").format(said) if said else ""
    )


def _is_listed(name: str) -> bool:
    """Not what is hidden, nor a name in another encoding, of an old zip or stick: it cannot be sent to the page."""
    return not name.startswith(".") and is_text(name)


def _row(path: str, name: str) -> Markup:
    return Markup("<li>{}</li>").format(action(name, {"folder": path}))

"""What the steps have in common: a heading, a button that leads on, a change that may fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError

# Out of sight, but built: Gradio takes what is not visible off the page, and has been seen not to put it back when it became
# visible right after another change. Only for what is changed while its step is open: before that, Gradio loses the change.
HIDDEN: Literal["hidden"] = "hidden"
_NOTHING = Markup("")


def clicked_on(event: gr.EventData) -> dict[str, Any]:
    """What the button of an ``action`` stands for, or whatever a browser sent in its place."""
    return event._data if isinstance(event._data, dict) else {}


def seen_if(condition: bool) -> Literal[True, "hidden"]:
    return True if condition else HIDDEN


def heading(title: str, lead: str) -> gr.HTML:
    return gr.HTML(Markup('<header class="step"><h2>{}</h2><p>{}</p></header>').format(title, lead))


def tried(change: Callable[[], object]) -> Markup:
    """What is said when ``change`` cannot be done; nothing when it could."""
    try:
        change()
    except UserError as error:
        return message("bad", text("runs.not_done"), error.messages)
    return _NOTHING


def into_view(elem_id: str, after: int = 0, block: Literal["nearest", "start"] = "nearest") -> str:
    """For the ``js`` of an event: what was asked for may be out of sight. It glides into view where it has first to be waited
    for, ``after`` so many milliseconds.
    """
    how = f'{{ block: "{block}", behavior: "{"smooth" if after else "auto"}" }}'
    return f'() => {{ setTimeout(() => document.querySelector("#{elem_id}")?.scrollIntoView({how}), {after}); return []; }}'


def lead_to(button: gr.Button, tabs: gr.Tabs, step: str) -> None:
    """``button`` opens ``step``."""
    button.click(lambda: gr.Tabs(selected=step), outputs=tabs, queue=False, show_progress="hidden")

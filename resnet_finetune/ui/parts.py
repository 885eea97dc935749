"""What the steps have in common: a heading, a message, a button that leads on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

import gradio as gr
from markupsafe import Markup

from resnet_finetune.ui.texts import text
from resnet_finetune.words.errors import UserError

Kind = Literal["info", "good", "bad"]

# Out of sight, but built: Gradio takes what is not visible off the page, and has been seen not to put it back when it became
# visible right after another change. Only for what is changed while its step is open: before that, Gradio loses the change.
HIDDEN: Literal["hidden"] = "hidden"
_NOTHING = Markup("")


# For a gr.HTML with buttons made by ``action``: its click event then carries what the button stands for.
ACTIONS = """element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) { event.preventDefault(); trigger("click", JSON.parse(button.dataset.do)); }
});"""


def action(label: str, what: dict[str, Any], *, pressed: bool | None = None) -> Markup:
    """A button inside drawn HTML; with ``pressed``, one that is on or off.

    A browser can send any ``what``: it has to be checked by the one who takes it. No key may be "path", by which Gradio knows
    files.
    """
    state = _NOTHING if pressed is None else Markup(' aria-pressed="{}"').format(str(pressed).lower())
    return Markup('<button type="button" class="action" data-do="{}"{}>{}</button>').format(json.dumps(what), state, label)


def clicked_on(event: gr.EventData) -> dict[str, Any]:
    """What the button of an ``action`` stands for, or whatever a browser sent in its place."""
    return event._data if isinstance(event._data, dict) else {}


def seen_if(condition: bool) -> Literal[True, "hidden"]:
    return True if condition else HIDDEN


def heading(title: str, lead: str) -> gr.HTML:
    return gr.HTML(Markup('<header class="step"><h2>{}</h2><p>{}</p></header>').format(title, lead))


def message(kind: Kind, title: str, sentences: Iterable[str] = (), more: Markup = _NOTHING) -> Markup:
    """``more``: what follows the sentences, such as buttons."""
    said = Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    role = "alert" if kind == "bad" else "status"
    return Markup('<div class="message {}" role="{}"><strong>{}</strong>{}{}</div>').format(kind, role, title, said, more)


def tried(change: Callable[[], object]) -> Markup:
    """What is said when ``change`` cannot be done; nothing when it could."""
    try:
        change()
    except UserError as error:
        return message("bad", text("runs.not_done"), error.messages)
    return _NOTHING


def progress(title: str, share: float, facts: Iterable[str]) -> Markup:
    """How far something has come (0 to 1), and what is known of it."""
    return Markup(
        '<section class="card running"><h3>{title}</h3>'
        '<div class="progress" role="progressbar" aria-label="{title}" aria-valuenow="{percent:.0f}" aria-valuemax="100">'
        '<i style="width:{percent:.1f}%"></i></div><ul class="facts">{facts}</ul></section>'
    ).format(title=title, percent=100 * share, facts=Markup("").join(Markup("<li>{}</li>").format(fact) for fact in facts))


def lead_to(button: gr.Button, tabs: gr.Tabs, step: str) -> None:
    """``button`` opens ``step``."""
    button.click(lambda: gr.Tabs(selected=step), outputs=tabs, queue=False, show_progress="hidden")

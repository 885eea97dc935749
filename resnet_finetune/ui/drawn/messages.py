"""A message, how far something has come, and a button inside drawn HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from markupsafe import Markup

Kind = Literal["info", "good", "bad"]

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


def message(kind: Kind, title: str, sentences: Iterable[str] = (), more: Markup = _NOTHING) -> Markup:
    """``more``: what follows the sentences, such as buttons."""
    said = Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    role = "alert" if kind == "bad" else "status"
    return Markup('<div class="message {}" role="{}"><strong>{}</strong>{}{}</div>').format(kind, role, title, said, more)


def progress(title: str, share: float, facts: Iterable[str]) -> Markup:
    """How far something has come (0 to 1), and what is known of it."""
    return Markup(
        '<section class="card running"><h3>{title}</h3>'
        '<div class="progress" role="progressbar" aria-label="{title}" aria-valuenow="{percent:.0f}" aria-valuemax="100">'
        '<i style="width:{percent:.1f}%"></i></div><ul class="facts">{facts}</ul></section>'
    ).format(title=title, percent=100 * share, facts=Markup("").join(Markup("<li>{}</li>").format(fact) for fact in facts))

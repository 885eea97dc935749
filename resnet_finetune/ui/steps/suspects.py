"""Photos that may lie in the wrong class: found, judged by the person with one key each, and trained on as corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.engine.label_check import check_labels
from resnet_finetune.runs import jobs, verdicts
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.runs.verdicts import Verdict
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.drawn.thumbnails import thumbnail
from resnet_finetune.ui.shared import desk, finished
from resnet_finetune.ui.shared.desk import Desk
from resnet_finetune.ui.shared.parts import clicked_on
from resnet_finetune.ui.shared.trial import Attempt, of_run
from resnet_finetune.ui.wording.texts import percent, photos, text
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.language import reason
from resnet_finetune.words.suspect import Suspect

MOST = 60  # photos that are shown
OTHERS = 6  # classes offered for a photo, beside the one that it lies in
_KEYS = (ASSETS / "ui" / "suspects.js").read_text(encoding="utf-8")
_NOTHING = Markup("")


@dataclass(frozen=True)
class Found:
    """Among the photos of which run. A verdict on them is of no other."""

    run: str  # folder
    suspects: list[Suspect]


def build(tabs: gr.Tabs, run: gr.Dropdown, look_again: Callable[[Dependency], None], asked: gr.State) -> list[Component]:
    """The parts that ``shown`` fills when a run is looked at; the first is what it found. ``look_again``: has the photos that
    are ``asked`` for looked at, after an event.
    """
    gr.HTML(Markup("<p>{}</p>").format(text("suspects.lead")))
    found = gr.State(None)
    listed = _ATTEMPT.build(run, found, _KEYS)
    said = gr.HTML(elem_id="suspects-said")
    with gr.Row(elem_classes="onward"):
        undo = gr.Button(text("suspects.undo"), visible=False, elem_id="suspects-undo")
        again = gr.Button(text("suspects.again"), variant="primary", visible=False, elem_id="suspects-again")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    have: dict[str, Any] = {"path": run, "found": found}
    parts = [listed, said, undo, again]
    listed.click(_judge, inputs_kwargs=have, outputs=parts, trigger_mode="multiple", **quick)
    undo.click(_undo, inputs_kwargs=have, outputs=parts, trigger_mode="multiple", **quick)
    look_again(again.click(_train_again, inputs_kwargs={"path": run}, outputs=[said, tabs, asked], **quick))
    return [found, *parts]


def shown(run: Run, found: Found | None) -> list[Any]:
    """What was found among this run's photos, if they were looked at; and what was said of them before still holds."""
    return [None if _among(run, found) is None else found, *_parts(run, found)]


# --- What is clicked ---------------------------------------------------------------------------------------------------


def _judge(event: gr.EventData, path: str | None, found: Found | None) -> list[Any]:
    """A browser may send anything: only photos that were found are judged, and only what was offered is said of them."""
    run, clicked = finished.find(path), clicked_on(event)
    number, class_ = clicked.get("photo"), clicked.get("class")
    suspects = _among(run, found) or []
    if run is None or not isinstance(number, int) or number not in range(len(suspects)):
        return _parts(run, found)
    suspect = suspects[number]
    if class_ is not None and class_ not in _offered(suspect):
        return _parts(run, found)
    before = [said for said in verdicts.read(run) if said.name != suspect.name]
    return _kept(run, found, [*before, Verdict(name=suspect.name, given=suspect.given, class_=class_)])


def _undo(path: str | None, found: Found | None) -> list[Any]:
    run = finished.find(path)
    return _kept(run, found, verdicts.read(run)[:-1]) if run else _parts(None, found)


def _kept(run: Run, found: Found | None, said: list[Verdict]) -> list[Any]:
    try:
        verdicts.write(run, said)
    except OSError as error:
        listed, _, *buttons = _parts(run, found)
        return [listed, message("bad", text("suspects.not_kept", reason=reason(error))), *buttons]
    return _parts(run, found)


def _train_again(path: str | None) -> tuple[Any, Any, Desk | None]:
    """With the same settings, and tested on the same photos. What was corrected is so from then on: it lies on the desk."""
    run = finished.find(path)
    if run is None:
        return gr.skip(), gr.skip(), None
    try:
        click = verdicts.corrected(run, verdicts.read(run))
        own = desk.of_run(run).corrected(click)
        file = own.corrections_file()
        jobs.start(replace(run.settings, run_dir="", corrections=file, split_of=str(run.path)))
    except OSError as error:
        return message("bad", text("suspects.not_kept", reason=reason(error))), gr.skip(), None
    except UserError as error:
        return message("bad", text("train.state.failed"), error.messages), gr.skip(), None
    lies = desk.kept()
    corrected = lies.corrected(click) if lies and lies.data == run.settings.data else own
    corrected.keep()
    return gr.skip(), gr.Tabs(selected="train"), corrected


# --- What is shown -----------------------------------------------------------------------------------------------------


def _among(run: Run | None, found: Found | None) -> list[Suspect] | None:
    """What was found among the photos of this run; None if they were not looked at."""
    return found.suspects if run and found and found.run == str(run.path) else None


def _parts(run: Run | None, found: Found | None) -> list[Any]:
    said = verdicts.read(run) if run else []
    suspects = _among(run, found)
    changed = sum(one.class_ != one.given for one in said)
    return [
        _NOTHING if suspects is None else _told(suspects, said),
        message("info", text("suspects.said", judged=photos(len(said)), changed=changed)) if said else _NOTHING,
        gr.Button(visible=bool(said)),
        gr.Button(visible=changed > 0),
    ]


def _told(suspects: list[Suspect], said: list[Verdict]) -> Markup:
    return _list(suspects, said) if suspects else message("good", text("suspects.none"))


def _list(found: list[Suspect], said: list[Verdict]) -> Markup:
    verdict = {one.name: one for one in said}
    cards = _NOTHING.join(_card(number, suspect, verdict.get(suspect.name)) for number, suspect in enumerate(found[:MOST]))
    more = Markup("<p>{}</p>").format(text("data.more", n=len(found) - MOST)) if len(found) > MOST else ""
    return Markup('<section class="card"><p>{}</p><ol class="suspects">{}</ol>{}</section>').format(
        text("suspects.keys"), cards, more
    )


def _card(number: int, suspect: Suspect, verdict: Verdict | None) -> Markup:
    likely, share = next((name, share) for name, share in suspect.likely if name != suspect.given)
    others = [name for name in _offered(suspect) if name not in (suspect.given, likely)]

    def button(said: str, class_: str | None, key: int | None = None) -> Markup:
        chosen = verdict is not None and verdict.class_ == class_
        hint = Markup("<kbd>{}</kbd> ").format(key) if key else ""
        return Markup('<button type="button" class="action" data-do="{}" aria-pressed="{}"{}>{}{}</button>').format(
            json.dumps({"photo": number, "class": class_}),
            str(chosen).lower(),
            Markup(" data-key") if key else "",
            hint,
            said,
        )

    elsewhere = Markup("<details><summary>{}</summary>{}</details>").format(
        text("suspects.another"), _NOTHING.join(button(name, name) for name in others)
    )
    return Markup(
        '<li tabindex="0" data-photo="{number}" class="{done}">{photo}<div><p>{says}</p><small>{name}</small>'
        '<div class="do">{right}{change}{out}</div>{elsewhere}</div></li>'
    ).format(
        number=number,
        done="done" if verdict else "",
        photo=thumbnail(Path(suspect.path), suspect.name),
        says=text("suspects.says", given=suspect.given, likely=likely, percent=percent(share)),
        name=suspect.name,
        right=button(text("suspects.right", given=suspect.given), suspect.given, 1),
        change=button(text("suspects.change", likely=likely), likely, 2),
        out=button(text("suspects.out"), None, 3),
        elsewhere=elsewhere if others else "",
    )


def _offered(suspect: Suspect) -> list[str]:
    """Classes that it can be said to be of."""
    others = [name for name, _ in suspect.likely if name != suspect.given]
    return [suspect.given, *others[:OTHERS]]


def _answer(suspects: list[Suspect], path: str) -> tuple[Markup, Found]:
    """With what was said of them before."""
    run = finished.find(path)
    said = verdicts.read(run) if run else []
    return _told(suspects, said), Found(path, suspects)


def _doing(last: Event | None) -> str:
    return text("suspects.features" if isinstance(last, Progress) and last.stage == "features" else "advisor.scan")


_ATTEMPT = Attempt("suspects", check_labels, _doing, _answer, of_run)

"""Something is tried on photos, and what comes of it is shown and kept: in one of the choices for a training, or in a state. A
button asks for it, another stops it, and meanwhile it is said how far it has come. Once other photos or another training are
chosen, nothing more is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.engine.progress import drained
from resnet_finetune.runs import jobs
from resnet_finetune.ui.drawn.messages import ACTIONS, message, progress
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.beside import AT_ONCE, Trial, Turn, Unwanted, beside
from resnet_finetune.ui.shared.desk import Chosen
from resnet_finetune.ui.shared.parts import HIDDEN, seen_if
from resnet_finetune.ui.wording.texts import left, text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.language import reason
from resnet_finetune.words.settings import Settings

T = TypeVar("T")

Shown = tuple[Markup, Any, gr.Button, gr.Button]  # what is found, where it is kept, the buttons to ask and to stop
Answer = tuple[Markup, Any]  # what is said, and the value that is kept

_NOTHING = Markup("")
_AS_IT_IS = gr.skip()


def _nothing(about: Any) -> Answer:
    return _NOTHING, None


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """``name`` begins the names of its texts and of its elements."""

    name: str
    steps: Callable[[Settings, Callable[[], None]], Generator[Event, None, T]]  # the work; told how to ask whether to stop
    doing: Callable[[Event | None], str]  # in words, by its last event
    answer: Callable[[T, Any], Answer]  # of the result, and of what it is about
    settings: Callable[..., Settings | None]  # of that and ``given``; None without photos. May raise OSError, UserError
    before: Callable[[Any], Answer] = _nothing  # of what it is about: what there is as long as nobody asks

    def build(self, about: gr.Dropdown | gr.State, into: Component, js: str = ACTIONS, **given: Block) -> gr.HTML:
        """The buttons, and the place for what comes of it, which comes back. ``about``: what it is tried of, and is over when
        that changes. ``js`` tells of clicks in that place.
        """
        turn = gr.State(Turn())
        with gr.Row(elem_classes="onward"):
            ask = gr.Button(text(f"{self.name}.ask"), elem_id=f"{self.name}-ask")
            stop = gr.Button(text(f"{self.name}.stop"), variant="stop", visible=HIDDEN, elem_id=f"{self.name}-stop")
        found = gr.HTML(js_on_load=js, elem_id=self.name)
        outputs = [found, into, ask, stop]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
        ask.click(
            self._asked,
            inputs_kwargs={"turn": turn, "about": about, **given},
            outputs=outputs,
            show_progress="hidden",
            **AT_ONCE,
        )
        about.change(self._other, inputs_kwargs={"turn": turn, "about": about}, outputs=outputs, **quick)
        stop.click(lambda turn: turn.give_up(), inputs_kwargs={"turn": turn}, **quick)
        return found

    def _other(self, turn: Turn, about: Any) -> Shown | dict[str, Any]:
        """Something else is chosen."""
        return self._shown(*self.before(about)) if turn.over(about) else gr.skip()

    def _asked(self, turn: Turn, about: Any, **given: Any) -> Iterator[Shown]:
        yield from turn.taken(lambda trial: self._answered(trial, about, **given), about)

    def _answered(self, trial: Trial, about: Any, **given: Any) -> Iterator[Shown]:
        failed = text(f"{self.name}.failed")
        try:
            settings = self.settings(about, **given)
            if settings is None:
                yield self._shown(message("info", text("train.no_data")))
            elif jobs.current():
                yield self._shown(message("info", text("advisor.busy")))
            else:
                yield from self._tried(trial, settings, about)
        except OSError as error:
            yield self._shown(message("bad", failed, [text("train.no_list", reason=reason(error))]))
        except UserError as error:
            yield self._shown(message("bad", failed, error.messages))

    def _tried(self, trial: Trial, settings: Settings, about: Any) -> Iterator[Shown]:
        """Says how far it has come, until it is over or not wanted any more."""
        last: Event | None = None

        def see(event: Event) -> None:
            nonlocal last
            last = event

        try:
            found = yield from beside(
                lambda check: drained(self.steps(settings, check), see),
                lambda: self._shown(_busy(self.doing(last), last), trial=trial),
                trial,
            )
        except Unwanted:
            yield self._shown(_NOTHING)
        else:
            yield self._shown(*self.answer(found, about))

    def _shown(self, found: Markup, value: Any = _AS_IT_IS, trial: Trial | None = None) -> Shown:
        wanted = trial is None or trial.wanted
        stop = gr.Button(
            text(f"{self.name}.stop" if wanted else "train.stopping"), visible=seen_if(trial is not None), interactive=wanted
        )
        return found, value, gr.Button(visible=seen_if(trial is None)), stop


def of_desk(chosen: Chosen | None, **choices: Any) -> Settings | None:
    """For what is tried before a training."""
    if chosen is None:
        return None
    return Settings(data=chosen.desk.data, corrections=chosen.desk.corrections_file(), **choices)


def of_run(path: str | None) -> Settings:
    """For what is tried on the photos of the run that is looked at, with the corrections in its folder. Raises ``UserError``
    when it is gone.
    """
    run = finished.find(path)
    if run is None:
        raise UserError(text("try.gone"))
    return run.settings


def _busy(doing: str, last: Event | None) -> Markup:
    if not isinstance(last, Progress):
        return progress(doing, 0, [left(None)])
    return progress(doing, last.done / max(1, last.total), [left(last.seconds_left)])

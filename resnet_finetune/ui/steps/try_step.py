"""Step 5: new photos, and what the model says of them; also that they are of none of its classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr
from markupsafe import Markup

from resnet_finetune.data.intake import DEMO, open_data
from resnet_finetune.model.gallery import FARTHEST, Gallery
from resnet_finetune.model.saved_model import ABOUT, Answer
from resnet_finetune.runs import jobs, lock
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn import figures
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.drawn.thumbnails import thumbnail
from resnet_finetune.ui.served import endpoint
from resnet_finetune.ui.shared import finished, why
from resnet_finetune.ui.shared.asked import Asked
from resnet_finetune.ui.shared.beside import AT_ONCE, Turn
from resnet_finetune.ui.shared.parts import clicked_on, heading, into_view, lead_to
from resnet_finetune.ui.steps import live, many_photos
from resnet_finetune.ui.wording.texts import percent, photos, text
from resnet_finetune.words.errors import UserError

BEST = 5  # classes shown for a photo
LOOK = 2  # seconds between two looks at a training that goes on
EVERY = 5  # of the demo's new photos is shown, so that each class comes
_NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What was shown to a model last, and what it said."""

    run: str  # folder
    written: int  # when the model was, as ``finished.written``
    classes: list[str]
    answers: list[Answer]
    looks: list[Markup]  # the photos' small previews
    over: bool = False  # the training has ended since it was shown these photos, and they were shown to it again


@dataclass(frozen=True)
class Known:
    """The model that is chosen, as the page has come to know it."""

    run: str
    written: int
    learning: bool


@dataclass(frozen=True)
class Offered:
    choices: tuple[finished.Choice, ...]
    why: Markup  # there is none yet, or what to know of one


# What is said, what becomes of the file box, what was tried.
Answers = tuple[Markup, dict[str, Any], Any]


def build(tabs: gr.Tabs, tab: gr.Tab, wanted: gr.State) -> gr.State:
    """What was shown to a model last: ``Tried`` or None. ``wanted``: the run that this step is opened for."""
    heading(text("step.try"), text("try.lead"))
    run = finished.dropdown(text("try.model"), "try-run")
    waiting = gr.HTML(elem_id="try-waiting")
    files = gr.File(file_count="multiple", label=text("try.drop"), height=180, elem_id="try-files")
    demo = gr.Button(text("try.demo"), visible=False, elem_id="try-demo")
    camera = gr.Column()
    tried, known, gallery = gr.State(None), gr.State(None), gr.State(None)  # of the model that is chosen
    offered, timer, turn = gr.State(None), gr.Timer(LOOK, active=False), gr.State(Turn())
    answers = gr.HTML(js_on_load=ACTIONS, elem_id="try-answers")
    with gr.Column(elem_classes="card", elem_id="try-strangers"):  # not seen while there is nothing to be judged by it
        readiness = gr.Slider(0, 100, 50, step=0.5, label=text("none.slider"), buttons=[], elem_id="try-readiness")
        cost = gr.HTML(elem_id="try-cost")
    with camera:
        live.build(run, readiness)
    panel, asked = why.build("try-why")
    with gr.Accordion(text("many"), open=False, elem_id="many"):
        many_photos.build(run, readiness)
    with gr.Accordion(text("endpoint"), open=False, elem_id="endpoint"):
        how = gr.HTML(elem_id="endpoint-how")
    with gr.Row(elem_classes="onward"):
        lead_to(gr.Button(text("back")), tabs, "results")

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    gr.on(
        [tab.select, timer.tick],
        _follow,
        inputs_kwargs={"wanted": wanted, "chosen": run, "before": offered, "known": known},
        outputs=[wanted, run, waiting, offered, timer, known, gallery, readiness],
        **quick,
    ).then(
        _look_again,
        inputs_kwargs={"known": known, "gallery": gallery, "tried": tried, "readiness": readiness, "turn": turn},
        outputs=[answers, cost, tried],
        **quick,
    )
    shown = [answers, files, tried]
    run.change(_emptied, inputs_kwargs={"path": run, "turn": turn}, outputs=shown, **quick)
    run.change(_examples, inputs_kwargs={"path": run}, outputs=how, **quick)
    run.change(_offer_demo, inputs_kwargs={"path": run}, outputs=demo, **quick)
    judged: dict[str, Any] = {
        "inputs_kwargs": {"gallery": gallery, "tried": tried, "readiness": readiness},
        "outputs": [answers, cost],
        **quick,
    }
    run.change(_usual, inputs_kwargs={"path": run, "known": known}, outputs=[known, gallery, readiness], **quick).then(
        _judged, **judged
    )
    tries: dict[str, Any] = {"outputs": shown, "show_progress": "hidden", **AT_ONCE}
    files.upload(_try, inputs_kwargs={"path": run, "wanted": wanted, "files": files, "turn": turn}, **tries).then(
        _judged, **judged
    )
    demo.click(_try_demo, inputs_kwargs={"path": run, "turn": turn}, **tries).then(_judged, **judged)
    gr.on([files.upload, demo.click], fn=None, js=into_view("try-answers", after=500))
    readiness.change(_judged, trigger_mode="always_last", **judged)
    answers.click(
        _ask_why,
        inputs_kwargs={"tried": tried, "readiness": readiness},
        outputs=[panel, asked],
        trigger_mode="multiple",
        **quick,
    )
    return tried


def _follow(wanted: str | None, chosen: str | None, before: Offered | None, known: Known | None) -> tuple[Any, ...]:
    """What can be chosen, and what the page knows of what is; again and again while a training goes on. A list that is put in
    place anew would close under the person's hand.
    """
    going = jobs.current()
    now, chosen = _offered(going), wanted or chosen
    changed = (finished.offer_of(list(now.choices), chosen), now.why) if wanted or now != before else (gr.skip(), gr.skip())
    return None if wanted else gr.skip(), *changed, now, gr.Timer(active=going is not None), *_usual(chosen, known)


def _offered(going: Run | None) -> Offered:
    """The models, that of the training that goes on among them; or why there is none yet."""
    choices = finished.choices()
    if going and (going.path / ABOUT).exists():
        choices.insert(0, (text("try.learning", name=going.title), str(going.path)))
        return Offered(tuple(choices), message("info", text("try.learning.what")))
    return Offered(tuple(choices), _NOTHING if choices else message("info", text("try.waiting" if going else "try.none")))


def _emptied(path: str | None, turn: Turn) -> Answers | dict[str, Any]:
    """What another model said goes; what this one says may have come before it was told that it is chosen. So may a photo for
    it: only photos that another one was shown leave the box.
    """
    shown = turn.trial is not None
    return (_NOTHING, gr.update(value=None) if shown else gr.skip(), None) if turn.over(path) else gr.skip()


def _examples(path: str | None, request: gr.Request) -> Markup:
    return endpoint.examples(finished.find(path), f"http://{request.headers['host']}")


def _offer_demo(path: str | None) -> gr.Button:
    """The demo has new photos of the same classes."""
    run = finished.find(path)
    return gr.Button(visible=run is not None and run.settings.data == "demo")


def _try(path: str | None, files: list[str], turn: Turn, wanted: str | None = None) -> Iterator[Answers]:
    """Photos may be dropped before it was told which model is chosen: it is the one that is wanted, or the first."""
    path = path or wanted or next((first for _, first in _offered(jobs.current()).choices), None)
    yield from turn.taken(lambda trial: _classify(path, files), path)


def _try_demo(path: str | None, turn: Turn) -> Iterator[Answers]:
    new_photos = sorted(open_data(str(DEMO.with_name("new_photos.zip"))).rglob("*.jpg"))
    yield from _try(path, [str(photo) for photo in new_photos[::EVERY]], turn)


def _look_again(
    known: Known | None, gallery: Gallery | None, tried: Tried | None, readiness: float, turn: Turn
) -> tuple[Any, Any, Any]:
    """Once the training is over, its model looks again at what it was shown while it learnt; unless another model is chosen, or
    other photos are shown, meanwhile.
    """
    if known is None or tried is None or tried.run != known.run or tried.written == known.written or known.learning:
        return gr.skip(), gr.skip(), gr.skip()
    trial = turn.trial
    *_, (said, _, now) = _classify(known.run, [str(answer.path) for answer in tried.answers], over=True)
    if turn.trial is not trial:
        return gr.skip(), gr.skip(), gr.skip()
    return (*_judged(gallery, now, readiness), now) if now else (said, _NOTHING, None)


def _classify(path: str | None, files: list[str], *, over: bool = False) -> Iterator[Answers]:
    """Says how far it has come once a second, then answers; the drop zone is free again at the end."""
    run = finished.find(path)
    if run is None:
        yield _said(message("info", text("try.none" if path is None else "try.gone")))
        return
    yield _busy(0, len(files))
    said = monotonic()
    answers, looks = [], []
    try:
        written = finished.written(run)
        model = finished.model(run)
        for answer in model.classify([Path(file) for file in files]):
            answers.append(answer)
            looks.append(thumbnail(answer.path, answer.path.name) if answer.scores else _NOTHING)
            if monotonic() - said > 1:
                yield _busy(len(answers), len(files))
                said = monotonic()
    except UserError as error:
        yield _said(message("bad", text("try.gone"), error.messages))
        return
    tried = Tried(run=str(run.path), written=written, classes=model.classes, answers=answers, looks=looks, over=over)
    yield _busy(len(files), len(files))[0], gr.update(value=None), tried


def _busy(done: int, total: int) -> Answers:
    return message("info", text("try.classifying", done=done, all=total)), gr.skip(), gr.skip()


def _said(said: Markup) -> Answers:
    return said, gr.update(value=None), None


def _ask_why(event: gr.EventData, tried: Tried | None, readiness: float) -> tuple[Markup, Asked | None]:
    """A browser may send anything: only the photos that it was shown can be asked about."""
    clicked = clicked_on(event)
    match clicked:
        case {"photo": int(number)} if tried and 0 <= number < len(tried.answers):
            path = tried.answers[number].path
            return why.opened(Asked(run=tried.run, photo=str(path), name=path.name, readiness=readiness))
        case _:
            return why.opened(None)


# --- None of these -----------------------------------------------------------------------------------------------------


def _usual(path: str | None, known: Known | None) -> tuple[Any, Any, Any]:
    """What the model tells strangers by, and the slider where its training set it; nothing of a model that is as it was. One
    that is still learning knows no strangers yet.
    """
    run = finished.find(path)
    now = Known(str(run.path), finished.written(run), lock.holder(run.path) == "alive") if run else None
    if now == known:
        return gr.skip(), gr.skip(), gr.skip()
    try:
        gallery = finished.model(run).gallery if run else None
    except UserError:  # said to whoever shows it a photo
        gallery = None
    if gallery is None:
        return now, None, gr.skip()
    usual = gallery.readiness
    return now, gallery, gr.Slider(value=usual, info=text("none.slider.help", usual=usual))


def _judged(gallery: Gallery | None, tried: Tried | None, readiness: float) -> tuple[Any, Markup]:
    """The cards, and what this setting of the slider costs."""
    threshold = gallery.threshold_at(readiness) if gallery else FARTHEST
    answers = [answer.judged(tried.classes, threshold) for answer in tried.answers] if tried else []
    cards = _answers(tried, answers) if tried else gr.skip()
    return cards, _cost(gallery, threshold, answers) if gallery else _NOTHING


def _cost(gallery: Gallery, threshold: float, answers: list[Answer]) -> Markup:
    known, refused = len(gallery.usual), gallery.refused(threshold)
    none = [answer.none_of_these for answer in answers if answer.scores]
    sentences = (
        text("none.lost", photos=photos(known), refused=refused, share=percent(refused / known)),
        *([text("none.now", photos=photos(len(none)), refused=sum(none))] if none else []),
        text("none.gained"),
        text("none.where"),
    )
    return _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)


def _answers(tried: Tried, answers: list[Answer]) -> Markup:
    """``answers``: as the slider stands."""
    good, bad = [], []
    for number, answer in enumerate(answers):
        if answer.scores is None:
            bad.append(Markup("<li><code>{}</code> {}</li>").format(answer.path.name, answer.error))
        else:
            good.append(_card(tried, number, answer))
    said = [*([text("try.over")] if tried.over else []), text("try.again")]
    done = message("good", text("try.done", photos=photos(len(good))), said) if good else _NOTHING
    unread = (
        Markup('<details class="listed left-out" open><summary>{}</summary><ul>{}</ul></details>').format(
            text("try.bad", photos=photos(len(bad))), _NOTHING.join(bad)
        )
        if bad
        else _NOTHING
    )
    return Markup('{}{}<div class="answers">{}</div>').format(done, unread, _NOTHING.join(good))


def _card(tried: Tried, number: int, answer: Answer) -> Markup:
    assert answer.scores is not None
    none = answer.none_of_these
    best = sorted(zip(tried.classes, answer.scores, strict=True), key=lambda pair: -pair[1])[:BEST]
    bars = figures.bars(best)
    return Markup(
        '<article class="card answer{kind}">{look}<div><h4>{title}</h4>{would}{bars}<footer><small>{name}</small>{ask}</footer>'
        "</div></article>"
    ).format(
        kind=" stranger" if none else "",
        look=tried.looks[number],
        title=text("none") if none else best[0][0],
        would=Markup("<p>{}</p>").format(text("none.would", name=best[0][0])) if none else _NOTHING,
        bars=Markup("<details><summary>{}</summary>{}</details>").format(text("none.scores"), bars) if none else bars,
        name=answer.path.name,
        ask=action(text("why.ask"), {"photo": number}),
    )

"""All photos of a run as points on a map: drawn when it is asked for, and each opens its photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi, sin
from time import sleep
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from resnet_finetune.data.images import UnreadablePhoto, read, square
from resnet_finetune.data.names import located
from resnet_finetune.insight.photo_map import PhotoMap, make_map
from resnet_finetune.model.gallery import Seen
from resnet_finetune.ui.drawn.messages import ACTIONS, action, message
from resnet_finetune.ui.drawn.thumbnails import of_run, picture
from resnet_finetune.ui.shared import finished, why
from resnet_finetune.ui.shared.asked import Asked
from resnet_finetune.ui.shared.beside import AT_ONCE, SAID_EVERY, Trial, Turn
from resnet_finetune.ui.shared.parts import clicked_on, into_view
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Judged, Report

WIDTH, HEIGHT, MARGIN = 1000, 680, 24  # of the map, in its own units
SIDE = 240  # pixels of an opened photo
MANY = 600  # points, from which on they are smaller
_NOTHING = Markup("")

# That people with any kind of colour vision tell apart (Okabe and Ito 2008), but for the yellow, which is lost on white.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7e57c2", "var(--ink)")


def _polygon(*corners: tuple[float, float]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + "Z"


def _round(corners: int, radii: tuple[float, ...], turn: float) -> str:
    """Corners around the middle, at ``radii`` in turn; the first at ``turn`` of a whole turn from the right."""
    angles = [2 * pi * (turn + corner / corners) for corner in range(corners)]
    return _polygon(
        *((radii[n % len(radii)] * cos(angle), radii[n % len(radii)] * sin(angle)) for n, angle in enumerate(angles))
    )


_CROSS = ((-2, -7), (2, -7), (2, -2), (7, -2), (7, 2), (2, 2), (2, 7), (-2, 7), (-2, 2), (-7, 2), (-7, -2), (-2, -2))
_DIAGONAL = tuple(((x - y) * 0.7071, (x + y) * 0.7071) for x, y in _CROSS)
SHAPES = (  # 11, so that with 8 colours the first 88 classes differ
    "M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0Z",
    _round(3, (8,), 0.75),
    _round(4, (7.5,), 0.125),
    _round(10, (8.5, 3.6), 0.75),
    _polygon(*_CROSS),
    _round(4, (8,), 0),
    _round(3, (8,), 0.25),
    _polygon(*_DIAGONAL),
    _round(6, (7,), 0),
    _round(8, (8.5, 3), 0),
    _polygon((-7, -3), (7, -3), (7, 3), (-7, 3)),
)

# A point is pressed, or nearly so by a finger, or found with the arrow keys and opened with Enter; a class is seen alone while
# its button is pressed.
_MAP = """
const points = () => [...element.querySelectorAll("[data-point]:not(.faint)")];
const nearest = (event) => {
    let best = null, least = 20;  // pixels
    for (const point of points()) {
        const { x, y, width, height } = point.getBoundingClientRect();
        const away = Math.hypot(x + width / 2 - event.clientX, y + height / 2 - event.clientY);
        if (away < least) { best = point; least = away; }
    }
    return best;
};
const open = (point) => trigger("click", { point: Number(point.dataset.point) });
element.addEventListener("click", (event) => {
    const point = event.target.closest("[data-point]") ?? (event.target.closest(".map > svg") && nearest(event));
    if (point) { point.focus(); open(point); }
    const button = event.target.closest("button[data-only]");
    if (!button) return;
    const only = button.getAttribute("aria-pressed") === "false" ? button.dataset.only : null;
    for (const other of element.querySelectorAll("button[data-only]"))
        other.setAttribute("aria-pressed", String(other.dataset.only === only));
    for (const one of element.querySelectorAll("[data-class]"))
        one.classList.toggle("faint", only !== null && one.dataset.class !== only);
});
const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
element.addEventListener("keydown", (event) => {
    const here = event.target.closest("[data-point]");
    if (!here) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(here); }
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    let best = null, least = Infinity;
    for (const point of points()) {
        const [x, y] = [point.dataset.x - here.dataset.x, point.dataset.y - here.dataset.y];
        const ahead = x * way[0] + y * way[1], aside = Math.abs(x * way[1] + y * way[0]);
        if (ahead > 0 && aside <= 2 * ahead && ahead + 2 * aside < least) { best = point; least = ahead + 2 * aside; }
    }
    if (!best) return;
    here.tabIndex = -1;
    best.tabIndex = 0;
    best.focus();
});
"""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The map that is on the page, of which run."""

    run: str
    map: PhotoMap
    report: Report


Shown = tuple[Markup, Markup, Drawn | None]  # the map, and the photo that is open


def build(run: gr.Dropdown) -> Callable[[Dependency], None]:
    """For the run that is chosen in the dropdown. What comes back has it looked after an event whether that went on."""
    drawn, turn = gr.State(None), gr.State(Turn())
    gr.HTML(Markup("<p>{}</p>").format(text("map.lead")))
    make = gr.Button(text("map.make"), elem_id="map-make")
    plane = gr.HTML(js_on_load=_MAP, elem_id="map-plane")
    photo = gr.HTML(js_on_load=ACTIONS, elem_id="map-photo")
    panel, asked = why.build("map-why")
    given: dict[str, Any] = {"inputs_kwargs": {"path": run, "turn": turn}, "outputs": [plane, photo, drawn]}
    make.click(_make, show_progress="minimal", show_progress_on=plane, **given, **AT_ONCE)
    emptied: dict[str, Any] = {"queue": False, "show_progress": "hidden", **given}
    run.change(_empty, **emptied)
    plane.click(
        _open,
        inputs_kwargs={"drawn": drawn},
        outputs=photo,
        queue=False,
        show_progress="hidden",
        trigger_mode="multiple",
    ).then(fn=None, js=into_view("map-photo"))
    photo.click(
        _ask_why,
        inputs_kwargs={"drawn": drawn},
        outputs=[panel, asked],
        queue=False,
        show_progress="hidden",
        trigger_mode="multiple",
    )

    def again(event: Dependency) -> None:
        event.then(_empty, **emptied)

    return again


def _empty(path: str | None, turn: Turn) -> Shown | dict[str, Any]:
    return (_NOTHING, _NOTHING, None) if turn.over(finished.of_now(path)) else gr.skip()


def _make(path: str | None, turn: Turn) -> Iterator[Shown]:
    def made(trial: Trial) -> Iterator[Shown]:
        yield _made(path)

    now = finished.of_now(path)
    if not (turn.busy and turn.about == now):
        yield from turn.taken(made, now)
    while turn.busy and turn.about == now:  # pressed again: what says that it is at work is there until this ends, too
        sleep(SAID_EVERY)


def _made(path: str | None) -> Shown:
    run = finished.find(path)
    try:
        report = run.report() if run else None
        if run is None or report is None:
            return message("info", text("results.none")), _NOTHING, None
        made = make_map(run.path, run.settings.seed)
    except UserError as error:
        return message("bad", text("map.not_made"), error.messages), _NOTHING, None
    drawn = Drawn(run=str(run.path), map=made, report=report)
    return draw(made, {photo.path for photo in report.judged if photo.predicted != photo.true}), _NOTHING, drawn


def _open(event: gr.EventData, drawn: Drawn | None) -> Markup:
    """A browser may send anything: only a point of the map that it was sent opens."""
    match clicked_on(event):
        case {"point": int(number)} if drawn and 0 <= number < len(drawn.map.photos):
            return _opened(drawn, number)
        case _:
            return _NOTHING


def _ask_why(event: gr.EventData, drawn: Drawn | None) -> tuple[Markup, Asked | None]:
    match clicked_on(event):
        case {"point": int(number)} if drawn and 0 <= number < len(drawn.map.photos):
            run = finished.find(drawn.run)
            return why.opened_for_tested(run, drawn.map.photos[number].name) if run else why.opened(None)
        case _:
            return why.opened(None)


# --- What is drawn -------------------------------------------------------------------------------------------------------


def draw(made: PhotoMap, mistakes: set[str]) -> Markup:
    """Colour and shape tell the class; the photos with the names of ``mistakes`` are ringed."""
    points, rings = [], []
    for number, (photo, (across, down)) in enumerate(zip(made.photos, made.places.tolist(), strict=True)):
        x = round(MARGIN + across * (WIDTH - 2 * MARGIN), 1)
        y = round(MARGIN + down * (HEIGHT - 2 * MARGIN), 1)
        points.append(
            Markup(
                '<g transform="translate({x},{y})"><path d="{shape}" fill="{colour}" data-point="{number}" data-x="{x}" '
                'data-y="{y}" data-class="{label}" role="button" tabindex="{tab}"><title>{title}</title></path></g>'
            ).format(
                shape=SHAPES[photo.label % len(SHAPES)],
                colour=COLOURS[photo.label % len(COLOURS)],
                x=x,
                y=y,
                number=number,
                label=photo.label,
                tab=-1 if number else 0,
                title=text("map.point", name=photo.name, class_=made.classes[photo.label]),
            )
        )
        if photo.name in mistakes:
            rings.append(
                Markup('<g transform="translate({},{})"><circle r="12" data-class="{}"/></g>').format(x, y, photo.label)
            )
    sample = text("map.sample", shown=len(made.photos), all=made.all) if len(made.photos) < made.all else ""
    return Markup(
        '<figure class="map{many}"><svg viewBox="0 0 {width} {height}" role="group" aria-label="{label}">{points}'
        '<g class="rings">{rings}</g></svg><figcaption><p>{legend} {ring}{sample}</p><div class="legend">{classes}</div>'
        "</figcaption></figure>"
    ).format(
        many=" many" if len(made.photos) > MANY else "",
        width=WIDTH,
        height=HEIGHT,
        label=text("map.label"),
        points=_NOTHING.join(points),
        rings=_NOTHING.join(rings),
        legend=text("map.legend"),
        ring=Markup('<span class="ring"></span>{}. ').format(text("map.mistake")) if rings else "",
        sample=sample,
        classes=_NOTHING.join(_legend(made.classes, label) for label in sorted({photo.label for photo in made.photos})),
    )


def _legend(classes: list[str], label: int) -> Markup:
    return Markup(
        '<button type="button" class="action" data-only="{label}" aria-pressed="false"><svg viewBox="-9 -9 18 18" '
        'aria-hidden="true"><path d="{shape}" fill="{colour}"/></svg>{name}</button>'
    ).format(label=label, shape=SHAPES[label % len(SHAPES)], colour=COLOURS[label % len(COLOURS)], name=classes[label])


def _opened(drawn: Drawn, number: int) -> Markup:
    photo = drawn.map.photos[number]
    judged = next((judged for judged in drawn.report.judged if judged.path == photo.name), None)
    return Markup(
        '<article class="opened">{look}<div><h4>{class_}</h4><small>{name}</small><p>{part}</p>{judged}</div></article>'
    ).format(
        look=_look(drawn.report, photo.name),
        class_=drawn.map.classes[photo.label],
        name=photo.name,
        part=text(_part(drawn.report, photo, judged)),
        judged=_judged(drawn.map.classes, judged, number) if judged else "",
    )


def _part(report: Report, photo: Seen, judged: Judged | None) -> str:
    if judged is None:
        return f"map.{photo.split}"
    return "map.crossed" if report.cross_validated else "map.test"


def _judged(classes: list[str], judged: Judged, number: int) -> Markup:
    said = text("map.says", said=classes[judged.predicted])
    return Markup("<p>{}</p>{}").format(said, action(text("why.ask"), {"point": number}))


def _look(report: Report, name: str) -> Markup:
    try:
        return picture(square(read(located(report.folder, name), SIDE)[0], SIDE), name)
    except (UserError, UnreadablePhoto, OSError):
        return of_run(report, name)

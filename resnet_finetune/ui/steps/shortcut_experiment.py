"""Why depth needs the shortcut: networks with and without it, trained while one watches, and what their curves say."""

from __future__ import annotations

from contextlib import suppress
from math import floor, log, log10

import gradio as gr
from markupsafe import Markup

from resnet_finetune.engine.shortcut_experiment import BATCH, RATE, SIDE, WIDTH, shortcut_experiment
from resnet_finetune.ui.drawn.figures import Line, chart, table
from resnet_finetune.ui.shared.desk import Chosen
from resnet_finetune.ui.shared.trial import Attempt, of_desk
from resnet_finetune.ui.wording.texts import classes, duration, photos, text
from resnet_finetune.words import disk
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.home import home
from resnet_finetune.words.language import say
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.shortcut_trial import FILE, ShortcutTrial, Trained

MEAN_OF = 10  # steps
SMALLEST = 1e-300  # a gradient that is 0 even in double precision is drawn here
_NOTHING = Markup("")


def build(chosen: gr.State) -> gr.HTML:
    """The place for its curves."""
    gr.HTML(Markup("<p>{}</p>").format(text("shortcuts.lead")))
    return ATTEMPT.build(chosen, gr.State(None))


def draw(trial: ShortcutTrial) -> Markup:
    """Four charts, each under the sentence that it shows, the same as a table, and how it was made."""
    plain, residual = trial.of(False), trial.of(True)
    said = text(
        "shortcuts.about",
        photos=photos(trial.photos),
        classes=classes(trial.classes),
        where=say("the demo photos") if trial.data == "demo" else trial.data,
        minutes=duration(trial.seconds),
    )
    bare = _gradients(text("shortcuts.bare"), *([net.bare_gradients for net in nets] for nets in (plain, residual)))
    normed = _gradients(text("shortcuts.normed"), *([net.gradients for net in nets] for nets in (plain, residual)))
    charts = [
        (_bare_says(plain), bare),
        (_normed_says(plain[-1], residual[-1]), normed),
        (_losses_say(plain, trial, "plain"), _losses(text("shortcuts.loss.plain"), trial, plain, "plain")),
        (_losses_say(residual, trial, "residual"), _losses(text("shortcuts.loss.residual"), trial, residual, "residual")),
    ]
    drawn = _NOTHING.join(Markup("<div>{1}<p>{0}</p></div>").format(*one) for one in charts)
    how = text("shortcuts.how", side=SIDE, width=WIDTH, steps=trial.steps, batch=BATCH, rate=f"{RATE:g}")
    return Markup(
        '<section class="experiment"><p>{}</p><div class="charts">{}</div>{}<p class="aside">{}</p></section>'
    ).format(said, drawn, _table(trial), how)


def _bare_says(plain: list[Trained]) -> str:
    shallow, deep = plain[0], plain[-1]
    shrunk = _log(shallow.bare_gradients[0]) - _log(deep.bare_gradients[0])
    return text("shortcuts.bare.what", shrunk=_power(shrunk), deepest=deep.depth, shallowest=shallow.depth)


def _normed_says(plain: Trained, residual: Trained) -> str:
    """The head, which has no ReLU and no batch norm behind it, is left out."""
    plain_grown, residual_grown = (net.gradients[0] / net.gradients[-2] for net in (plain, residual))
    return text(
        "shortcuts.normed.what", deepest=plain.depth, plain=_power(log10(plain_grown)), residual=f"{residual_grown:,.0f}"
    )


def _losses_say(networks: list[Trained], trial: ShortcutTrial, kind: str) -> str:
    shallow, deep = networks[0], networks[-1]
    ends = {"low": _end(shallow, trial), "high": _end(deep, trial)}
    return text(f"shortcuts.loss.{kind}.what", shallowest=shallow.depth, deepest=deep.depth, **ends)


def _gradients(title: str, plain: list[list[float]], residual: list[list[float]]) -> Markup:
    """Powers of ten, over the layers. The deeper the network, the longer its line."""
    lines = [
        Line(
            text(f"shortcuts.{word}") if number == len(networks) else "",
            f"{style} d{number}",
            [(layer, _log(norm)) for layer, norm in enumerate(norms, start=1)],
        )
        for networks, style, word in ((plain, "plain", "without"), (residual, "residual", "with"))
        for number, norms in enumerate(networks, start=1)
    ]
    powers = [power for line in lines for _, power in line.points]
    low, high = floor(min(powers)), floor(max(powers)) + 1
    most = max(map(len, plain))
    return chart(title, text("shortcuts.layer"), most, (low, high), lines, name_y=_power)


def _losses(title: str, trial: ShortcutTrial, networks: list[Trained], style: str) -> Markup:
    guess = log(trial.classes)  # cross-entropy of equal chances
    lines = [
        Line(
            text("shortcuts.layers", n=net.depth) if net is networks[-1] else str(net.depth),
            f"{style} d{number}",
            _smooth(net.losses),
        )
        for number, net in enumerate(networks, start=1)
    ]
    lines.append(Line(text("shortcuts.guess"), "dashed guess", [(0.0, guess), (float(trial.steps), guess)]))
    most = max((loss for net in trial.networks for _, loss in _smooth(net.losses)), default=guess)
    return chart(title, text("shortcuts.step"), trial.steps, (0, 1.05 * max(most, guess)), lines)


def _smooth(losses: list[float]) -> list[tuple[float, float]]:
    """Means of ``MEAN_OF`` steps, each at its last one."""
    return [(float(end), sum(losses[end - MEAN_OF : end]) / MEAN_OF) for end in range(MEAN_OF, len(losses) + 1, 2)]


def _table(trial: ShortcutTrial) -> Markup:
    gradient, loss = text("shortcuts.table.first"), text("shortcuts.table.loss")
    heads = [
        text("shortcuts.table.depth"),
        *(
            text("shortcuts.table.of", what=what, net=text(f"shortcuts.{word}"))
            for what in (gradient, loss)
            for word in ("without", "with")
        ),
    ]
    rows = (
        (
            str(pair[0].depth),
            [*(_scientific(net.bare_gradients[0]) for net in pair), *(_end(net, trial) for net in pair)],
        )
        for pair in zip(trial.of(False), trial.of(True), strict=True)
    )
    return table(heads, rows, "networks")


def _end(net: Trained, trial: ShortcutTrial) -> str:
    return f"{_smooth(net.losses)[-1][1]:.2f}" if len(net.losses) == trial.steps else text("shortcuts.lost")


def _log(norm: float) -> float:
    return log10(max(norm, SMALLEST))


def _scientific(norm: float) -> str:
    power = floor(_log(norm))
    return f"{norm / 10**power:.1f} × {_power(power)}"


def _power(power: float) -> str:
    return "10" + str(round(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _doing(last: Event | None) -> str:
    return text("shortcuts.training" if isinstance(last, Progress) and last.stage == "experiment" else "shortcuts.scan")


def _answer(trial: ShortcutTrial, chosen: Chosen | None) -> tuple[Markup, None]:
    """It is kept for the next visit; a disk that is full only means that it has to be made again."""
    with suppress(OSError):
        disk.write_json(home() / FILE, trial.to_json())
    return draw(trial), None


def last() -> Markup:
    """The curves of the last one, if there was any."""
    try:
        return draw(ShortcutTrial.from_json(disk.read_json(home() / FILE)))
    except (OSError, ValueError):
        return _NOTHING


def _settings(chosen: Chosen | None) -> Settings:
    return of_desk(chosen) or Settings()


ATTEMPT = Attempt("shortcuts", shortcut_experiment, _doing, _answer, _settings, before=lambda chosen: (last(), None))

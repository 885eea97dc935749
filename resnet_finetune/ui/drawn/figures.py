"""Drawings of numbers that ``words.report`` computed. HTML and SVG in the page's own colours, so that light and dark both work.

Class and file names come from strangers' folders: ``Markup.format`` escapes every value that is not itself ``Markup``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup

from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.report import ClassScore, Interval

_NOTHING = Markup("")
in_percent = "{:.0%}".format  # for an axis of shares


def table(heads: Sequence[str], rows: Iterable[tuple[str | Markup, Sequence[str]]], style: str = "") -> Markup:
    """A column for each of ``heads``; the first is of the rows' names. ``style`` is one more class name of the style sheet."""
    head = _NOTHING.join(Markup('<th scope="col">{}</th>').format(title) for title in heads)
    body = _NOTHING.join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            name, _NOTHING.join(Markup("<td>{}</td>").format(value) for value in values)
        )
        for name, values in rows
    )
    return Markup('<div class="scroll"><table class="{}"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        f"scores {style}".strip(), head, body
    )


def per_class_table(scores: Sequence[ClassScore]) -> Markup:
    """Precision, recall and F1 of each class, the worst first; a dash where there is nothing to divide by."""
    worst_first = sorted(scores, key=lambda score: (score.f1 is None, score.f1, score.name))
    rows = _NOTHING.join(
        Markup('<tr><th scope="row">{}</th><td>{}</td>{}{}{}</tr>').format(
            score.name,
            score.n,
            _share(score.precision, score.precision_interval),
            _share(score.recall, score.recall_interval),
            _share(score.f1, score.f1_interval),
        )
        for score in worst_first
    )
    heads = _NOTHING.join(
        Markup('<th scope="col">{}<small>{}</small></th>').format(text(f"table.{key}"), text(f"table.{key}.help"))
        for key in ("class", "photos", "precision", "recall", "f1")
    )
    return Markup('<div class="scroll"><table class="scores"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        heads, rows
    )


def _share(value: float | None, interval: Interval | None) -> Markup:
    if value is None or interval is None:
        return Markup("<td>–</td>")
    return Markup('<td><span class="meter" style="--share:{:.0%}"></span>{} <small>{}</small></td>').format(
        value, percent(value), text("table.interval", low=f"{100 * interval[0]:.0f}", high=f"{100 * interval[1]:.0f}")
    )


def bars(shares: Sequence[tuple[str, float]]) -> Markup:
    """One bar a class, for shares from 0 to 1."""
    items = (
        Markup(
            '<li><span class="name" title="{0}">{0}</span><span class="bar"><i style="width:{1:.1%}"></i></span><b>{2}</b></li>'
        ).format(name, share, percent(share))
        for name, share in shares
    )
    return Markup('<ol class="bars">{}</ol>').format(_NOTHING.join(items))


@dataclass(frozen=True)
class Line:
    """``points`` are (x, y) in the units of the axes. ``style`` is a class name of the style sheet."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


WIDTH, HEIGHT = 460, 250  # of a chart, in its own units, which are pixels where the page is wide
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 40


def chart(
    title: str,
    x_label: str,
    x_most: float,
    y_range: tuple[float, float],
    lines: Sequence[Line],
    *,
    name_x: Callable[[float], str] = "{:g}".format,
    name_y: Callable[[float], str] = "{:g}".format,
) -> Markup:
    """A line chart from x = 0 to ``x_most``; ``name_x`` writes the whole numbers of the x axis, ``name_y`` the numbers of the y
    axis. A line without a name is not in the legend.
    """
    low, high = y_range

    def at(x: float, y: float) -> tuple[float, float]:
        """Pixels from the upper left."""
        across = _LEFT + x / x_most * (WIDTH - _LEFT - _RIGHT)
        down = HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)
        return round(across, 1), round(down, 1)

    grid = _NOTHING.join(
        Markup('<line x1="{}" x2="{}" y1="{y}" y2="{y}"/><text class="y" x="{}" y="{y}">{}</text>').format(
            _LEFT, WIDTH - _RIGHT, _LEFT - 6, name_y(y), y=at(0, y)[1]
        )
        for y in _ticks(low, high, 5)
    ) + _NOTHING.join(
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(at(x, 0)[0], HEIGHT - _BOTTOM + 16, name_x(x))
        for x in _ticks(0, x_most, 6)
        if x == int(x)
    )
    legend = _NOTHING.join(
        Markup('<li class="{}">{}</li>').format(line.style, line.name) for line in lines if line.points and line.name
    )
    return Markup(
        '<figure class="chart"><figcaption>{title}<ul>{legend}</ul></figcaption>'
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}"><title>{title}</title>'
        '<g class="grid">{grid}</g>{lines}<text class="x" x="{middle}" y="{foot}">{x_label}</text></svg></figure>'
    ).format(
        title=title,
        legend=legend,
        width=WIDTH,
        height=HEIGHT,
        grid=grid,
        lines=_NOTHING.join(_draw(line, [at(x, y) for x, y in line.points]) for line in lines),
        middle=(WIDTH + _LEFT - _RIGHT) // 2,
        foot=HEIGHT - 6,
        x_label=x_label,
    )


def _draw(line: Line, pixels: Sequence[tuple[float, float]]) -> Markup:
    path = Markup('<polyline class="{}" points="{}"/>').format(line.style, " ".join(f"{x},{y}" for x, y in pixels))
    if not line.dots:
        return path
    return path + _NOTHING.join(
        Markup('<circle class="{}" cx="{}" cy="{}" r="3.5"/>').format(line.style, x, y) for x, y in pixels
    )


def _ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` + 1 round numbers from ``low`` to ``high``, in steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** ceil(log10(rough) - 1)
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough - 1e-9)
    return [round(n * step, 10) for n in range(ceil(low / step - 1e-9), int(high / step + 1e-9) + 1)]

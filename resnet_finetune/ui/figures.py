"""Drawings of numbers that ``words.report`` computed. HTML and SVG in the page's own colours, so that light and dark both work.

Class and file names come from strangers' folders: ``Markup.format`` escapes every value that is not itself ``Markup``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup

from resnet_finetune.ui.texts import percent, text
from resnet_finetune.words.report import ClassScore

CLOSE = 25  # classes; cells for more are too small for numbers, unless the person asks
MOST_CLASSES = 100  # a matrix of more is neither readable nor quick to draw

_NOTHING = Markup("")


def confusion_matrix(classes: Sequence[str], matrix: Sequence[Sequence[int]], *, shares: bool) -> Markup:
    """Rows true, columns predicted. ``shares`` divides each row by its sum and writes per cent.

    Right answers are on the diagonal in the one colour, mistakes off it in the other; the fuller the colour, the more photos.
    """
    shown = _most_mistaken(matrix)
    largest = max((matrix[row][column] for row in shown for column in shown), default=0)
    rows = _NOTHING.join(
        Markup('<tr><th scope="row" title="{0}"><span>{0}</span></th>{1}</tr>').format(
            classes[row],
            _NOTHING.join(
                _cell(classes, matrix, row, column, sum(matrix[row]) if shares else largest, shares) for column in shown
            ),
        )
        for row in shown
    )
    heads = _NOTHING.join(
        Markup('<th scope="col" title="{0}"><span>{0}</span></th>').format(classes[column]) for column in shown
    )
    left_out = text("matrix.left_out", shown=len(shown), all=len(classes)) if len(shown) < len(classes) else ""
    return Markup(
        '<figure class="matrix {size}" style="--n:{n}">'
        '<p class="axis columns">{columns}</p><p class="axis rows">{rows_axis}</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        "<table><caption>{label}</caption><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<figcaption><i class="right"></i>{right} <i class="wrong"></i>{wrong} {larger} {left_out}</figcaption></figure>'
    ).format(
        size="roomy" if len(shown) <= 8 else "close" if len(shown) <= CLOSE else "dense",
        n=len(shown),
        larger=Markup('<label><input type="checkbox">{}</label>').format(text("matrix.larger")) if len(shown) > CLOSE else "",
        columns=text("matrix.columns"),
        rows_axis=text("matrix.rows"),
        label=text("matrix.label"),
        heads=heads,
        rows=rows,
        right=text("matrix.right"),
        wrong=text("matrix.wrong"),
        left_out=left_out,
    )


def _most_mistaken(matrix: Sequence[Sequence[int]]) -> list[int]:
    """All classes in their order, or the ``MOST_CLASSES`` with the most mistakes."""
    everyone = range(len(matrix))
    called = [sum(row[column] for row in matrix) for column in everyone]
    mistakes = [sum(matrix[index]) + called[index] - 2 * matrix[index][index] for index in everyone]
    return sorted(sorted(everyone, key=lambda index: -mistakes[index])[:MOST_CLASSES])


def _cell(classes: Sequence[str], matrix: Sequence[Sequence[int]], row: int, column: int, whole: int, shares: bool) -> Markup:
    count = matrix[row][column]
    kind = "right" if row == column else "wrong"
    if not count:
        return Markup('<td class="{}"></td>').format("zero " + kind if row == column else "zero")
    fill = 0.15 + 0.85 * count / whole  # one photo among many must still be seen
    return Markup('<td class="{kind}{full}" style="--fill:{fill:.0%}" title="{what}">{number}</td>').format(
        kind=kind,
        full=" full" if fill > 0.55 else "",
        fill=fill,
        what=text("matrix.cell", true=classes[row], predicted=classes[column], count=count, all=sum(matrix[row])),
        number=round(100 * count / whole) if shares else count,
    )


def per_class_table(scores: Sequence[ClassScore]) -> Markup:
    """Precision, recall and F1 of each class, the worst first; a dash where there is nothing to divide by."""
    worst_first = sorted(scores, key=lambda score: (score.f1 is None, score.f1, score.name))
    rows = _NOTHING.join(
        Markup('<tr><th scope="row">{}</th><td>{}</td>{}{}{}</tr>').format(
            score.name, score.n, _share(score.precision), _share(score.recall), _share(score.f1)
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


def _share(value: float | None) -> Markup:
    if value is None:
        return Markup("<td>–</td>")
    return Markup('<td><span class="meter" style="--share:{:.0%}"></span>{}</td>').format(value, percent(value))


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
    shares: bool = False,
    name_x: Callable[[float], str] = "{:g}".format,
) -> Markup:
    """A line chart from x = 0 to ``x_most``; ``shares`` writes the y axis in per cent, ``name_x`` the whole numbers of the x
    axis.
    """
    low, high = y_range

    def at(x: float, y: float) -> tuple[float, float]:
        """Pixels from the upper left."""
        across = _LEFT + x / x_most * (WIDTH - _LEFT - _RIGHT)
        down = HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)
        return round(across, 1), round(down, 1)

    grid = _NOTHING.join(
        Markup('<line x1="{}" x2="{}" y1="{y}" y2="{y}"/><text class="y" x="{}" y="{y}">{}</text>').format(
            _LEFT, WIDTH - _RIGHT, _LEFT - 6, f"{y:.0%}" if shares else f"{y:g}", y=at(0, y)[1]
        )
        for y in _ticks(low, high, 5)
    ) + _NOTHING.join(
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(at(x, 0)[0], HEIGHT - _BOTTOM + 16, name_x(x))
        for x in _ticks(0, x_most, 6)
        if x == int(x)
    )
    legend = _NOTHING.join(Markup('<li class="{}">{}</li>').format(line.style, line.name) for line in lines if line.points)
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

"""The confusion matrix, as a table of which every cell with photos can be opened by mouse or keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from resnet_finetune.insight.class_order import mistakes
from resnet_finetune.ui.texts import photos, text
from resnet_finetune.words.assets import ASSETS

CLOSE = 25  # classes; cells for more are too small for numbers, unless the person asks
MOST_CLASSES = 100  # a matrix of more is neither readable nor quick to draw

Shows = Literal["counts", "rows", "columns"]
Matrix = Sequence[Sequence[int]]  # counts; rows true, columns predicted

# For the gr.HTML that shows it: a click tells which cell; arrow keys go from one cell with photos to the next.
KEYS = (ASSETS / "ui" / "matrix.js").read_text(encoding="utf-8")

_NOTHING = Markup("")


@dataclass(frozen=True)
class View:
    """What of a matrix is shown, and how. ``order`` are class numbers, all or some."""

    order: Sequence[int]
    shows: Shows = "counts"
    opens: bool = True  # the photos of a cell can be looked at


def found(classes: Sequence[str], confusion: Matrix, query: str) -> list[int]:
    """The classes with ``query`` in their name and those they are confused with; all of them when nothing is looked for."""
    wanted = query.strip().casefold()
    everyone = range(len(classes))
    meant = [index for index in everyone if wanted in classes[index].casefold()]
    if not wanted:
        return meant
    return [
        other
        for other in everyone
        if other in meant or any(confusion[index][other] or confusion[other][index] for index in meant)
    ]


def draw(classes: Sequence[str], confusion: Matrix, view: View) -> Markup:
    """Rows true, columns predicted: counts, or per cent of each row or column.

    Right answers are on the diagonal in the one colour, mistakes off it in the other; the fuller the colour, the more photos.
    """
    shown = _most_mistaken(confusion, view.order)
    whole = _wholes(confusion, view.shows, shown)
    rows = _NOTHING.join(
        Markup('<tr><th scope="row" title="{0}"><span>{0}</span></th>{1}</tr>').format(
            classes[row], _NOTHING.join(_cell(classes, confusion, row, column, view, whole(row, column)) for column in shown)
        )
        for row in shown
    )
    heads = _NOTHING.join(
        Markup('<th scope="col" title="{0}"><span>{0}</span></th>').format(classes[column]) for column in shown
    )
    fewer = text("matrix.left_out", shown=len(shown), all=len(view.order)) if len(shown) < len(view.order) else ""
    return Markup(
        '<figure class="matrix {size}" style="--n:{n}">'
        '<p class="axis columns">{columns}</p><p class="axis rows">{rows_axis}</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        "<table><caption>{label}</caption><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<figcaption><i class="right"></i>{right} <i class="wrong"></i>{wrong} {larger} {fewer}</figcaption></figure>'
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
        fewer=fewer,
    )


def says(classes: Sequence[str], confusion: Matrix, true: int, predicted: int) -> str:
    """A cell in words."""
    count = confusion[true][predicted]
    key = "matrix.says.right" if true == predicted else "matrix.says.one" if count == 1 else "matrix.says"
    return text(key, count=count, all=photos(sum(confusion[true])), true=classes[true], predicted=classes[predicted])


def _most_mistaken(confusion: Matrix, order: Sequence[int]) -> list[int]:
    """All of ``order``, or the ``MOST_CLASSES`` of it with the most mistakes."""
    of_each = mistakes(confusion)
    kept = set(sorted(order, key=lambda index: -of_each[index])[:MOST_CLASSES])
    return [index for index in order if index in kept]


def _wholes(confusion: Matrix, shows: Shows, shown: Sequence[int]) -> Callable[[int, int], int]:
    """Of what a cell is a share: (row, column) → photos. Summed once, not for each of the many cells."""
    match shows:
        case "counts":
            largest = max((confusion[row][column] for row in shown for column in shown), default=0)
            return lambda row, column: largest
        case "rows":
            rows = [sum(row) for row in confusion]
            return lambda row, column: rows[row]
        case "columns":
            columns = [sum(column) for column in zip(*confusion, strict=True)]
            return lambda row, column: columns[column]


def _cell(classes: Sequence[str], confusion: Matrix, row: int, column: int, view: View, whole: int) -> Markup:
    count = confusion[row][column]
    kind = "right" if row == column else "wrong"
    if not count:
        return Markup('<td class="{}"></td>').format("zero " + kind if row == column else "zero")
    fill = 0.15 + 0.85 * count / whole  # one photo among many must still be seen
    number = count if view.shows == "counts" else round(100 * count / whole)
    said = says(classes, confusion, row, column)
    what = json.dumps({"true": row, "predicted": column})
    return Markup('<td class="{kind}{full}" style="--fill:{fill:.0%}" title="{said}">{inside}</td>').format(
        kind=kind,
        full=" full" if fill > 0.55 else "",
        fill=fill,
        said=said,
        inside=Markup('<button type="button" tabindex="-1" data-do="{}" aria-label="{}">{}</button>').format(what, said, number)
        if view.opens
        else number,
    )

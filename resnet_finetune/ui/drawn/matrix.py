"""The confusion matrix, as a picture that can be zoomed into, and of which every cell with photos can be opened by mouse,
finger or keyboard. Cells without photos, of which there are most where classes are many, are only its ground.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from resnet_finetune.insight.class_order import mistakes
from resnet_finetune.ui.wording.texts import photos, text
from resnet_finetune.words.assets import ASSETS

ROOMY = 8  # classes; up to so many have cells in which a name has room above
MOST_CLASSES = 500  # a picture of more is neither readable nor quick to draw

# Colour mixed into a cell's ground from which white is read more easily on it than black, on the light page (of right answers
# only: mistakes are never so dark); and black more easily than white, on the dark page.
DEEP = 0.84
BRIGHT = {"right": 0.72, "wrong": 0.62}
FAINTEST = {"right": 0.15, "wrong": 0.3}  # one photo among many must still be seen

Shows = Literal["counts", "rows", "columns"]
Matrix = Sequence[Sequence[int]]  # counts; rows true, columns predicted

# For the gr.HTML that shows it: a click tells which cell; arrow keys go from one cell with photos to the next; it zooms.
KEYS = (ASSETS / "ui" / "matrix.js").read_text(encoding="utf-8")

_NOTHING = Markup("")


@dataclass(frozen=True)
class View:
    """What of a matrix is shown, and how. ``order`` are class numbers, all or some."""

    order: Sequence[int]
    shows: Shows = "counts"
    opens: bool = True  # the photos of a cell can be looked at, and it can be zoomed into


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
    """Rows true, columns predicted: counts, or per cent of each row or column. The same as a list for who cannot see it.

    Right answers are on the diagonal in the one colour, mistakes off it in the other; the fuller the colour, the more photos.
    """
    shown = _most_mistaken(confusion, view.order)
    whole = _wholes(confusion, view.shows, shown)
    names = _NOTHING.join(Markup('<span title="{0}"><b>{0}</b></span>').format(classes[index]) for index in shown)
    cells = _NOTHING.join(
        _cell(classes, confusion, (row, column), view, whole(row, column), _at(y, x, len(shown)))
        for y, row in enumerate(shown)
        for x, column in enumerate(shown)
        if confusion[row][column] or x == y
    )
    fewer = text("matrix.left_out", shown=len(shown), all=len(view.order)) if len(shown) < len(view.order) else ""
    return Markup(
        '<figure class="matrix{kind}" style="--n:{n};--digits:{digits}">'
        '<div class="top"><p class="axis columns">{columns}</p>{zoom}</div><p class="axis rows">{rows}</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="{label}"><div class="sheet">'
        '<i class="corner"></i><div class="heads" aria-hidden="true">{names}</div>'
        '<div class="names" aria-hidden="true">{names}</div><div class="cells">{cells}</div></div></div>'
        '<figcaption><i class="right"></i>{right} <i class="wrong"></i>{wrong} {fewer}</figcaption>{listed}</figure>'
    ).format(
        kind=(" roomy" if len(shown) <= ROOMY else "") + (" zooms" if view.opens else ""),
        n=len(shown),
        digits=max(2, len(str(max((confusion[row][column] for row in shown for column in shown), default=0)))),
        columns=text("matrix.columns"),
        zoom=_zoom() if view.opens else _NOTHING,
        rows=text("matrix.rows"),
        label=text("matrix.label"),
        names=names,
        cells=cells,
        right=text("matrix.right"),
        wrong=text("matrix.wrong"),
        fewer=fewer,
        listed=_listed(classes, confusion, shown),
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


def _zoom() -> Markup:
    buttons = (
        Markup('<button type="button" class="action" data-zoom="{0}" aria-label="{1}" title="{1}">{2}</button>').format(
            way, text(f"matrix.zoom.{way}"), sign or text("matrix.zoom.fit")
        )
        for way, sign in (("out", "−"), ("fit", ""), ("in", "+"))
    )
    return Markup('<div class="zoom" role="group" aria-label="{}" title="{}">{}</div>').format(
        text("matrix.zoom"), text("matrix.zoom.how"), _NOTHING.join(buttons)
    )


def _at(y: int, x: int, n: int) -> Markup:
    """Where a cell of ``n`` × ``n`` is, as a share, so that the browser can zoom without looking at each of them anew."""
    return Markup('data-at="{} {}" style="top:{:.6g}%;left:{:.6g}%').format(y, x, 100 * y / n, 100 * x / n)


def _cell(classes: Sequence[str], confusion: Matrix, cell: tuple[int, int], view: View, whole: int, at: Markup) -> Markup:
    """``cell``: true and predicted class."""
    row, column = cell
    count = confusion[row][column]
    kind = "right" if row == column else "wrong"
    if not count:
        return Markup('<i class="zero" {}"></i>').format(at)
    fill = FAINTEST[kind] + (1 - FAINTEST[kind]) * count / whole
    number = count if view.shows == "counts" else round(100 * count / whole)
    said = says(classes, confusion, row, column)
    deep = " deep" if kind == "right" and fill > DEEP else ""
    bright = " bright" if fill > BRIGHT[kind] else ""
    drawn = Markup('class="{}{}{}" {};--fill:{:.0%}" title="{}"').format(kind, deep, bright, at, fill, said)
    if not view.opens:
        return Markup("<i {}>{}</i>").format(drawn, number)
    what = json.dumps({"true": row, "predicted": column})
    return Markup('<button type="button" tabindex="-1" {} data-do="{}" aria-label="{}">{}</button>').format(
        drawn, what, said, number
    )


def _listed(classes: Sequence[str], confusion: Matrix, shown: Sequence[int]) -> Markup:
    """Class by class, what its photos were called: a table that a screen reader, or a person with a phone, can go through."""
    rows = _NOTHING.join(
        Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>').format(
            classes[row],
            text("matrix.list.of", right=confusion[row][row], all=sum(confusion[row])),
            Markup(" · ").join(
                Markup("{} × <bdi>{}</bdi>").format(confusion[row][column], classes[column])
                for column in _taken(confusion, row)
            ),
        )
        for row in shown
    )
    heads = (text(f"matrix.list.{key}") for key in ("class", "right", "wrong"))
    return Markup(
        '<details class="listed"><summary>{}</summary><div class="scroll" tabindex="0" role="region" aria-label="{}">'
        '<table class="scores"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details>'
    ).format(
        text("matrix.list"),
        text("matrix.list"),
        _NOTHING.join(Markup('<th scope="col">{}</th>').format(head) for head in heads),
        rows,
    )


def _taken(confusion: Matrix, row: int) -> list[int]:
    """What photos of this class were called wrongly, most often first."""
    wrong = [column for column, count in enumerate(confusion[row]) if count and column != row]
    return sorted(wrong, key=lambda column: -confusion[row][column])

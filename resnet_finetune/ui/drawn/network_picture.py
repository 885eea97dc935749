"""One picture of a residual network, from the photo to the classes. Every block is a button, coloured by what was measured.

A stage is a column. Through the boxes runs F; the arc beside each is the shortcut, marked “1×1” where it is a projection.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import Literal

from markupsafe import Markup

from resnet_finetune.insight.anatomy import Anatomy, Block, Shape
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.assets import ASSETS

Measure = Literal["ratio", "lost", "moved"]
MEASURES: tuple[Measure, ...] = ("ratio", "lost", "moved")

# For the gr.HTML that shows it: a click or Enter tells which block; arrow keys go from one block to the next.
KEYS = (ASSETS / "ui" / "network.js").read_text(encoding="utf-8")

MOST_IN_COLUMN = 12  # blocks; a longer stage takes several columns
FULLEST = 50  # per cent of the colour: what is written in the box must be read
CLASSES = 6  # that are named

# In pixels. The picture is never made smaller, so that it can be read on a phone, where it scrolls in its own box.
_COLUMN = 122  # from one column to the next
_INPUT, _BEFORE = 50, 74  # middle of the photo, and a column before the first stage
_PITCH = 54  # from one block to the next
_HALF, _HIGH = 38, 26  # of a box: half its width, and its height
_TOP = 56  # of the first box
_OUT = 53  # from the middle of a column to its arcs
_GAP = 71  # and to the line that leads to the next column
_NOTHING = Markup("")


@dataclass(frozen=True)
class _Column:
    """``middle`` is x, in pixels; ``first`` of a stage carries its name."""

    blocks: Sequence[tuple[int, Block]]
    middle: int
    first: bool


def draw(found: Anatomy) -> Markup:
    columns = list(_columns(found))
    rows = max(3, *(len(column.blocks) for column in columns))
    width, height = columns[-1].middle + _COLUMN + 92, _TOP + rows * _PITCH + 6
    end = columns[-1].middle + _COLUMN + 8
    fills = {measure: _fills(found, measure) for measure in MEASURES}
    parts = [
        _wire(Markup("M{x},{}V{}M{x},{}v18").format(_TOP + _HIGH, _TOP + _PITCH, _TOP + _PITCH + _HIGH, x=_INPUT)),
        _box(_INPUT, _TOP, text("network.photo"), found.photo),
        _box(_INPUT, _TOP + _PITCH, text("network.stem"), found.stem),
        _lead(_INPUT, _TOP + _PITCH + _HIGH + 18, columns[0].middle),
    ]
    for number, column in enumerate(columns):
        parts += _drawn_column(found, column, fills)
        onward = columns[number + 1].middle if number + 1 < len(columns) else end
        parts.append(_lead(column.middle, _place(len(column.blocks) - 1) + _HIGH + 16, onward))
    parts += _head(found, end)
    return Markup(
        '<figure class="network" data-shows="ratio">{measures}'
        '<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        '<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" aria-label="{label}">{parts}</svg>'
        "</div><figcaption>{legend}</figcaption></figure>"
    ).format(
        measures=_choices(found),
        label=text("network.label"),
        width=width,
        height=height,
        parts=_NOTHING.join(parts),
        legend=text("network.legend"),
    )


def value(found: Anatomy, block: Block, measure: Measure) -> str:
    """What is written in a box: how many times x, points of accuracy, or per cent of the weights' length."""
    match measure:
        case "ratio":
            return f"{block.ratio:.2f}"
        case "lost":
            lost = 100 * (found.right - block.right) / found.photos
            return "0" if lost == 0 else f"{-lost:+.1f}".replace("-", "−")
        case "moved":
            return "?" if block.moved is None else f"{100 * block.moved:.2g}\u00a0%"


def _columns(found: Anatomy) -> Iterator[_Column]:
    middle = _BEFORE
    for _, stage in groupby(enumerate(found.blocks), key=lambda pair: pair[1].stage):
        own = list(stage)
        many = ceil(len(own) / ceil(len(own) / MOST_IN_COLUMN))
        for start in range(0, len(own), many):
            middle += _COLUMN
            yield _Column(own[start : start + many], middle, first=start == 0)


def _fills(found: Anatomy, measure: Measure) -> list[float]:
    """Per cent of the colour for each block: none where nothing was added, lost or moved."""
    sizes: list[float]
    match measure:
        case "ratio":
            sizes = [block.ratio for block in found.blocks]
        case "lost":
            sizes = [max(0, found.right - block.right) for block in found.blocks]
        case "moved":
            sizes = [block.moved or 0 for block in found.blocks]
    most = max(sizes) or 1
    return [FULLEST * size / most for size in sizes]


def _drawn_column(found: Anatomy, column: _Column, fills: dict[Measure, list[float]]) -> Iterator[Markup]:
    x = column.middle
    if column.first:
        block = column.blocks[0][1]
        yield _text(x, 14, text("network.stage", n=block.stage), "stage")
        yield _text(x, 29, size_of(block.gives), "size")
    yield Markup('<path class="tip" d="M{},{}h8l-4,6z"/>').format(x - 4, _TOP - 7)
    for row, (number, block) in enumerate(column.blocks):
        y = _place(row)
        top, foot = y - 12, y + _HIGH + 10
        yield _wire(Markup("M{x},{a}V{y}M{x},{b}V{c}").format(x=x, a=top, y=y, b=y + _HIGH, c=_place(row + 1) - 12))
        arc = Markup("M{x},{top}H{near}q14,0 14,14V{low}q0,14 -14,14H{end}").format(
            x=x, top=top, near=x + _OUT - 14, low=foot - 14, end=x + 6
        )
        yield Markup('<path class="arc" d="{}"/>').format(arc)
        yield Markup('<circle class="sum" cx="{x}" cy="{y}" r="6"/><path class="sum" d="M{l},{y}h6M{x},{t}v6"/>').format(
            x=x, y=foot, l=x - 3, t=foot - 3
        )
        if block.projects:
            yield Markup('<rect class="mark" x="{}" y="{}" width="28" height="16" rx="4"/>').format(x + _OUT - 13, y + 5)
            yield _text(x + _OUT + 1, y + 17, "1×1", "size")
        yield _button(found, number, x, y, fills)


def _button(found: Anatomy, number: int, x: int, y: int, fills: dict[Measure, list[float]]) -> Markup:
    block = found.blocks[number]
    return Markup(
        '<g class="block" role="button" tabindex="{tab}" aria-pressed="false" aria-label="{label}" data-do="{what}" '
        'style="{fills}"><rect x="{left}" y="{y}" width="{wide}" height="{high}" rx="6"/>'
        '<text class="name" x="{name_x}" y="{base}">{name}</text>{values}</g>'
    ).format(
        tab=-1 if number else 0,
        label=says(found, block),
        what=json.dumps({"block": number}),
        fills=";".join(f"--{measure}:{of_each[number]:.0f}%" for measure, of_each in fills.items()),
        left=x - _HALF,
        y=y,
        wide=2 * _HALF,
        high=_HIGH,
        name_x=x - _HALF + 7,
        base=y + 17,
        name=block.name,
        values=_NOTHING.join(
            Markup('<text class="value" data-of="{}" x="{}" y="{}">{}</text>').format(
                measure, x + _HALF - 6, y + 17, value(found, block, measure)
            )
            for measure in MEASURES
        ),
    )


def says(found: Anatomy, block: Block) -> str:
    """A box in words."""
    return text(
        "network.says", name=block.name, ratio=value(found, block, "ratio"), without=block.right, right=found.right,
        photos=found.photos,
    )  # fmt: skip


def _head(found: Anatomy, x: int) -> Iterator[Markup]:
    yield Markup('<path class="tip" d="M{},{}h8l-4,6z"/>').format(x - 4, _TOP - 7)
    yield _wire(Markup("M{x},{}V{}M{x},{}V{}").format(_TOP - 12, _TOP, _TOP + _HIGH, _TOP + _PITCH, x=x))
    yield _box(x, _TOP, text("network.mean"), None)
    yield _text(x + 8, _TOP + _HIGH + 17, text("network.numbers", n=found.features), "size beside")
    yield _box(x, _TOP + _PITCH, text("network.classes", n=len(found.classes)), None)
    more = len(found.classes) - CLASSES
    names = [*found.classes[:CLASSES], *(["…"] if more > 0 else [])]
    for row, name in enumerate(names):
        short = name if len(name) <= 14 else name[:13] + "…"
        yield _text(x, _TOP + _PITCH + _HIGH + 18 + 15 * row, short, "class")


def _choices(found: Anatomy) -> Markup:
    """By what the blocks are coloured; each with a line on what it means."""
    buttons = _NOTHING.join(
        Markup('<button type="button" class="action" data-measure="{}" aria-pressed="{}">{}</button>').format(
            measure, str(measure == "ratio").lower(), text(f"network.{measure}")
        )
        for measure in MEASURES
    )
    unknown = all(block.moved is None for block in found.blocks)
    meanings = _NOTHING.join(
        Markup('<p data-of="{}">{}</p>').format(
            measure, text("network.moved.unknown" if measure == "moved" and unknown else f"network.{measure}.means")
        )
        for measure in MEASURES
    )
    return Markup('<div class="measures" role="group" aria-label="{}">{}</div>{}').format(
        text("network.colour"), buttons, meanings
    )


def _place(row: int) -> int:
    return _TOP + row * _PITCH


def size_of(shape: Shape) -> str:
    return "\u00a0×\u00a0".join(map(str, shape))


def _box(x: int, y: int, title: str, shape: Shape | None) -> Markup:
    box = Markup('<rect class="part" x="{}" y="{}" width="{}" height="{}" rx="6"/>').format(
        x - _HALF - 6, y, 2 * _HALF + 12, _HIGH
    )
    size = _text(x + 8, y + _HIGH + 17, size_of(shape), "size beside") if shape else _NOTHING
    return box + _text(x, y + 17, title, "part") + size


def _text(x: int, y: int, said: str, style: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(style, x, y, said)


def _wire(path: Markup) -> Markup:
    return Markup('<path class="wire" d="{}"/>').format(path)


def _lead(x: int, y: int, to: int) -> Markup:
    """From the foot of a column to the top of the next."""
    gap, top = to - _COLUMN + _GAP, _TOP - 18
    return _wire(
        Markup("M{x},{y}v4q0,6 6,6H{before}q6,0 6,-6V{low}q0,-6 6,-6H{near}q6,0 6,6V{end}").format(
            x=x, y=y, before=gap - 6, low=top + 6, near=to - 6, end=_TOP - 7
        )
    )

"""The confusion matrix as a file to take away: a picture for a talk or a paper, a table for a spreadsheet."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.report import Report
from resnet_finetune.words.spreadsheet import Row, to_csv

NUMBERS = 40  # classes; cells of more are too small for numbers
DOTS = 150  # per inch

# Whatever the system has; the last comes with matplotlib. Class names may be in any script.
_FONTS = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", "Arial Unicode MS", "DejaVu Sans"]
_BLUE = LinearSegmentedColormap.from_list("right", ["#eef2ff", "#4f46e5"])
_ORANGE = LinearSegmentedColormap.from_list("wrong", ["#ffedd5", "#ea580c"])


def csv(report: Report, order: Sequence[int]) -> bytes:
    """The counts: rows true, columns predicted."""
    head: Row = [text("picture.corner"), *(report.classes[column] for column in order)]
    rows: list[Row] = [[report.classes[row], *(report.confusion[row][column] for column in order)] for row in order]
    return to_csv([head, *rows])


def png(report: Report, order: Sequence[int]) -> bytes:
    return _picture(report, order, "png")


def svg(report: Report, order: Sequence[int]) -> bytes:
    return _picture(report, order, "svg")


def _picture(report: Report, order: Sequence[int], form: Literal["png", "svg"]) -> bytes:
    """The counts in the order given, right answers blue, mistakes orange, deeper the larger their share of the row."""
    n = len(order)
    side = min(30.0, 3 + 0.45 * n if n <= NUMBERS else 3 + 0.16 * n)  # inches
    installed = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
    settings: Any = {"font.family": [name for name in _FONTS if name in installed], "svg.fonttype": "none"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box in the picture; the SVG has the letter itself
        figure = Figure(figsize=(side, side), layout="constrained")
        axes = figure.subplots()
        size = 9 if n <= NUMBERS else 5
        for y, row in enumerate(order):
            photos = max(1, sum(report.confusion[row]))
            for x, column in enumerate(order):
                count = report.confusion[row][column]
                if not count and x != y:
                    continue
                share = count / photos
                colour = (_BLUE if x == y else _ORANGE)(share)
                axes.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], color=colour, linewidth=0)
                if n <= NUMBERS:
                    ink = "white" if share > 0.6 else "#1e293b"
                    axes.text(x + 0.5, y + 0.5, str(count), ha="center", va="center", color=ink, fontsize=size)
        names = [report.classes[index].replace("$", r"\$") for index in order]  # "$" would begin a formula
        axes.set_xticks([x + 0.5 for x in range(n)], names, rotation=90 if n > 6 else 0, fontsize=size)
        axes.set_yticks([y + 0.5 for y in range(n)], names, fontsize=size)
        axes.tick_params(length=0)
        axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal", xlabel=text("matrix.columns"), ylabel=text("matrix.rows"))
        title = "picture.title.crossed" if report.cross_validated else "picture.title"
        axes.set_title(text(title, right=report.test.right, n=report.test.n))
        file = io.BytesIO()
        figure.savefig(file, format=form, dpi=DOTS)
    return file.getvalue()

"""Would more photos help, and of which class? As the page shows it."""

from __future__ import annotations

from markupsafe import Markup

from resnet_finetune.engine.learning_curve import SHARES, learning_curve
from resnet_finetune.ui.drawn.curves import foot
from resnet_finetune.ui.drawn.figures import Line, chart, in_percent, table
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.shared.trial import Attempt, of_run
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.language import say
from resnet_finetune.words.lesson import Lesson

DRAWN = 3  # classes; more lines cannot be told apart


def _doing(last: Event | None) -> str:
    return text("learning.features" if isinstance(last, Progress) and last.stage == "features" else "advisor.scan")


def _answer(lessons: list[Lesson], run: str | None) -> tuple[Markup, None]:
    everyone, *classes = lessons
    gaining = [lesson.name for lesson in classes if lesson.would_gain]
    if gaining:
        says = text("learning.some", names=say("{names}", names=[f"“{name}”" for name in gaining[:5]]))
    else:
        says = text("learning.all" if everyone.would_gain else "learning.none")
    return message("info", says, [text("learning.how")]) + _drawn(lessons) + _table(lessons), None


def _drawn(lessons: list[Lesson]) -> Markup:
    """All classes together, and those that gained most from the last doubling; the others are in the table."""
    lines = [
        Line(
            _name(lesson), f"run-{number}", list(zip((100 * share for share in SHARES), lesson.recalls, strict=True)), dots=True
        )
        for number, lesson in enumerate(lessons[: 1 + DRAWN])
    ]
    lowest = foot(min(share for line in lines for _, share in line.points))
    drawn = chart(text("learning.right"), text("learning.axis"), 100, (lowest, 1), lines, name_y=in_percent)
    return Markup('<div class="charts">{}</div>').format(drawn)


def _table(lessons: list[Lesson]) -> Markup:
    heads = [
        text("table.class"), text("data.table.photos"), *(text("learning.share", share=percent(share)) for share in SHARES),
        text("learning.gain"),
    ]  # fmt: skip
    return table(heads, map(_row, lessons))


def _row(lesson: Lesson) -> tuple[str, list[str]]:
    gain = text("learning.points", gain=f"{100 * lesson.gain:+.0f}", error=f"{100 * lesson.error:.0f}")
    return _name(lesson), [str(lesson.photos), *map(percent, lesson.recalls), gain]


def _name(lesson: Lesson) -> str:
    return text("trust.all") if lesson.name is None else lesson.name


ATTEMPT = Attempt("learning", learning_curve, _doing, _answer, of_run)

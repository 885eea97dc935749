"""Trainings side by side: what was set differently, how they went, class by class, and whether one is really better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from markupsafe import Markup

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.curves import foot
from resnet_finetune.ui.drawn.figures import Line, chart, in_percent, table
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.wording.texts import percent, photos, text
from resnet_finetune.words.comparison import Comparison, compare
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Epoch
from resnet_finetune.words.report import Report
from resnet_finetune.words.settings import Settings

MOST = 4  # at once: more lines cannot be told apart
_NOTHING = Markup("")
_NOT_SET = ("run_dir", "corrections", "split_of")  # differ without meaning anything


def side_by_side(runs: Sequence[Run]) -> Markup:
    """Nothing of less than two runs, but how to choose a second one."""
    if len(runs) < 2:
        return message("info", text("compare.another", name=runs[0].title)) if runs else _NOTHING
    try:
        reports = [run.report() for run in runs]
    except UserError as error:
        return message("bad", text("compare"), error.messages)
    tested = [(run, report) for run, report in zip(runs, reports, strict=True) if report]
    return Markup('<section class="card compared"><h3>{}</h3>{}{}{}{}</section>').format(
        text("compare"), _verdicts(tested), _settings(runs), _curves(runs), _classes(tested)
    )


def _verdicts(tested: Sequence[tuple[Run, Report]]) -> Markup:
    """The first against each of the others."""
    said = []
    for other, theirs in tested[1:]:
        first, report = tested[0]
        said.append(verdict(first.title, other.title, compare(report, theirs)))
    return _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in said)


def verdict(first: str, second: str, found: Comparison | None) -> str:
    """Which of two runs is the better, in words."""
    if found is None:
        return text("compare.apart", first=first, second=second)
    if found.only_first == found.only_second == 0:
        return text("compare.same", photos=photos(found.n), first=first, second=second)
    better, worse = (first, second) if found.only_first > found.only_second else (second, first)
    counts = text(
        "compare.counts",
        photos=photos(found.n),
        first=first,
        second=second,
        only_first=found.only_first,
        only_second=found.only_second,
    )
    if found.real:
        return f"{counts} {text('compare.real', better=better, worse=worse, p=found.p)}"
    return f"{counts} {text('compare.no_difference', p=found.p)}"


def _settings(runs: Sequence[Run]) -> Markup:
    rows = []
    for spec in fields(Settings):
        values = [getattr(run.settings, spec.name) for run in runs]
        if spec.name not in _NOT_SET and len(set(values)) > 1:
            rows.append((str(spec.metadata["label"]), [_said(spec.name, value) for value in values]))
    if not rows:
        return Markup("<p>{}</p>").format(text("compare.same_settings"))
    return table([text("compare.setting"), *(run.title for run in runs)], rows)


def _said(name: str, value: object) -> str:
    return "–" if value is None else text(f"preset.{value}") if name == "preset" else str(value)


def _curves(runs: Sequence[Run]) -> Markup:
    lines, last, lowest = [], 1, 1.0
    for number, run in enumerate(runs):
        epochs = {event.epoch: event for event in run.events() if isinstance(event, Epoch)}
        points = [(float(epoch), event.validation_accuracy) for epoch, event in sorted(epochs.items())]
        lines.append(Line(run.title, f"run-{number}", points, dots=True))
        last = max([last, *epochs])
        lowest = min([lowest, *(accuracy for _, accuracy in points)])
    if not any(line.points for line in lines):
        return _NOTHING
    return chart(text("train.accuracy"), text("train.passes"), last, (foot(lowest), 1), lines, name_y=in_percent)


def _classes(tested: Sequence[tuple[Run, Report]]) -> Markup:
    """Recall of each class that any of them knows."""
    names = list(dict.fromkeys(name for _, report in tested for name in report.classes))
    rows = []
    for name in names:
        scores = [next((row for row in report.per_class if row.name == name), None) for _, report in tested]
        found = [
            "–" if row is None or row.recall is None else text("compare.recall", share=percent(row.recall), n=row.n)
            for row in scores
        ]
        rows.append((name, found))
    return table([text("compare.class"), *(run.title for run, _ in tested)], rows)

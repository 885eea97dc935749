"""A run as one HTML file that opens anywhere: what was trained on what, how, how good it is, and how to check it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from markupsafe import Markup

from resnet_finetune.runs import repeat
from resnet_finetune.runs.run_folder import RUN, Run
from resnet_finetune.ui.drawn import figures, matrix, trust_card
from resnet_finetune.ui.drawn.curves import curves
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words import disk
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.report import Report
from resnet_finetune.words.settings import Settings

_STYLE = ASSETS / "ui" / "page.css"
_PLACES = ("data", "run_dir", "corrections", "split_of", "train_on", "weights")  # of this computer: their last part is enough
_NOTHING = Markup("")

Row = tuple[str, object]


def page(run: Run, report: Report) -> str:
    """Nothing in it is fetched, and nothing in it runs. Raises ``OSError`` when the run folder cannot be read."""
    story = Story(run)
    story.read_on()
    parts = [
        _summary(report),
        _section(text("report.photos"), _table(_photos(run, story))),
        _section(text("report.training"), _table(_training(run, story)), curves(story)),
        _section(
            text("results.where"),
            matrix.draw(report.classes, report.confusion, matrix.View(range(len(report.classes)), opens=False)),
            figures.per_class_table(report.per_class),
            Markup("<p>{}</p>").format(text("table.note")),
        ),
        _section(text("trust"), trust_card.calibration_chart(report), trust_card.separation_charts(report, trust_card.ALL)),
        _section(text("proof"), _table(_proof(run)), Markup("<p>{}</p>").format(text("proof.how"))),
    ]
    # The page's own style: without the script and the fonts of the app it looks the same.
    return Markup(
        '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body {{ font-family: system-ui, sans-serif; background: #fff; margin: 0 }} {style}</style></head>"
        '<body><main class="gradio-container report"><h1>{title}</h1>{parts}</main></body></html>\n'
    ).format(
        language=text("language"), title=run.title, style=Markup(_STYLE.read_text(encoding="utf-8")), parts=_NOTHING.join(parts)
    )


def _summary(report: Report) -> Markup:
    test = report.test
    said = [
        text("results.interval", low=percent(test.low), high=percent(test.high)),
        text("results.alike", balanced=percent(report.balanced_accuracy), f1=percent(report.macro_f1)),
        *report.notes,
    ]
    head = text(
        "results.says.crossed" if report.cross_validated else "results.says",
        right=test.right,
        n=test.n,
        accuracy=percent(test.accuracy),
    )
    return Markup('<section class="card"><h2>{}</h2>{}</section>').format(
        head, _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in said)
    )


def _section(title: str, *parts: Markup) -> Markup:
    return Markup('<section class="card"><h2>{}</h2>{}</section>').format(title, _NOTHING.join(parts))


def _table(rows: list[Row]) -> Markup:
    lines = (Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(name, value) for name, value in rows)
    return Markup('<div class="scroll"><table class="scores">{}</table></div>').format(_NOTHING.join(lines))


def _photos(run: Run, story: Story) -> list[Row]:
    rows: list[Row] = [(text("report.fingerprint"), repeat.fingerprint(run) or "–")]
    if story.started:
        for number, name in enumerate(story.started.classes):
            counts = {split: by_class[number] for split, by_class in story.started.counts.items()}
            rows.append((name, text("report.counts", **counts)))
        rows.append((text("report.rejected"), story.started.rejected))
    return rows


def _training(run: Run, story: Story) -> list[Row]:
    rows: list[Row] = []
    for spec in fields(Settings):
        value = getattr(run.settings, spec.name)
        if value is not None and spec.name != "run_dir":
            said = text(f"preset.{value}") if spec.name == "preset" else Path(value).name if spec.name in _PLACES else value
            rows.append((str(spec.metadata["label"]), said))
    if story.started:
        rows += [(text("report.weights"), story.started.weights), (text("report.device"), story.started.device)]
    versions = disk.read_json(run.path / RUN).get("versions")
    named = versions.items() if isinstance(versions, dict) else ()
    return [*rows, (text("report.versions"), ", ".join(f"{name} {version}" for name, version in named))]


def _proof(run: Run) -> list[Row]:
    rows: list[Row] = [(text("proof.hash"), repeat.weights_hash(run))]
    for other, same in repeat.outcomes(run):
        rows.append((text("proof.repeat", name=other.title), text("proof.same" if same else "proof.other")))
    return rows

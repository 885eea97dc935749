"""How far the model's confidence can be trusted, drawn."""

from __future__ import annotations

from markupsafe import Markup

from resnet_finetune.insight.trust import calibration, calibration_error, separation
from resnet_finetune.ui.drawn.figures import Line, chart, in_percent
from resnet_finetune.ui.wording.texts import percent, text
from resnet_finetune.words.report import Report

ALL = -1  # the choice of all classes together
_NOTHING = Markup("")


def calibration_chart(report: Report) -> Markup:
    """The model's confidence against how often it was right."""
    bins = calibration(report)
    seen = [(100 * bin.confidence, bin.accuracy) for bin in bins]
    drawn = chart(
        text("trust.calibration"),
        text("trust.confidence"),
        100,
        (0, 1),
        [Line(text("trust.perfect"), "dashed", [(0, 0), (100, 1)]), Line(text("trust.seen"), "strong", seen, dots=True)],
        name_y=in_percent,
    )
    sentences = [text("trust.error.crossed" if report.cross_validated else "trust.error", gap=percent(calibration_error(bins)))]
    least, most = bins[0], bins[-1]
    if len(bins) > 1:
        sentences.append(
            text(
                "trust.ends",
                n=most.n,
                sure=percent(most.confidence),
                right=percent(most.accuracy),
                unsure=percent(least.confidence),
                less=percent(least.accuracy),
            )
        )
    said = _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    return Markup('<div class="trust">{}<div>{}</div></div>').format(drawn, said)


def separation_charts(report: Report, of_class: int) -> Markup:
    """The ROC and the precision–recall curve of a class from the rest, or of all of them."""
    found = separation(report, None if of_class == ALL else of_class)
    if found is None:
        return Markup("<p>{}</p>").format(text("trust.one_side"))
    name = text("trust.all") if of_class == ALL else report.classes[of_class]
    roc = chart(
        text("trust.roc", area=f"{found.roc_area:.3f}"),
        text("trust.roc.x"),
        100,
        (0, 1),
        [
            Line(text("trust.guessing"), "dashed", [(0, 0), (100, 1)]),
            Line(name, "strong", [(100 * x, y) for x, y in found.roc]),
        ],
        name_y=in_percent,
    )
    precision_recall = chart(
        text("trust.pr", area=f"{found.average_precision:.3f}"),
        text("trust.pr.x"),
        100,
        (0, 1),
        [
            Line(text("trust.guessing"), "dashed", [(0, found.share), (100, found.share)]),
            Line(name, "strong", [(100 * x, y) for x, y in found.precision_recall]),
        ],
        name_y=in_percent,
    )
    return Markup('<div class="charts">{}{}</div><p class="note">{}</p>').format(roc, precision_recall, text("trust.areas"))

"""What a stranger has to know of the model before they trust it, in Markdown."""

from __future__ import annotations

import re
from importlib.metadata import version

import resnet_finetune
from resnet_finetune.exports.seal import Parity
from resnet_finetune.model import catalog
from resnet_finetune.model.gallery import FARTHEST
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words.report import ClassScore, Report


def card(model: Classifier, report: Report, parity: Parity) -> str:
    network = catalog.find(model.model)
    test, size = report.test, model.preprocessing.size
    unseen = "which had no part in its training"
    if report.cross_validated:
        unseen = "each of them by a model that had not seen it (cross-validation)"
    lines = [
        f"# {network.title} that tells {len(model.classes)} classes of photos apart",
        "",
        f"It names {_percent(test.accuracy)} of {test.n} test photos right, {unseen}. With this many photos the true share is "
        f"likely between {_percent(test.low)} and {_percent(test.high)} (95 % Wilson interval). "
        f"Always giving the most common answer would be right on {_percent(report.largest_class)}.",
        "",
        "| class | test photos | when it says so, it is right (precision) | of these photos, it found (recall) | F1 |",
        "|---|---:|---:|---:|---:|",
        *map(_row, report.per_class),
        "",
        *(line for note in report.notes for line in (_plain(note), "")),
        "## What it is for, and what not",
        "",
        f"- It knows only the classes above. {_none_of_these(model)}",
        "- The figures hold for photos like those it was tested on: another camera, place, light or season can make it worse.",
        "- Its probabilities were calibrated on the few photos of one data set. Let nothing that matters depend on one answer.",
        "",
        "## How it works",
        "",
        f"- {network.title} ({_plain(network.timm_name)}), fine-tuned. The weights that it started from are "
        f"under {network.licence}{'' if network.commercial else ', which forbids commercial use'}; they come from ImageNet-1k, "
        "whose photos were given out for non-commercial research.",
        "- A photo is read as `photo.py` does it: upright, in sRGB, transparency on white, halved while its shorter side is at "
        f"least {2 * size} pixels. The model takes it as bytes (uint8, height × width × 3) and does the rest: the centred "
        f"square, {size} × {size} pixels by antialiased bilinear interpolation, normalised by "
        f"{_numbers(model.preprocessing.mean)} and {_numbers(model.preprocessing.std)}, softmax at temperature "
        f"{model.temperature:.4g}.",
        f"- Of {parity.n} test photos {parity.agree} get the same answer from this export as from the app that trained it; "
        f"probabilities differ by {parity.max_abs_diff:.1e} at most (`parity.json`).",
        "",
        f"Made with resnet-finetune {resnet_finetune.__version__}.",
    ]
    return "\n".join(lines) + "\n"


def of_space(model: Classifier, report: Report, parity: Parity) -> str:
    """The card under the header by which a Hugging Face Space knows how to run."""
    header = f"title: What is on this photo\nsdk: gradio\nsdk_version: {version('gradio')}\napp_file: app.py"
    return f"---\n{header}\n---\n\n{card(model, report, parity)}"


def _none_of_these(model: Classifier) -> str:
    if model.gallery is None or model.gallery.threshold >= FARTHEST:
        return "It names one of them whatever it is shown, also a photo of something else."
    known, refused = len(model.gallery.usual), model.gallery.refused(model.gallery.threshold)
    return (
        "A photo that is like none that it learnt from is answered “none of these”. Of "
        f"{known} photos of its classes that it was not trained on, {refused} would be answered so; how many photos of other "
        "things are, was not measured. The features of the photos that it learnt from are in its files, the photos are not."
    )


def _row(row: ClassScore) -> str:
    shares = (_percent(share) for share in (row.precision, row.recall, row.f1))
    return f"| {' | '.join((_plain(row.name), str(row.n), *shares))} |"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _plain(text: str) -> str:
    """A class may be called anything. In Markdown ASCII punctuation stands for itself after a backslash (CommonMark 2.4)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))

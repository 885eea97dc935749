"""What a stranger has to know of the model before they trust it, in Markdown."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version

import resnet_finetune
from resnet_finetune.exports.seal import Parity
from resnet_finetune.model import catalog
from resnet_finetune.model.gallery import FARTHEST
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words.language import say
from resnet_finetune.words.report import ClassScore, Report


def card(model: Classifier, report: Report, parity: Parity) -> str:
    """In the language that is spoken."""
    lines = [
        f"# {say('{network} that tells {n} classes of photos apart', network=_title(model), n=len(model.classes))}",
        "",
        str(_score(report)),
        "",
        f"| {' | '.join(map(str, _heads()))} |",
        "|---|---:|---:|---:|---:|",
        *map(_row, report.per_class),
        "",
        *(line for note in report.notes for line in (_plain(str(note)), "")),
        f"## {say('What it is for, and what not')}",
        "",
        *(f"- {limit}" for limit in _limits(model)),
        "",
        f"## {say('How it works')}",
        "",
        *(f"- {fact}" for fact in _facts(model, report, parity)),
        "",
        str(say("Made with resnet-finetune {version}.", version=resnet_finetune.__version__)),
    ]
    return "\n".join(lines) + "\n"


def of_space(model: Classifier, report: Report, parity: Parity) -> str:
    """The card under the header by which a Hugging Face Space knows how to run."""
    python = f'"{sys.version_info.major}.{sys.version_info.minor}"'  # a text, or YAML would read 3.10 as 3.1
    gradio = f"sdk: gradio\nsdk_version: {version('gradio')}\npython_version: {python}"
    header = f"title: What is on this photo\n{gradio}\napp_file: app.py"
    return f"---\n{header}\n---\n\n{card(model, report, parity)}"


def _title(model: Classifier) -> str:
    return catalog.find(model.model).title


def _score(report: Report) -> str:
    test = report.test
    unseen = say("which had no part in its training")
    if report.cross_validated:
        unseen = say("each of them by a model that had not seen it (cross-validation)")
    return say(
        "It names {accuracy} of {n} test photos right, {unseen}. With this many photos the true share is likely between {low} "
        "and {high} (95 % Wilson interval). Always giving the most common answer would be right on {guess}.",
        accuracy=_percent(test.accuracy),
        n=test.n,
        unseen=unseen,
        low=_percent(test.low),
        high=_percent(test.high),
        guess=_percent(report.largest_class),
    )


def _heads() -> tuple[str, ...]:
    return (
        say("class"),
        say("test photos"),
        say("when it says so, it is right (precision)"),
        say("of these photos, it found (recall)"),
        "F1",
    )


def _limits(model: Classifier) -> tuple[str, ...]:
    return (
        _none_of_these(model),
        say(
            "The figures hold for photos like those it was tested on: another camera, place, light or season can make it worse."
        ),
        say(
            "Its probabilities were calibrated on the few photos of one data set. "
            "Let nothing that matters depend on one answer."
        ),
    )


def _none_of_these(model: Classifier) -> str:
    if model.gallery is None or model.gallery.threshold >= FARTHEST:
        return say(
            "It knows only the classes above, and names one of them whatever it is shown, also a photo of something else."
        )
    return say(
        "It knows only the classes above. A photo that is like none that it learnt from is answered “none of these”. Of "
        "{known} photos of its classes that it was not trained on, {refused} would be answered so; how many photos of other "
        "things are, was not measured. The features of the photos that it learnt from are in its files, the photos are not.",
        known=len(model.gallery.usual),
        refused=model.gallery.refused(model.gallery.threshold),
    )


def _facts(model: Classifier, report: Report, parity: Parity) -> tuple[str, ...]:
    network, size = catalog.find(model.model), model.preprocessing.size
    licence = network.licence if network.commercial else say("{licence}, no commercial use", licence=network.licence)
    return (
        say("{network}, fine-tuned.", network=_title(model))
        if report.kept == "fine-tuned"
        else say("{network} as it was pretrained, with a linear layer that was fitted to the photos.", network=_title(model)),
        say(
            "Unless the person who trained it named others, the weights that it started from ({weights}) come from "
            "ImageNet-1k, whose photos were given out for non-commercial research. Their licence: {licence}.",
            weights=_plain(network.timm_name),
            licence=licence,
        ),
        say(
            "A photo is read as `photo.py` does it: upright, in sRGB, transparency on white, halved while its shorter side is "
            "at least {twice} pixels. The model takes it as bytes (uint8, height × width × 3) and does the rest: the centred "
            "square, {size} × {size} pixels by antialiased bilinear interpolation, normalised by {mean} and {std}, softmax at "
            "temperature {temperature}.",
            twice=2 * size,
            size=size,
            mean=_numbers(model.preprocessing.mean),
            std=_numbers(model.preprocessing.std),
            temperature=f"{model.temperature:.4g}",
        ),
        say(
            "This export answers as the app that trained it does: {agree} of {n} test photos get the same answer from both, "
            "right or wrong; probabilities differ by {gap} at most (`parity.json`).",
            n=parity.n,
            agree=parity.agree,
            gap=f"{parity.max_abs_diff:.1e}",
        ),
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

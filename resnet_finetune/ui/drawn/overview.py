"""What is in the photos that were given: classes, counts, samples, and what was left out and why."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from resnet_finetune.data.photos import Dataset, Photo
from resnet_finetune.data.problems import Problem
from resnet_finetune.ui.drawn.thumbnails import thumbnail
from resnet_finetune.ui.wording.texts import classes, photos, text

SAMPLES = 5  # thumbnails a class
SAMPLED_CLASSES = 40
LISTED_PROBLEMS = 100
OTHER = "not-a-photo"  # files that nobody meant to be photos: no reason to be alarmed
_NOTHING = Markup("")


def overview(dataset: Dataset, where: str, *, trainable: bool) -> Markup:
    """What was found: counts and samples of each class, what was left out and why, and how those that can be trained on are
    divided.
    """
    groups: list[list[Photo]] = [[] for _ in dataset.classes]
    for photo in dataset.photos:
        groups[photo.label].append(photo)
    most = max(map(len, groups), default=1)
    rows = _NOTHING.join(
        Markup(
            '<tr><th scope="row">{}</th><td><span class="meter" style="--share:{:.0%}"></span>{}</td>'
            '<td class="photos">{}</td></tr>'
        ).format(name, len(group) / most, len(group), _samples(group) if label < SAMPLED_CLASSES else "")
        for label, (name, group) in enumerate(zip(dataset.classes, groups, strict=True))
    )
    heads = _NOTHING.join(
        Markup('<th scope="col">{}</th>').format(text(f"data.table.{key}")) for key in ("class", "photos", "samples")
    )
    says = [text("data.found.where", where=where), *([text(f"data.{_split(dataset)}")] if trainable else [])]
    if len(dataset.classes) > SAMPLED_CLASSES:
        says.append(text("data.more_classes", n=SAMPLED_CLASSES))
    table = Markup('<table class="classes"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(heads, rows)
    return Markup('<section class="card"><h3>{}</h3><p>{}</p>{}{}</section>').format(
        text("data.found", photos=photos(len(dataset.photos)), classes=classes(len(dataset.classes))),
        " ".join(says),
        _left_out("left_out", [problem for problem in dataset.problems if problem.left_out and problem.kind != OTHER])
        + _left_out("no_photos", [problem for problem in dataset.problems if problem.kind == OTHER]),
        table if dataset.classes else "",
    )


def _split(dataset: Dataset) -> str:
    return "own_split" if dataset.own_split else "tiny" if dataset.cross_validated else "split"


def _samples(group: Sequence[Photo]) -> Markup:
    """Evenly spread over the class, for neighbours in a folder are often alike."""
    step = max(1, len(group) // SAMPLES)
    return _NOTHING.join(thumbnail(photo.path, photo.name) for photo in group[::step][:SAMPLES])


def _left_out(kind: str, problems: Sequence[Problem]) -> Markup:
    if not problems:
        return _NOTHING
    items = _NOTHING.join(
        Markup("<li><code>{}</code> {}</li>").format(problem.path, problem.message) for problem in problems[:LISTED_PROBLEMS]
    )
    more = text("data.more", n=len(problems) - LISTED_PROBLEMS) if len(problems) > LISTED_PROBLEMS else ""
    return Markup('<details class="listed {}"><summary>{}</summary><ul>{}</ul>{}</details>').format(
        kind.replace("_", "-"), text(f"data.{kind}", n=len(problems)), items, more
    )

"""What is in the photos that were given: classes, counts, samples, and what was left out and why."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from resnet_finetune.data.dataset import Dataset, Photo, Problem
from resnet_finetune.ui.texts import classes, photos, text
from resnet_finetune.ui.thumbnails import thumbnail

SAMPLES = 5  # thumbnails a class
SAMPLED_CLASSES = 40
LISTED_PROBLEMS = 100
_NOTHING = Markup("")


def overview(dataset: Dataset, where: str) -> Markup:
    """What was found: counts and samples of each class, then what was left out and why."""
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
    says = [text("data.found.where", where=where), text("data.own_split" if dataset.own_split else "data.split")]
    if len(dataset.classes) > SAMPLED_CLASSES:
        says.append(text("data.more_classes", n=SAMPLED_CLASSES))
    return Markup(
        '<section class="card"><h3>{}</h3><p>{}</p>{}'
        '<table class="classes"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></section>'
    ).format(
        text("data.found", photos=photos(len(dataset.photos)), classes=classes(len(dataset.classes))),
        " ".join(says),
        _listed("left_out", [problem for problem in dataset.problems if problem.left_out])
        + _listed("remarks", [problem for problem in dataset.problems if not problem.left_out]),
        heads,
        rows,
    )


def _samples(group: Sequence[Photo]) -> Markup:
    """Evenly spread over the class, for neighbours in a folder are often alike."""
    step = max(1, len(group) // SAMPLES)
    return _NOTHING.join(thumbnail(photo.path, photo.name) for photo in group[::step][:SAMPLES])


def _listed(key: str, problems: Sequence[Problem]) -> Markup:
    if not problems:
        return _NOTHING
    items = _NOTHING.join(
        Markup("<li><code>{}</code> {}</li>").format(problem.path, problem.message) for problem in problems[:LISTED_PROBLEMS]
    )
    more = text("data.more", n=len(problems) - LISTED_PROBLEMS) if len(problems) > LISTED_PROBLEMS else ""
    return Markup('<details class="listed {}"><summary>{}</summary><ul>{}</ul>{}</details>').format(
        key.replace("_", "-"), text(f"data.{key}", n=len(problems)), items, more
    )

"""The doctor's findings, with photos to look at and remedies to click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from resnet_finetune.data.photos import Dataset
from resnet_finetune.data.problems import Problem
from resnet_finetune.ui.drawn.messages import action
from resnet_finetune.ui.drawn.thumbnails import thumbnail
from resnet_finetune.ui.wording.texts import photos, text
from resnet_finetune.words.corrections import Corrections

# What harms the score most comes first. "leak" to "few-occasions" make it dishonest, and are shown unfolded.
SERIOUS = ("label-conflict", "leak", "shortcut", "few-occasions")
ORDER = (
    *SERIOUS, "too-few", "missing-in-split", "same-scene", "duplicate", "near-duplicate", "series", "dark", "blurred", "tiny",
    "extreme-shape", "imbalance", "no-photos",
)  # fmt: skip
SHOWN = 8  # findings of a kind
LOOKS = 6  # photos beside one
_NOTHING = Markup("")


@dataclass(frozen=True)
class Findings:
    """The remarks of a data set, by kind, and where its photos are and of which class."""

    by_kind: dict[str, list[Problem]]
    paths: Mapping[str, Path]
    classes: Mapping[str, str]

    @classmethod
    def of(cls, dataset: Dataset) -> Findings:
        by_kind: dict[str, list[Problem]] = {kind: [] for kind in ORDER}
        for problem in dataset.problems:
            if not problem.left_out:
                by_kind[problem.kind].append(problem)
        return cls(
            {kind: found for kind, found in by_kind.items() if found},
            {photo.name: photo.path for photo in dataset.photos},
            {photo.name: dataset.classes[photo.label] for photo in dataset.photos},
        )

    def remedy(self, kind: str) -> tuple[str, ...]:
        """All photos that the advice for this kind leaves out."""
        return tuple(dict.fromkeys(name for problem in self.by_kind.get(kind, []) for name in problem.remedy))

    def remedy_for(self, kind: str, path: str) -> tuple[str, ...]:
        """The same of one finding; nothing where there is no such finding."""
        return next((problem.remedy for problem in self.by_kind.get(kind, []) if problem.path == path), ())


def cards(findings: Findings, corrections: Corrections, *, well: bool) -> Markup:
    """The findings and what was done about them. Where there are none, that all is ``well``, if it can be."""
    shown = _NOTHING.join(_card(findings, kind, found) for kind, found in findings.by_kind.items())
    if not shown and not corrections:
        said = Markup('<section class="card doctor"><h3>{}</h3><p>{}</p></section>').format(text("doctor"), text("doctor.well"))
        return said if well else _NOTHING
    done = ""
    if corrections:
        done = Markup('<p class="done">{} {} {}</p>').format(
            _done(corrections),
            action(text("doctor.undo"), {"undo": True}),
            action(text("doctor.undo_all"), {"undo_all": True}),
        )
    return Markup('<section class="card doctor"><h3>{}</h3><p>{}</p>{}{}</section>').format(
        text("doctor"), text("doctor.lead"), done, shown
    )


def _done(corrections: Corrections) -> str:
    out = sum(class_ is None for class_ in corrections.values())
    moved = len(corrections) - out
    said = [text(key, photos=photos(n)) for key, n in (("doctor.done", out), ("doctor.moved", moved)) if n]
    return " ".join(said)


def _card(findings: Findings, kind: str, found: Sequence[Problem]) -> Markup:
    remedy = findings.remedy(kind)
    every = "doctor.leave_out.all" if kind == "label-conflict" else "doctor.leave_out"
    button = action(text(every, photos=photos(len(remedy))), {"leave": kind}) if remedy else ""
    more = Markup("<p>{}</p>").format(text("data.more", n=len(found) - SHOWN)) if len(found) > SHOWN else ""
    items = _NOTHING.join(_item(findings, kind, problem) for problem in found[:SHOWN])
    return Markup(
        '<details class="finding {serious}" data-kind="{kind}"{open}><summary>{title} <b>{n}</b></summary>'
        "<p>{why}</p>{button}<ul>{items}</ul>{more}</details>"
    ).format(
        serious="serious" if kind in SERIOUS else "",
        kind=kind,
        open=Markup(" open") if kind in SERIOUS else "",
        n=len(found),
        title=text(f"doctor.{kind}"),
        why=text(f"doctor.{kind}.why"),
        button=button,
        items=items,
        more=more,
    )


def _item(findings: Findings, kind: str, problem: Problem) -> Markup:
    names = [problem.path] * (problem.path in findings.paths) + list(problem.others)
    shown = [name for name in names[:LOOKS] if name in findings.paths]
    told_apart = len({findings.classes[name] for name in shown}) > 1
    looks = _NOTHING.join(_look(findings, name, told_apart) for name in shown)
    button = action(text("doctor.leave_out.this"), {"leave": kind, "of": problem.path}) if problem.remedy else ""
    return Markup('<li><div class="looks">{}</div><div><code>{}</code> {}</div>{}</li>').format(
        looks, problem.path, problem.message, button
    )


def _look(findings: Findings, name: str, with_class: bool) -> Markup:
    photo = thumbnail(findings.paths[name], name)
    if not with_class:
        return photo
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(photo, findings.classes[name])

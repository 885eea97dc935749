"""The fingerprint by which a run knows its photos again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conftest import made_up, many, some_facts

from resnet_finetune.data.photos import fingerprint
from resnet_finetune.data.problems import Problem
from resnet_finetune.data.split import split


def test_the_fingerprint_sees_names_contents_classes_and_splits() -> None:
    dataset = split(made_up(*many("cats", 30), *many("dogs", 30)), seed=0)
    first, *others = dataset.photos
    changed = [
        dataset,
        replace(dataset, photos=[replace(first, name="other"), *others]),
        replace(dataset, photos=[replace(first, digest="0" * 64), *others]),
        replace(dataset, photos=[replace(first, label=1), *others]),
        replace(dataset, photos=[replace(first, split=None), *others]),
        replace(dataset, photos=others),
        replace(dataset, classes=["cats", "wolves"]),
    ]
    assert len({fingerprint(each) for each in changed}) == len(changed)


def test_the_fingerprint_does_not_see_where_the_photos_are_and_what_is_said_of_them() -> None:
    dataset = made_up(*many("cats", 3))
    first, *others = dataset.photos
    elsewhere = replace(dataset, root=Path("elsewhere"), photos=[replace(first, path=Path("elsewhere")), *others])
    assert fingerprint(elsewhere) == fingerprint(dataset)
    measured_anew = replace(first, facts=some_facts(99), group=99)
    assert fingerprint(replace(dataset, photos=[measured_anew, *others])) == fingerprint(dataset)


def test_what_is_left_out_is_counted_and_remarks_are_not() -> None:
    kinds = ("truncated", "no-class", "duplicate", "dark", "no-photos")
    problems = [Problem(path="a", kind=kind, message="…") for kind in kinds]
    assert replace(made_up(*many("cats", 3)), problems=problems).rejected == 2

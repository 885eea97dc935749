"""The bar of a training never goes back, whatever order its parts are told in."""

from __future__ import annotations

from resnet_finetune.ui.drawn.way import Way, draw
from resnet_finetune.words.events import Event, Progress, Stage, Started, Step


def come(stage: Stage, done: int, total: int = 10) -> Progress:
    return Progress(stage=stage, done=done, total=total, seconds_left=None)


def step(number: int) -> Step:
    return Step(step=number, steps=4, loss=1.0, images_per_second=1.0, seconds_left=1.0)


def started(tested: int) -> Started:
    return Started(
        classes=["a"],
        counts={"train": [9], "validation": [3], "test": [tested]},
        rejected=0,
        own_split=False,
        model="resnet18",
        weights="",
        device="",
        root="",
        fingerprint="",
    )


def test_it_goes_on_from_part_to_part_and_is_full_at_the_end() -> None:
    way, shares = Way(), [0.0]
    told: list[Event] = [come("scan", 5), come("scan", 10), started(4), come("features", 10), step(1), step(4)]
    told += [come("remember", 10), come("remember", 2), come("test", 5), come("test", 10), come("test", 1)]
    for event in told:
        way.add(event)
        shares.append(way.share)
    assert shares == sorted(shares)
    assert shares[1] > 0
    assert shares[-1] == 1
    assert [part for part, _ in way.parts] == ["scan", "first", "tune", "test"]


def test_what_is_fetched_is_a_part_and_a_tiny_set_is_not_fine_tuned() -> None:
    way = Way()
    told: list[Event] = [come("fetch", 3), come("scan", 10), started(tested=0), come("features", 5)]
    for event in told:
        way.add(event)
    assert way.parts == [("fetch", 1), ("scan", 1), ("first", 0.5), ("test", 0)]


def test_a_run_that_is_gone_on_with_begins_anew() -> None:
    way = Way()
    told: list[Event] = [come("scan", 10), started(4), step(2), come("scan", 1)]
    for event in told:
        way.add(event)
    assert way.parts == [("scan", 0.1), ("first", 0), ("tune", 0), ("test", 0)]


def test_it_is_told_to_who_cannot_see_it() -> None:
    way = Way()
    way.add(step(4))
    said = draw(way, "Fine-tuning", ["<b>3 s left"])
    assert 'aria-valuenow="86"' in said
    assert 'aria-label="Fine-tuning"' in said
    assert "&lt;b&gt;3 s left" in said

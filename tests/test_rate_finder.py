"""Learning rates are tried from low to high, on real photos, and nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import some_of

from resnet_finetune.engine import rate_finder
from resnet_finetune.engine.progress import StopAsked, drained
from resnet_finetune.engine.rate_finder import HIGHEST, LOWEST, STEPS, find_rate, suggestion
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.settings import Settings


def test_rates_rise_until_the_loss_is_bad(demo: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_finder, "STEPS", 30)
    seen: list[Event] = []
    found = drained(find_rate(Settings(data=str(some_of(demo, tmp_path / "photos", each=20)))), seen.append)
    rates = [rate for rate, _ in found.points]
    assert rates[0] == LOWEST and rates == sorted(set(rates))
    assert LOWEST <= found.suggested < HIGHEST
    lowest = min(loss for _, loss in found.points)
    assert found.points[-1][1] > lowest  # with a tenth at the head nothing is left of what it knew
    assert {event.stage for event in seen if isinstance(event, Progress)} == {"scan", "features", "rates"}
    assert not (home / "runs").exists()


def test_it_can_be_stopped(demo: Path, tmp_path: Path) -> None:
    def check_stop() -> None:
        if any(isinstance(event, Progress) and event.stage == "features" for event in seen):
            raise StopAsked

    seen: list[Event] = []
    with pytest.raises(StopAsked):
        drained(find_rate(Settings(data=str(some_of(demo, tmp_path / "photos", each=20))), check_stop), seen.append)


def test_suggested_is_a_tenth_of_the_best() -> None:
    assert suggestion([(1e-4, 1.0), (1e-3, 0.5), (1e-2, 2.0)]) == pytest.approx(1e-4)


@pytest.mark.parametrize("constant", [0.3, 2.0])
def test_the_first_losses_do_not_pull_the_mean_to_nothing(constant: float) -> None:
    points = rate_finder._smooth([(float(step), constant) for step in range(1, STEPS)] + [(99.0, float("nan"))])
    assert [loss for _, loss in points] == pytest.approx([constant] * (STEPS - 1))

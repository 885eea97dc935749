"""The steps of a training, and how far each has come: one bar that never goes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.events import Event, Progress, Started, Step

Part = Literal["fetch", "scan", "first", "tune", "test"]

# In this order. How much of the bar each takes is a guess; what is measured is the time left.
LENGTHS: dict[Part, int] = {"fetch": 2, "scan": 1, "first": 1, "tune": 4, "test": 1}
_PARTS = list(LENGTHS)


@dataclass
class Way:
    """``come``: the share (0 to 1) of each part that was heard of."""

    come: dict[Part, float] = field(default_factory=dict)
    tunes: bool = True  # a tiny set is not fine-tuned

    def add(self, event: Event) -> None:
        match event:
            case Started(counts=counts):
                self.tunes = sum(counts["test"]) > 0
            case Step(step=step, steps=steps):
                self._come("tune", step / steps)
            case Progress(stage="remember") as stage:  # of the training photos, then of the others
                self._come("test", stage.done / max(1, stage.total) / 2)
            case Progress(stage="test") as stage:
                self._come("test", (1 + stage.done / max(1, stage.total)) / 2)
            case Progress(stage="features") as stage:
                self._come("first", stage.done / max(1, stage.total))
            case Progress(stage="fetch" | "scan" as part) as stage:
                self._come(part, stage.done / max(1, stage.total))

    def _come(self, part: Part, share: float) -> None:
        """No part goes back, but a run that is gone on with begins anew."""
        before = {one: of for one, of in self.come.items() if _PARTS.index(one) < _PARTS.index(part)}
        again = len(self.come) > len(before) + (part in self.come)
        self.come = {**before, part: share if again else max(share, self.come.get(part, 0))}

    @property
    def parts(self) -> list[tuple[Part, float]]:
        """Those that this run has, each with its share; what came before another part is done."""
        now = max((_PARTS.index(part) for part in self.come), default=0)
        return [
            (part, 1.0 if number < now else self.come.get(part, 0.0))
            for number, part in enumerate(_PARTS)
            if (part != "fetch" or part in self.come) and (part != "tune" or self.tunes)
        ]

    @property
    def share(self) -> float:
        """Of the whole, 0 to 1."""
        parts = self.parts
        return sum(LENGTHS[part] * come for part, come in parts) / sum(LENGTHS[part] for part, _ in parts)


def draw(way: Way, title: str, facts: Iterable[str]) -> Markup:
    """All parts side by side, with what is being done now and what is known of it."""
    return Markup(
        '<section class="card running"><h3>{title}</h3>'
        '<div role="progressbar" aria-label="{title}" aria-valuenow="{percent:.0f}" aria-valuemin="0" aria-valuemax="100">'
        '<ol class="stretches{waiting}">{parts}</ol></div><ul class="facts">{facts}</ul></section>'
    ).format(
        title=title,
        percent=100 * way.share,
        waiting="" if way.come else " waiting",
        parts=Markup("").join(_drawn(way.parts)),
        facts=Markup("").join(Markup("<li>{}</li>").format(fact) for fact in facts),
    )


def _drawn(parts: Sequence[tuple[Part, float]]) -> Iterable[Markup]:
    for part, come in parts:
        yield Markup(
            '<li style="--long:{}"><div class="progress"><i style="width:{:.1f}%"></i></div><span>{}</span></li>'
        ).format(LENGTHS[part], 100 * come, text(f"train.part.{part}"))

"""What a run has said so far, folded into what the page shows. Reads only what is new."""

from __future__ import annotations

from dataclasses import dataclass, field

from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn.way import Way
from resnet_finetune.words.events import (
    END,
    Epoch,
    Event,
    Failed,
    Finished,
    FirstAnswer,
    Noted,
    Planned,
    Progress,
    Started,
    Step,
    Stopped,
)
from resnet_finetune.words.gradients import Health, Norms, health

MOST_POINTS = 500  # on a curve: more only freeze the browser


@dataclass
class Story:
    run: Run
    byte: int = 0  # where to read on in events.jsonl
    started: Started | None = None
    notes: list[str] = field(default_factory=list)
    first_answer: FirstAnswer | None = None
    planned: Planned | None = None
    way: Way = field(default_factory=Way)
    last: Event | None = None  # that says what is going on now, or how it ended
    epochs: dict[int, Epoch] = field(default_factory=dict)
    losses: list[tuple[float, float]] = field(default_factory=list)  # (step, training loss), thinned to MOST_POINTS
    gradients: list[tuple[int, Norms]] = field(default_factory=list)  # (step, by stage), the first one and as many
    ill: tuple[int, Health] | None = None  # the last step whose gradient was not healthy

    def read_on(self) -> None:
        events, self.byte = self.run.events_since(self.byte)
        for event in events:
            self.add(event)

    @property
    def end(self) -> Finished | Stopped | Failed | None:
        return self.last if isinstance(self.last, END) else None

    def add(self, event: Event) -> None:
        self.way.add(event)
        match event:
            case Started():
                self.started = event
                self.notes = list(event.notes)
            case Noted():
                self.notes.append(event.note)
            case FirstAnswer():
                self.first_answer = event
            case Planned():
                self.planned = self.last = event
            case Epoch():
                self.epochs[event.epoch] = event
            case Step():
                self._add_loss(event)
                self._add_gradients(event)
                self.last = event
            case Progress() | Finished() | Stopped() | Failed():
                self.last = event

    def _add_loss(self, step: Step) -> None:
        while self.losses and self.losses[-1][0] >= step.step:  # resumed from a checkpoint before these
            self.losses.pop()
        self.losses.append((step.step, step.loss))
        if len(self.losses) > MOST_POINTS:
            pairs = zip(self.losses[::2], self.losses[1::2], strict=False)
            odd = self.losses[-1:] if len(self.losses) % 2 else []
            self.losses = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairs] + odd

    def _add_gradients(self, step: Step) -> None:
        while self.gradients and self.gradients[-1][0] >= step.step:
            self.gradients.pop()
        if self.ill and self.ill[0] >= step.step:
            self.ill = None
        if step.gradients:
            self.gradients.append((step.step, step.gradients))
            how = health(step.gradients, self.gradients[0][1])
            self.ill = self.ill if how == "healthy" else (step.step, how)
        if len(self.gradients) > MOST_POINTS:
            self.gradients = self.gradients[::2]

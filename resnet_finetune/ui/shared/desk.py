"""What lies on the desk: the photos that were chosen, what was corrected of them, and the network that is to learn from them.
It outlives the tab and the app.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnet_finetune.data.intake import called
from resnet_finetune.model import catalog
from resnet_finetune.model.saved_model import WEIGHTS
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections, disk, language, servers
from resnet_finetune.words.corrections import Corrections
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import say
from resnet_finetune.words.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Desk:
    data: str  # as in the settings of a run
    where: str  # in words
    clicks: tuple[Corrections, ...] = ()  # what each corrected

    def __hash__(self) -> int:
        """By this Gradio sees that other photos are chosen, or other corrections; a mapping has none of its own."""
        return hash((self.data, self.where, *(frozenset(click.items()) for click in self.clicks)))

    @property
    def corrections(self) -> dict[str, str | None]:
        return {name: class_ for click in self.clicks for name, class_ in click.items()}

    def corrected(self, click: Corrections) -> Desk:
        return replace(self, clicks=(*self.clicks, click)) if click else self

    def undone(self) -> Desk:
        return replace(self, clicks=self.clicks[:-1])

    def corrections_file(self) -> str | None:
        """The corrections in a file, as a run is told them; None when there are none. Raises ``OSError``."""
        if not self.corrections:
            return None
        corrections.write(home() / corrections.FILE, self.corrections)
        return str(home() / corrections.FILE)

    def keep(self) -> None:
        """For the next visit. A desk that cannot be kept is only a little less comfortable."""
        _keep("desk.json", {"data": self.data, "where": language.to_json(self.where), "clicks": self.clicks})


def of_run(run: Run) -> Desk:
    """As it lay when this run was started. Raises ``UserError`` when its list of corrections is damaged."""
    data = run.settings.data
    where = say("the demo photos") if data == "demo" else say("the folder “{name}”", name=called(Path(data)))
    return Desk(data=data, where=where).corrected(corrections.of_run(run.path))


@dataclass(frozen=True)
class Chosen:
    """Photos that can be trained on."""

    desk: Desk
    photos: int
    classes: int


def kept() -> Desk | None:
    """As it was left, if it was."""
    try:
        values = disk.read_json(home() / "desk.json")
        clicks = tuple({str(name): _class(class_) for name, class_ in click.items()} for click in values["clicks"])
        return Desk(data=str(values["data"]), where=_where(values["where"]), clicks=clicks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _where(said: Any) -> str:
    where = language.from_json(said)
    return where if isinstance(where, str) else str(where)


def _class(said: object) -> str | None:
    return None if said is None else str(said)


def choice(
    minutes: float | None, seed: float | None, weights: str | None, learning_rate: float | None, **named: Any
) -> Settings:
    """What the inputs of the model step say. An empty number field says 0, one that was emptied None."""
    numbers: dict[str, Any] = {"minutes": minutes or None, "seed": int(seed or 0), "learning_rate": learning_rate or None}
    return Settings(weights=weights or None, **numbers, **named)


def keep_choice(choice: Settings) -> None:
    """How it shall be trained, as it was chosen last: for the next visit too."""
    _keep("choice.json", choice.to_json())


def kept_choice() -> Settings:
    """As it was chosen last, if it was and there are such; else as usual. A run that is gone is not trained on from."""
    try:
        kept = Settings.from_json(disk.read_json(home() / "choice.json"))
        catalog.find(kept.model)
    except (OSError, ValueError, UserError):
        return Settings()
    return kept if kept.train_on is None or _is_there(kept.train_on) else replace(kept, train_on=None)


def _is_there(run: str) -> bool:
    try:
        servers.check(run)
    except UserError:
        return False
    return Path(run, WEIGHTS).is_file()


def _keep(name: str, values: dict[str, Any]) -> None:
    with suppress(OSError):
        own_folder(home())
        disk.write_json(home() / name, values)

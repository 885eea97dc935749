"""What lies on the desk: the photos that were chosen, and what was corrected of them. It outlives the tab and the app."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnet_finetune.words import corrections, disk, language
from resnet_finetune.words.corrections import Corrections
from resnet_finetune.words.home import home, own_folder


@dataclass(frozen=True, kw_only=True)
class Desk:
    data: str  # as in the settings of a run
    where: str  # in words
    clicks: tuple[Corrections, ...] = ()  # what each corrected

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
        values = {"data": self.data, "where": language.to_json(self.where), "clicks": self.clicks}
        with suppress(OSError):
            own_folder(home())
            disk.write_json(_file(), values)


@dataclass(frozen=True)
class Chosen:
    """Photos that can be trained on."""

    desk: Desk
    photos: int
    classes: int


def kept() -> Desk | None:
    """As it was left, if it was."""
    try:
        values = disk.read_json(_file())
        clicks = tuple({str(name): _class(class_) for name, class_ in click.items()} for click in values["clicks"])
        return Desk(data=str(values["data"]), where=_where(values["where"]), clicks=clicks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _where(said: Any) -> str:
    where = language.from_json(said)
    return where if isinstance(where, str) else str(where)


def _class(said: object) -> str | None:
    return None if said is None else str(said)


def _file() -> Path:
    return home() / "desk.json"

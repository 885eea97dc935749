"""What lies on the desk: the photos that were chosen, and which of them are left out. It outlives the tab and the app."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_finetune.words import disk, left_out
from resnet_finetune.words.home import home


@dataclass(frozen=True, kw_only=True)
class Desk:
    data: str  # as in the settings of a run
    where: str  # in words
    left_out: tuple[tuple[str, ...], ...] = ()  # names of photos, by the clicks that left them out

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for names in self.left_out for name in names)

    def without(self, names: tuple[str, ...]) -> Desk:
        return replace(self, left_out=(*self.left_out, names)) if names else self

    def undone(self) -> Desk:
        return replace(self, left_out=self.left_out[:-1])

    def list_file(self) -> str | None:
        """The names in a file, as a run is told them; None when there are none. Raises ``OSError``."""
        if not self.names:
            return None
        left_out.write(home() / left_out.FILE, self.names)
        return str(home() / left_out.FILE)

    def keep(self) -> None:
        """For the next visit. A desk that cannot be kept is only a little less comfortable."""
        values = {"data": self.data, "where": self.where, "left_out": [list(names) for names in self.left_out]}
        with suppress(OSError):
            home().mkdir(parents=True, exist_ok=True)
            disk.write_json(_file(), values)


def kept() -> Desk | None:
    """As it was left, if it was."""
    try:
        values = disk.read_json(_file())
        names = tuple(tuple(map(str, names)) for names in values["left_out"])
        return Desk(data=str(values["data"]), where=str(values["where"]), left_out=names)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file() -> Path:
    return home() / "desk.json"

"""The page's sentences, in the language that is spoken, and numbers put into words. The sentences are in ``english`` and in
``chinese``, by the same keys.
"""

from __future__ import annotations

from math import ceil

from resnet_finetune.ui.wording.chinese import CHINESE
from resnet_finetune.ui.wording.english import ENGLISH
from resnet_finetune.words.language import Language, spoken

TABLES: dict[Language, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}


def text(key: str, **values: object) -> str:
    return TABLES[spoken()][key].format(**values)


def texts(prefix: str) -> dict[str, str]:
    """All whose keys begin so, by the rest of their keys and with their placeholders: for scripts of the page."""
    return {key.removeprefix(prefix): said for key, said in TABLES[spoken()].items() if key.startswith(prefix)}


def photos(n: int) -> str:
    return text("photos.one" if n == 1 else "photos.many", n=n)


def classes(n: int) -> str:
    return text("classes.one" if n == 1 else "classes.many", n=n)


def parameters(millions: float) -> str:
    """In English counted in millions, in Chinese in tens of thousands."""
    return text("parameters", n=round(millions * (100 if spoken() == "zh" else 1)))


def percent(share: float) -> str:
    """Whole per cents, for 0 to 1. Nearly all is not all, and nearly nothing is not nothing. The space does not break."""
    whole = round(100 * share)
    if whole == 100 and share < 1:
        return text("percent", n=">99")
    if whole == 0 and share > 0:
        return text("percent", n="<1")
    return text("percent", n=whole)


def left(seconds: float | None) -> str:
    """The time left, as roughly as it is known, so that it does not jump about; None: not known yet."""
    if seconds is None:
        return text("train.left.unknown")
    if seconds < 5:
        return text("train.left.little")
    step = 5 if seconds < 60 else 30 if seconds < 600 else 60
    return text("train.left", time=duration(step * ceil(seconds / step)))


def duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if whole < 60:
        return text("duration.seconds", seconds=whole)
    if whole < 600 and rest:
        return text("duration.few_minutes", minutes=minutes, seconds=rest)
    if whole < 3600:
        return text("duration.minutes", minutes=minutes)
    return text("duration.hours", hours=hours, minutes=minutes)

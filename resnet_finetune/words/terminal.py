"""The terminal: the language that it is set to, how wide a text is in it, and what ``argparse`` says of itself."""

from __future__ import annotations

import argparse
import locale
import os
import unicodedata
from collections.abc import Mapping

from resnet_finetune.words.chinese import OF_ARGPARSE
from resnet_finetune.words.language import Language, spoken


def language(environment: Mapping[str, str] = os.environ) -> Language:
    """By the first that is set of LC_ALL, LC_MESSAGES and LANG (POSIX, "Internationalization Variables"), or by the system."""
    names = (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name))
    name = next(names, None) or (locale.getlocale()[0] if os.name == "nt" else None) or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def width(text: str) -> int:
    """Cells: a Chinese character takes two (Unicode, annex 11)."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """As wide as so many cells, or wider; with the text on the left or on the ``right``."""
    room = " " * (cells - width(text))
    return room + text if right else text + room


def translate_usage() -> None:
    """``argparse`` has its own sentences translated by gettext, under these two names, which needs a compiled file."""
    setattr(argparse, "_", _translated)  # noqa: B010  mypy knows no such name
    setattr(argparse, "ngettext", lambda one, many, n: _translated(one if n == 1 else many))  # noqa: B010


def _translated(message: str) -> str:
    return OF_ARGPARSE.get(message, message) if spoken() == "zh" else message

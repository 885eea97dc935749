"""The sentences of ``say`` in simplified Chinese."""

from __future__ import annotations

CHINESE: dict[str, str] = {}

OF_THE_SYSTEM: dict[str, str] = {}

OF_ARGPARSE: dict[str, str] = {}

"""The same in simplified Chinese."""

from __future__ import annotations

from resnet_finetune.ui.english import ENGLISH

CHINESE: dict[str, str] = dict(ENGLISH)

"""Where the files lie that come with the app: weights, demo photos, what the page and the exports are made of."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).parents[1] / "assets"  # by pip: inside the package
ASSETS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "assets"

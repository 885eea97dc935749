"""Commands as a person can copy them into a terminal."""

from __future__ import annotations

import sys


def python() -> str:
    """This Python. In quotation marks only if they are needed: PowerShell takes what begins with them for a text."""
    return f'"{sys.executable}"' if " " in sys.executable else sys.executable

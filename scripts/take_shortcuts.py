"""Take the picture of docs/why-shortcuts.md anew: ``.venv/bin/python scripts/take_shortcuts.py [--to FILE]``.

Starts the app with an empty home, makes the experiment on the demo photos in a real browser, and photographs what it shows.
Some two minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from take_pictures import LONG, ROOT, opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures" / "why-shortcuts.png")
    to = parser.parse_args().to
    with opened() as (page, _):
        page.get_by_role("tab", name="Inside").click()
        page.locator("#inside-shortcuts .label-wrap").click()
        page.locator("#shortcuts-ask").click()
        page.locator("#shortcuts svg").nth(3).wait_for(timeout=LONG)
        page.locator("#shortcuts").screenshot(path=to)


if __name__ == "__main__":
    main()

"""Take the picture of docs/why-shortcuts.md anew: ``.venv/bin/python scripts/take_shortcuts.py [--to FILE]``.

Starts the app with an empty home, makes the experiment on the demo photos in a real browser, and photographs what it shows.
Some two minutes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from conftest import serving  # noqa: E402  the app, as the tests start it
from take_pictures import LONG, SIZE  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures" / "why-shortcuts.png")
    to = parser.parse_args().to
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        with serving(Path(home), "app.py", "--no-browser") as url:
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(url)
            page.get_by_role("tab", name="Inside").click()
            page.locator("#shortcuts-ask").click()
            page.locator("#shortcuts svg").nth(3).wait_for(timeout=LONG)
            page.locator("#shortcuts").screenshot(path=to)


if __name__ == "__main__":
    main()

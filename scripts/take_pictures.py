"""Take the pictures of the page that the README shows, anew: ``.venv/bin/python scripts/take_pictures.py [--to FOLDER]``.

Starts the app with an empty home, goes the whole way with the demo photos in a real browser (Debian's chromium, playwright from
requirements-test.txt), and photographs each step. Some five minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

path = os.environ.get("PYTHONPATH", "")

from conftest import run_cli, serving  # noqa: E402  the app, as the tests start it

os.environ["PYTHONPATH"] = path  # but as large as it is: theirs trains on small photos

SIZE = {"width": 1280, "height": 800}
LONG = 300_000  # milliseconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures")
    to = parser.parse_args().to
    with opened() as (page, home):
        go_the_way(page, home, to)


@contextmanager
def opened() -> Iterator[tuple[Page, Path]]:
    """The app in a real browser, and its home, which is empty."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        with serving(Path(home), "app.py", "--no-browser") as url:
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(url)
            yield page, Path(home)


def go_the_way(page: Page, home: Path, to: Path) -> None:
    page.locator("#data-demo").click(timeout=LONG)
    page.locator("#data-next").wait_for(timeout=LONG)
    take(page, to / "1-your-data.png", "#data-findings")
    page.locator("#data-next").click()
    page.locator("#model-next").wait_for()
    take(page, to / "2-model.png")
    page.locator("#model-next").click()
    page.locator("#train-start").click()
    page.locator("#train-curves svg").nth(1).wait_for(timeout=LONG)
    page.wait_for_timeout(4_000)  # some steps
    take(page, to / "3-train.png")
    page.locator("#train-next").click(timeout=LONG)
    page.locator("#results-matrix .cells button").first.wait_for(timeout=LONG)
    page.locator("#results-matrix .cells button").last.click()
    page.locator("#results-cell figure").first.wait_for(timeout=LONG)
    page.wait_for_timeout(1000)  # the page goes to the photos by itself
    take(page, to / "4-results.png", "#results-matrix")
    page.locator("#results-next").click()
    with zipfile.ZipFile(ROOT / "assets" / "demo" / "new_photos.zip") as archive:
        names = [name for name in sorted(archive.namelist()) if not name.endswith("/")]
        photos = [archive.extract(name, home) for name in names[:: len(names) // 3]]
    page.locator("#try-files input[type=file]").set_input_files(photos)
    page.locator("#try-answers article").nth(len(photos) - 1).wait_for(timeout=LONG)
    take(page, to / "5-try-it.png", "#try-answers")
    page.get_by_role("tab", name="Inside").click()
    page.locator("#network-ask").click(timeout=LONG)
    page.locator("#network g.block").nth(2).click(timeout=LONG)
    page.locator("#network-block dl").wait_for(timeout=LONG)
    take(page, to / "7-inside.png", "#inside-network")
    # A second training with the same photos, to compare the first one with
    run_cli("train", "demo", "--preset", "balanced", home=home)
    page.get_by_role("tab", name="My runs").click()
    page.locator("#runs-list li.run").nth(1).wait_for(timeout=LONG)
    for number in range(2):
        page.locator("#runs-list li.run").nth(number).get_by_role("button", name="Compare").click()
        page.locator("#runs-comparison section, #runs-comparison .message").nth(0).wait_for()
    page.locator("#runs-comparison svg").wait_for()
    take(page, to / "6-my-runs.png")


def take(page: Page, file: Path, from_here: str | None = None) -> None:
    """What is in the window; ``from_here`` is what should be at its top."""
    if from_here:
        page.locator(from_here).evaluate("element => element.scrollIntoView()")
    page.wait_for_timeout(1000)  # pictures load, colours fade in
    page.screenshot(path=file)


if __name__ == "__main__":
    main()

"""The app under load, in a real browser.

    python benchmarks/load.py many [--photos 100000] [--classes 1000] [--until shown | step | results]
    python benchmarks/load.py clients [--clients 20] [--seconds 60]
    python benchmarks/load.py memory [--minutes 130]

many: small JPEGs are made up, no two of them alike; the page is asked to look through them, to train until the first step of
fine-tuning, and to show the results. Told are the longest time that the page did nothing (it ticks every 50 ms), the longest
time that the server took for an answer of no bytes, and how many elements the page had.

clients: a Thorough training of the demo photos goes on with one page open, then with many, each a client of its own. Told are
the training's speed, what the app uses, how long an answer of no bytes takes, and whether all pages show the same.

memory: a training goes on for so many minutes while a page watches it. Every half minute the memory of the app and of the
training is noted, without the program files that they have mapped (those of the app apart), that of what the page's scripts and
elements hold after its garbage was collected, and that of the process that shows it. Told is the median of each fifth, and how
much it grew from the second to the last.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
SIDE, SHAPES = 128, 8  # pixels of a photo that is made up; and its squares in a row
HOUR = 3_600_000  # milliseconds
EVERY = 30  # seconds between two looks at the memory
LONG = 9000  # photos of the long training: its 100 epochs, which are the most, take more than two hours on one core

# The page watches itself, and asks the server five times a second.
WATCH = """() => {
    const told = (window.told = { page: 0, server: 0 });
    let last = performance.now();
    setInterval(() => { const now = performance.now(); told.page = Math.max(told.page, now - last - 50); last = now; }, 50);
    const ask = async () => {
        const began = performance.now();
        await fetch("/alive", { cache: "no-store" });
        told.server = Math.max(told.server, performance.now() - began);
        setTimeout(ask, 200);
    };
    ask();
}"""
TOLD = """() => { const told = { ...window.told }; window.told.page = window.told.server = 0; return told; }"""
ASK = """async () => {
    const began = performance.now();
    await fetch("/alive", { cache: "no-store" });
    return performance.now() - began;
}"""


def made_up(folder: Path, count: int, classes: int) -> Path:
    """So many photos in so many classes."""
    parts = [range(start, min(start + 1000, count)) for start in range(0, count, 1000)]
    with ProcessPoolExecutor() as pool:
        for made in [pool.submit(_make, folder, part, classes) for part in parts]:
            made.result()
    return folder


def _make(folder: Path, numbers: range, classes: int) -> None:
    for number in numbers:
        place = folder / f"class {number % classes:04}"
        place.mkdir(parents=True, exist_ok=True)
        shapes = np.random.default_rng(number).integers(0, 200, (SHAPES, SHAPES, 3), np.uint8)
        shapes[..., number % 3] += np.uint8(number % classes % 50)
        Image.fromarray(shapes).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(place / f"{number:06}.jpg", quality=80)


@dataclass(frozen=True)
class App:
    """Served from a home of its own."""

    home: Path
    url: str
    process: psutil.Process
    browser: Browser

    def page(self) -> Page:
        page = self.browser.new_context().new_page()
        page.goto(self.url)
        return page

    def events(self) -> list[dict[str, Any]]:
        lines = [line for log in (self.home / "runs").glob("*/events.jsonl") for line in log.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def trainer(self) -> psutil.Process:
        """The process that trains."""
        (lock,) = (self.home / "runs").glob("*/lock")
        return psutil.Process(json.loads(lock.read_text())["pid"])


@contextmanager
def served(home: Path) -> Iterator[App]:
    home.mkdir()
    command = [sys.executable, "app.py", "--no-browser", "--port", "0"]
    environment = {**os.environ, "RESNET_FINETUNE_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                yield App(home, url, psutil.Process(server.pid), browser)
                browser.close()
        finally:
            server.terminate()
            for lock in (home / "runs").glob("*/lock"):  # a training outlives its page, but not this script
                psutil.Process(json.loads(lock.read_text())["pid"]).kill()


def choose(page: Page, photos: Path) -> None:
    page.locator("#data-path").get_by_role("textbox").fill(str(photos))
    page.locator("#data-look").click()
    expect(page.locator("#data-findings table")).to_be_visible(timeout=HOUR)


# --- many --------------------------------------------------------------------------------------------------------------


class Clock:
    """Tells of each step how long it took, and how long page and server were away in it."""

    def __init__(self, app: App, page: Page) -> None:
        self.app, self.page = app, page
        page.evaluate(WATCH)
        self.began = time.monotonic()

    def tell(self, what: str) -> None:
        told: dict[str, float] = self.page.evaluate(TOLD)
        elements = self.page.evaluate("document.querySelectorAll('*').length")
        print(
            f"{what}: {time.monotonic() - self.began:.1f} s; page away {told['page'] / 1000:.2f} s, server "
            f"{told['server'] / 1000:.2f} s; {elements:,} elements; {self.app.process.memory_info().rss / 1e6:,.0f} MB",
            flush=True,
        )
        self.began = time.monotonic()


def many(app: App, photos: Path, until: str) -> None:
    page = app.page()
    clock = Clock(app, page)
    choose(page, photos)
    clock.tell("looked through and shown")
    page.locator("#data-next").click()
    expect(page.locator("#model-next")).to_be_visible(timeout=HOUR)
    clock.tell("next step")
    if until == "shown":
        return
    page.locator("#model-next").click()
    page.locator("#train-start").click()
    for event in ("Started", "FirstAnswer", "Step"):
        while not any(one["event"] == event for one in app.events()):
            page.wait_for_timeout(500)
            assert not any(one["event"] == "Failed" for one in app.events()), app.events()[-1]
        clock.tell(f"training, until {event}")
    page.wait_for_timeout(3000)
    clock.tell("the first answer drawn (three seconds of waiting)")
    page.locator("#train-stop").click()
    if until == "step":
        return
    page.locator("#train-next").click(timeout=HOUR)
    clock.tell("stopped and tested")
    expect(page.locator("#results-matrix table")).to_be_visible(timeout=HOUR)
    clock.tell("results shown")
    page.get_by_label("Lookalikes together").check()
    page.wait_for_timeout(1000)
    clock.tell("classes in another order (a second of waiting)")


# --- clients -----------------------------------------------------------------------------------------------------------


def clients(app: App, count: int, seconds: float) -> None:
    first = app.page()
    first.locator("#data-demo").click()
    first.locator("#data-next").click(timeout=HOUR)
    first.get_by_label("Thorough").check()
    first.locator("#model-next").click()
    first.locator("#train-start").click()
    first.locator("#train-curves svg").first.wait_for(timeout=HOUR)
    _watched(app, [first], seconds)
    pages = [first, *(app.page() for _ in range(count - 1))]
    for page in pages:
        page.locator("#train-curves svg").first.wait_for(timeout=HOUR)
    _watched(app, pages, seconds)
    answers = {page.locator("#train-first .card").inner_text() for page in pages}
    first.locator("#train-stop").click()
    for page in pages:
        page.locator("#train-next").wait_for(timeout=HOUR)
        page.wait_for_timeout(1000)
    curves = {tuple(line.get_attribute("points") for line in page.locator("#train-curves polyline").all()) for page in pages}
    print(f"different first answers: {len(answers)}; different curves at the end: {len(curves)}")


def _watched(app: App, pages: list[Page], seconds: float) -> None:
    began, answers = time.time(), []
    app.process.cpu_percent()
    while time.time() - began < seconds:
        for page in pages:
            answers.append(page.evaluate(ASK))
            page.wait_for_timeout(1000 / len(pages))
    speeds = [one["images_per_second"] for one in app.events() if one["event"] == "Step" and one["time"] > began]
    answers.sort()
    print(
        f"{len(pages)} pages: {statistics.median(speeds):.1f} photos a second; the app uses {app.process.cpu_percent():.0f} % "
        f"of a core and {app.process.memory_info().rss / 1e6:.0f} MB; an answer takes {statistics.median(answers):.0f} ms "
        f"(median), {answers[int(0.99 * len(answers))]:.0f} ms (99 %), {answers[-1]:.0f} ms (longest) of {len(answers)}",
        flush=True,
    )


# --- memory ------------------------------------------------------------------------------------------------------------


def memory(app: App, photos: Path, minutes: float) -> None:
    with app.page() as page:  # closed once the training goes on
        choose(page, photos)
        page.locator("#data-next").click()
        page.get_by_role("button", name="More").last.click()
        page.locator("#minutes input").fill(str(minutes))
        page.locator("#model-next").click()
        page.locator("#train-start").click()
        page.locator("#train-curves svg").first.wait_for(timeout=HOUR)
    trainer, watched, began = app.trainer(), Watched(app), time.time()
    noted: dict[str, list[float]] = {"app": [], "its files": [], "training": [], "page": [], "its process": []}
    while trainer.is_running() and trainer.status() != psutil.STATUS_ZOMBIE:
        for what, process in (("app", app.process), ("training", trainer)):
            noted[what].append(_own(process))
        noted["its files"].append(app.process.memory_info().shared / 1e6)
        noted["page"].append(watched.holds())
        noted["its process"].append(max(map(_own, _renderers())))
        if len(noted["page"]) % 20 == 1:
            now = ", ".join(f"{what} {megabytes[-1]:.1f} MB" for what, megabytes in noted.items())
            print(f"after {(time.time() - began) / 60:.0f} minutes: {now}", flush=True)
        time.sleep(EVERY)
    print(f"a training of {(time.time() - began) / 60:.0f} minutes")
    for what, megabytes in noted.items():
        fifths = [float(np.median(part)) for part in np.array_split(megabytes, 5)]
        said = ", ".join(f"{fifth:.1f}" for fifth in fifths)
        print(f"{what}: {said} MB in its fifths ({100 * (fifths[4] / fifths[1] - 1):+.1f} %), {len(megabytes)} looks")


def _own(process: psutil.Process) -> float:
    """MB that it has for itself, on Linux. Of program files ever more is mapped, as more of them is used: it can be dropped."""
    memory = process.memory_info()
    return float(memory.rss - memory.shared) / 1e6


class Watched:
    """The page, opened so that Playwright knows nothing of it: of one that it drives it has every answer kept, for itself."""

    def __init__(self, app: App) -> None:
        self._devtools = app.browser.new_browser_cdp_session()
        self._told: dict[int, Any] = {}
        self._devtools.on("Target.receivedMessageFromTarget", self._hear)
        context = self._devtools.send("Target.createBrowserContext")["browserContextId"]
        place = {"url": app.url, "browserContextId": context}
        target = self._devtools.send("Target.createTarget", place)["targetId"]
        self._session = self._devtools.send("Target.attachToTarget", {"targetId": target, "flatten": False})["sessionId"]
        time.sleep(EVERY)  # for it to open

    def holds(self) -> float:
        """MB that the page's scripts and elements take up. ``performance.memory`` is no measure: it is rounded to steps of
        several percent, and up to 20 minutes old.
        """
        self._ask("HeapProfiler.collectGarbage")
        heap = self._ask("Runtime.getHeapUsage")
        return float(heap["usedSize"] + heap["embedderHeapUsedSize"] + heap["backingStorageSize"]) / 1e6

    def _hear(self, event: dict[str, Any]) -> None:
        answer = json.loads(event["message"])
        if "id" in answer:
            self._told[answer["id"]] = answer["result"]

    def _ask(self, method: str) -> Any:
        number = len(self._told)
        message = json.dumps({"id": number, "method": method})
        self._devtools.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        while number not in self._told:
            self._devtools.send("Target.getTargets")  # lets it hear
        return self._told[number]


def _renderers() -> list[psutil.Process]:
    """The processes of the browser that show pages."""
    alive = (one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE)
    return [one for one in alive if "--type=renderer" in one.cmdline()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("many")
    verb.add_argument("--photos", type=int, default=100_000)
    verb.add_argument("--classes", type=int, default=1000)
    verb.add_argument("--until", choices=("shown", "step", "results"), default="step")
    verb = verbs.add_parser("clients")
    verb.add_argument("--clients", type=int, default=20)
    verb.add_argument("--seconds", type=float, default=60)
    verb = verbs.add_parser("memory")
    verb.add_argument("--minutes", type=float, default=130, help="a training may end a fifth earlier")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, photos = Path(folder, "home"), Path(folder, "photos")
        if options.verb == "many":
            made_up(photos, options.photos, options.classes)
            print(f"{options.photos:,} photos in {options.classes:,} classes", flush=True)
            with served(home) as app:
                many(app, photos, options.until)
        elif options.verb == "clients":
            with served(home) as app:
                clients(app, options.clients, options.seconds)
        else:
            made_up(photos, LONG, 4)
            with served(home) as app:
                memory(app, photos, options.minutes)


if __name__ == "__main__":
    main()

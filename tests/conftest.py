"""What several rooms' tests stand on: a home of their own, a few photos that are easy to tell apart, one trained run, and
the page in a real browser."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from light.sitecustomize import HERE
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from resnet_finetune.cli import main
from resnet_finetune.data import cache
from resnet_finetune.data import scan as scanning
from resnet_finetune.data.dataset import scan
from resnet_finetune.data.facts import THUMB, Facts
from resnet_finetune.data.photos import Dataset, Photo
from resnet_finetune.words.events import Split

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
os.environ["PYTHONPATH"] = os.pathsep.join([HERE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]).rstrip(os.pathsep)
MINUTE = 60_000  # milliseconds; a limit for a slow machine, not an expectation
expect.set_options(timeout=MINUTE)

Cli = Callable[..., subprocess.CompletedProcess[str]]

# What is begun last has to be short, or one of two workers would wait for the other.
LONGEST = ["train", "data_step", "page", "exports", "exports_alike", "collect", "language", "welcome", "results_step"]
LONGEST += ["try_step", "my_runs", "cli", "team", "cluster", "jobs", "interrupted", "plan", "model_step", "run_folder"]
LONGEST += [
    "take_away",
    "cross_validation",
    "beside",
    "advise",
    "inside_step",
    "many_photos",
    "shortcut_experiment",
    "families",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own place for runs; child processes inherit it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("RESNET_FINETUNE_HOME", str(folder))
    return folder


def make_photos(root: Path, classes: Sequence[str] = ("blue", "green", "red"), each: int = 18, side: int = 64) -> Path:
    """``each`` photos per class: coloured noise, the colour told by the class's place in the list. Returns ``root``."""
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for number in range(each):
            pixels = np.random.default_rng([label, number]).integers(0, 120, (side, side, 3), dtype=np.uint8)
            pixels[..., label % 3] += np.uint8(120)
            Image.fromarray(pixels).save(root / name / f"{number:02}.png")
    return root


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Enough to be fine-tuned: of each class 11 are trained on, 3 choose the model and 4 test it."""
    return make_photos(tmp_path / "photos")


@pytest.fixture
def full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos are kept as large as users' are: for what is measured on them, here and in the processes that the test starts. A
    training in this process cannot be had at that size.
    """
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setattr(cache, "SIZE", 2 * cache.SIZE)
    monkeypatch.setattr(cache, "PHOTO_BYTES", 4 * cache.PHOTO_BYTES)
    monkeypatch.setattr(scanning, "SIZE", cache.SIZE)


@pytest.fixture
def few_photos(tmp_path: Path) -> Path:
    """Too few for a test."""
    return make_photos(tmp_path / "photos", each=8)


def run_cli(*arguments: str | Path, home: Path, light: bool = True) -> subprocess.CompletedProcess[str]:
    """The command line as a person's shell starts it; but for the size of photos, unless it shall not be ``light``."""
    usual = {"RESNET_FINETUNE_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "resnet_finetune", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(usual if light else usual | {"PYTHONPATH": ""})},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture
def cli(home: Path) -> Cli:
    """The command line in this process: one of its own would load torch anew for every command."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        out, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(errors):
            try:
                code = main([str(argument) for argument in arguments])
            except SystemExit as end:  # of argparse
                assert isinstance(end.code, int)
                code = end.code
            out.flush()
            errors.flush()
        said, mistakes = (stream.buffer.getvalue().decode() for stream in (out, errors))
        return subprocess.CompletedProcess(arguments, code, said, mistakes)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a finished training on the photos of ``make_photos``. Read it; do not write into it."""
    place = tmp_path_factory.mktemp("trained")
    done = run_cli("train", make_photos(place / "photos"), "--run-dir", place / "run", "--json", home=place / "home")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout.splitlines()[-1])["run"])


# --- What is drawn -------------------------------------------------------------------------------------------------


class Drawn(HTMLParser):
    """The cells of all tables as text, row by row, and every tag that was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


# --- Data sets ---------------------------------------------------------------------------------------------------------


def write_photos(root: Path, *names: str) -> Path:
    """A different small photo for every name; ``name*5`` gives five of them."""
    seed = 0
    for name in names:
        stem, _, count = name.partition("*")
        for index in range(int(count or 1)):
            path = root / (f"{stem}/{index}.png" if count else stem)
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
            Image.fromarray(pixels).save(path, "PNG")
            seed += 1
    return root


def scanned(root: Path) -> Dataset:
    return scan(root, lambda done, total: None)


def left_out(dataset: Dataset) -> dict[str, str]:
    """Path and kind of the problems that are no remarks on what is used."""
    return {problem.path: problem.kind for problem in dataset.problems if problem.left_out}


def found(dataset: Dataset, *kinds: str) -> dict[str, str]:
    """Path and kind of the problems of these kinds."""
    return {problem.path: problem.kind for problem in dataset.problems if problem.kind in kinds}


def counts(dataset: Dataset) -> dict[str, dict[Split | None, int]]:
    table: dict[str, Counter[Split | None]] = {class_: Counter() for class_ in dataset.classes}
    for photo in dataset.photos:
        table[dataset.classes[photo.label]][photo.split] += 1
    return {class_: dict(row) for class_, row in table.items()}


def with_two_kiwis(root: Path) -> Path:
    """A folder with a split of its own, whose third class has two photos, one of them a copy of a photo of the second."""
    for part, each in (("train", 8), ("validation", 2), ("test", 2)):
        make_photos(root / part, ["apple", "pear"], each, side=64)
    (root / "train" / "kiwi").mkdir()
    shutil.copy(root / "train" / "pear" / "00.png", root / "train" / "kiwi")
    Image.fromarray(np.random.default_rng(9).integers(0, 256, (64, 64, 3), np.uint8)).save(root / "train" / "kiwi" / "own.png")
    return root


def some_facts(seed: int = 0, **changes: Any) -> Facts:
    """Of a photo about which there is nothing to be said, unlike that of any other seed."""
    noise = np.random.default_rng(seed).bytes(3 * THUMB**2)
    header = {"form": "JPEG", "width": 400, "height": 300, "quality": 75, "camera": "", "taken": None}
    look = int.from_bytes(hashlib.sha256(noise).digest()[:8])
    usual = {"bright": 200, "sharp": 9.0, "border": (0, 0, 0, 0), "look": look, "thumb": noise}
    return Facts(**{**header, **usual, **changes})


def made_up(*contents: tuple[str, str], groups: Sequence[int] = (), facts: Sequence[Facts] = ()) -> Dataset:
    """A data set of (class, content) pairs, without files. Each content is a group, unless ``groups`` says otherwise."""
    classes = sorted({class_ for class_, _ in contents})
    numbers = {content: number for number, content in enumerate(dict.fromkeys(content for _, content in contents))}
    photos = [
        Photo(
            path=Path("nowhere"),
            name=f"{class_}/{index:04}.jpg",
            label=classes.index(class_),
            split=None,
            digest=hashlib.sha256(content.encode()).hexdigest(),
            facts=facts[index] if facts else some_facts(index),
            group=groups[index] if groups else numbers[content],
        )
        for index, (class_, content) in enumerate(contents)
    ]
    return Dataset(root=Path("nowhere"), classes=classes, photos=photos, problems=[], own_split=False)


def many(class_: str, count: int) -> list[tuple[str, str]]:
    """So many different contents of a class, for ``made_up``."""
    return [(class_, f"{class_} {number}") for number in range(count)]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo photos, 40 of each class. Read them; do not change them."""
    return unpacked_demo("groceries.zip", tmp_path_factory.mktemp("demo"))


def unpacked_demo(name: str, to: Path) -> Path:
    with zipfile.ZipFile(ROOT / "assets" / "demo" / name) as archive:
        archive.extractall(to)
    return to


def some_of(demo: Path, to: Path, each: int, classes: Sequence[str] = ("Apple", "Melon", "Orange")) -> Path:
    """A copy of the first ``each`` photos of some classes of the demo."""
    for class_ in classes:
        (to / class_).mkdir(parents=True)
        for photo in sorted((demo / class_).iterdir())[:each]:
            shutil.copy(photo, to / class_)
    return to


def shared(name: str, to: Path) -> Path:
    """The folder of photos from an archive beside the repository."""
    archive = SHARED_DATA / name
    if not archive.exists():
        pytest.skip(f"{name} is not here")
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            file.extractall(to)
    else:
        with tarfile.open(archive) as file:
            file.extractall(to, filter="data")
    return to


# --- The page ----------------------------------------------------------------------------------------------------------


@contextmanager
def serving(home: Path, *command: str) -> Iterator[str]:
    """The address of a server, which says it in the first line that it prints. Nothing may go wrong in it."""
    log = home / "server.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "RESNET_FINETUNE_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert "http://127.0.0.1:" in said, log.read_text()
            yield next(word for word in said.split() if word.startswith("http"))
        finally:
            server.terminate()
            server.wait(120)
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the app, which takes seconds to start, and its home; for all files of tests."""
    home = tmp_path_factory.mktemp("home")
    with serving(home, "app.py", "--no-browser") as url:
        yield url, home


@pytest.fixture(scope="module")
def server_home(app: tuple[str, Path]) -> Iterator[Path]:
    """The app's home. Each file of tests begins with an empty one, and with no training that goes on."""
    home = app[1]
    yield home
    for process in psutil.process_iter(["cmdline"]):
        if any(word.startswith(str(home / "runs")) for word in process.info["cmdline"] or []):
            process.kill()
            process.wait(60)
    for left in home.iterdir():
        if left.name not in ("server.log", "uploads", "exports"):  # the app makes the last two when it starts
            shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="module")
def url(app: tuple[str, Path], server_home: Path) -> str:
    return app[0]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera sees: 200 pictures, none like another."""
    file = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    file.write_bytes(b"".join(_frame(number) for number in range(200)))
    return file


def _frame(number: int) -> bytes:
    shapes = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    frame = io.BytesIO()
    Image.fromarray(shapes).resize((640, 480), Image.Resampling.BICUBIC).save(frame, "JPEG")
    return frame.getvalue()


@pytest.fixture(scope="module")
def browser(film: Path) -> Iterator[Browser]:
    """Its camera shows another picture at every moment, and may be used without asking."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield browser
        browser.close()


# Gradio's own stream says that it was cut, by a page that is closed or loaded again in the midst of an answer.
CUT = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """For all tests of a file: with its scripts in the cache, a page opens in half the time."""
    with browser.new_context() as context:
        context.set_default_timeout(MINUTE)
        yield context


@pytest.fixture
def page(context: BrowserContext, url: str, server_home: Path) -> Iterator[Page]:
    """A fresh tab on the page, with the usual settings. It may ask nobody but the app for anything, and nothing may go wrong
    in it.
    """
    (server_home / "choice.json").unlink(missing_ok=True)
    requests: list[str] = []
    mistakes: list[str] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "request": lambda request: requests.append(request.url),
        "weberror": lambda error: mistakes.append(str(error.error)),
        "console": lambda message: mistakes.append(message.text) if message.type == "error" else None,
    }
    for event, listener in listeners.items():
        context.on(event, listener)
    page = context.new_page()
    context.clear_cookies()
    page.goto(f"{url}/theme.css")  # of the same origin, and small
    page.evaluate("localStorage.clear()")
    page.goto(url)
    yield page
    for tab in context.pages:
        tab.close()
    for event, listener in listeners.items():
        context.remove_listener(event, listener)
    assert [asked for asked in requests if not asked.startswith((url + "/", "data:", "blob:"))] == []
    left = requests.count(url + "/") > 1
    assert [said for said in mistakes if not (left and said.startswith(CUT))] == []


def drag(where: Locator, file: Path, down: float | None = None) -> None:
    """By the browser's own drag and drop: so many pixels below the upper edge, or in the middle."""
    box = where.bounding_box()
    assert box
    devtools = where.page.context.new_cdp_session(where.page)
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + (box["height"] / 2 if down is None else down)}
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})

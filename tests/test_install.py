"""The app as pip installs it: all of it is in the package, and the command works from anywhere. Other ways to get it, too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import ROOT, Cli

from resnet_finetune import __version__

WANTED = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files behind, which would be in the next."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    for folder in ("resnet_finetune", "assets"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in WANTED:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", place, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = place.glob("*.whl")
    return built


def files(folder: str) -> set[str]:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_everything_is_in_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert files("resnet_finetune") <= packed
    assert {f"resnet_finetune/{name}" for name in files("assets")} <= packed


def test_the_command_works_away_from_the_repository(wheel: Path, tmp_path: Path, home: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        (points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "resnet-finetune = resnet_finetune.cli:main" in archive.read(points).decode()
    code = "import sys; from resnet_finetune.words.assets import ASSETS; from resnet_finetune.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code} print(ASSETS); sys.exit(main())", "runs", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place, answer = done.stdout.splitlines()
    assert Path(place) == tmp_path / "site" / "resnet_finetune" / "assets"
    assert json.loads(answer) == {"runs": []}


def test_a_window_says_what_it_needs(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webview", None)  # as where it is not installed, which it may be here
    done = cli("page", "--port", "0", "--window")
    assert done.returncode == 1
    assert "-m pip install " in done.stderr and "pywebview" in done.stderr


def test_too_little_space_is_said_before_anything_is_made(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-test.txt", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(["make", "run", "NEEDED=1000000"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "takes up to 1000000 GB" in done.stdout
    assert not (tmp_path / ".venv").exists()


# What make run installs: one tiny package, which lies on a mirror that only a proxy can reach.
MIRROR = "http://mirror.invalid/simple"
PACKAGE = "tiny_package-1.0-py3-none-any.whl"


@contextmanager
def proxy(pages: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy that fetches these ``pages``, and the addresses that it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = pages.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def tiny_package(to: Path) -> bytes:
    about = "tiny_package-1.0.dist-info"
    with zipfile.ZipFile(to, "w") as archive:
        archive.writestr("tiny_package.py", "")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return to.read_bytes()


def test_a_mirror_behind_a_proxy_and_an_installation_that_was_cut_short(tmp_path: Path) -> None:
    place = tmp_path / "app"
    place.mkdir()
    shutil.copy(ROOT / "Makefile", place)
    (place / "requirements.txt").write_text("tiny-package>=1\n")
    for name in ("requirements-test.txt", "constraints.txt"):
        (place / name).touch()
    (place / "app.py").write_text("import tiny_package\nprint('opened')\n")
    pages: dict[str, bytes] = {}
    with proxy(pages) as (address, asked):
        usual = {name: value for name, value in os.environ.items() if not name.lower().startswith(("pip_", "http", "no_proxy"))}
        own = {"HTTP_PROXY": address, "PIP_INDEX_URL": MIRROR, "PIP_TRUSTED_HOST": "mirror.invalid"}
        environment = {**usual, **own, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}

        def make_run(*given: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(["make", "run", *given], cwd=place, env=environment, capture_output=True, text=True)

        broken_off = make_run()
        assert broken_off.returncode != 0
        assert "The installation did not finish" in broken_off.stdout
        half = place / ".venv" / "half-made"
        half.touch()

        pages[f"{MIRROR}/tiny-package/"] = f'<!DOCTYPE html><a href="{PACKAGE}">{PACKAGE}</a>'.encode()
        pages[f"{MIRROR}/tiny-package/{PACKAGE}"] = tiny_package(tmp_path / PACKAGE)
        healed = make_run()
        assert healed.returncode == 0, healed.stderr
        assert healed.stdout.splitlines()[-1] == "opened"
        assert not half.exists()
        assert asked[-1] == f"{MIRROR}/tiny-package/{PACKAGE}"

        asked.clear()
        again = make_run()
        assert (again.returncode, again.stdout.splitlines()) == (0, [".venv/bin/python app.py", "opened"])
        assert asked == []

        # What is there already needs no room once more.
        (place / "constraints.txt").write_text("tiny-package==1.0\n")
        changed = make_run("NEEDED=1000000")
        assert changed.returncode == 0, changed.stdout
        assert "Installing" in changed.stdout and "Making" not in changed.stdout


def test_what_the_container_copies_is_there() -> None:
    told = (ROOT / "Containerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", told, re.M) for name in line.split()]
    assert "assets" in copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed


def test_what_is_to_be_cited_is_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")

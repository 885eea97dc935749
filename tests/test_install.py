"""The app as pip installs it: all of it is in the package, and the command works from anywhere. Other ways to get it, too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
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

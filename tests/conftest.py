"""What several rooms' tests stand on: a home of their own, a few photos that are easy to tell apart, one trained run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own place for runs; child processes inherit it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("RESNET_FINETUNE_HOME", str(folder))
    return folder


def make_photos(root: Path, classes: Sequence[str] = ("blue", "green", "red"), each: int = 8, side: int = 64) -> Path:
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
    return make_photos(tmp_path / "photos")


def run_cli(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "resnet_finetune", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "RESNET_FINETUNE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def cli(home: Path) -> Cli:
    """The command line as a person's shell starts it."""
    return lambda *arguments: run_cli(*arguments, home=home)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a finished training on the photos of ``make_photos``. Read it; do not write into it."""
    place = tmp_path_factory.mktemp("trained")
    done = run_cli("train", make_photos(place / "photos"), "--run-dir", place / "run", "--json", home=place / "home")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout.splitlines()[-1])["run"])

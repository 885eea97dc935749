"""Imports go down only, nothing is imported that is not required by name, and what must start at once does not load torch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "resnet_finetune"
PAGE = ("ui.wording", "ui.drawn", "ui.shared", "ui.served", "ui.steps")
ROOMS = ("words", "data", "model", "engine", "insight", "exports", "runs", *PAGE, "top")  # each may use those before it
SOURCES = [ROOT / "app.py", ROOT / "install.py", *sorted(PACKAGE.rglob("*.py"))]


def imported(source: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: imports are absolute here"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The room of ``resnet_finetune.room.…``; the page, the command line and the package itself are the top."""
    parts = module.split(".")
    return next((room for room in (".".join(parts[1:2]), ".".join(parts[1:3])) if room in ROOMS), "top")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.relative_to(ROOT).as_posix())
def test_imports_go_down_only(source: Path) -> None:
    here = room(".".join(source.relative_to(ROOT).with_suffix("").parts))
    for module in imported(source):
        if module.split(".")[0] == "resnet_finetune" and module != "resnet_finetune":
            assert ROOMS.index(room(module)) <= ROOMS.index(here), f"{here} must not import {module}"


def test_what_is_drawn_does_not_know_gradio() -> None:
    for source in (PACKAGE / "ui" / "drawn").glob("*.py"):
        assert "gradio" not in {module.split(".")[0] for module in imported(source)}, source.name


def test_the_words_need_only_the_standard_library() -> None:
    for source in (PACKAGE / "words").glob("*.py"):
        for module in imported(source):
            top = module.split(".")[0]
            assert top == "resnet_finetune" or top in sys.stdlib_module_names, f"{source.name} imports {module}"


def test_what_installs_the_rest_needs_only_the_standard_library() -> None:
    alone = "import sys; sys.path.insert(0, '.'); import install"  # -I and -S: without what is installed
    done = subprocess.run([sys.executable, "-I", "-S", "-c", alone], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_package_that_is_imported_is_required_by_name() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[<>=\[]", line)[0].lower().replace("_", "-") for line in lines if line and not line.startswith("#")}
    # What comes with gradio and cannot come apart from it.
    required |= {"fastapi", "starlette", "uvicorn", "markupsafe"}
    beside = {"resnet_finetune", "webview"}  # the package itself, and what only the extra "window" installs
    providers = packages_distributions()
    for source in SOURCES:
        for module in imported(source):
            top = module.split(".")[0]
            if top not in sys.stdlib_module_names and top not in beside:
                names = {name.lower().replace("_", "-") for name in providers[top]}
                assert names & required, f"{source.name} imports {top}: add {' or '.join(names)} to requirements.txt"


def test_what_must_start_at_once_does_not_load_torch() -> None:
    quick = "resnet_finetune, resnet_finetune.cli, resnet_finetune.runs.jobs, resnet_finetune.runs.run_folder"
    heavy = "{'torch', 'timm', 'gradio', 'numpy', 'PIL'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {quick}; print({heavy})"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stdout + done.stderr

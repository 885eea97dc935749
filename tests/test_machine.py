"""This machine as it is, and a machine with a graphics card that PyTorch cannot use (its driver's tool is made up)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from resnet_finetune.model import machine
from resnet_finetune.model.hardware import find_device
from resnet_finetune.model.machine import look_at_machine

pytestmark = pytest.mark.skipif(find_device().type != "cpu", reason="this machine's own GPU can be used")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the driver's tool would be; nothing else is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "nvidia-smi"


def says(tool: Path, script: str) -> None:
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def test_this_machine(tool: Path) -> None:
    seen = look_at_machine()
    assert seen.trains_on == "CPU"
    assert seen.cores == os.cpu_count()
    assert seen.memory_gb > 0.5
    assert (seen.unused, seen.remedy) == (None, None)


def test_a_card_that_pytorch_was_not_built_for(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(tool, 'echo "NVIDIA GeForce RTX 4090"')
    monkeypatch.setattr(torch.version, "cuda", None)
    seen = look_at_machine()
    assert seen.unused == "NVIDIA GeForce RTX 4090"
    assert seen.remedy and "--torch-backend=auto" in seen.remedy


def test_on_windows_the_file_that_installed_it_fetches_the_right_one(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(tool, 'echo "NVIDIA GeForce RTX 4090"')
    monkeypatch.setattr(torch.version, "cuda", None)
    windows = SimpleNamespace(platform="win32", prefix=str(tmp_path / "app" / ".venv"), executable=sys.executable)
    monkeypatch.setattr(machine, "sys", windows)
    (tmp_path / "app").mkdir()
    assert "--torch-backend=auto" in (look_at_machine().remedy or "")  # it was installed another way
    (tmp_path / "app" / "start.bat").touch()
    assert "double-click start.bat again" in (look_at_machine().remedy or "")


def test_a_card_whose_driver_is_too_old(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(tool, 'echo "Tesla K80"; echo "Tesla K80"')
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    seen = look_at_machine()
    assert seen.unused == "Tesla K80"
    assert seen.remedy and "CUDA 12.8" in seen.remedy and "driver" in seen.remedy


@pytest.mark.parametrize("script", ["exit 9", "true", "echo"])
def test_a_driver_without_a_card_is_no_card(tool: Path, script: str) -> None:
    says(tool, script)
    assert look_at_machine().unused is None

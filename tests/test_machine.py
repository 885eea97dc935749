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


def test_what_installed_it_is_not_asked_again_where_the_card_shall_be_left_alone(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(tool, 'echo "NVIDIA GeForce RTX 4090"')
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(machine, "sys", SimpleNamespace(platform="win32", prefix=str(tmp_path / ".venv")))
    (tmp_path / "start.bat").touch()
    monkeypatch.setenv("UV_TORCH_BACKEND", "cpu")
    assert "as the variable UV_TORCH_BACKEND asks" in (look_at_machine().remedy or "")


def test_a_card_that_is_older_than_this_pytorch_is_left_alone(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For PyTorch it is there, but nothing can be computed on it."""
    says(tool, 'echo "NVIDIA GeForce GTX 1080"')
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "sm_120", "compute_120"])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (6, 1))
    assert find_device().type == "cpu"
    seen = look_at_machine()
    assert seen.trains_on == "CPU" and seen.unused == "NVIDIA GeForce GTX 1080"
    assert seen.remedy and "its compute capability is 6.1, and 7.5 or more is needed" in seen.remedy
    for capability in ((7, 5), (9, 0), (12, 1)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda capability=capability: capability)
        assert find_device().type == "cuda"


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

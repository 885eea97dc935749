"""This machine as it is, and a machine with a graphics card that PyTorch cannot use (its driver's tool is made up)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

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
    machine = look_at_machine()
    assert machine.trains_on == "CPU"
    assert machine.cores == os.cpu_count()
    assert machine.memory_gb > 0.5
    assert (machine.unused, machine.remedy) == (None, None)


def test_a_card_that_pytorch_was_not_built_for(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(tool, 'echo "NVIDIA GeForce RTX 4090"')
    monkeypatch.setattr(torch.version, "cuda", None)
    machine = look_at_machine()
    assert machine.unused == "NVIDIA GeForce RTX 4090"
    assert machine.remedy and "--torch-backend=auto" in machine.remedy


def test_a_card_whose_driver_is_too_old(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(tool, 'echo "Tesla K80"; echo "Tesla K80"')
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    machine = look_at_machine()
    assert machine.unused == "Tesla K80"
    assert machine.remedy and "CUDA 12.8" in machine.remedy and "driver" in machine.remedy


@pytest.mark.parametrize("script", ["exit 9", "true", "echo"])
def test_a_driver_without_a_card_is_no_card(tool: Path, script: str) -> None:
    says(tool, script)
    assert look_at_machine().unused is None

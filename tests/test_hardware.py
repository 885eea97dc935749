"""Whatever this machine has: what is found can be computed with."""

from __future__ import annotations

import pytest
import torch

from resnet_finetune.model.hardware import Hardware, find_device, find_hardware, layout


def test_the_device_that_is_found_computes() -> None:
    device = find_device()
    assert torch.ones(3, device=device).sum().item() == 3
    if not torch.accelerator.is_available():
        assert device == torch.device("cpu")


def test_full_precision_is_full() -> None:
    """Of the settings that this process has: on a CPU they change nothing."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    find_device()
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_the_hardware_that_is_found_trains() -> None:
    hardware = find_hardware()
    assert hardware.device == find_device()
    assert hardware.precision in ("float32", "bfloat16", "float16")
    layer = torch.nn.Linear(8, 2).to(hardware.device)
    with hardware.autocast():
        out = layer(torch.ones(4, 8, device=hardware.device))
    assert str(out.dtype) == f"torch.{hardware.precision}"
    out.float().sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.dtype == torch.float32


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precision_holds_inside_the_context_only(precision: str) -> None:
    hardware = Hardware(device=torch.device("cpu"), precision=precision)
    matrix = torch.ones(2, 2)
    with hardware.autocast():
        assert str((matrix @ matrix).dtype) == f"torch.{precision}"
    assert (matrix @ matrix).dtype == torch.float32


@pytest.mark.parametrize(("threads", "words"), [(1, "CPU, 1 thread, bfloat16"), (2, "CPU, 2 threads, bfloat16")])
def test_the_hardware_is_told_in_words(threads: int, words: str) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert Hardware(device=torch.device("cpu"), precision="bfloat16").describe() == words
    finally:
        torch.set_num_threads(before)


def test_on_apples_gpu_nothing_lies_in_channels_last() -> None:
    """Its gradients would be wrong on macOS 14."""
    assert layout(torch.device("mps")) == torch.contiguous_format
    assert layout(torch.device("cpu")) == layout(torch.device("cuda")) == torch.channels_last

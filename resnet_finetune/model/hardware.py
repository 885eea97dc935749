"""What this machine computes with, found by trying it out."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from resnet_finetune.words.language import Sentence, say

WORTH_IT = 1.2  # how many times faster lower precision must be to be used
TRIALS = 5
TRIED = (8, 128)  # photos in each, on the CPU and on a GPU: of less than it can do at once a GPU tells only how it begins


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """A device and the precision that training runs in. ``precision`` is float32, bfloat16 or float16."""

    device: torch.device
    precision: str

    def autocast(self) -> Any:
        """A context in which matrix products run in ``precision``. Not for the test or for predictions: those are float32."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.precision))

    def describe(self) -> Sentence:
        name, precision = name_of(self.device), self.precision
        if self.device.type != "cpu":
            return say("{name}, {precision}", name=name, precision=precision)
        threads = torch.get_num_threads()
        if threads == 1:
            return say("{name}, 1 thread, {precision}", name=name, precision=precision)
        return say("{name}, {n} threads, {precision}", name=name, n=threads, precision=precision)


def find_device() -> torch.device:
    """The GPU that PyTorch can use (CUDA, XPU or MPS), or the CPU.

    An NVIDIA card that is older than all that this PyTorch was built for is there for PyTorch, too, but fails at the first
    computation.

    Full precision is full from here on. Otherwise newer NVIDIA cards convolve float32 with ten bits of mantissa (TF32), and the
    app would not answer as an export of the same model does. Autocast is as fast as ever.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None or (accelerator.type == "cuda" and too_old()):
        return torch.device("cpu")
    return accelerator


def too_old() -> tuple[float, float] | None:
    """Of a CUDA card that this PyTorch has no code for: its compute capability, and the least that is needed. Else None."""
    built_for = [int(number) for name in torch.cuda.get_arch_list() for number in re.findall(r"^sm_(\d+)", name)]
    major, minor = torch.cuda.get_device_capability()
    its = 10 * major + minor
    return (its / 10, min(built_for) / 10) if built_for and its < min(built_for) else None


def layout(device: torch.device) -> torch.memory_format:
    """How photos and weights lie in memory: channels last, in which convolutions are quicker. Not on Apple's GPU (MPS): on
    macOS 14 gradients come out wrong there, as PyTorch's own tests expect.
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def placed(net: nn.Module, device: torch.device) -> nn.Module:
    """The network, moved to the device and laid out for it."""
    return net.to(device).to(memory_format=layout(device))


def about_memory(error: RuntimeError) -> bool:
    """Whether memory ran out. MPS and the CPU have no class of their own for it; on Windows the CPU says it otherwise."""
    said = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in said)


def name_of(device: torch.device) -> str:
    """What the maker calls a CUDA card; of others, what PyTorch calls them: CPU, MPS, XPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def find_hardware() -> Hardware:
    """Choose the device, and lower precision where a short trial shows that it pays."""
    device = find_device()
    if device.type == "mps":  # lower precision saves little there
        return Hardware(device=device, precision="float32")
    emulated = device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    lower = "float16" if emulated else "bfloat16"  # cards before Ampere only pretend to know bfloat16
    full, reduced = (Hardware(device=device, precision=name) for name in ("float32", lower))
    convolution = placed(nn.Conv2d(64, 64, 3, padding=1), device)
    photos = torch.ones(TRIED[device.type != "cpu"], 64, 56, 56, device=device)  # as in a ResNet's first stage
    photos = photos.to(memory_format=layout(device))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for one another would count what else the machine has to do
    trials = [(_step(full, convolution, photos), _step(reduced, convolution, photos)) for _ in range(TRIALS)]
    torch.set_num_threads(threads)
    fastest = [min(seconds) for seconds in zip(*trials, strict=True)]  # the least disturbed of each, as they took turns
    return reduced if fastest[0] > WORTH_IT * fastest[1] else full


def _step(hardware: Hardware, convolution: nn.Module, photos: Tensor) -> float:
    """Seconds to go forward and backward once; on a CPU those that this thread had it, however busy the machine is: the same
    machine must come to the same precision, or the same seed would not lead to the same weights.
    """
    clock = time.thread_time if hardware.device.type == "cpu" else time.perf_counter
    began = clock()
    with hardware.autocast():
        loss = convolution(photos).float().mean()
    loss.backward()
    loss.item()  # waits for the GPU
    return clock() - began

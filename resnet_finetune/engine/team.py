"""Several processes that train one network together, on the GPUs of one machine or of several, under Hugging Face Accelerate.

The lead (process 0) owns the run: it alone decides, writes and tells. The others help: they hold the photos, and wait for
orders. An order names photos, and brings the weights to use where these may have changed; each process works on its share, and
the lead gets the sum of the gradients, or all answers. So nothing can come apart: with two processes the same is computed as
with one, only that sums are added up in another order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor, nn

from resnet_finetune.model.hardware import find_device
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say

# For how long helpers wait for an order: the lead alone reads many photos, fits heads, writes. NCCL's own ten minutes would end
# the training; of a lead that is gone they hear by themselves.
PATIENCE = timedelta(days=1)


class Order(IntEnum):
    """What the helpers are to do."""

    END = 0
    MEET = 1
    FEATURES = 2
    JUDGE = 3
    LEARN = 4


class Team:
    """One process among ``size``. Alone, which is the rule, nothing is sent anywhere."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))  # set by accelerate launch
        self.rank = 0
        self.working = False  # between an order and its answer nobody may leave
        if self.size > 1:
            from accelerate import PartialState

            on_cpu = find_device().type == "cpu"  # without being told it looks for a GPU, and takes itself to be alone
            state = PartialState(cpu=on_cpu, timeout=PATIENCE)
            self.rank, self._device = state.process_index, state.device

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, photos: int) -> slice:
        """This process's part of so many."""
        return slice(photos * self.rank // self.size, photos * (self.rank + 1) // self.size)

    # --- What the lead sends, and the helpers receive with the same call ---

    def order(self, what: Order, *numbers: float) -> tuple[Order, list[float]]:
        """Up to three numbers go with an order."""
        self.working = self.size > 1
        head = self._send(torch.tensor([float(what), *numbers, *[0.0] * (3 - len(numbers))], dtype=torch.float64))
        return Order(int(head[0])), head[1:].tolist()

    def text(self, text: str = "") -> str:
        content = torch.tensor(list(text.encode()), dtype=torch.uint8)
        length = self._send(torch.tensor([len(content)]))
        return bytes(self._send(content if self.leads else torch.zeros(int(length), dtype=torch.uint8)).tolist()).decode()

    def photos(self, indices: np.ndarray | None, photos: int) -> np.ndarray:
        """Numbers of photos in the data set, int64."""
        given = torch.zeros(photos, dtype=torch.int64) if indices is None else torch.from_numpy(indices.astype(np.int64))
        sent: np.ndarray = self._send(given).numpy()
        return sent

    def views(self, views: Tensor | None, photos: int) -> Tensor:
        """Affine maps float32 [N, 2, 3]."""
        return self._send(torch.zeros(photos, 2, 3) if views is None else views)

    @torch.no_grad()
    def weights(self, net: nn.Module) -> None:
        """Make every process's ``net`` the lead's."""
        if self.size == 1:
            return
        tensors = [value for value in net.state_dict().values() if value.is_floating_point()]
        sent = self._send(torch.cat([value.float().cpu().flatten() for value in tensors]))
        if not self.leads:
            for value, new in zip(tensors, torch.split(sent, [value.numel() for value in tensors]), strict=True):
                value.copy_(new.view_as(value))

    # --- What the lead gets back ---

    def answers(self, own: Tensor, photos: int) -> Tensor:
        """Float32 [photos, …], in order: all processes' parts, of which ``own`` is this one's."""
        self.working = False
        if self.size == 1:
            return own
        whole = torch.zeros(photos, *own.shape[1:])
        whole[self.share(photos)] = own  # the others' places are 0 here: their sum is all of it
        return self._sum(whole)

    def gradient(self, net: nn.Module, loss: float) -> float:
        """Add up the gradients of all processes in the lead's ``net``; the sum of their losses comes back."""
        self.working = False
        if self.size == 1:
            return loss
        parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]  # no photo may have been left for it
        added = self._sum(torch.cat([torch.tensor([loss]), *(gradient.float().cpu().flatten() for gradient in own)]))
        parts = torch.split(added[1:], [parameter.numel() for parameter in parameters])
        for parameter, gradient in zip(parameters, parts, strict=True):
            parameter.grad = gradient.view_as(parameter).to(parameter)
        return added[0].item()

    def meet(self, text: str) -> None:
        """Tell the helpers, who have waited for it, that the photos are read, and what they must know."""
        self.order(Order.MEET)
        self.text(text)
        self.working = False

    def dismiss(self) -> None:
        """The helpers may go home. Those that wait for something else are left to find out that the lead is gone."""
        if self.size > 1 and not self.working:
            with suppress(UserError):
                self.order(Order.END)

    def guarded(self, check_stop: Callable[[], None]) -> Callable[[], None]:
        """A stop waits until the helpers have been answered."""
        return lambda: None if self.working else check_stop()

    # --- The wire ---

    def _send(self, tensor: Tensor) -> Tensor:
        if self.size == 1:
            return tensor
        from accelerate.utils import broadcast

        with _reached():
            sent: Tensor = broadcast(tensor.contiguous().to(self._device)).cpu()
        return sent

    def _sum(self, tensor: Tensor) -> Tensor:
        from accelerate.utils import reduce

        with _reached():
            added: Tensor = reduce(tensor.contiguous().to(self._device), "sum").cpu()
        return added


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # of the process that is missing only a broken connection is seen
        raise UserError(
            say(
                "Another process of this training ended, or its machine cannot be reached any more: see what it printed, "
                "start all of them again, and go on with this run."
            )
        ) from error

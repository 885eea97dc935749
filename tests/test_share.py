"""What one process computes of its photos, with networks and photos that can be checked by eye."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import made_up, many
from torch import nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine.augment import draw_views
from resnet_finetune.engine.material import Material
from resnet_finetune.engine.micro_batches import MicroBatches
from resnet_finetune.engine.share import own_features, own_gradient, own_logits
from resnet_finetune.engine.team import Team
from resnet_finetune.model.catalog import CATALOG
from resnet_finetune.model.hardware import Hardware
from resnet_finetune.model.saved_model import Preprocessing
from resnet_finetune.words.settings import Settings

PHOTOS = 6


class Halves(nn.Module):
    """Features that can be checked by eye: mean of the red channel in the left half and in the right half."""

    num_features = 2

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        middle = photos.shape[3] // 2
        return torch.stack([photos[:, 0, :, :middle].mean((1, 2)), photos[:, 0, :, middle:].mean((1, 2))], 1)


class Small(nn.Module):
    """Two classes by a weight for each colour."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(3, 2)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.head(photos.mean((2, 3)))
        return answers


@pytest.fixture
def material() -> Callable[..., Material]:
    pixels = np.zeros((PHOTOS, SIZE, SIZE, 3), np.uint8)
    pixels[:, :, : SIZE // 2, 0] = np.array([255, 0, 51, 102, 153, 204])[:, None, None]
    dataset = made_up(*many("a", PHOTOS // 2), *many("b", PHOTOS // 2))

    def of(**changed: Any) -> Material:
        return replace(
            Material(
                run=Path(),
                settings=Settings(),
                dataset=dataset,
                fingerprint="",
                model=CATALOG[0],
                hardware=Hardware(device=torch.device("cpu"), precision="float32"),
                preprocessing=Preprocessing(size=SIZE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
                pixels=pixels,  # type: ignore[arg-type]
                notes=[],
                micro_batches=MicroBatches(4),
                team=Team(),
                check_stop=lambda: None,
                clock=lambda: 0.0,
            ),
            **changed,
        )

    return of


def test_features_are_of_the_whole_photo(material: Callable[..., Material]) -> None:
    seen = own_features(Halves(), material(), np.array([0, 1, 2]))
    assert seen.shape == (3, 2) and seen.dtype == torch.float32
    assert seen.tolist() == pytest.approx(np.array([[1, 0], [0, 0], [0.2, 0]]), abs=1e-6)


def test_no_photos_have_no_answers(material: Callable[..., Material]) -> None:
    """A process of a team may be left without any."""
    none = np.array([], np.int64)
    assert own_features(Halves(), material(), none).shape == (0, 2)
    assert own_logits(Small(), material(), none).shape == (0, 2)
    assert own_gradient(Small(), material(), none, 64, torch.zeros(0, 2, 3), 1.0) == 0.0


def test_parts_of_a_batch_add_up_to_its_gradient(material: Callable[..., Material]) -> None:
    """However many photos are shown at a time, and by however many processes: the views are drawn for the whole batch."""
    views = draw_views(PHOTOS, SIZE, 64, torch.Generator().manual_seed(0))
    everyone = np.arange(PHOTOS)

    def gradient(shares: list[slice], at_once: int) -> tuple[float, torch.Tensor]:
        net, loss = Small(), 0.0
        for share in shares:
            own = material(micro_batches=MicroBatches(at_once))
            loss += own_gradient(net, own, everyone[share], 64, views[share], 1 / PHOTOS)
        assert net.head.weight.grad is not None
        return loss, net.head.weight.grad

    whole, expected = gradient([slice(0, PHOTOS)], PHOTOS)
    assert expected.abs().max() > 0.01
    for shares, at_once in (([slice(0, PHOTOS)], 1), ([slice(0, PHOTOS)], 4), ([slice(0, 2), slice(2, PHOTOS)], 3)):
        loss, found = gradient(shares, at_once)
        assert loss == pytest.approx(whole, rel=1e-5)
        assert torch.allclose(found, expected, atol=1e-6)


def test_memory_that_runs_out_half_way_leaves_no_part_of_the_gradient(material: Callable[..., Material]) -> None:
    views = draw_views(PHOTOS, SIZE, 64, torch.Generator().manual_seed(0))

    class Full(Small):
        shown = 0

        def forward(self, photos: torch.Tensor) -> torch.Tensor:
            Full.shown += 1
            if Full.shown == 2:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().forward(photos)

    plain, full = Small(), Full()
    expected = own_gradient(plain, material(), np.arange(PHOTOS), 64, views, 1.0)
    card = material()
    assert own_gradient(full, card, np.arange(PHOTOS), 64, views, 1.0) == pytest.approx(expected, rel=1e-5)
    assert card.micro_batches.photos == 2
    assert plain.head.weight.grad is not None and full.head.weight.grad is not None
    assert torch.allclose(full.head.weight.grad, plain.head.weight.grad, atol=1e-5)


def test_memory_that_runs_out_on_the_way_back_is_free_before_fewer_photos_are_tried(material: Callable[..., Material]) -> None:
    kept: list[weakref.ref[nn.Module]] = []

    class Heavy(torch.autograd.Function):
        """What the way forward keeps for the way back, which fails the first time."""

        @staticmethod
        def forward(ctx: Any, answers: torch.Tensor) -> torch.Tensor:
            assert [ref() for ref in kept] == [None] * len(kept)
            ctx.activations = nn.Identity()
            kept.append(weakref.ref(ctx.activations))
            return answers.clone()

        @staticmethod
        def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
            if len(kept) == 1:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return gradients[0]

    class Full(Small):
        def forward(self, photos: torch.Tensor) -> torch.Tensor:
            answers: torch.Tensor = Heavy.apply(super().forward(photos))
            return answers

    card = material()
    own_gradient(Full(), card, np.arange(PHOTOS), 64, draw_views(PHOTOS, SIZE, 64, torch.Generator().manual_seed(0)), 1.0)
    assert card.micro_batches.photos == 2
    assert len(kept) == 1 + 3

"""Random views: their size, their scale, their randomness, measured on photos whose pixels tell where they are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from resnet_finetune.engine.augment import ASPECT, ZOOM, augment, draw_views

FULL, SIZE, N = 320, 224, 64


def views(photos: Tensor, seed: int = 0, size: int = SIZE) -> Tensor:
    return augment(photos, size, draw_views(len(photos), photos.shape[1], size, torch.Generator().manual_seed(seed)))


@pytest.fixture(scope="module")
def positions() -> Tensor:
    """Views of photos whose red is the column, green the row and blue 0, in pixels: [N, SIZE, SIZE, 3]."""
    along = torch.arange(float(FULL))
    photo = torch.stack([along.expand(FULL, FULL), along[:, None].expand(FULL, FULL), torch.zeros(FULL, FULL)], 2)
    return views(photo.expand(N, -1, -1, -1))


def steps(positions: Tensor) -> tuple[Tensor, Tensor]:
    """Photo pixels per view pixel, across and down, for each view; negative across is mirrored. Away from the edges."""
    low, high = SIZE // 4, SIZE * 3 // 4
    across = (positions[:, low, high, 0] - positions[:, low, low, 0]) / (high - low)
    down = (positions[:, high, low, 1] - positions[:, low, low, 1]) / (high - low)
    return across, down


def test_shape_type_and_range() -> None:
    photos = torch.randint(0, 256, (5, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    for size in (32, 48, 64, 80):
        seen = views(photos, size=size)
        assert seen.shape == (5, size, size, 3) and seen.dtype == torch.float32
        assert seen.min() >= 0 and seen.max() <= 255


def test_all_randomness_comes_from_the_generator() -> None:
    photos = torch.rand(4, 64, 64, 3) * 255
    torch.manual_seed(1)
    one = views(photos, seed=3, size=48)
    torch.manual_seed(2)
    assert torch.equal(views(photos, seed=3, size=48), one)
    assert not torch.equal(views(photos, seed=4, size=48), one)


def test_each_photo_gets_a_view_of_its_own_and_stays_itself() -> None:
    colours = torch.tensor([[255.0, 0, 0], [0, 128, 0], [7, 8, 200], [255, 255, 255]])
    for size in (48, 80):  # 80: crops that reach all edges
        seen = views(colours[:, None, None].expand(-1, 64, 64, -1), size=size)
        assert torch.allclose(seen, colours[:, None, None].expand_as(seen), atol=1e-3)  # no edge, no other photo, no tint


def test_things_look_as_large_as_zoom_says(positions: Tensor) -> None:
    across, down = steps(positions)
    zoom = 1 / (across.abs() * down).sqrt()
    assert zoom.min() > ZOOM[0] - 1e-3 and zoom.max() < ZOOM[1] + 1e-3
    assert zoom.min() < 1 < zoom.max()
    assert zoom.max() - zoom.min() > 0.7 * (ZOOM[1] - ZOOM[0])  # the whole range is used


def test_the_stretch_is_bounded(positions: Tensor) -> None:
    across, down = steps(positions)
    stretch = (across.abs() / down).log().abs()
    assert 0.7 * ASPECT < stretch.max() < ASPECT + 1e-3


def test_about_half_are_mirrored_and_none_is_upside_down(positions: Tensor) -> None:
    across, down = steps(positions)
    assert N / 4 < (across < 0).sum() < N * 3 / 4
    assert (down > 0).all()


def test_crops_lie_everywhere_in_the_photo_and_never_outside(positions: Tensor) -> None:
    across, down = steps(positions)
    middle = positions[:, SIZE // 2, SIZE // 2, :2]
    reach = torch.stack([across.abs(), down], 1) * SIZE / 2  # from the middle to the edge, in photo pixels
    assert (middle - reach > -2).all() and (middle + reach < FULL + 2).all()
    assert middle.std(0).min() > 10


def test_a_crop_larger_than_the_photo_is_the_whole_photo() -> None:
    """A photo no larger than the view cannot be zoomed out of."""
    photos = torch.rand(8, 64, 64, 3) * 255
    seen = views(photos, size=64)
    assert seen.isfinite().all()
    assert (seen.mean((1, 2)) - photos.mean((1, 2))).abs().max() < 15

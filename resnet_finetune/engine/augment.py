"""Random views of photos, made in batches from pixels that are already decoded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ZOOM = (0.86, 1.33)  # of what is trained on against what the test shows; about 1, so that things keep their size
ASPECT = 0.25  # log of the largest stretch


def draw_views(photos: int, full: int, size: int, generator: torch.Generator) -> Tensor:
    """Where to cut, stretch and mirror so many photos of ``full`` pixels at random: affine maps float32 [N, 2, 3].

    A crop is ``size`` / ``ZOOM`` pixels wide, so that things look as large as in the test, which sees the whole photo at
    ``full`` pixels; crops squeezed from a larger part would teach smaller things (Touvron et al. 2019, sec. 3). All randomness
    comes from ``generator``, which is on the CPU: the same views on every device, however many photos fit into its memory.
    """

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(photos).uniform_(low, high, generator=generator)

    area = uniform((size / full / ZOOM[1]) ** 2, min(1.0, size / full / ZOOM[0]) ** 2)  # of the photo's
    stretch = uniform(-ASPECT, ASPECT).exp()
    width, height = (area * stretch).sqrt().clamp(max=1), (area / stretch).sqrt().clamp(max=1)  # share of the photo's side
    views = torch.zeros(photos, 2, 3)  # from the crop's coordinates to the photo's, both from -1 to 1
    views[:, 0, 0] = width * uniform(-1, 1).sign()  # negative mirrors
    views[:, 0, 2] = uniform(-1, 1) * (1 - width)
    views[:, 1, 1] = height
    views[:, 1, 2] = uniform(-1, 1) * (1 - height)
    return views


def augment(photos: Tensor, size: int, views: Tensor) -> Tensor:
    """The ``views`` of photos: 0 to 255, [N, S, S, 3] to float32 [N, size, size, 3], on the photos' device.

    Colours are left alone: they tell an orange from a satsuma.
    """
    grid = F.affine_grid(views, [len(photos), 3, size, size], align_corners=False).to(photos.device)
    seen = F.grid_sample(photos.permute(0, 3, 1, 2).float(), grid, padding_mode="reflection", align_corners=False)
    return seen.permute(0, 2, 3, 1)

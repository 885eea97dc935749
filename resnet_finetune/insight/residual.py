"""What each block of a trained residual network adds. A block turns x into F(x) + x: here F(x) is measured, and left out.

He, Zhang, Ren, Sun 2015, arXiv:1512.03385, Fig. 7: how large what a block adds is
Veit, Wilber, Belongie 2016, arXiv:1605.06431, sec. 4.1: a trained network goes on working without one of its blocks
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.data.names import located
from resnet_finetune.engine.progress import told
from resnet_finetune.insight.anatomy import Anatomy, Block, Shape, convolutions
from resnet_finetune.insight.chain import Chain, added, left_out, shortcut
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.saved_model import WEIGHTS, Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.report import Judged, Report, read_report
from resnet_finetune.words.settings import Settings

FILE = "blocks.json"  # in a run folder
MOST_PHOTOS = 100  # each of them goes through the network once for every block
BATCH = 8  # photos at once: little memory, and a Stop is heard soon


def measure(settings: Settings, check_stop: Callable[[], None]) -> Generator[Event, None, Anatomy]:
    """Of a run's model on its test photos, or on ``MOST_PHOTOS`` of them; it is also written into the run's folder.

    Raises:
        UserError: there is no result, its photos are gone, or the folder cannot be written.
    """
    run = Path(settings.run_dir)
    model, report = load_model(run), read_report(run)
    if report is None:
        raise UserError(
            say("This training was stopped before its test, so there are no test photos to look with: train again.")
        )
    found = yield from told("blocks", lambda tell: _measured(model, report, settings, tell), check_stop)
    try:
        disk.write_json(run / FILE, {"weights": _digest(run), **found.to_json()})
    except OSError as error:
        raise UserError(
            say("What was measured cannot be kept in {run} ({reason}): check the drive.", run=run, reason=reason(error))
        ) from error
    return found


def kept(run: Path) -> Anatomy | None:
    """What was measured of the model that is in ``run`` now; None if nothing was, or nothing that makes sense."""
    try:
        values = disk.read_json(run / FILE)
        return Anatomy.from_json(values) if values.pop("weights") == _digest(run) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError):
        return None


def _shape(x: Tensor) -> Shape:
    """Of one photo in ``x`` [N, C, H, W]."""
    _, channels, height, width = x.shape
    return channels, height, width


def moved(net: nn.Module, start: nn.Module | None) -> list[float | None]:
    """By how much the weights of each block differ from ``start``'s, as a share of those; None where that is not known.

    Fine-tuning leaves the statistics of the batch norms as they were, so a start with others is not this network's.
    """
    own = Chain(net).blocks
    if start is None or not _same_statistics(net, start):
        return [None] * len(own)
    return [_apart(block, before) for block, before in zip(own, Chain(start).blocks, strict=True)]


def weights_of_start(settings: Settings) -> nn.Module | None:
    """The network that a training began with, without a head; None if its weights are not on this machine any more."""
    model = catalog.find(settings.model)
    file = str(Path(settings.train_on, WEIGHTS)) if settings.train_on else settings.weights
    if file is None and not weights.in_reach(model):
        return None
    try:
        return weights.load_backbone(model, weights.find_weights(model, file))
    except UserError:
        return None


def _measured(model: Classifier, report: Report, settings: Settings, tell: Callable[[int, int], None]) -> Anatomy:
    photos = _some(report, settings.seed)
    chain = Chain(model.net)
    count = len(chain.blocks)
    ratios: list[list[float]] = [[] for _ in chain.blocks]
    right, without = 0, [0] * count
    shapes: list[Shape] = []
    seen = 0
    for pixels, true in _read(model, report.folder, photos):
        x = _stem(chain, model, pixels)
        shapes = [_shape(x)]
        for number in range(count):
            tell(min(seen, len(photos)) * count + number * len(true), len(photos) * count)
            named = _without(chain, number, x)
            without[number] += int((named == true).sum())
            sizes, x = _through(chain.blocks[number], x)
            ratios[number] += sizes
            shapes.append(_shape(x))
        right += int((_named(chain, count - 1, x) == true).sum())
        seen += len(true)
    if not seen:
        raise UserError(
            say("The photos of this training are not in {root} any more: put the folder back there.", root=report.root)
        )
    change = moved(model.net, weights_of_start(settings))
    return Anatomy(
        model=model.model,
        classes=model.classes,
        photo=(3, model.preprocessing.size, model.preprocessing.size),
        stem=shapes[0],
        features=chain.net.num_features,
        photos=seen,
        of=len(report.judged),
        crossed=report.cross_validated,
        right=right,
        blocks=[
            Block(
                name=f"{stage}.{number}",
                stage=stage,
                kind=type(block).__name__,
                takes=shapes[place],
                gives=shapes[place + 1],
                parameters=sum(weight.numel() for weight in block.parameters()),
                convolutions=convolutions(block),
                ratio=float(np.mean(ratios[place])),
                right=without[place],
                moved=change[place],
            )
            for place, ((stage, number), block) in enumerate(zip(chain.places, chain.blocks, strict=True))
        ],
    )


def _some(report: Report, seed: int) -> Sequence[Judged]:
    order = np.random.default_rng(seed).permutation(len(report.judged))[:MOST_PHOTOS]
    return [report.judged[number] for number in np.sort(order)]


def _read(model: Classifier, root: Path, photos: Sequence[Judged]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """uint8 [N, size, size, 3] and the true classes [N], ``BATCH`` at a time, of those that can be read (any more)."""
    pixels, true = [], []
    for photo in photos:
        try:
            pixels.append(model.preprocessing.read(located(root, photo.path)))
        except UnreadablePhoto:
            continue
        true.append(photo.true)
        if len(true) == BATCH:
            yield np.stack(pixels), np.array(true)
            pixels, true = [], []
    if true:
        yield np.stack(pixels), np.array(true)


@torch.inference_mode()
def _stem(chain: Chain, model: Classifier, pixels: np.ndarray) -> Tensor:
    device = next(chain.net.parameters()).device
    return chain.stem(model.preprocessing.normalise(torch.from_numpy(pixels).to(device)))


@torch.inference_mode()
def _named(chain: Chain, after: int, x: Tensor) -> np.ndarray:
    named: np.ndarray = chain.logits(x, after).argmax(1).cpu().numpy()
    return named


@torch.inference_mode()
def _without(chain: Chain, number: int, x: Tensor) -> np.ndarray:
    """What the photos are named when only the shortcut is left of a block, which takes ``x``."""
    return _named(chain, number, left_out(chain.blocks[number], x))


@torch.inference_mode()
def _through(block: nn.Module, x: Tensor) -> tuple[list[float], Tensor]:
    """‖F(x)‖ / ‖x‖ of each photo, and what the block gives."""
    residual, given = added(block, x)
    sizes = residual.flatten(1).norm(dim=1) / shortcut(block, x).flatten(1).norm(dim=1).clamp_min(1e-12)
    return sizes.tolist(), given


def _apart(block: nn.Module, before: nn.Module) -> float:
    pairs = list(zip(block.parameters(), before.parameters(), strict=True))
    change = sum(float((now.detach().cpu() - then.detach()).square().sum()) for now, then in pairs)
    return float((change / sum(float(then.detach().square().sum()) for _, then in pairs)) ** 0.5)


def _same_statistics(net: nn.Module, start: nn.Module) -> bool:
    own = dict(net.named_buffers())
    return all(torch.equal(own[name].cpu(), value) for name, value in start.named_buffers() if "running" in name)


def _digest(run: Path) -> str:
    with (run / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

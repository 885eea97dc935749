"""Why depth needs the shortcut: the same small networks with and without it, trained on the person's photos.

He et al. 2015 (arXiv:1512.03385, Fig. 1 and 4) saw that a plain network trains worse the deeper it is, and a residual one does
not. Here with the blocks of ``model.blocks`` at depths 18 to 152, but small photos and few channels, so that a processor needs
a minute or two. All weights are random at the start. A network and its twin get the same weights and the same photos.

Trained as the paper has it: batch norm, He initialisation (weights of variance 2 / inputs: He et al. 2015, arXiv:1502.01852),
SGD with momentum 0.9 and weight decay 1e-4, learning rate 0.1 for 256 photos, in proportion for fewer (Goyal et al. 2017,
sec. 2.1).

The gradient at the first step is measured twice. Without batch norm, weights of variance 1 / inputs (LeCun et al. 1998, sec.
4.6; what Caffe called "xavier"), it vanishes in a plain network. With batch norm, as trained, it explodes there instead (Yang
et al. 2019, "A Mean Field Theory of Batch Normalization", ICLR). Without batch norm He initialisation keeps more of it in a
plain network, but then a residual one grows with every block: docs/why-shortcuts.md has the numbers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.engine.material import Material, of_any_network
from resnet_finetune.engine.progress import Pace
from resnet_finetune.model.blocks import BasicBlock, Bottleneck
from resnet_finetune.words.events import Event
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.shortcut_trial import ShortcutTrial, Trained

SIDE = 32  # pixels of the photos
WIDTH = 8  # channels in the first stage (in bottlenecks: of their inside), twice as many in each that follows
STEPS, BATCH = 120, 32
RATE = 0.1 * BATCH / 256
MOMENTUM, DECAY = 0.9, 1e-4
MOST_PHOTOS = 1_000

# Blocks in each of the four stages (He et al. 2015, Table 1).
DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


def shortcut_experiment(
    settings: Settings, check_stop: Callable[[], None] = lambda: None
) -> Generator[Event, None, ShortcutTrial]:
    """Yields how far it has come. Of ``settings`` it needs the data, the seed and the list of what is left out.

    Raises:
        UserError: the photos cannot be trained on.
    """
    material = yield from of_any_network(settings, check_stop)
    began = time.monotonic()
    photos, labels = _small(material, check_stop)
    classes = len(material.dataset.classes)
    batches = _batches(len(photos), settings.seed)
    pace, all_of_it, done, networks = Pace("experiment"), 2 * STEPS * sum(DEPTHS), 0, []
    for depth in DEPTHS:
        for shortcut in (False, True):
            check_stop()
            bare, normed = (
                first_gradients(network(depth, classes, shortcut, norm, settings.seed), photos[batches[0]], labels[batches[0]])
                for norm in (False, True)
            )
            losses: list[float] = []
            for loss in _training(network(depth, classes, shortcut, True, settings.seed), photos, labels, batches):
                check_stop()
                losses.append(loss)
                yield from pace(done + depth * len(losses), all_of_it)
            done += depth * STEPS
            networks.append(Trained(depth=depth, shortcut=shortcut, bare_gradients=bare, gradients=normed, losses=losses))
    return ShortcutTrial(
        photos=len(photos),
        classes=classes,
        data=settings.data,
        seconds=time.monotonic() - began,
        steps=STEPS,
        networks=networks,
    )


def network(depth: int, classes: int, shortcut: bool, norm: bool, seed: int) -> nn.Sequential:
    """A small ResNet with random weights: float [N, 3, SIDE, SIDE] to logits [N, classes]. Without ``shortcut`` it is the plain
    twin: the layers that both have begin with the same weights.
    """
    block, stages = DEPTHS[depth]
    layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()]
    inputs = WIDTH
    for stage, blocks in enumerate(stages):
        outputs = WIDTH * 2**stage * (4 if block is Bottleneck else 1)
        for number in range(blocks):
            layers.append(block(inputs, outputs, 2 if stage and not number else 1, shortcut))
            inputs = outputs
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))
    if not norm:
        _without_norm(net)
    _draw(net, 2.0 if norm else 1.0, seed)
    return net


def counted(net: nn.Module) -> list[Tensor]:
    """The weights of the layers that give a network its depth, from the photo to the classes: not those in shortcuts."""
    return [module.weight for name, module in _layers(net) if "downsample" not in name]


def first_gradients(net: nn.Module, photos: Tensor, labels: Tensor) -> list[float]:
    """Norm of the loss's gradient in each layer. In double precision: what vanishes would be 0 in single precision."""
    net = net.double()
    F.cross_entropy(net(photos.double()), labels).backward()  # type: ignore[no-untyped-call]
    return [float(weight.grad.norm()) for weight in counted(net) if weight.grad is not None]


def _layers(net: nn.Module) -> list[tuple[str, nn.Conv2d | nn.Linear]]:
    return [(name, module) for name, module in net.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def _without_norm(net: nn.Module) -> None:
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())


@torch.no_grad()
def _draw(net: nn.Module, gain: float, seed: int) -> None:
    """Normal weights of variance ``gain`` / inputs; 1 / inputs in the head, which no ReLU follows. The shortcuts' come last."""
    generator = torch.Generator().manual_seed(seed)
    for _, layer in sorted(_layers(net), key=lambda named: "downsample" in named[0]):
        inputs = layer.weight[0].numel()
        variance = (1.0 if isinstance(layer, nn.Linear) else gain) / inputs
        layer.weight.normal_(0, math.sqrt(variance), generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()


def _small(material: Material, check_stop: Callable[[], None]) -> tuple[Tensor, Tensor]:
    """Training photos, float [N, 3, SIDE, SIDE] with mean 0 and deviation 1 in each colour; and their classes [N]."""
    train = material.indices("train")
    chosen = np.random.default_rng(material.settings.seed).permutation(train)[:MOST_PHOTOS]
    parts = []
    for start in range(0, len(chosen), 64):
        check_stop()
        pixels = torch.from_numpy(material.pixels[chosen[start : start + 64]])
        parts.append(F.avg_pool2d(pixels.permute(0, 3, 1, 2).float(), SIZE // SIDE))
    photos = torch.cat(parts)
    deviation, mean = torch.std_mean(photos, dim=(0, 2, 3), keepdim=True)
    return (photos - mean) / deviation.clamp(min=1.0), torch.from_numpy(material.labels(chosen))


def _batches(photos: int, seed: int) -> Tensor:
    """Numbers of photos [STEPS, BATCH], all of them once before one comes again."""
    generator = torch.Generator().manual_seed(seed)
    rounds = [torch.randperm(photos, generator=generator) for _ in range(math.ceil(STEPS * BATCH / photos))]
    return torch.cat(rounds)[: STEPS * BATCH].view(STEPS, BATCH)


def _training(net: nn.Module, photos: Tensor, labels: Tensor, batches: Tensor) -> Iterator[float]:
    """The loss of each step, until it is no number any more."""
    optimizer = torch.optim.SGD(net.parameters(), RATE, MOMENTUM, weight_decay=DECAY)
    for batch in batches:
        loss = F.cross_entropy(net(photos[batch]), labels[batch])
        if not loss.isfinite():
            return
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        yield loss.item()

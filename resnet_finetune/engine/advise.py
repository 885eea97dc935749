"""Which depth to pick: measured on the person's own photos and machine.

Every depth of the usual family is timed, and of the others what is chosen or here. Those whose weights are on this machine race
by successive halving (Jamieson & Talwalkar 2016): all are tried on a few of the training photos, the better half of them on
twice as many, and so on. What is judged is the first answer, cross-validated; the test and validation photos have no part in
it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np
import timm
import torch
from torch import Tensor, nn

from resnet_finetune.data.cache import SIZE
from resnet_finetune.data.photos import Dataset
from resnet_finetune.engine.augment import draw_views
from resnet_finetune.engine.cross_validation import out_of_fold, parted
from resnet_finetune.engine.first_answer import add_head, features_of
from resnet_finetune.engine.judge import Verdict, judged
from resnet_finetune.engine.material import Material, first_micro_batches, of_any_network
from resnet_finetune.engine.plan import PRESETS, epoch_seconds, photo_cost
from resnet_finetune.engine.probe import ENOUGH, usual_head
from resnet_finetune.engine.progress import Pace
from resnet_finetune.engine.share import losses
from resnet_finetune.model import catalog, weights
from resnet_finetune.model.catalog import CATALOG, USUAL, Model
from resnet_finetune.model.hardware import placed
from resnet_finetune.model.saved_model import Preprocessing
from resnet_finetune.words.advice import Advice, Candidate
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.settings import Settings

FEWEST = 40  # photos in the first heat: fewer tell nothing
PRIOR = ((3_000, "resnet18"), (20_000, "resnet50"))  # up to so many training photos; above, the last
LARGE = "resnet101"
STATE_BYTES = 16  # for a weight: itself, its gradient, AdamW's two moments, in single precision


def advise(settings: Settings, check_stop: Callable[[], None] = lambda: None) -> Generator[Event, None, Advice]:
    """Yields how far it has come. Of ``settings`` it needs the data, the preset, the seed, the list of what is left out, and
    the model that is chosen so far.

    Raises:
        UserError: the photos cannot be trained on.
    """
    of_any = yield from of_any_network(settings, check_stop)
    candidates = [one for one in CATALOG if one.family == USUAL or one.name == settings.model or weights.in_reach(one)]
    yield Progress(stage="measure", done=0, total=len(candidates), seconds_left=None)
    pace, measured = Pace("measure"), []
    for model in candidates:
        check_stop()
        measured.append(_measured(of_any, model))
        yield from pace(len(measured), len(candidates))
    verdicts = yield from _race(of_any, [model for model in candidates if weights.in_reach(model)])
    usual = _usual(len(of_any.indices("train")))
    return Advice(
        candidates=tuple(
            replace(candidate, score=verdicts[candidate.model].score if candidate.model in verdicts else None)
            for candidate in measured
        ),
        recommended=_best(verdicts, usual),
        usual=usual,
        photos=len(of_any.indices("train")),
    )


def _usual(photos: int) -> str:
    return next((model for most, model in PRIOR if photos <= most), LARGE)


def _best(verdicts: dict[str, Verdict], usual: str) -> str:
    """The usual one, if it raced; else the shallowest; unless another was better by more than chance on the same photos.

    Those that left the race earlier were judged on fewer photos, and lost there.
    """
    most = max((verdict.score.n for verdict in verdicts.values()), default=0)
    finalists = [name for name in catalog.names() if name in verdicts and verdicts[name].score.n == most]
    if not finalists:
        return usual
    best = usual if usual in finalists else finalists[0]
    for challenger in finalists:
        if verdicts[challenger].beats(verdicts[best]):
            best = challenger
    return best


# --- What each costs -----------------------------------------------------------------------------------------------------


def _measured(material: Material, model: Model) -> Candidate:
    """With random weights: they are as quick as any."""
    net = placed(timm.create_model(model.timm_name, num_classes=0), material.hardware.device)
    add_head(net, len(material.dataset.classes))
    own = replace(material, model=model, micro_batches=first_micro_batches(model, material.hardware))
    size = PRESETS[material.settings.preset].photo_size
    cost = photo_cost(own, net, size)
    return Candidate(
        model=model.name,
        parameters_m=model.parameters_m,
        memory_gb=_memory(own, net, size) / 1e9,
        epoch_seconds=epoch_seconds(own, cost),
        here=weights.in_reach(model),
        score=None,
        download_mb=model.download_mb,
    )


def _memory(material: Material, net: nn.Module, size: int) -> float:
    """Bytes: what is kept between the way forward and the way back, and what each weight needs.

    What another photo adds is counted, for some is kept once however many there are: the weights in half precision.
    """
    one, two = _kept_for(1, material, net, size), _kept_for(2, material, net, size)
    activations = one + (two - one) * (material.micro_batches.photos - 1)
    return activations + STATE_BYTES * sum(p.numel() for p in net.parameters())


def _kept_for(photos: int, material: Material, net: nn.Module, size: int) -> int:
    """Bytes that are kept between the way forward and the way back of so many, beside the weights."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    own = {parameter.untyped_storage().data_ptr() for parameter in net.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        views = draw_views(photos, SIZE, size, torch.Generator().manual_seed(0))
        loss = losses(net, material, np.resize(material.indices("train"), photos), size, views)
    del loss
    return sum(size for place, size in kept.items() if place not in own)


# --- The race ------------------------------------------------------------------------------------------------------------


def _race(material: Material, racers: list[Model]) -> Generator[Event, None, dict[str, Verdict]]:
    """The last verdict on each; none where no class has two photos to learn from, of which one could judge the other."""
    classes = len(material.dataset.classes)
    fewest = max(FEWEST, 2 * classes)  # of so many some class has two, for all are balanced
    order = _balanced(material.dataset, material.indices("train"), material.settings.seed)[: max(ENOUGH, fewest)]
    if np.bincount(material.labels(order)).max() < 2:
        return {}
    seen: dict[str, np.ndarray] = {}
    verdicts: dict[str, Verdict] = {}
    for photos in _heats(len(order), len(racers), fewest):
        for model in racers:
            before = seen.get(model.name)
            new = order[:photos] if before is None else order[len(before) : photos]
            features = yield from _features(material, model, new)
            seen[model.name] = features if before is None else np.concatenate([before, features])
            verdicts[model.name] = _judged(material, seen[model.name], order[:photos])
        racers = sorted(racers, key=lambda model: verdicts[model.name].loss)[: (len(racers) + 1) // 2]
    return verdicts


def _heats(photos: int, racers: int, fewest: int) -> list[int]:
    """How many photos each heat looks at: twice as many each time, ``fewest`` at least, and in the last all."""
    heats = [photos]
    while racers > 2 and heats[0] // 2 >= fewest:
        heats.insert(0, heats[0] // 2)
        racers = (racers + 1) // 2
    return heats


def _balanced(dataset: Dataset, indices: np.ndarray, seed: int) -> np.ndarray:
    """In an order of which every beginning has about as many photos of each class."""
    shuffled = np.random.default_rng(seed).permutation(indices)
    met: dict[int, int] = defaultdict(int)
    ranked = []
    for index in shuffled:
        label = dataset.photos[index].label
        ranked.append((met[label], label, index))
        met[label] += 1
    return np.array([index for _, _, index in sorted(ranked)])


def _features(material: Material, model: Model, indices: np.ndarray) -> Generator[Event, None, np.ndarray]:
    net = weights.load_backbone(model, weights.find_weights(model, None))
    own = replace(
        material,
        model=model,
        preprocessing=Preprocessing.of(net, SIZE),
        micro_batches=first_micro_batches(model, material.hardware),
    )
    return (yield from features_of(own, placed(net, material.hardware.device), indices))


def _judged(material: Material, features: np.ndarray, indices: np.ndarray) -> Verdict:
    """Every photo answered by a head that was fitted without it and without those like it."""
    labels, classes = material.labels(indices), len(material.dataset.classes)
    parts = parted(material, indices)
    answers = out_of_fold(material, features, indices, parts, lambda fit: usual_head(features[fit], labels[fit], classes))
    return judged(torch.from_numpy(answers), labels)

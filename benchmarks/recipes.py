"""What else fine-tuning could do, against what it does: ``python benchmarks/recipes.py [--sets …] [--recipes …] [--seeds N]``.

Each recipe is the app's own loop with one thing changed, from the same first answer, on the same photos in the same order:

- mixup, cutmix: each photo is mixed with, or has a box of, another of its batch (Zhang et al. 2018; Yun et al. 2019);
- ema: an exponential moving average of the weights over about one pass takes the place of the weights;
- progressive: the crops grow from 144 over 176 pixels to the preset's (Tan & Le 2021, sec. 4);
- compile: the network goes through ``torch.compile``, for which the first run pays, those after it hardly.

In each round, which is one seed on one set, the recipes take turns. Counted is the network of the last pass, averaged with the
first answer as the app does, whether or not the app would keep it. Its loss on the test photos, of probabilities that are not
calibrated, tells more than its accuracy. Seconds are the processor's, of fine-tuning alone, with those of the compilers that it
calls; with ``OMP_NUM_THREADS=1`` it does not matter what runs beside. Every run becomes a line of JSON in ``--to``; what is
there already is not run again. The sets are those of ``compare.py``.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

sys.path.insert(0, str(Path(__file__).parents[1]))

from compare import lay_out, rows

from resnet_finetune.engine import checkpoint, loop, share
from resnet_finetune.engine.augment import augment
from resnet_finetune.engine.first_answer import first_answer
from resnet_finetune.engine.judge import judged
from resnet_finetune.engine.material import Material, gather
from resnet_finetune.engine.plan import PRESETS, steps_per_epoch
from resnet_finetune.engine.progress import drained
from resnet_finetune.engine.share import own_logits
from resnet_finetune.engine.step import Learner, one_batch
from resnet_finetune.engine.team import Team
from resnet_finetune.model.folding import folded
from resnet_finetune.words.settings import Settings

Weights = dict[str, Tensor]
Change = Callable[[ExitStack], None]

MIXUP = 0.2  # both parameters of the Beta distribution; cutmix has 1, as published
SMALL = (144, 176)  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["groceries", "flowers", "hymenoptera"])
    parser.add_argument("--recipes", nargs="+", default=["app", *RECIPES], choices=["app", *RECIPES])
    parser.add_argument("--preset", default="balanced", choices=PRESETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--to", type=Path, default=Path("recipes.jsonl"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recipes-") as folder:
        os.environ["RESNET_FINETUNE_HOME"] = str(Path(folder, "home"))
        for name in options.sets:
            photos = lay_out(name, Path(folder, name))
            for seed in range(options.seeds):
                known = {(row["set"], row["seed"], row["who"], row["preset"]) for row in rows(options.to)}
                for recipe in options.recipes:
                    if (name, seed, recipe, options.preset) not in known:
                        what = {"set": name, "seed": seed, "who": recipe, "preset": options.preset}
                        row = {**what, **tuned(photos, options.preset, seed, recipe)}
                        print(*row.values(), file=sys.stderr, flush=True)
                        with options.to.open("a") as file:
                            file.write(json.dumps(row) + "\n")
    print("\n".join(table(rows(options.to))))


def tuned(photos: Path, preset: str, seed: int, recipe: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="recipe-") as folder, ExitStack() as changes:
        run = Path(folder)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(run / "compiled")  # nothing of earlier processes is taken
        checkpoint.prepare(run)
        torch.manual_seed(seed)
        settings = Settings(data=str(photos), run_dir=folder, preset=preset, seed=seed)
        material, net = drained(gather(settings, run, None, lambda: None, time.monotonic, Team()))
        standing, verdict = drained(first_answer(material, net))
        first = judge(net, material)
        if recipe != "app":
            RECIPES[recipe](changes)
        averaged: list[Weights] = []
        mean = loop._mean
        changes.enter_context(patch.object(loop, "_mean", lambda *weights: averaged.append(mean(*weights)) or averaged[-1]))
        began = sum(os.times()[:4])
        drained(loop.fine_tune_network(material, net, standing, verdict))
        seconds = sum(os.times()[:4]) - began
        last = copy.deepcopy(net)
        last.load_state_dict(averaged[-1])
        at_end = judge(last, material)
        return {
            "first loss": first[0],
            "first accuracy": first[1],
            "loss": at_end[0],
            "accuracy": at_end[1],
            "seconds": seconds,
        }


def judge(net: nn.Module, material: Material) -> tuple[float, float]:
    """Mean cross-entropy and accuracy on the test photos."""
    test = material.indices("test")
    verdict = judged(own_logits(folded(net), material, test), material.labels(test))
    return verdict.loss, verdict.score.accuracy


def mixing(boxes: bool) -> Change:
    """Two photos in one, by a weight drawn for the batch: laid over each other, or a box of one cut into the other."""

    def losses(net: nn.Module, material: Material, chosen: np.ndarray, size: int, views: Tensor) -> Tensor:
        net.train()
        for module in net.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        photos = augment(torch.from_numpy(material.pixels[chosen]), size, views)
        labels = torch.from_numpy(material.labels(chosen))
        other = torch.randperm(len(photos))
        kept = float(np.random.beta(1, 1) if boxes else np.random.beta(MIXUP, MIXUP))
        if boxes:
            side = round(size * (1 - kept) ** 0.5)
            top, left = np.random.randint(0, size - side + 1, 2)
            photos[:, top : top + side, left : left + side] = photos[other, top : top + side, left : left + side]
            kept = 1 - (side / size) ** 2
        else:
            photos = kept * photos + (1 - kept) * photos[other]
        with material.hardware.autocast():
            logits = net(material.preprocessing.normalise(photos)).float()

        def of(wanted: Tensor) -> Tensor:
            return F.cross_entropy(logits, wanted, label_smoothing=share.LABEL_SMOOTHING, reduction="none")

        return kept * of(labels) + (1 - kept) * of(labels[other])

    def change(changes: ExitStack) -> None:
        np.random.seed(0)
        changes.enter_context(patch.object(share, "losses", losses))

    return change


def moving_average(changes: ExitStack) -> None:
    followers: list[AveragedModel] = []
    mean = loop._mean

    def batch(material: Material, learner: Learner, *rest: Any) -> float:
        if not followers:
            decay = 1 - 1 / steps_per_epoch(len(material.indices("train")))
            followers.append(AveragedModel(learner.net, multi_avg_fn=get_ema_multi_avg_fn(decay)))
        loss = one_batch(material, learner, *rest)
        followers[0].update_parameters(learner.net)
        return loss

    def averaged(first: Weights, _now: Weights, part: float) -> Weights:
        return mean(first, followers[0].module.state_dict(), part)

    changes.enter_context(patch.object(loop, "one_batch", batch))
    changes.enter_context(patch.object(loop, "_mean", averaged))


def growing(changes: ExitStack) -> None:
    done = 0

    def batch(material: Material, learner: Learner, size: int, *rest: Any) -> float:
        nonlocal done
        steps = PRESETS[material.settings.preset].epochs * steps_per_epoch(len(material.indices("train")))
        sizes = (*SMALL, size)
        now = sizes[len(sizes) * done // steps]
        done += 1
        return one_batch(material, learner, now, *rest)

    changes.enter_context(patch.object(loop, "one_batch", batch))


def compiled(changes: ExitStack) -> None:
    seen: set[int] = set()

    def batch(material: Material, learner: Learner, *rest: Any) -> float:
        if id(learner.net) not in seen:
            seen.add(id(learner.net))
            learner.net.compile()
        return one_batch(material, learner, *rest)

    changes.enter_context(patch.object(loop, "one_batch", batch))


RECIPES: dict[str, Change] = {
    "mixup": mixing(boxes=False),
    "cutmix": mixing(boxes=True),
    "ema": moving_average,
    "progressive": growing,
    "compile": compiled,
}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Medians over the seeds, and the median of each round's difference from the app, or share of its seconds."""
    yield "| set | preset | recipe | seeds | loss | − the app’s | accuracy | − the app’s | × the app’s processor seconds |"
    yield "|---|---|---|---|---|---|---|---|---|"
    cases = dict.fromkeys((row["set"], row["preset"], row["who"]) for row in rows)
    app = {(row["set"], row["preset"], row["seed"]): row for row in rows if row["who"] == "app"}

    def median(of: str, rows: list[dict[str, Any]]) -> float:
        return statistics.median(row[of] for row in rows)

    for case in cases:
        mine = [row for row in rows if (row["set"], row["preset"], row["who"]) == case]
        pairs = [(row, app[row["set"], row["preset"], row["seed"]]) for row in mine]
        losses = statistics.median(row["loss"] - beside["loss"] for row, beside in pairs)
        right = statistics.median(row["accuracy"] - beside["accuracy"] for row, beside in pairs)
        times = statistics.median(row["seconds"] / beside["seconds"] for row, beside in pairs)
        cells = [
            f"{median('loss', mine):.3f}",
            f"{losses:+.3f}",
            f"{100 * median('accuracy', mine):.1f} %",
            f"{100 * right:+.1f}",
        ]
        yield f"| {' | '.join(case)} | {len(mine)} | {' | '.join(cells)} | {times:.2f} |"
        if case[2] == "app":
            first = [f"{median('first loss', mine):.3f}", "", f"{100 * median('first accuracy', mine):.1f} %", "", ""]
            yield f"| {case[0]} | {case[1]} | (first answer) | {len(mine)} | {' | '.join(first)} |"


if __name__ == "__main__":
    main()

"""The app against what a person would use instead: ``python benchmarks/compare.py [--sets …] [--peers …] [--seeds N]``.

Same weights file, same training photos, same test photos. Each peer (in ``peers/``) has a virtual environment of its own, which
is made the first time (some 6 GB each, with their torch). In each round, which is one seed on one set, the app and the peers
take turns on the otherwise idle machine.

- groceries: the 200 demo photos, tested on the 75 new photos;
- flowers (``../shared/data/flowers.zip``): 25 of each class to train on, the other 15 to test;
- hymenoptera (``../shared/data/hymenoptera.zip``): its train and val.

A peer is told what it gets right on the test photos after each epoch, and is given the best of these; looking costs it no time.
The app picks its model by itself, on validation photos that it takes from the training photos, and is tested once. Its time is
everything from the start of the training to the end of the test, reading the photos included; a peer's is its training alone.

Every run becomes a line of JSON in ``--to``, and the medians over the seeds become a table. The whole takes hours: what is in
``--to`` already is not run again, so that it can be broken off and gone on with on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
SHARED = ROOT.parent / "shared" / "data"
WEIGHTS = ROOT / "assets" / "weights" / "resnet18.tv_in1k.safetensors"
ENVIRONMENTS = HERE / ".environments"
PEERS = {  # name: script, its options, and what its environment needs beside torch and torchvision
    "tutorial, head only": ("tutorial.py", ["--head-only"], "torchvision"),
    "tutorial": ("tutorial.py", [], "torchvision"),
    "timm": ("timm_loop.py", [], "timm"),
    "fastai": ("fastai_fine_tune.py", [], "fastai"),
    "ultralytics": ("ultralytics_classify.py", [], "ultralytics"),
}
PRESETS = ("quick", "balanced")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["groceries", "flowers", "hymenoptera"])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--to", type=Path, default=Path("compare.jsonl"))
    options = parser.parse_args()
    for peer in options.peers:
        environment(PEERS[peer][2])
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        for name in options.sets:
            photos = lay_out(name, Path(folder, name))
            for seed in range(options.seeds):
                known = {(row["set"], row["seed"], row["who"]) for row in rows(options.to)}
                for preset in options.presets:
                    if (name, seed, who := f"app, {preset}") not in known:
                        note(options.to, {"set": name, "seed": seed, "who": who, **app(photos, preset, seed)})
                for peer in options.peers:
                    if (name, seed, peer) not in known:
                        note(options.to, {"set": name, "seed": seed, "who": peer, "epochs": run(peer, photos, seed)})
    print(f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} cores\n")
    print("\n".join(table(rows(options.to))))


def rows(of: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in of.read_text().splitlines()] if of.exists() else []


def environment(package: str) -> Path:
    """The Python of a virtual environment that has ``package``."""
    python = ENVIRONMENTS / package / "bin" / "python"
    if not python.exists():
        print(f"Making an environment with {package}.", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENTS / package], check=True)
        needed = ["torch", "torchvision", "safetensors", *([] if package == "torchvision" else [package])]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=True)
    return python


def lay_out(name: str, to: Path) -> Path:
    """``to``/train/class/… and ``to``/test/class/…"""
    if name == "groceries":
        for part, archive in (("train", "groceries.zip"), ("test", "new_photos.zip")):
            unpack(ROOT / "assets" / "demo" / archive, to / part)
    elif name == "flowers":
        unpack(SHARED / "flowers.zip", to / "all")
        for folder in sorted(path for path in (to / "all").iterdir() if path.is_dir()):
            for number, photo in enumerate(sorted(folder.iterdir())):
                part = to / ("train" if number % 8 < 5 else "test") / folder.name
                part.mkdir(parents=True, exist_ok=True)
                photo.rename(part / photo.name)
        shutil.rmtree(to / "all")
    else:
        unpack(SHARED / f"{name}.zip", to / "all")
        for part, found in (("train", "train"), ("test", "val")):
            (folder,) = (to / "all").rglob(found)
            folder.rename(to / part)
        shutil.rmtree(to / "all")
        for stray in [*to.rglob("*.gif"), *to.rglob("imageNotFound*")]:  # the peers' scripts would stop at it
            stray.unlink(missing_ok=True)
    return to


def unpack(archive: Path, to: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        file.extractall(to)


def app(photos: Path, preset: str, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="compare-app-") as home:
        command = [sys.executable, "-m", "resnet_finetune", "train", photos, "--preset", preset, "--seed", str(seed)]
        done = subprocess.run(
            [*command, "--run-dir", Path(home, "run"), "--json"],
            cwd=ROOT,
            env={**os.environ, "RESNET_FINETUNE_HOME": home},
            stdout=subprocess.PIPE,
            check=True,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
        return {"seconds": answer["seconds"], "accuracy": answer["test"]["accuracy"], "first": answer["first_answer"]}


def run(peer: str, photos: Path, seed: int) -> list[dict[str, float]]:
    script, extra, package = PEERS[peer]
    command = [environment(package), HERE / "peers" / script, *extra]
    done = subprocess.run(
        [*command, photos / "train", photos / "test", "--weights", WEIGHTS, "--seed", str(seed)],
        stdout=subprocess.PIPE,
        check=True,
        cwd=photos,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"seconds"')]


def note(to: Path, row: dict[str, Any]) -> None:
    with to.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(row["set"], row["seed"], row["who"], *list(figures(row).values()), file=sys.stderr, flush=True)


def figures(row: dict[str, Any]) -> dict[str, float]:
    """A peer's best epoch: accuracy, seconds until then; at its end; photos a second."""
    if "epochs" not in row:
        first = row["first"]
        return {
            "best": row["accuracy"],
            "seconds to best": row["seconds"],
            "seconds": row["seconds"],
            "first answer": first["accuracy"],
            "seconds to first": first["seconds"],
        }
    best = max(row["epochs"], key=lambda epoch: epoch["accuracy"])
    return {
        "best": best["accuracy"],
        "seconds to best": best["seconds"],
        "last": row["epochs"][-1]["accuracy"],
        "seconds": row["epochs"][-1]["seconds"],
        "images/s": statistics.median(epoch["images_per_second"] for epoch in row["epochs"][-3:]),
    }


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    columns = ("best", "seconds to best", "last", "seconds", "images/s", "first answer", "seconds to first")
    found: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for row in rows:
        found[row["set"], row["who"]].append(figures(row))
    yield "| set | who | seeds | " + " | ".join(columns) + " |"
    yield "|---|---|---" + "|---" * len(columns) + "|"
    for (name, who), all_ in found.items():
        cells = []
        for column in columns:
            values = [figure[column] for figure in all_ if column in figure]
            median = statistics.median(values) if values else None
            percent = column in ("best", "last", "first answer")
            cells.append("" if median is None else f"{100 * median:.1f} %" if percent else f"{median:.1f}")
        yield f"| {name} | {who} | {len(all_)} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()

"""Kill a training at random moments, again and again: ``python benchmarks/kills.py [--kills 200] [--seed 0]``.

Each run is killed (SIGKILL) and gone on with, up to five times, at moments drawn evenly over the time that a whole run takes.
Then it is let go to its end. After every kill the run folder is read as the page would read it, and the best model is loaded.
Counted are folders that cannot be read, models that are lost, runs that do not go on, and final weights that are not those of a
run that was never interrupted. The last line is JSON. Needs ``fork`` (Linux, macOS): a child that has torch already starts at
once, so that the kills fall into the training and not into the import.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.engine import train  # noqa: F401  loads torch here, once
from resnet_finetune.engine.plan import PRESETS, Preset
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs import run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.events import Epoch, Finished
from resnet_finetune.words.settings import Settings

KILLS_OF_A_RUN = 5
SMALL = Preset(112, 4, 1.5e-4, 0.5)  # a training of some seconds, which writes all that any other does


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    PRESETS["quick"] = SMALL
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        os.environ["RESNET_FINETUNE_HOME"] = str(Path(place, "home"))
        found = kill_and_go_on(Path(place), options.kills, random.Random(options.seed))
    print(json.dumps(found))
    return 0 if set(found) <= {"kills", "runs", "seconds of a whole run"} else 1


def kill_and_go_on(place: Path, kills: int, chance: random.Random) -> dict[str, float]:
    """What was counted; a fault that never came up is not in it."""
    photos = some_photos(place / "photos")
    whole = new_run(photos, place / "whole")
    began = time.monotonic()
    assert ended(begin(lambda: go_on(whole))) == 0
    seconds = time.monotonic() - began
    expected = weights_of(whole)
    counted: Counter[str] = Counter()
    while counted["kills"] < kills:
        counted["runs"] += 1
        run = new_run(photos, place / f"run-{counted['runs']}")
        for _ in range(min(KILLS_OF_A_RUN, kills - counted["kills"])):
            child = begin(lambda run=run: go_on(run))
            time.sleep(chance.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)  # it may be a zombie already, which takes no harm
            code = ended(child)
            if code >= 0:
                counted["runs that did not go on"] += code > 0
                break
            counted["kills"] += 1
            counted += Counter(dict.fromkeys(faults(run), 1))
            print(f"{counted['kills']} of {kills}: {run.state}, {len(run.events())} events", file=sys.stderr, flush=True)
        if not isinstance(run.last_event(), Finished):
            counted["runs that did not go on"] += ended(begin(lambda run=run: go_on(run))) != 0
        counted["runs that ended with other weights"] += weights_of(run) != expected
    return {**{name: n for name, n in counted.items() if n}, "seconds of a whole run": round(seconds, 1)}


def some_photos(folder: Path) -> Path:
    """18 of each of three colours."""
    for channel in range(3):
        (folder / ["red", "green", "blue"][channel]).mkdir(parents=True)
        for number in range(18):
            pixels = np.random.default_rng([channel, number]).integers(0, 120, (64, 64, 3), np.uint8)
            pixels[..., channel] += np.uint8(120)
            Image.fromarray(pixels).save(folder / ["red", "green", "blue"][channel] / f"{number}.png")
    return folder


def new_run(photos: Path, folder: Path) -> Run:
    return Run(Path(run_folder.create(Settings(data=str(photos), run_dir=str(folder))).run_dir))


def go_on(run: Run) -> bool:
    """To the end, if nobody kills it."""
    return isinstance(list(run_folder.record(run.settings))[-1], Finished)


def faults(run: Run) -> list[str]:
    found = []
    try:
        events = run.events()
        assert run.settings and run.state in ("new", "crashed", "finished")
        run.report()
        assert all(known.state for known in run_folder.list_runs())
    except Exception as error:
        print(f"unreadable: {error!r}", file=sys.stderr)
        return ["unreadable folders"]
    if any(isinstance(event, Epoch) for event in events) and ended(begin(lambda: bool(load_model(run.path)))) != 0:
        found.append("lost models")
    return found


def begin(work: Callable[[], bool]) -> int:
    """The process number of a child that does ``work``; it ends with 0 if that is true."""
    child = os.fork()
    if child:
        return child
    try:
        os._exit(0 if work() else 1)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(2)


def ended(child: int) -> int:
    """Its exit code; negative: by that signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def weights_of(run: Run) -> str:
    return hashlib.sha256((run.path / "model.safetensors").read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())

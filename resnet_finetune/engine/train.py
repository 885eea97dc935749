"""The training of one run: read the photos, a first answer, fine-tuning of the whole network, one test at the end.

    scan → first answer → epochs → test
    scan → cross-validated first answer     of a set that is too small to hold photos back

Everything here is a generator of events. Whoever reads them decides what to do with them; nothing is drawn or printed.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from resnet_finetune.engine import checkpoint
from resnet_finetune.engine.cross_validation import cross_validate
from resnet_finetune.engine.first_answer import add_head, first_answer
from resnet_finetune.engine.judge import test
from resnet_finetune.engine.loop import fine_tune_network
from resnet_finetune.engine.material import gather
from resnet_finetune.engine.progress import StopAsked
from resnet_finetune.engine.team import Team
from resnet_finetune.model import catalog
from resnet_finetune.words.events import Event, Finished, Stopped
from resnet_finetune.words.report import read_report
from resnet_finetune.words.settings import Settings


def fine_tune(settings: Settings, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Train in ``settings.run_dir``, or go on from the checkpoint there. Ends with ``Finished`` or ``Stopped``.

    ``model.safetensors`` and ``model.json`` are the best model so far from the first answer on, ``report.json`` comes with the
    end. ``stop`` is asked between small batches.

    Raises:
        UserError: the settings, the photos or the weights are not such that a training could come of them.
        OSError: the run folder cannot be written.
    """
    settings.check(catalog.names())
    run = Path(settings.run_dir)
    checkpoint.prepare(run)
    standing = checkpoint.load_standing(run)
    began = time.monotonic() - (standing.seconds if standing else 0)

    def clock() -> float:
        return time.monotonic() - began

    def check_stop() -> None:
        if stop():
            raise StopAsked

    material, team = None, Team()
    try:
        material, net = yield from gather(settings, run, standing, check_stop, clock, team)
        team.meet(json.dumps({"fingerprint": material.fingerprint, "precision": material.hardware.precision}))
        team.weights(net)  # without a head: the features are of these
        if material.dataset.cross_validated:
            score, kept = yield from cross_validate(material, net)
        else:
            verdict = None
            if standing is None:
                standing, verdict = yield from first_answer(material, net)
            else:
                add_head(net, len(material.dataset.classes))  # its weights come from the checkpoint
            yield from fine_tune_network(material, net, standing, verdict)
            score, kept = yield from test(material, compare=True)
    except StopAsked:
        if material and checkpoint.load_standing(run):
            score, kept = yield from test(material, compare=False)
            yield Stopped(test=score, kept=kept, seconds=clock())
        else:  # stopped before the photos were read: what an earlier sitting found still holds
            report = read_report(run)
            yield Stopped(test=report.test if report else None, kept=report.kept if report else None, seconds=clock())
        return
    finally:
        team.dismiss()
    yield Finished(test=score, kept=kept, seconds=clock())
    shutil.rmtree(run / checkpoint.FOLDER, ignore_errors=True)  # only needed to go on

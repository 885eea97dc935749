"""The proof that an export gives the app's answers: both are asked about the run's test photos, from the photos' own files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from resnet_finetune.data.names import located
from resnet_finetune.engine.progress import Pace
from resnet_finetune.exports import alone
from resnet_finetune.model.gallery import Seen
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event
from resnet_finetune.words.language import say
from resnet_finetune.words.report import Report

TOLERANCE = 1e-3  # largest difference of a probability in an export that is good
MOST_LOST = 0.005  # of the accuracy, by an export in 8 bits
FEWEST = 200  # photos by which that can be told: one of them is half a point


@dataclass(frozen=True, kw_only=True)
class Parity:
    """On ``n`` photos, how many get the same answer from both (the class, and whether it is none of these), and the largest
    difference of any probability.
    """

    n: int
    agree: int
    max_abs_diff: float
    right: int  # of the n, by the export
    right_in_app: int


Labelled = tuple[Path, int]  # a photo and the number of its class


def tested(report: Report) -> list[Labelled]:
    """The run's test photos."""
    return [(located(report.folder, judged.path), judged.true) for judged in report.judged]


def held_out(report: Report, kept: Sequence[Seen]) -> list[Labelled]:
    """Those and the validation photos among those that the model ``kept``: all known photos that it was not trained on."""
    seen = {judged.path for judged in report.judged}
    validation = [photo for photo in kept if photo.split == "validation"]
    return tested(report) + [
        (located(report.folder, photo.name), photo.label) for photo in validation if photo.name not in seen
    ]


def prove(model: Classifier, photos: Sequence[Labelled], folder: Path) -> Generator[Event, None, Parity]:
    """Ask the export in ``folder``, in a fresh process without the app, and ``model``; tell how far it has come.

    Raises:
        UserError: a photo is gone, or the export does not answer.
    """
    pace = Pace("prove")
    n = len(photos)
    agree = right = right_in_app = 0
    gap = 0.0
    with _Alone(folder) as export:
        for done, (photo, true) in enumerate(photos, 1):
            export.ask(photo)
            (ours,) = model.classify([photo])  # meanwhile
            if ours.scores is None:
                raise UserError(
                    say("The run's test photos are needed to prove the export. {photo}: {error}", photo=photo, error=ours.error)
                )
            theirs, none = export.reply()
            here, there = int(np.argmax(ours.scores)), int(np.argmax(theirs))
            agree += (here, ours.none_of_these) == (there, none)
            right += there == true
            right_in_app += here == true
            gap = float(np.maximum(gap, np.abs(np.subtract(ours.scores, theirs)).max()))  # NaN stays
            yield from pace(done, n)
    return Parity(n=n, agree=agree, max_abs_diff=gap, right=right, right_in_app=right_in_app)


def require_same(parity: Parity) -> None:
    """Raises ``UserError`` unless the answers are the same."""
    if parity.agree < parity.n or not parity.max_abs_diff <= TOLERANCE:  # "not": NaN is no small difference
        raise UserError(
            say(
                "The exported model was thrown away because it answers differently: the same class on {agree} of {n} "
                "test photos, probabilities up to {max_abs_diff:.4f} apart. Use the model in the app instead.",
                agree=parity.agree,
                n=parity.n,
                max_abs_diff=parity.max_abs_diff,
            )
        )


def require_enough(photos: Sequence[Labelled]) -> None:
    """Raises ``UserError`` when there are too few photos to tell whether an export in 8 bits is as good."""
    if len(photos) < FEWEST:
        raise UserError(
            say(
                "In 8 bits a model may lose half a point at most. To tell that takes {fewest} photos that it was not trained "
                "on, and there are {n} (test and validation photos): take the model as plain ONNX, or train on more photos.",
                fewest=FEWEST,
                n=len(photos),
            )
        )


def require_as_good(parity: Parity) -> None:
    """Raises ``UserError`` when the export is right less often than can be borne."""
    if parity.right < parity.right_in_app - MOST_LOST * parity.n:
        raise UserError(
            say(
                "In 8 bits this model is right on {right} of {n} photos that it was not trained on, on {right_in_app} as it "
                "is. More than half a point was lost, so it was thrown away: take the model as plain ONNX.",
                right=parity.right,
                n=parity.n,
                right_in_app=parity.right_in_app,
            )
        )


class _Alone:
    """The export's own process: it is asked for one photo at a time, and answers while the app works on the same one."""

    def __init__(self, folder: Path) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  closed in __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-IB", alone.__file__],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._process.stdin and self._process.stdout
        self._asked, self._replies = self._process.stdin, self._process.stdout

    def __enter__(self) -> _Alone:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._process.kill()
        with suppress(OSError):  # what was not read any more
            self._asked.close()
        self._replies.close()
        self._process.wait()
        self._errors.close()

    def ask(self, photo: Path) -> None:
        try:
            print(json.dumps(str(photo.absolute())), file=self._asked, flush=True)
        except OSError:  # a broken pipe; Windows calls it an invalid argument
            raise self._broken() from None

    def reply(self) -> tuple[list[float], bool]:
        """Probabilities of the photo that was asked for, in class order, and whether it is none of these."""
        line = self._replies.readline()
        if not line:
            raise self._broken()
        probabilities, none = json.loads(line)
        return probabilities, none

    def _broken(self) -> UserError:
        self._process.wait()
        self._errors.seek(0)
        said = (self._errors.read().strip() or str(say("exit code {code}", code=self._process.returncode))).splitlines()[-1]
        return UserError(
            say("The export does not work by itself, so it was thrown away ({said}): use the model in the app.", said=said)
        )

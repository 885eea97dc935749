"""A run's model, written in one of the formats, proven, and only then given out."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random

import numpy as np

from resnet_finetune.data.images import UnreadablePhoto, decode
from resnet_finetune.data.names import located
from resnet_finetune.exports import model_card, web_page
from resnet_finetune.exports.formats import PARITY, Format
from resnet_finetune.exports.seal import Parity, held_out, prove, require_as_good, require_enough, require_same, tested
from resnet_finetune.exports.whole_photo import ONNX, write_onnx, write_program, write_weights
from resnet_finetune.model.eight_bits import quantise
from resnet_finetune.model.gallery import Seen
from resnet_finetune.model.saved_model import ABOUT, Classifier, kept_photos, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.report import Report, read_report

_UNFINISHED = ".unfinished"
CALIBRATED_ON = 100  # photos, that show how large the activations get
_PARTS = ASSETS / "exports"  # what goes into an export as it is


@dataclass(frozen=True, kw_only=True)
class Exported:
    files: list[Path]
    parity: Parity


@dataclass(frozen=True)
class _Runtime:
    """What runs the model outside the app. ``predict.py`` for it is in the folder ``name`` of ``_PARTS``."""

    name: str
    write: Callable[[Classifier, Path], None]  # the model into a folder
    packages: tuple[str, ...]


_READING = ("numpy", "pillow", "pi-heif")  # what photo.py needs; the last for HEIC only
_ONNX = _Runtime("onnx", write_onnx, ("onnxruntime", *_READING))
_TORCH = _Runtime("torch", write_program, ("torch", *_READING))
_TIMM = _Runtime("safetensors", write_weights, ("timm", "safetensors", "torch", "torchvision", *_READING))


def export(run: Path, format: Format, to: Path) -> Generator[Event, None, Exported]:
    """Write the model of ``run`` into ``to``, once it was shown to give the same answers; tell how far that has come.

    Raises:
        UserError: there is no finished model, its test photos are gone, ``to`` cannot be written, or the answers differ.
    """
    model = load_model(run)
    model.net.cpu()
    report = require_possible(run, format)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary)
            _write(model, format, folder)
            parity = yield from _proven(model, format, report, folder)
            _dress(format, folder, model, report, parity)
            return Exported(files=_give_out(folder, to), parity=parity)
    except OSError as error:
        raise _unwritable(error) from error


def require_possible(run: Path, format: Format) -> Report:
    """The run's result. What stands against the export from the start is told before anything is written.

    Raises:
        UserError: there is no result, or there are too few photos to prove this format by.
    """
    report = read_report(run)
    if report is None:
        raise UserError(say("{run} has no results yet: let the training finish, so that the export can be tested.", run=run))
    if format == "onnx-int8":
        require_enough(held_out(report, kept_photos(run, len(report.classes))))
    return report


def _proven(model: Classifier, format: Format, report: Report, folder: Path) -> Generator[Event, None, Parity]:
    """What the proof found of what lies in ``folder``. Raises ``UserError`` when that is not good enough."""
    if format != "onnx-int8":
        parity = yield from prove(model, tested(report), folder)
        require_same(parity)
        return parity
    kept = model.gallery.photos if model.gallery else []
    quantise(folder / ONNX, _other_photos(report, kept, model.preprocessing.size), "probabilities")
    parity = yield from prove(model, held_out(report, kept), folder)
    require_as_good(parity)
    return parity


def _other_photos(report: Report, kept: Sequence[Seen], side: int) -> Iterator[np.ndarray]:
    """Some of the photos that were trained on, decoded; where all were judged (tiny sets), or these are gone, some of those.

    Raises:
        UserError: all are gone.
    """
    taken = 0
    for names in ([photo.name for photo in kept if photo.split == "train"], [photo.path for photo in report.judged]):
        for name in Random(0).sample(sorted(names), len(names)):  # of all classes, and some may be gone
            try:
                yield decode(located(report.folder, name), side)
            except UnreadablePhoto:
                continue
            taken += 1
            if taken == CALIBRATED_ON:
                return
        if taken:
            return
    raise UserError(say("The run's photos are needed for this export, and none can be read in {folder}.", folder=report.folder))


def _write(model: Classifier, format: Format, folder: Path) -> None:
    """All that answers, and that the proof is about."""
    runtime = {"torch": _TORCH, "safetensors": _TIMM}.get(format, _ONNX)
    disk.write_json(folder / ABOUT, model.about)  # without the gallery, which names the person's photos
    runtime.write(model, folder)
    shutil.copy(_PARTS / "photo.py", folder)
    shutil.copy(_PARTS / runtime.name / "predict.py", folder)
    packages = (*runtime.packages, "gradio") if format == "space" else runtime.packages
    pinned = [f"{name}=={version(name).partition('+')[0]}\n" for name in packages]  # "+": a build that only some index has
    disk.write_bytes(folder / "requirements.txt", "".join(pinned).encode())


def _dress(format: Format, folder: Path, model: Classifier, report: Report, parity: Parity) -> None:
    """What goes with it."""
    match format:
        case "folder":
            shutil.copy(_PARTS / "folder" / "README.txt", folder)
            disk.write_bytes(folder / "MODEL_CARD.md", model_card.card(model, report, parity).encode())
        case "space":
            shutil.copy(_PARTS / "space" / "app.py", folder)
            disk.write_bytes(folder / "README.md", model_card.of_space(model, report, parity).encode())
        case "web":
            web_page.replace_by_page(folder, model, report, parity)
    disk.write_json(folder / PARITY, {"format": format, **asdict(parity)})


def require_own_place(to: Path) -> None:
    """Files of the person's own, such as a README.txt, would be replaced: ``to`` is new, empty or has an earlier export.

    Raises:
        UserError: it is another folder, or it cannot be read.
    """
    try:
        if to.is_dir() and {*to.iterdir()} - {*_left(to)} and not (to / PARITY).is_file():
            raise UserError(say("{to} is not empty: name a new folder.", to=to))
    except OSError as error:
        raise _unwritable(error) from error


def _left(to: Path) -> list[Path]:
    """What an export that was killed left there."""
    return list(to.glob(f".*{_UNFINISHED}"))


def _unwritable(error: OSError) -> UserError:
    return UserError(say("The export cannot be written ({reason}): choose another folder, or make room.", reason=reason(error)))


def _give_out(folder: Path, to: Path) -> list[Path]:
    """All files, or none: what is there already is replaced once there was room for all. ``PARITY``, by which others know that
    an export is there, comes last.
    """
    to.mkdir(parents=True, exist_ok=True)
    names = sorted((file.name for file in folder.iterdir()), key=lambda name: (name == PARITY, name))
    for name in names:
        if (to / name).is_dir():  # nothing can take its place
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(to / name))
    disk.sweep_folders(_left(to))
    with tempfile.TemporaryDirectory(dir=to, prefix=".", suffix=_UNFINISHED) as temporary:
        for name in names:
            disk.write_bytes(Path(temporary, name), (folder / name).read_bytes())
        return sorted(disk.replace(Path(temporary, name), to / name) for name in names)

"""The doors through which a run, a picture of it, or what was made of its model leaves the page as a file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from resnet_finetune.exports.formats import FORMATS, PARITY, WEB_PAGE, Format
from resnet_finetune.exports.seal import Parity
from resnet_finetune.insight.class_order import ORDERS
from resnet_finetune.model.saved_model import WEIGHTS
from resnet_finetune.runs import parcel
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.drawn import matrix_picture, report_page
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words import disk
from resnet_finetune.words.home import home
from resnet_finetune.words.language import reason

_CHUNK = 2**20  # bytes
FORMS = {"png": matrix_picture.png, "svg": matrix_picture.svg, "csv": matrix_picture.csv}  # of a confusion matrix
_KEPT = 24 * 60 * 60  # seconds that an export lies ready; it can be made again

_router = APIRouter(prefix="/download")


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)


def address(run: Run) -> str:
    """Where ``run`` can be fetched. No path of this computer is in it."""
    return f"/download/run/{_key(run)}"


def matrix_address(run: Run, order: str, form: str) -> str:
    """Where its confusion matrix can be fetched, with the classes in an order of ``class_order.ORDERS``."""
    return f"/download/matrix/{_key(run)}/{order}.{form}"


def report_address(run: Run) -> str:
    """Where its report can be fetched."""
    return f"/download/report/{_key(run)}"


def export_address(run: Run, format: Format) -> str:
    return f"/download/export/{_key(run)}/{format}"


# --- Exports, until they are fetched -----------------------------------------------------------------------------------


def place(run: Run, format: Format) -> Path:
    """The folder in which an export lies ready."""
    return _places() / _key(run) / format


def parity(run: Run, format: Format) -> Parity | None:
    """What the proof of the export that lies ready found; None when there is none, or the model has been trained since."""
    try:
        proof = place(run, format) / PARITY
        if proof.stat().st_mtime < (run.path / WEIGHTS).stat().st_mtime:
            return None
        found = disk.read_json(proof)
        return Parity(**{name: value for name, value in found.items() if name != "format"})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def size(run: Run, format: Format) -> int:
    """Bytes of the export that lies ready."""
    return sum(file.stat().st_size for file in place(run, format).iterdir())


def clear_old() -> None:
    """Exports that were made more than a day ago."""
    for export in _places().glob("*/*"):
        if time.time() - export.stat().st_mtime > _KEPT:
            shutil.rmtree(export, ignore_errors=True)


def _places() -> Path:
    return home() / "exports"


# --- Routes ------------------------------------------------------------------------------------------------------------


@_router.get("/run/{key}")
def _run(key: str) -> Response:
    run = _find(key)
    if run is None:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    return _sent(lambda file: parcel.pack(run, file), f"{run.title}.zip")


@_router.get("/report/{key}")
def _report(key: str) -> Response:
    run = _find(key)
    report = run.report() if run else None
    if run is None or report is None:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    written = report_page.page(run, report).encode()
    return _sent(lambda file: file.write(written), f"{run.title}.report.html")


@_router.get("/matrix/{key}/{order}.{form}")
def _matrix(key: str, order: str, form: str) -> Response:
    run = _find(key)
    report = run.report() if run else None
    if run is None or report is None or order not in ORDERS or form not in FORMS:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    drawn = FORMS[form](report, ORDERS[order](report.confusion))
    return _sent(lambda file: file.write(drawn), f"{run.title}.confusion matrix.{form}")


@_router.get("/export/{key}/{format}")
def _export(key: str, format: str) -> Response:
    run = _find(key)
    known = next((one for one in FORMATS if one == format), None)
    if run is None or known is None or parity(run, known) is None:
        return PlainTextResponse(text("take.gone"), status_code=404)
    folder = place(run, known)
    if known == "web":
        return _sent(lambda file: file.write((folder / WEB_PAGE).read_bytes()), f"{run.title}.html")
    return _sent(lambda file: _pack(folder, file), f"{run.title} {known}.zip")


def _pack(folder: Path, file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:  # weights, which are most of it, cannot be made smaller
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")


def _sent(write: Callable[[BinaryIO], object], name: str) -> Response:
    """What ``write`` puts into a file, to be saved as ``name``."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed once it is sent
    try:
        write(file)
    except OSError as error:
        file.close()
        return PlainTextResponse(text("runs.not_packed", reason=reason(error)), status_code=507)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(file.tell()),
    }
    file.seek(0)
    return StreamingResponse(_chunks(file), media_type="application/octet-stream", headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _find(key: str) -> Run | None:
    return next((run for run in list_runs() if _key(run) == key), None)


def _key(run: Run) -> str:
    return hashlib.sha256(str(run.path).encode()).hexdigest()[:32]

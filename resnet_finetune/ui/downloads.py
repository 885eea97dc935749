"""The doors through which a run, or a picture of it, leaves the page as a file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from resnet_finetune.insight.class_order import ORDERS
from resnet_finetune.runs import parcel
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui import matrix_picture, report_page
from resnet_finetune.ui.texts import text

_CHUNK = 2**20  # bytes
FORMS = {"png": "image/png", "svg": "image/svg+xml", "csv": "text/csv; charset=utf-8"}  # of a confusion matrix

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


@_router.get("/report/{key}")
def _report(key: str) -> Response:
    run = _find(key)
    report = run.report() if run else None
    if run is None or report is None:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    return Response(report_page.page(run, report), media_type="text/html", headers=_named(run, "report.html"))


@_router.get("/matrix/{key}/{order}.{form}")
def _matrix(key: str, order: str, form: str) -> Response:
    run = _find(key)
    report = run.report() if run else None
    if run is None or report is None or order not in ORDERS or form not in FORMS:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    classes = ORDERS[order](report.confusion)
    if form == "csv":
        content = matrix_picture.table(report, classes)
    else:
        content = matrix_picture.picture(report, classes, "png" if form == "png" else "svg")
    return Response(content, media_type=FORMS[form], headers=_named(run, f"confusion matrix.{form}"))


@_router.get("/run/{key}")
def _run(key: str) -> Response:
    run = _find(key)
    if run is None:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed once it is sent
    try:
        parcel.pack(run, file)
    except OSError as error:
        file.close()
        return PlainTextResponse(text("runs.not_packed", reason=error.strerror), status_code=507)
    headers = {**_named(run, "zip"), "Content-Length": str(file.tell())}
    file.seek(0)
    return StreamingResponse(_sent(file), media_type="application/zip", headers=headers)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _named(run: Run, end: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{run.title}.{end}', safe='')}"}


def _find(key: str) -> Run | None:
    return next((run for run in list_runs() if _key(run) == key), None)


def _key(run: Run) -> str:
    return hashlib.sha256(str(run.path).encode()).hexdigest()[:32]

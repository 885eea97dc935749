"""The door through which a run leaves the page as one file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from resnet_finetune.runs import parcel
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.texts import text

_CHUNK = 2**20  # bytes

_router = APIRouter(prefix="/download")


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)


def address(run: Run) -> str:
    """Where ``run`` can be fetched. No path of this computer is in it."""
    return f"/download/run/{_key(run)}"


@_router.get("/run/{key}")
def _run(key: str) -> Response:
    run = next((run for run in list_runs() if _key(run) == key), None)
    if run is None:
        return PlainTextResponse(text("runs.gone"), status_code=404)
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed once it is sent
    try:
        parcel.pack(run, file)
    except OSError as error:
        file.close()
        return PlainTextResponse(text("runs.not_packed", reason=error.strerror), status_code=507)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(run.title, safe='')}.zip",
        "Content-Length": str(file.tell()),
    }
    file.seek(0)
    return StreamingResponse(_sent(file), media_type="application/zip", headers=headers)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _key(run: Run) -> str:
    return hashlib.sha256(str(run.path).encode()).hexdigest()[:32]

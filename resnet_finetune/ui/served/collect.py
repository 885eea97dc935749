"""The doors through which the page's own scripts bring photos in: folders that are dropped, and photos from the camera.

They lie beside Gradio's, behind the same guard. Every answer is JSON; one that is no success holds a ``message`` to be shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from resnet_finetune.data import collection
from resnet_finetune.data.collection import NoRoom, NotHere
from resnet_finetune.data.images import UnreadablePhoto
from resnet_finetune.ui.drawn.thumbnails import jpeg
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason

MAX_REQUEST = 600 * 10**6  # bytes: the largest file that is taken, and what wraps it
MAX_FILES = 100  # in one batch
THUMBNAIL = 144  # pixels, of the square; shown at half that on a sharp screen

_ASSETS = ASSETS / "ui"
_SCRIPTS = {
    name: _ASSETS / name for name in ("camera.js", "collect.js", "drop_zone.js", "leave.js", "live.js", "maker.js", "paste.js")
}

_router = APIRouter(prefix="/collect")


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)
    app.add_exception_handler(UserError, _answer)


class _TooLarge(Exception):
    """More bytes came than one request may have."""


@dataclass
class _Batch:
    """Files in the order of their paths, which a browser does not send along with a file by itself."""

    files: list[UploadFile]
    paths: list[str]


@_router.post("")
def _create(name: Annotated[str, Body()], kept: Annotated[bool, Body()] = False) -> dict[str, str]:
    return {"id": collection.create(name, kept=kept).id}


@_router.get("/{id}")
def _show(id: str) -> dict[str, Any]:
    found = collection.find(id)
    folders = [{"name": name, "count": len(names), "files": names} for name, names in found.folders().items()]
    return {"id": found.id, "name": found.name, "folders": folders}


@_router.post("/{id}")
async def _add(id: str, request: Request) -> Response:
    try:
        async with _bounded(request).form(max_files=MAX_FILES, max_fields=1) as form:
            batch = _batch(form)
            return _json(await run_in_threadpool(_keep, id, batch)) if batch else _sentence(400, text("bring.garbled"))
    except _TooLarge:
        return _sentence(413, text("bring.too_large"))
    except HTTPException:  # it is no form, or its end is missing
        return _sentence(400, text("bring.garbled"))
    except OSError as error:  # the system's own folder for what is half there
        return _sentence(507, text("bring.no_room", reason=reason(error)))
    except ClientDisconnect:  # the person pressed Stop, and nobody waits for the answer
        return Response()


@_router.post("/{id}/remove")
def _remove(id: str, path: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    collection.find(id).remove(path)
    return {}


@_router.get("/{id}/thumbnail")
def _thumbnail(id: str, path: str) -> Response:
    """A small picture of one photo. The file itself is never served."""
    photo = collection.find(id).file(path)
    try:
        content = jpeg(photo, THUMBNAIL)
    except UnreadablePhoto as error:
        return _sentence(404, error.message)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@_router.get("/script/{name}")
def _script(name: str) -> Response:
    if name not in _SCRIPTS:
        return _sentence(404, text("bring.garbled"))
    # Asked for again with each visit (it is answered by 304), so that no browser goes on with the script of an older version.
    return FileResponse(_SCRIPTS[name], media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _bounded(request: Request) -> Request:
    """The same request, whose body breaks off with ``_TooLarge`` once more has come than is allowed, whatever it announced."""
    come = 0

    async def receive() -> Message:
        nonlocal come
        message = await request.receive()
        come += len(message.get("body", b""))
        if come > MAX_REQUEST or announced > MAX_REQUEST:
            raise _TooLarge
        return message

    length = request.headers.get("content-length", "0")
    announced = int(length) if length.isdecimal() else 0
    return Request(request.scope, receive)


def _batch(form: FormData) -> _Batch | None:
    files = [file for file in form.getlist("file") if isinstance(file, UploadFile)]
    try:
        paths = json.loads(str(form.get("paths")))
    except (ValueError, RecursionError):
        return None
    if not isinstance(paths, list) or len(paths) != len(files) or not all(isinstance(path, str) for path in paths):
        return None
    return _Batch(files, paths)


def _keep(id: str, batch: _Batch) -> dict[str, Any]:
    """Write what can be written. Raises ``NotHere`` or ``NoRoom`` when that is nothing more at all."""
    into = collection.find(id)
    received = 0
    refused: list[dict[str, str]] = []
    for path, file in zip(batch.paths, batch.files, strict=True):
        try:
            received += into.add(path, file.file)
        except NoRoom:
            raise
        except UserError as error:
            refused.append({"path": path, "message": str(error)})
    return {"received": received, "refused": refused}


def _answer(_: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotHere) else 507 if isinstance(error, NoRoom) else 400
    return _sentence(status, str(error))


def _sentence(status: int, message: str) -> Response:
    return _json({"message": message}, status)


def _json(value: dict[str, Any], status: int = 200) -> Response:
    """In ASCII: names on Windows may hold half a character, and the page must get each back as it sent it."""
    return Response(json.dumps(value), status, media_type="application/json")

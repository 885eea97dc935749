"""Every door of the server, and how much may be carried in through it. All others are closed.

Gradio brings some fifty routes along: a proxy, an editor, monitoring, a second way to start each event. The page needs a dozen.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.home import home

WORDS = 10**7  # bytes of a request that is no photo
PHOTO = 600 * 10**6  # of one that is, and what wraps it
UPLOAD = 20 * 10**9  # of all files that are chosen at once; Gradio takes 1,000, each of at most 4 GB
SPARE = 10**9  # bytes left free on the disk, for the run itself
_DAY = 24 * 60 * 60  # seconds


class Door(NamedTuple):
    method: Literal["GET", "POST"]
    path: str  # a regular expression
    most: int | None = WORDS  # bytes of its body; None: it counts for itself


DOORS = (
    # our own
    Door("POST", "/collect"),
    Door("GET", "/collect/[0-9a-f]{16}"),
    Door("POST", "/collect/[0-9a-f]{16}", None),
    Door("POST", "/collect/[0-9a-f]{16}/remove"),
    Door("GET", "/collect/[0-9a-f]{16}/thumbnail"),
    Door("GET", "/collect/script/[a-z_.]+"),
    Door("GET", "/download/(run|report)/[0-9a-f]{32}"),
    Door("GET", "/download/matrix/[0-9a-f]{32}/[a-z_]+[.][a-z]+"),
    Door("GET", "/download/export/[0-9a-f]{32}/[a-z0-9_-]+"),
    Door("GET", "/language/[a-z]+"),
    Door("GET", "/alive"),
    Door("POST", "/api/predict", PHOTO),
    # Gradio's, of the page in each language
    Door("GET", "(/zh)?/"),
    Door("GET", "/zh"),
    Door("GET", "(/zh)?/config/?"),
    Door("GET", "(/zh)?/(assets|static)/[A-Za-z0-9_/.-]+"),
    Door("GET", "(/zh)?/(theme[.]css|favicon[.]ico)"),
    Door("GET", "(/zh)?/gradio_api/(info|app_id|startup-events|upload_progress|queue/data)/?"),
    Door("GET", "(/zh)?/gradio_api/heartbeat/[a-z0-9]+"),
    Door("GET", "(/zh)?/gradio_api/file=(?P<file>.+)"),
    Door("POST", "(/zh)?/gradio_api/(queue/join|run/predict|cancel|reset)/?"),
    Door("POST", "(/zh)?/gradio_api/upload", UPLOAD),
)
_OPEN = [(door, re.compile(door.path, re.DOTALL)) for door in DOORS]


def door(method: str, path: str) -> Door | None:
    """The one that a request comes to. Who may GET may ask for the head alone.

    Of files there is a door only to what Gradio was given: it would also fetch an address of the web, and pass it on as the
    app's own.
    """
    asked = "GET" if method == "HEAD" else method
    for one, pattern in _OPEN:
        if one.method == asked and (found := pattern.fullmatch(path)):
            file = found.groupdict().get("file")
            return one if file is None or _was_given(file) else None
    return None


class Doors:
    """ASGI middleware: 404 where there is no door, 411 or 413 for who carries too much or does not say how much."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            found = door(scope["method"], scope["path"])
            app = await _refusal(found, Headers(scope=scope)) or app
        await app(scope, receive, send)


async def _refusal(door: Door | None, headers: Headers) -> PlainTextResponse | None:
    if door is None:
        return PlainTextResponse(text("doors.none"), 404)
    if door.most is None:
        return None
    if "transfer-encoding" in headers:  # the server lets no more come than was announced
        return PlainTextResponse(text("doors.unannounced"), 411)
    length = int(headers.get("content-length", "0"))  # the server has seen that it is a number
    if length > door.most:
        return PlainTextResponse(text("doors.too_large", most=f"{door.most / 1e6:,.0f}"), 413)
    if door.most > WORDS and not await run_in_threadpool(_has_room, length):
        return PlainTextResponse(text("doors.no_room", megabytes=f"{length / 1e6:,.0f}"), 507)
    return None


# --- What Gradio was given --------------------------------------------------------------------------------------------


def uploads() -> Path:
    """Where Gradio puts what the person gives to the page."""
    return home() / "uploads"


def _was_given(path: str) -> bool:
    """By its text alone: on Windows the very look for a path may ask another computer."""
    try:
        tidy = Path(os.path.abspath(path))  # noqa: PTH100  which looks at nothing, as Path.resolve does
        return any(tidy.is_relative_to(place) for place in (uploads().absolute(), uploads().resolve()))
    except ValueError:  # a NUL in it
        return False


def clear_old() -> None:
    """What was given more than a day ago. Gradio does so too, but forgets what it was given before a crash, and what came by
    halves.
    """
    for given in uploads().glob("*"):
        with suppress(OSError):  # another process has just removed it
            if time.time() - given.stat().st_mtime > _DAY:
                shutil.rmtree(given) if given.is_dir() else given.unlink()


def _has_room(size: int) -> bool:
    clear_old()
    there = next(folder for folder in (uploads(), *uploads().absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free > size + SPARE

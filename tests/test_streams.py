"""What is accepted right after a stream was closed is said a moment later; the rest of the traffic does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from resnet_finetune.ui.served.streams import HEARD_WITHIN, Streams

Said = list[MutableMapping[str, Any]]


async def gradio(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as its queue does."""
    body = b'data: {"msg":"close_stream"}\n\n' if scope["path"].endswith("/data") else b'{"event_id":"1"}'
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def waits(*paths: str) -> list[float]:
    """Seconds that were waited before each start of an answer, while a tab asked for one path after the other."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def talk() -> Said:
        said: Said = []

        async def send(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        app = Streams(gradio)
        for path in paths:
            await app({"type": "http", "path": f"/gradio_api/{path}"}, receive, send)
        return said

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        said = asyncio.run(talk())
    assert len(said) == 2 * len(paths)  # nothing is swallowed
    return waited


def test_what_is_accepted_as_a_stream_closes_is_said_once_the_tab_has_heard_of_that() -> None:
    first, second = waits("queue/join", "queue/data", "queue/join")
    assert first == 0
    assert 0 < second <= HEARD_WITHIN


def test_nothing_else_waits() -> None:
    assert waits("queue/data", "queue/data", "run/1", "queue/status") == []

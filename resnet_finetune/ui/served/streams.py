"""What is asked for while another answer ends is not lost.

Gradio sends all answers for a tab through one stream and closes it after the last. A tab that asks for something in that
moment may hear that it was accepted before it hears that the stream is closed: it then waits on a closed stream, for ever.
So for a moment after a stream was closed nobody is told that something was accepted.
"""

from __future__ import annotations

import asyncio
import math
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEARD_WITHIN = 0.25  # seconds that a tab may need to hear that its stream is closed


class Streams:
    """ASGI middleware around Gradio's queue."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._closed = -math.inf  # when a stream was closed last, by ``monotonic``

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if b'"close_stream"' in message.get("body", b""):
                self._closed = monotonic()
            await send(message)

        async def held_back(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(max(0, self._closed + HEARD_WITHIN - monotonic()))
            await send(message)

        path = scope.get("path", "")
        if path.endswith("/queue/data"):
            await self.app(scope, receive, watched)
        elif path.endswith("/queue/join"):
            await self.app(scope, receive, held_back)
        else:
            await self.app(scope, receive, send)

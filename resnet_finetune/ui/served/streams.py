"""What is asked for while another answer ends is not lost, and what has ended says nothing any more.

Gradio sends all answers for a tab through one stream and closes it after the last. A tab that asks for something in that
moment may hear that it was accepted before it hears that the stream is closed: it then waits on a closed stream, for ever.
So the tab is told first that its stream is closed. That it has heard so shows in that it hangs up, as Gradio's client does;
until then it is not told that anything was accepted.

And of an event that says several things, one after the other, Gradio says the last again when the event is over. By then
another event may have said something newer, which would be gone. One that has said nothing would even empty what it could have
spoken of. And what a part shows after it was once passed over is kept for ever.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.components import _Keywords
from gradio.state_holder import SessionState
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 10.0  # seconds; who has not hung up by then is another program, or a tab that is gone


class SaidOnce(gr.Blocks):
    """A page whose events, when they are over, do not say again what they have said, nor empty what they have not spoken of;
    and of which the server keeps what each part shows now, not all that it has ever shown.
    """

    async def postprocess_data(self, block_fn: BlockFunction, predictions: Any, state: SessionState | None) -> list[Any]:
        said = predictions if isinstance(predictions, tuple) else (predictions,)
        over = any(one is _Keywords.FINISHED_ITERATING for one in said)
        try:
            return await super().postprocess_data(block_fn, gr.skip() if over else predictions, state)
        finally:
            if state:
                _keep_numbers(block_fn, state)

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        said = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        return [gr.skip() for _ in said] if final and session_hash and run else said


def _keep_numbers(block_fn: BlockFunction, state: SessionState) -> None:
    """For each part that was passed over Gradio (6.31) makes another like it, with a number of its own; what that shows next is
    kept under that number for as long as the tab is open, 40 kB a second while a training draws its curves.
    """
    for part in block_fn.outputs:
        if not part.stateful and part._id in state:
            state[part._id]._id = part._id


class Streams:
    """ASGI middleware around Gradio's queue."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._closing: dict[str, asyncio.Event] = {}  # tabs whose stream is closed; set when they have heard of it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").rstrip("/")
        if path.endswith("/queue/data"):
            await self._stream(scope, receive, send)
        elif path.endswith("/queue/join"):
            await self._join(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        tab = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        heard = asyncio.Event()

        async def watched(message: Message) -> None:
            if b'"close_stream"' in message.get("body", b""):
                self._closing[tab] = heard
                message = {**message, "more_body": True}
            elif self._closing.get(tab) is heard:
                return  # the end of the stream, which the tab is to bring about
            await send(message)

        try:
            await self.app(scope, receive, watched)
            if self._closing.get(tab) is heard:
                await _hung_up(receive)
                await send({"type": "http.response.body", "body": b""})
        finally:
            heard.set()
            if self._closing.get(tab) is heard:
                del self._closing[tab]

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = bytearray()

        async def read() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def held_back(message: Message) -> None:
            closing = self._closing.get(_tab(asked)) if message["type"] == "http.response.start" else None
            if closing:
                await closing.wait()
            await send(message)

        await self.app(scope, read, held_back)


async def _hung_up(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while (await receive())["type"] != "http.disconnect":
                pass


def _tab(asked: bytearray) -> str:
    """Which tab asks; none when it asks for something that Gradio refuses."""
    try:
        body: Any = json.loads(asked)
        return str(body["session_hash"])
    except (ValueError, KeyError, TypeError):
        return ""

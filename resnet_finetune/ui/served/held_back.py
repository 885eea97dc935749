"""Pages that are changed on their way to the browser, for which they have to be there whole."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


def held_back(send: Send, change: Callable[[MutableHeaders, bytes], bytes]) -> Send:
    """Sends an answer on once it is whole, with what ``change`` makes of its headers and of its body."""
    start: Message | None = None
    body = b""

    async def send_whole(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
            return
        assert start is not None
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = change(MutableHeaders(scope=start), body)
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return send_whole

"""Only the person's own browser tab may talk to the app, and the page may talk only to the app.

A server on 127.0.0.1 can be reached by every web page that the person has open. Three signs give a stranger away: a
``Host`` that is not this machine (DNS rebinding), an ``Origin`` that is not the host that is asked, and a
``Sec-Fetch-Site`` that says another site began the request. In the other direction, the content security policy keeps
the browser from fetching anything from elsewhere, and from running any script but the app's own.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resnet_finetune.ui.served.held_back import held_back
from resnet_finetune.ui.served.languages import PAGES, preferred
from resnet_finetune.words.language import say, speaking

REFUSAL = say("This app answers only its own page on this computer: open the address that the app printed when it started.")

_SAFE = ("GET", "HEAD")  # change nothing
_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)
_PAGES = {path.rstrip("/") for path in PAGES.values()}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # by which our own routes know the page's language
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


def _policy(scripts: Iterable[bytes] = ()) -> str:
    """``scripts`` are those that the page holds: Gradio's own. Each is allowed by its hash, so that one which a stranger's name
    smuggled in is none of them, and nothing else that the server sends may hold any. Gradio makes functions of text
    ("unsafe-eval"), and shows previews from data: and blob:.
    """
    hashes = (f"'sha256-{b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self' 'unsafe-eval'", *hashes)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def is_own(method: str, headers: Headers) -> bool:
    """Whether a request comes from the app's own page, from an address typed by the person, or from a program of theirs.

    A browser says where a request comes from whenever that may change something; one that does not is too old to be trusted.
    """
    host = headers.get("host", "")
    told, is_browser = "origin" in headers, "sec-fetch-site" in headers or "Mozilla/" in headers.get("user-agent", "")
    return (
        host.partition(":")[0] in ("127.0.0.1", "localhost")
        and all(origin == f"http://{host}" for origin in headers.getlist("origin"))
        and all(site in ("same-origin", "none") for site in headers.getlist("sec-fetch-site"))
        and (told or not is_browser or method in _SAFE)
    )


class Guard:
    """ASGI middleware: 403 for every request that is not the page's own. WebSockets, which nobody needs, are closed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and not is_own(scope["method"], Headers(scope=scope)):
            with speaking(preferred(Headers(scope=scope))):
                refusal = PlainTextResponse(str(REFUSAL), status_code=403)
            await refusal(scope, receive, _guarded(send))
        elif scope["type"] == "http":
            with suppress(ClientDisconnect):  # the tab was closed while it sent something: nobody waits for an answer
                is_page = scope["path"].rstrip("/") in _PAGES
                await self.app(scope, receive, held_back(send, _guarded_page) if is_page else _guarded(send))
        else:  # lifespan: the server's own start and end
            await self.app(scope, receive, send)


def _guarded(send: Send) -> Send:
    """Sends an answer on with what the browser may do with it."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            _tell(MutableHeaders(scope=message), _policy())
        await send(message)

    return send_guarded


def _guarded_page(headers: MutableHeaders, page: bytes) -> bytes:
    """The same for the page, of which the scripts are allowed."""
    _tell(headers, _policy(_INLINE.findall(page)))
    return page


def _tell(headers: MutableHeaders, policy: str) -> None:
    headers.update(_HEADERS)
    headers["Content-Security-Policy"] = policy

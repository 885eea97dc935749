"""Only the person's own browser tab may talk to the app, and the page may talk only to the app.

A server on 127.0.0.1 can be reached by every web page that the person has open. Three signs give a stranger away: a
``Host`` that is not this machine (DNS rebinding), an ``Origin`` that is not the host that is asked, and a
``Sec-Fetch-Site`` that says another site began the request. In the other direction, the content security policy keeps
the browser from fetching anything from elsewhere.
"""

from __future__ import annotations

from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resnet_finetune.ui.languages import preferred
from resnet_finetune.words.language import say, speaking

REFUSAL = say("This app answers only its own page on this computer: open the address that the app printed when it started.")

# Gradio's own page has inline scripts and styles, and shows previews from data: and blob: addresses.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
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


def is_own(headers: Headers) -> bool:
    """Whether a request comes from the app's own page, or from an address typed by the person."""
    host = headers.get("host", "")
    return (
        host.partition(":")[0] in ("127.0.0.1", "localhost")
        and headers.get("origin", f"http://{host}") == f"http://{host}"
        and headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    )


class Guard:
    """ASGI middleware: 403 for every request that is not the page's own. WebSockets, which nobody needs, are closed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"  # by which our own routes know the page's language
            await send(message)

        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and not is_own(Headers(scope=scope)):
            with speaking(preferred(Headers(scope=scope))):
                refusal = PlainTextResponse(str(REFUSAL), status_code=403)
            await refusal(scope, receive, send)
        elif scope["type"] == "http":
            with suppress(ClientDisconnect):  # the tab was closed while it sent something: nobody waits for an answer
                await self.app(scope, receive, send_with_policy)
        else:  # lifespan: the server's own start and end
            await self.app(scope, receive, send)

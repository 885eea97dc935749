"""In which language a request is answered: the page in English at "/", in Chinese at "/zh/", and what a page asks for beside
it in the language of that page.

Who opens "/" for the first time is sent to the page that their browser's language asks for. A choice is kept in a cookie.
"""

from __future__ import annotations

import re
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from resnet_finetune.ui.served.held_back import held_back
from resnet_finetune.ui.served.streams import SaidOnce
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.language import Language, speaking, spoken

PAGES: dict[Language, str] = {"zh": "/zh", "en": "/"}  # where they are mounted: "/" takes what no other takes
COOKIE = "language"
_YEAR = 365 * 24 * 60 * 60  # seconds
_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}  # as browsers call them (BCP 47)

_router = APIRouter(prefix="/language")


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)


@_router.get("/{language}")
def _choose(language: Language) -> RedirectResponse:
    """Keep the choice, and show the page in that language."""
    chosen = RedirectResponse(_address(language), status_code=303, headers={"Cache-Control": "no-store"})
    chosen.set_cookie(COOKIE, language, max_age=_YEAR, httponly=True, samesite="lax")
    return chosen


class Speaking(SaidOnce):
    """A page whose events all speak the language that it was built in, whichever task or thread Gradio runs them in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.language = spoken()

    async def process_api(self, *args: Any, **options: Any) -> dict[str, Any]:
        with speaking(self.language):
            return await super().process_api(*args, **options)


def switch() -> Markup:
    """The link to the other page. The step that is open there is the one that is open here."""
    other: Language = "en" if spoken() == "zh" else "zh"
    return Markup('<a class="language" href="/language/{}" lang="{}" data-upload="{}">{}</a>').format(
        other, _TAGS[other], text("language.upload"), text("language.other")
    )


# The step that is open is kept. And one label for screen readers is English whatever Gradio's language is.
SWITCH = """
const label = element.querySelector("a.language").dataset.upload;
const english = "Click to upload or drop files";
if (label !== english) {
    const say = () => {
        for (const box of document.querySelectorAll(`[aria-label="${english}"]`)) box.ariaLabel = label;
    };
    new MutationObserver(say).observe(document.body, { childList: true, subtree: true });
    say();
}
element.querySelector("a.language").addEventListener("click", () => {
    const open = document.querySelector(".steps > .tab-wrapper [role=tab][aria-selected=true][data-tab-id]");
    sessionStorage.setItem("step", open.dataset.tabId);
});
"""

# For an event with one input: the step that was open when the language was changed, if it was just changed; else "".
KEPT = """() => {
    const step = sessionStorage.getItem("step") ?? "";
    sessionStorage.removeItem("step");
    return step;
}"""


class Languages:
    """ASGI middleware: whatever is done for a request speaks its language, and the pages say which one they are in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        if path in PAGES.values() and scope["method"] in ("GET", "HEAD"):
            wanted = "zh" if path == PAGES["zh"] else preferred(headers)
            if wanted == "zh":
                query = scope["query_string"].decode("latin-1")
                await _redirect(_address("zh") + (f"?{query}" if query else ""))(scope, receive, send)
                return
        language = _of_path(path) or _of_path(urlsplit(headers.get("referer", "")).path) or preferred(headers)
        if path in ("/", _address("zh")):
            send = held_back(send, partial(_told_early, language))
        with speaking(language):
            await self.app(scope, receive, send)


def _address(language: Language) -> str:
    return PAGES[language].rstrip("/") + "/"


def _of_path(path: str) -> Language | None:
    """Of a page, or of what Gradio asks for it; None of an address that both pages use."""
    if path.startswith(_address("zh")):
        return "zh"
    return "en" if path == "/" or path.startswith("/gradio_api/") else None


def preferred(headers: Headers) -> Language:
    """What the person chose, or else their browser's language."""
    try:
        chosen = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        chosen = None
    if chosen is not None:
        return "zh" if chosen.value == "zh" else "en"
    weights = dict.fromkeys(PAGES, 0.0)
    for tag, quality in re.findall(r"([A-Za-z]+)[^,;]*(?:;\s*q=([0-9.]{1,5}))?", headers.get("accept-language", "")[:500]):
        language: Any = tag.lower()
        if language in weights:
            weights[language] = max(weights[language], _number(quality))
    return "zh" if weights["zh"] > weights["en"] else "en"


def _number(quality: str) -> float:
    """Of a weight in Accept-Language (RFC 9110, section 12.4.2); 1 where there is none."""
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0


def _redirect(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=307, headers={"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"})


def _told_early(language: Language, headers: MutableHeaders, page: bytes) -> bytes:
    """The language is said before Gradio's own words are chosen, which are those of the browser."""
    page = page.replace(b'lang="en"', f'lang="{_TAGS[language]}"'.encode(), 1)
    page = page.replace(b"<head>", b"<head>" + _SCRIPT.format(tag=_TAGS[language]).encode(), 1)
    headers["Vary"] = "Accept-Language, Cookie"
    if page:  # a HEAD has none
        headers["Content-Length"] = str(len(page))
    return page


_SCRIPT = """<script>
Object.defineProperties(navigator, {{ language: {{ get: () => "{tag}" }}, languages: {{ get: () => ["{tag}"] }} }});
</script>"""

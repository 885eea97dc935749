"""The page, served on this computer and opened: in the browser, or in a window of its own."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import webbrowser
from contextlib import suppress
from importlib.util import find_spec
from multiprocessing import get_context, parent_process
from threading import Thread
from types import FrameType
from typing import Literal

from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words import shell
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import say

HOST = "127.0.0.1"
PORT = 7860

Where = Literal["browser", "window", "nowhere"]


def open_page(port: int, where: Where) -> None:
    """Until Ctrl+C, or until its window is closed. A training that goes on does so.

    Raises:
        UserError: there is no window to be had here.
    """
    if where == "window":
        _require_pywebview()
    # Read by libraries when they are imported. Of Gradio's, nothing may be set from outside: not where it serves, nor what.
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(home() / "uploads")
    with suppress(OSError):  # it is said when something is to be kept there
        for name in ("uploads", "exports"):
            own_folder(home() / name)

    print(say("The app is being opened: a few seconds, some more the first time."), file=sys.stderr, flush=True)
    import uvicorn

    from resnet_finetune.ui.page import serve

    class QuietlyClosed(uvicorn.Server):
        """The streams of open tabs are cut when the person closes the app; that is no error to be told."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            super().handle_exit(sig, frame)

    app = serve()
    with listen(port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        print(
            say("Open {url} in your browser. Ctrl+C closes the page; a training that is going on goes on.", url=url), flush=True
        )
        config = uvicorn.Config(
            app, proxy_headers=False, server_header=False, ws="none", log_level="warning", timeout_graceful_shutdown=1
        )
        server = QuietlyClosed(config)
        if where == "window":
            serving = Thread(target=server.run, kwargs={"sockets": [listener]})
            serving.start()
            try:
                _show_window(url)
            finally:
                server.handle_exit(signal.SIGINT, None)
                serving.join()
            return
        if where == "browser":
            # It waits in the listener's queue until the server is up. A browser for the terminal returns when it is closed.
            Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # uvicorn passes Ctrl+C on after it has closed
            server.run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """A listener on ``port``, or on one of the next hundred when it is taken, or on any that is free."""
    for candidate in (*range(port, min(port + 100, 65536)), 0):
        try:
            return socket.create_server((HOST, candidate))
        except OSError:
            continue
    raise OSError(f"No free port on {HOST}.")


def _require_pywebview() -> None:
    """It comes only with the extra "window"; on Linux it needs Qt, which comes with it (under the LGPL)."""
    if find_spec("webview") is None:
        package = '"pywebview[pyside6]>=6,<7"' if sys.platform == "linux" else '"pywebview>=6,<7"'
        raise UserError(
            say(
                "A window of its own needs pywebview, which is not installed: install it with “{command}”, or leave out "
                "--window to use the browser.",
                command=f"{shell.python()} -m pip install {package}",
            )
        )


def _show_window(url: str) -> None:
    """Until it is closed. In a process of its own: where there is no display, Qt ends the process that asks for one."""
    place = str(home() / "window")  # of what a browser keeps: the page's choices
    window = get_context("spawn").Process(target=_be_a_window, args=(text("app.title"), url, place))
    window.start()
    try:
        with suppress(KeyboardInterrupt):
            window.join()
            if window.exitcode:
                raise UserError(
                    say("No window can be shown here; the reason stands above. Leave out --window to use the browser.")
                )
    finally:
        window.terminate()


def _be_a_window(title: str, url: str, place: str) -> None:
    import webview

    webview.settings["ALLOW_DOWNLOADS"] = True
    window = webview.create_window(title, url, width=1280, height=860)

    def close_with_the_app() -> None:
        app = parent_process()
        assert app is not None
        app.join()
        window.destroy()

    Thread(target=close_with_the_app, daemon=True).start()
    webview.start(gui="qt" if sys.platform == "linux" else None, private_mode=False, storage_path=place)

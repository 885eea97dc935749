"""Open the page: ``python app.py``. It is served on this computer only. Ctrl+C closes it; a training goes on."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import webbrowser
from contextlib import suppress
from types import FrameType

from resnet_finetune.words import terminal
from resnet_finetune.words.home import home
from resnet_finetune.words.language import say, speaking

HOST = "127.0.0.1"
PORT = 7860


def main() -> None:
    terminal.translate_usage()
    parser = argparse.ArgumentParser(description=str(say("Teach a ResNet your photos, in the browser, on this computer.")))
    port = say("where to serve the page; the next free one if it is taken (default {port})", port=PORT)
    parser.add_argument("--port", type=int, default=PORT, help=str(port))
    parser.add_argument("--no-browser", action="store_true", help=str(say("do not open the page")))
    options = parser.parse_args()

    # Read by libraries when they are imported. Of Gradio's, nothing may be set from outside: not where it serves, nor what.
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(home() / "uploads")

    import uvicorn

    from resnet_finetune.ui.page import serve

    class QuietlyClosed(uvicorn.Server):
        """The streams of open tabs are cut when the person closes the app; that is no error to be told."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            super().handle_exit(sig, frame)

    app = serve()
    with listen(options.port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        print(
            say("Open {url} in your browser. Ctrl+C closes the page; a training that is going on goes on.", url=url), flush=True
        )
        if not options.no_browser:
            webbrowser.open(url)  # it waits in the listener's queue until the server is up
        config = uvicorn.Config(
            app, proxy_headers=False, server_header=False, ws="none", log_level="warning", timeout_graceful_shutdown=1
        )
        with suppress(KeyboardInterrupt):  # uvicorn passes Ctrl+C on after it has closed
            QuietlyClosed(config).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """A listener on ``port``, or on one of the next hundred when it is taken, or on any that is free."""
    for candidate in (*range(port, min(port + 100, 65536)), 0):
        try:
            return socket.create_server((HOST, candidate))
        except OSError:
            continue
    raise OSError(f"No free port on {HOST}.")


if __name__ == "__main__":
    with speaking(terminal.language()):
        main()

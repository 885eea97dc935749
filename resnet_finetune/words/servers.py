r"""Other computers, as paths name them (``\\server\share``): one is asked for something only if the person has named it.

Whoever opens such a path on Windows proves to that server who they are, by a hash from which a password can be guessed. A run
that came from elsewhere says where its photos lie, so it must not choose the server. The text of a path tells, on every system.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home, own_folder
from resnet_finetune.words.language import say

_SERVER = re.compile(r"[\\/]{2,}([^\\/]+)")
_DEVICE = re.compile(r"[\\/]{2}[.?][\\/]|[\\/]\?\?[\\/]")  # \\?\ and its like, behind which a server has many names


def trust(*paths: str | None) -> None:
    """The person has named these themselves: their servers may be asked from now on."""
    written = [path for path in paths if path]
    servers = {server for path in (*written, *map(os.path.abspath, written)) if (server := _server(path))}
    if not servers <= _trusted():
        with suppress(OSError):  # then it is refused, by a sentence, when it is opened
            own_folder(home())
            disk.write_json(_file(), sorted(servers | _named()))


def check(*paths: str | None) -> None:
    """Before any of these is opened. Raises ``UserError`` where it is on a server that the person has never named."""
    asked = {server: path for path in reversed(paths) if path and (server := _server(path))}  # the first that names it is told
    strange = sorted(asked.keys() - _trusted()) if asked else []
    if strange:
        raise UserError(
            say(
                "{path} is on another computer ({server}), and this app asks none that you have not named yourself: if you "
                "know it, open a folder of it as your photos (or give one to the verb check), then try again.",
                path=asked[strange[0]],
                server=strange[0],
            )
        )


def _server(path: str) -> str | None:
    path = re.sub(r'^[\s"]+', "", path)  # which are taken away from what is typed
    if _DEVICE.match(path):
        return path.replace("/", "\\").rstrip("\\").casefold()  # no more than just this
    found = _SERVER.match(path)
    return found[1].casefold() if found else None


def _trusted() -> set[str]:
    """Those of the person's own folders, which lie on a server in many offices, are asked all the time."""
    own = (str(home()), os.path.expanduser("~"))  # noqa: PTH111  Path.home raises where there is none
    return _named() | {server for folder in own if (server := _server(folder))}


def _named() -> set[str]:
    try:
        named = disk.read_json(_file())
    except (OSError, ValueError):
        return set()
    return {server for server in named if isinstance(server, str)} if isinstance(named, list) else set()


def _file() -> Path:
    return home() / "servers.json"

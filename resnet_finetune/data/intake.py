"""From what the person names (a folder, a .zip or .tar of one, the word "demo") to a folder of photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resnet_finetune.data.archives import unpack
from resnet_finetune.data.collection import name_of
from resnet_finetune.data.names import archive_suffix, readable
from resnet_finetune.data.unpacking import NotWhole
from resnet_finetune.words import disk, servers
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.home import home
from resnet_finetune.words.language import reason, say

DEMO = ASSETS / "demo" / "groceries.zip"
_CALLED = ".name"  # beside what an archive was unpacked to: a JSON string, the archive's name


def unquoted(path: str) -> str:
    """Windows puts quotes around a path that is copied."""
    return path.strip().strip('"')


def find(data: str) -> Path:
    """The folder or file that ``data`` names, as it lies there.

    Raises:
        UserError: there is none, or it cannot be looked at, or it is on a server that the person has never named.
    """
    data = unquoted(data)
    if not data:
        raise UserError(say("No photos were chosen: name a folder, or a .zip or .tar of one."))
    servers.check(data)
    with _opening(data):
        path = DEMO if data == "demo" else Path(data).expanduser()
        if not path.exists():
            raise UserError(say("There is no folder or .zip called {data}: check how it is written.", data=data))
    return path


def open_data(data: str, check: Callable[[], None] = lambda: None) -> Path:
    """The folder of photos that ``data`` names.

    A folder is used in place and never changed. A .zip or .tar is unpacked once, into a folder of the app's own that is named
    by its content. "demo" is the photos that come with the app (a folder of that name is written "./demo"). ``check`` is called
    often meanwhile; what it raises ends the work.

    Raises:
        UserError: there is no such thing, or it is not safe to unpack.
    """
    path = find(data)
    with _opening(unquoted(data)):
        try:
            if path.is_dir():
                return path.absolute()
            if not path.is_file():
                raise _neither(path)  # before it is read: a device never ends
            unpacked = unpack(path, _unpacked(), check)
            if called(unpacked.absolute()) != readable(path.name):
                with suppress(OSError):  # it is then called by its folder
                    disk.write_json(unpacked.with_suffix(_CALLED), readable(path.name))
            return unpacked
        except NotWhole as error:
            suffix = archive_suffix(path.name)
            if suffix:
                raise UserError(
                    say("{name} is not a whole {suffix}: download it or copy it again.", name=path.name, suffix=suffix)
                ) from error
            raise _neither(path) from error


def _unpacked() -> Path:
    return home() / "unpacked"


def called(data: Path) -> str:
    """The name that the person knows the photos at ``data`` by: those that came through the browser, or in an archive, had
    another there.
    """
    known = name_of(data)
    if data.parent == _unpacked().absolute():
        with suppress(OSError, ValueError):  # unpacked by an earlier version, or damaged: then it is the folder's own
            known = str(disk.read_json(data.with_suffix(_CALLED)))
    return known or data.name


@contextmanager
def _opening(data: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: "~somebody" who has no home here
        raise UserError(
            say(
                "{data} could not be opened ({reason}): check the drive, its free space and your rights.",
                data=data,
                reason=reason(error) if isinstance(error, OSError) else error,
            )
        ) from error


def _neither(path: Path) -> UserError:
    return UserError(
        say("{name} is neither a folder nor a .zip or .tar: choose the folder that holds your photos.", name=path.name)
    )

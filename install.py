"""Install what the app needs into .venv, where it is not there yet: ``python install.py [requirements-test.txt]``.

``make run`` and the files for a double click run it by the computer's own Python before anything is installed, so it needs the
standard library only. A digest of what was asked for marks what is installed: a second start is at once, and what changed is
installed. An installation that was cut short is marked, too, and made anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from resnet_finetune.model import nvidia
from resnet_finetune.words import terminal
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import Sentence, reason, say, speaking

REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"
UV = "uv>=0.13,<0.14"


@dataclass(frozen=True)
class Size:
    """Of a first installation, in GB."""

    download: float
    disk: float  # the download twice, for pip may keep a copy, beside what is made of it


# Counted from the packages in constraints.txt, in November 2026: 3.22 GB become 6.1 on Linux, 0.31 become 1.0 on Windows, and
# 0.29 become 1.0 on a Mac; Python's own cache of code comes on top. PyTorch for NVIDIA on Windows was not counted.
WITH_CUDA = Size(download=3.2, disk=13)
WITHOUT = Size(download=0.3, disk=3)


def main(arguments: list[str]) -> int:
    requirements = arguments[0] if arguments else REQUIREMENTS
    card = sys.platform == "win32" and os.environ.get("UV_TORCH_BACKEND") != "cpu" and bool(nvidia.cards())
    size = WITH_CUDA if card or sys.platform == "linux" else WITHOUT
    with speaking(terminal.language()):
        try:
            obstacle = unsuited(sys.platform, platform.machine(), platform.mac_ver()[0])
            if obstacle:
                raise UserError(obstacle)
            install(Path(__file__).absolute().parent, requirements, size, card)
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(say("The installation was cut short. Start again the same way to have it done."), file=sys.stderr)
            return 1
    return 0


def unsuited(system: str, machine: str, release: str) -> Sentence | None:
    """Why there is no PyTorch for a computer of this kind. ``release`` is that of macOS."""
    if system != "darwin":
        return None
    if machine != "arm64":
        return say("PyTorch is not made for Macs with an Intel processor any more, so the app needs another computer.")
    if int(release.split(".")[0]) < 14:
        return say(
            "This is macOS {release}, and PyTorch needs macOS 14 or newer: update the system, then start again.",
            release=release,
        )
    return None


def install(place: Path, requirements: str, size: Size, card: bool) -> None:
    """What the file ``requirements`` in the folder ``place`` asks for, into .venv there; at once where that is done already.

    ``card``: of NVIDIA's, on Windows, where the usual PyTorch cannot use it.

    Raises:
        UserError: there is no room, no right to write, no connection, or another installation is going on.
    """
    venv = place / ".venv"
    installed, unfinished = venv / f"{requirements}.installed", venv / "unfinished"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not unfinished.exists() and installed.exists() and installed.read_text() == _digest(place, requirements, python):
        return
    try:
        with _alone(place):
            if unfinished.exists() or not _asked(python, "-m", "pip", "--version"):
                _make(venv, unfinished, size)
            else:
                print(say("The app needs other packages than before: they are installed now."), flush=True)
                unfinished.touch()
            temporary = venv / "tmp"  # on the disk that was asked for its room; /tmp may be small
            temporary.mkdir()
            places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR"), str(temporary))
            try:
                _fetch(place, requirements, python, os.environ | places, card)
            finally:
                shutil.rmtree(temporary)
            installed.write_text(_digest(place, requirements, python))
            unfinished.unlink()
    except OSError as error:
        raise UserError(
            say(
                "The folder .venv could not be made here ({reason}): close the app if it is open, or move its folder to where "
                "you may write, such as Documents. Then start again.",
                reason=reason(error),
            )
        ) from error


def _digest(place: Path, requirements: str, python: Path) -> str:
    """Of what is asked for, and of the Python that it is for."""
    files = (place / name for name in dict.fromkeys((requirements, REQUIREMENTS, CONSTRAINTS)))
    return hashlib.sha256(b"".join((_asked(python, "--version"), *(file.read_bytes() for file in files)))).hexdigest()


def _asked(python: Path, *arguments: str) -> bytes:
    """What it answers; nothing where it does not work (any more)."""
    try:
        return subprocess.run([python, *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """A second double click must not clear away what the first is making. The system unlocks it when a process ends."""
    with (place / ".venv.lock").open("w") as lock:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(say("The app is being installed in another window: wait until that is done.")) from error
        yield


def _make(venv: Path, unfinished: Path, size: Size) -> None:
    if venv.exists():
        print(say("What an installation that was cut short has left in .venv is cleared away."), flush=True)
        shutil.rmtree(venv)
    free = shutil.disk_usage(venv.parent).free / 1e9
    if free < size.disk:
        raise UserError(
            say(
                "The installation takes up to {needed:.0f} GB on this disk, and only {free:.1f} GB are free: make room, then "
                "start again.",
                needed=size.disk,
                free=free,
            )
        )
    print(
        say(
            "The app is being set up, this once. It downloads {download:.1f} GB (PyTorch, which does the learning, and what "
            "goes with it) into the folder .venv and takes some minutes, longer if the connection is slow. Later starts take "
            "seconds.",
            download=size.download,
        ),
        flush=True,
    )
    venv.mkdir()
    unfinished.touch()
    if subprocess.run([sys.executable, "-m", "venv", venv]).returncode:
        raise UserError(say("Python could not make the folder .venv: the reason stands above."))


def _fetch(place: Path, requirements: str, python: Path, environment: Mapping[str, str], card: bool) -> None:
    """By pip, and so by pip's own settings, such as a proxy, a mirror and certificates. uv does not know those of pip but the
    proxy: it fetches PyTorch only, which it has from PyTorch's own server, whatever is set.
    """

    def run(*command: str) -> bool:
        own = {"UV_TORCH_BACKEND": "auto", "UV_SYSTEM_CERTS": "true"}
        return subprocess.run([python, "-m", *command], cwd=place, env={**own, **environment}).returncode == 0

    def pip(*arguments: str) -> bool:
        return run("pip", "install", "--disable-pip-version-check", *arguments)

    if card:
        print(say("The PyTorch that can use your NVIDIA card is fetched: 2 to 3 GB."), flush=True)
        torch = ("uv", "pip", "install", "--python", str(python), "--no-deps", "--upgrade", "torch", "torchvision")
        if not (pip(UV) and run(*torch, "-c", CONSTRAINTS)):
            print(
                say("That did not work, so the app will train without the card, which is slower. The reason stands above."),
                flush=True,
            )
    if pip("-r", requirements, "-c", CONSTRAINTS):
        return
    # Without a connection pip speaks of conflicts between versions.
    lines = (place / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
    first = next(line.split()[0] for line in lines if line[:1].isalnum())
    if not _asked(python, "-m", "pip", "download", "--no-deps", "--retries", "0", "-d", environment["TMPDIR"], first):
        raise UserError(
            say(
                "Nothing could be downloaded: see that you are online. If you go online by a proxy, as in many companies, name "
                "it (docs/other-ways-to-start.md says how). Then start again the same way."
            )
        )
    raise UserError(
        say(
            "The installation did not finish: the reason stands above. Most often the connection broke off, or the disk is "
            "full. Then start again the same way."
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Install what the app needs into .venv, where it is not there yet: ``python install.py [requirements-test.txt]``.

``make run`` and the files for a double click run it by the computer's own Python before anything is installed, so it needs the
standard library only. A digest of what was asked for marks what is installed: a second start is at once, and what changed is
installed. An installation that was cut short is marked, too, and made anew.
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from resnet_finetune.model import nvidia
from resnet_finetune.words import terminal
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import Sentence, reason, say, speaking

REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"
UV = "uv>=0.13,<0.14"
LOG = "install.log"  # in .venv: all that pip said
TAIL = 20  # lines of it that are shown when something went wrong


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
            obstacle = unsuited(sys.platform, platform.machine(), platform.mac_ver()[0], platform.version())
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


def unsuited(system: str, machine: str, release: str, kernel: str) -> Sentence | None:
    """Why there is no PyTorch for a computer of this kind. ``release``: of macOS; ``kernel`` tells its real processor."""
    if system != "darwin":
        return None
    if machine != "arm64" and "ARM64" in kernel:
        return say(
            "This Python is made for Macs with an Intel processor: install Python 3.13 from python.org, then start again."
        )
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

    ``card``: of NVIDIA's, on Windows, where the usual PyTorch cannot use it. What can is tried for at every start, until it is
    there; without it the app works, too.

    Raises:
        UserError: there is no room, no right to write, no connection, or another installation is going on.
    """
    venv = place / ".venv"
    installed, unfinished = venv / f"{requirements}.installed", venv / "unfinished"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    whole = not unfinished.exists() and installed.exists() and installed.read_text() == _digest(place, requirements, python)
    if whole and not (card and _lacks_card(venv) and not _in_use(venv)):
        return
    try:
        with _alone(place):
            first = unfinished.exists() or not _asked(python, "-m", "pip", "--version")
            if first:
                _make(venv, unfinished, size)
            elif not whole:
                print(say("The app needs other packages than before: they are installed now."), flush=True)
            if not whole:  # what works is not marked, or closing the window meanwhile would have it made anew
                unfinished.touch()
            temporary = venv / "tmp"  # on the disk that was asked for its room; /tmp may be small
            temporary.mkdir(exist_ok=True)
            places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR"), str(temporary))
            try:
                if card:
                    _fetch_for_card(place, python, os.environ | places)
                if not whole or not _torch(venv):  # uv may have taken the other away and not come to its end
                    # By ``card`` most of it came another way; after the first time it is a part, which nobody has counted.
                    download = size.download if first and not card else None
                    _fetch(place, requirements, python, os.environ | places, download)
            except UserError:
                if not first:  # what was there before works still: pip came to its end, and what it cannot have it leaves alone
                    unfinished.unlink(missing_ok=True)
                raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)  # on Windows a virus scanner may hold one of its files
            installed.write_text(_digest(place, requirements, python))
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            say(
                "The folder .venv could not be made here ({reason}): close the app if it is open, or move its folder to where "
                "you may write, such as your home folder. Then start again.",
                reason=reason(error),
            )
        ) from error


def _lacks_card(venv: Path) -> bool:
    """Whether PyTorch is missing, or PyPI's, which on Windows knows no card. PyTorch's own server gives each kind a name, after
    the version.
    """
    return not any("+" in name for name in _torch(venv))


def _torch(venv: Path) -> list[str]:
    """What pip has written down of PyTorch: one name, or none where it is not there (any more)."""
    sites = (venv / "Lib" / "site-packages", *venv.glob("lib/python*/site-packages"))
    return [place.name for site in sites for place in site.glob("torch-*.dist-info")]


def _in_use(venv: Path) -> bool:
    """Whether a training or the page has PyTorch loaded. Windows lets nobody write into a library then, nor replace it."""
    try:
        for library in venv.glob("Lib/site-packages/torch/lib/torch_cpu.dll"):
            library.open("r+b").close()
    except OSError:
        return True
    return False


def _digest(place: Path, requirements: str, python: Path) -> str:
    """Of what is asked for, and of the Python that it is for."""
    files = (place / name for name in dict.fromkeys((requirements, REQUIREMENTS, CONSTRAINTS)))
    return hashlib.sha256(
        b"".join((_asked(python, "-c", "import sys; print(sys.version_info[:2])"), *(file.read_bytes() for file in files)))
    ).hexdigest()


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
    if subprocess.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", venv]).returncode:
        raise UserError(say("Python could not make the folder .venv: the reason stands above."))


def _fetch_for_card(place: Path, python: Path, environment: Mapping[str, str]) -> None:
    """uv knows which PyTorch is for which driver, and where it is: on PyTorch's own server, whatever mirror is set. Of pip's
    settings it knows only the proxy.
    """
    print(say("The PyTorch that can use your NVIDIA card is fetched: 2 to 3 GB."), flush=True)
    own = {"UV_TORCH_BACKEND": "auto", "UV_SYSTEM_CERTS": "true"}
    anew = "--reinstall" if _lacks_card(place / ".venv") else "--upgrade"  # of the same version, it would be left as it is
    uv = [str(python), "-m", "uv", "pip", "install", "--python", str(python), "--no-deps", anew]
    command = [*uv, "torch", "torchvision", "-c", CONSTRAINTS]
    if not _pip(place, python, environment, UV) or subprocess.run(command, cwd=place, env={**own, **environment}).returncode:
        print(
            say(
                "That did not work, so the app will train without the card, which is slower. The reason stands above. An "
                "older NVIDIA driver has to be updated first. It is tried again at the next start; "
                "docs/other-ways-to-start.md says how to do without."
            ),
            flush=True,
        )


def _fetch(place: Path, requirements: str, python: Path, environment: Mapping[str, str], download: float | None) -> None:
    """By pip, and so by pip's own settings, such as a proxy, a mirror and certificates. ``download``: GB, about, if known."""
    if _pip(place, python, environment, "-r", requirements, "-c", CONSTRAINTS, download=download):
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


def _pip(place: Path, python: Path, environment: Mapping[str, str], *arguments: str, download: float | None = None) -> bool:
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")  # nobody would see what it asks
    return _watched([str(python), "-m", "pip", "install", *quiet, *arguments], place, environment, download)


def _watched(command: Sequence[str], place: Path, environment: Mapping[str, str], download: float | None) -> bool:
    """Whether pip came to a good end. What it says goes into the log; what is told is how far it has come."""
    log, own = place / ".venv" / LOG, {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    live = sys.stdout.isatty()  # there one line is written over and over
    told = -math.inf
    with log.open("ab") as said:
        start = log.stat().st_size
        process = subprocess.Popen(command, cwd=place, env={**environment, **own}, stdout=said, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                if time.monotonic() - told >= (1 if live else 30):
                    told = time.monotonic()
                    far = _how_far(log.read_bytes()[start:], Path(environment["TMPDIR"]), download)
                    print(terminal.padded(str(far), 76), end="\r" if live else "\n", flush=True)
        finally:
            if process.poll() is None:  # by Ctrl+C
                process.kill()
                process.wait()
    if live:
        print()
    if process.returncode == 0:
        return True
    last = log.read_bytes()[start:].decode("utf-8", "replace").splitlines()[-TAIL:]
    encoding = sys.stdout.encoding or "utf-8"
    print("\n".join(last).encode(encoding, "replace").decode(encoding))
    print(say("All that pip said is in {log}.", log=log), flush=True)
    return False


def _how_far(said: bytes, temporary: Path, download: float | None) -> Sentence:
    """By what pip has said, and by the packages in the folder that it downloads into. ``download``: GB in all, about."""
    if b"\nInstalling collected packages" in said:
        return say("All packages are here. They are unpacked now: a minute or two.")
    sizes = []
    for package in temporary.rglob("*.whl"):
        with suppress(OSError):  # moved meanwhile
            sizes.append(package.stat().st_size)
    n, done = len(sizes), sum(sizes) / 1e9
    if not n:
        return say("Finding out which packages are needed.")
    if download is None or done > download:
        return say("Packages downloaded: {n}; {done:.2f} GB.", n=n, done=done)
    return say("Packages downloaded: {n}; {done:.2f} of about {all:.1f} GB.", n=n, done=done, all=download)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

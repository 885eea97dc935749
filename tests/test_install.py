"""The app as pip installs it: all of it is in the package, and the command works from anywhere. Other ways to get it, too."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import MINUTE, ROOT, Cli

import install
from resnet_finetune import __version__
from resnet_finetune.words.errors import UserError

WANTED = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files behind, which would be in the next."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    for folder in ("resnet_finetune", "assets"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in WANTED:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", place, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = place.glob("*.whl")
    return built


def files(folder: str) -> set[str]:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_everything_is_in_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert files("resnet_finetune") <= packed
    assert {f"resnet_finetune/{name}" for name in files("assets")} <= packed


def test_the_command_works_away_from_the_repository(wheel: Path, tmp_path: Path, home: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        (points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "resnet-finetune = resnet_finetune.cli:main" in archive.read(points).decode()
    code = "import sys; from resnet_finetune.words.assets import ASSETS; from resnet_finetune.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code} print(ASSETS); sys.exit(main())", "runs", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place, answer = done.stdout.splitlines()
    assert Path(place) == tmp_path / "site" / "resnet_finetune" / "assets"
    assert json.loads(answer) == {"runs": []}


def test_a_window_says_what_it_needs(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webview", None)  # as where it is not installed, which it may be here
    done = cli("page", "--port", "0", "--window")
    assert done.returncode == 1
    assert "-m pip install " in done.stderr and "pywebview" in done.stderr


# What is installed here: one tiny package, which lies on a mirror that only a proxy can reach.
MIRROR = "http://mirror.invalid/simple"
PACKAGE = "tiny_package-1.0-py3-none-any.whl"
TINY = install.Size(download=0, disk=0)
HUGE = install.Size(download=0, disk=1e6)


@dataclass
class Proxy:
    """It fetches ``pages``; where one is None it never comes to an end, until ``closing``."""

    address: str
    pages: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The only way to the mirror, which is the only place that pip knows of."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            known.reached.set()
            content = known.pages.get(self.path, b"")
            if content is None:
                known.closing.wait()
                return
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *_: object) -> None:
            """Nobody reads it."""

    for name in os.environ:
        if name.lower().startswith(("pip_", "http", "no_proxy", "all_proxy")):
            monkeypatch.delenv(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        known = Proxy(f"http://127.0.0.1:{server.server_port}")
        own = {"HTTP_PROXY": known.address, "PIP_INDEX_URL": MIRROR, "PIP_TRUSTED_HOST": "mirror.invalid"}
        for name, value in {**own, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "0"}.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield known
        known.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The app, but for what it asks for."""
    place = tmp_path / "my app"
    shutil.copytree(ROOT / "resnet_finetune", place / "resnet_finetune", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "install.py"):
        shutil.copy(ROOT / name, place)
    (place / "requirements.txt").write_text("tiny-package>=1\n")
    (place / "constraints.txt").touch()
    (place / "app.py").write_text("import tiny_package\nprint('opened')\n")
    return place


def tiny_package(to: Path, code: str = "") -> bytes:
    """A wheel, of one module that runs ``code``."""
    name, version, _ = to.name.split("-", 2)
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(to, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return to.read_bytes()


# Plays uv, which cannot be asked here for what lies on PyTorch's own server: either it gets PyTorch or it does not.
UV = """
import sys
from pathlib import Path

print("uv was asked", flush=True)
if Path("offline").exists():
    sys.exit("no server")
about = Path(__file__).with_name("torch-2.0+cu130.dist-info")
about.mkdir()
(about / "METADATA").write_text("Metadata-Version: 2.1\\nName: torch\\nVersion: 2.0+cu130\\n")
"""


def ctrl_c(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_mirror_behind_a_proxy_and_an_installation_that_was_cut_short(
    place: Path, proxy: Proxy, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    venv, listed, package = place / ".venv", f"{MIRROR}/tiny-package/", f"{MIRROR}/tiny-package/{PACKAGE}"

    def set_up(size: install.Size = TINY) -> str:
        install.install(place, "requirements.txt", size, card=False)
        return capfd.readouterr().out

    # Ended in the middle of the download, with all that it has started
    proxy.pages[listed] = None
    started = "from pathlib import Path; import install as i; i.install(Path.cwd(), 'requirements.txt', i.Size(0, 0), False)"
    killed = subprocess.Popen([sys.executable, "-c", started], cwd=place, start_new_session=True)
    assert proxy.reached.wait(5 * MINUTE / 1000)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    half_made = venv / "tmp" / "half-made"
    half_made.touch()

    proxy.pages[listed] = f'<!DOCTYPE html><a href="{PACKAGE}">{PACKAGE}</a>'.encode()
    proxy.pages[package] = tiny_package(tmp_path / PACKAGE)
    told = set_up()
    assert "cleared away" in told and "is being set up" in told
    assert "Collecting" not in told  # what pip says is for who looks for a mistake
    assert "Collecting tiny-package" in (venv / install.LOG).read_text()
    assert proxy.asked[-1] == package
    assert not half_made.exists() and not (venv / "unfinished").exists()

    # Whole, so it asks for nothing, not even for room
    proxy.asked.clear()
    again = subprocess.run(["make", "--no-print-directory", "run"], cwd=place, capture_output=True, text=True)
    assert (again.returncode, again.stdout.splitlines()) == (0, [".venv/bin/python app.py", "opened"]), again.stderr
    assert set_up(HUGE) == ""
    assert proxy.asked == []

    # What is there already needs no room once more
    (place / "constraints.txt").write_text("tiny-package==1.0\n")
    assert "other packages than before" in set_up(HUGE)
    assert set_up(HUGE) == ""

    (place / "constraints.txt").write_text("tiny-package==2.0\n")
    capfd.readouterr()
    with pytest.raises(UserError, match="The installation did not finish"):
        set_up()
    why = capfd.readouterr().out
    assert "tiny-package==2.0" in why and str(venv / install.LOG) in why

    # Without a connection what is there is kept, and tried to be brought up to date at each start
    proxy.pages.clear()
    for _ in range(2):
        with pytest.raises(UserError, match="Nothing could be downloaded"):
            set_up(HUGE)
    (place / "constraints.txt").write_text("tiny-package<2\n")  # what is there does
    assert "other packages than before" in set_up(HUGE)
    (place / "requirements-test.txt").write_text("other-package\n")
    with pytest.raises(UserError, match="Nothing could be downloaded"):
        install.install(place, "requirements-test.txt", HUGE, card=False)
    capfd.readouterr()
    assert set_up(HUGE) == ""
    again = subprocess.run(["make", "--no-print-directory", "run"], cwd=place, capture_output=True, text=True)
    assert again.stdout.splitlines()[-1] == "opened", again.stderr

    # What was ended in the middle may be half of anything
    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(install, "_watched", ctrl_c)
        install.install(place, "requirements-test.txt", HUGE, card=False)
    with pytest.raises(UserError, match="takes up to"):
        set_up(HUGE)


def test_what_can_use_the_card_is_tried_for_until_it_is_there(
    place: Path, proxy: Proxy, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, wheel, code in (("tiny-package", PACKAGE, ""), ("uv", "uv-0.13.0-py3-none-any.whl", UV)):
        proxy.pages[f"{MIRROR}/{name}/"] = f'<!DOCTYPE html><a href="{wheel}">{wheel}</a>'.encode()
        proxy.pages[f"{MIRROR}/{name}/{wheel}"] = tiny_package(tmp_path / wheel, code)

    def set_up(card: bool) -> str:
        install.install(place, "requirements.txt", TINY, card)
        assert not (place / ".venv" / "unfinished").exists()
        return capfd.readouterr().out

    (place / "offline").touch()
    told = set_up(card=True)
    assert "uv was asked" in told and "train without the card" in told and "at the next start" in told
    assert set_up(card=False) == ""
    told = set_up(card=True)
    assert "train without the card" in told and "is being set up" not in told and "other packages" not in told

    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(install, "_watched", ctrl_c)
        set_up(card=True)
    assert not (place / ".venv" / "unfinished").exists()  # what works is not made anew for that
    assert "is being set up" not in set_up(card=True)

    (place / "offline").unlink()
    told = set_up(card=True)
    assert "uv was asked" in told and "train without the card" not in told
    assert set_up(card=True) == ""


def test_a_double_click_on_a_mac_finds_apples_python_first() -> None:
    """An Intel one, under Rosetta, may lie in /usr/local/bin, which macOS itself names in PATH: it would not do."""
    (path,) = re.findall(r'^PATH="(.*)"$', (ROOT / "start.command").read_text(encoding="utf-8"), re.M)
    assert path == "/opt/homebrew/bin:$PATH:/usr/local/bin"


def test_how_far_it_has_come_is_told_by_the_packages_that_came(tmp_path: Path) -> None:
    assert str(install._how_far(b"Collecting torch\n", tmp_path, 3.2)) == "Finding out which packages are needed."
    unpack = tmp_path / "pip-unpack-x"
    unpack.mkdir()
    for name, size in (("torch.whl", 1_400_000_000), ("numpy.whl", 20_000_000), ("numpy.whl.metadata", 10**9)):
        with (unpack / name).open("wb") as file:
            file.truncate(size)
    assert str(install._how_far(b"", tmp_path, 3.2)) == "Packages downloaded: 2; 1.42 of about 3.2 GB."
    assert str(install._how_far(b"", tmp_path, None)) == "Packages downloaded: 2; 1.42 GB."
    assert str(install._how_far(b"", tmp_path, 1.0)) == "Packages downloaded: 2; 1.42 GB."  # more than was thought
    assert "unpacked now" in str(install._how_far(b"x\nInstalling collected packages: torch\n", tmp_path, 3.2))


def test_what_stands_in_the_way_is_said_before_anything_is_made(place: Path) -> None:
    with pytest.raises(UserError, match="takes up to 1000000 GB"):
        install.install(place, "requirements.txt", HUGE, card=False)
    with (place / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="in another window"):
            install.install(place, "requirements.txt", TINY, card=False)
    (place / ".venv.lock").unlink()
    (place / ".venv.lock").mkdir()  # as where nothing can be written
    with pytest.raises(UserError, match=r"could not be made here \(Is a directory\)"):
        install.install(place, "requirements.txt", TINY, card=False)
    assert not (place / ".venv").exists()
    assert install.unsuited("linux", "x86_64", "", "") is install.unsuited("darwin", "arm64", "14.0", "ARM64_T8103") is None
    assert "another computer" in (install.unsuited("darwin", "x86_64", "15.1", "X86_64") or "")
    assert "install Python 3.13" in (install.unsuited("darwin", "x86_64", "15.1", "xnu~1/RELEASE_ARM64_T8103") or "")
    assert "macOS 13.7" in (install.unsuited("darwin", "arm64", "13.7", "ARM64") or "")


@pytest.mark.parametrize("file", ["Makefile", "start.command", "start.bat"])
def test_every_start_takes_the_same_pythons(file: str) -> None:
    """Those that the package says it is for."""
    (lowest, newest) = re.findall(
        r"3\.(\d+)", re.findall(r"requires-python = (.*?)#", (ROOT / "pyproject.toml").read_text())[0]
    )
    told = (ROOT / file).read_text(encoding="utf-8")
    assert f"(3, {lowest}) <= sys.version_info < (3, {newest})" in told
    for minor in range(int(lowest), int(newest)):
        assert f"3.{minor}" in told


def test_what_the_container_copies_is_there() -> None:
    told = (ROOT / "Containerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", told, re.M) for name in line.split()]
    assert "assets" in copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed


def test_what_is_to_be_cited_is_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")

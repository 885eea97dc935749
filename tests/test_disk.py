"""A file is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import pytest
from conftest import ROOT

from resnet_finetune.words import disk

posix = pytest.mark.skipif(os.name == "nt", reason="limits, signals and rights of POSIX")

FULL_DISK = """
import resource, sys
from pathlib import Path
from resnet_finetune.words import disk
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    disk.write_bytes(Path(sys.argv[1]), b"new" * 10_000)
except disk.NoRoom as error:
    print("refused", error.needed, error.folder)
"""

WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from resnet_finetune.words import disk
for number in itertools.count():
    disk.write_bytes(Path(sys.argv[1]), bytes([number % 256]) * 4_000_000)
"""


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    for content in (b"a longer first content", b"", b"second"):
        disk.write_bytes(path, content)
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]


@posix
def test_rights_follow_the_umask_as_those_of_any_other_file(tmp_path: Path) -> None:
    for mask in (0o022, 0o077, 0o002):
        before = os.umask(mask)
        try:
            disk.write_bytes(tmp_path / "ours", b"x")
            (tmp_path / "any").write_bytes(b"x")
        finally:
            os.umask(before)
        assert (tmp_path / "ours").stat().st_mode & 0o777 == (tmp_path / "any").stat().st_mode & 0o777 == 0o666 & ~mask
        (tmp_path / "any").unlink()


@posix
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FULL_DISK, path], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"refused 30000 {tmp_path}\n"), done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_kill_never_leaves_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    for attempt in range(6):
        path.unlink(missing_ok=True)
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, path], cwd=ROOT) as child:
            try:
                while not path.exists():
                    assert child.poll() is None
                    time.sleep(0.002)
                time.sleep(attempt * 0.007)
            finally:
                child.kill()
        content = path.read_bytes()
        assert len(content) == 4_000_000
        assert content.count(content[:1]) == len(content)  # of one writing


def test_a_missing_folder_and_a_folder_in_the_way_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk.write_bytes(tmp_path / "absent" / "file", b"x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        disk.write_bytes(tmp_path / "taken", b"x")
    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


@posix
@pytest.mark.parametrize(("number", "written"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_a_file_system_that_cannot_write_folders_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, written: bool
) -> None:
    real = os.fsync

    def fsync(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with nullcontext() if written else pytest.raises(OSError):
        disk.write_bytes(tmp_path / "file", b"x")
    assert (tmp_path / "file").read_bytes() == b"x"


def test_json_survives_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    disk.write_json(path, {"class": "Äpfel", "n": [1, None, 0.1]})
    assert "Äpfel" in path.read_text(encoding="utf-8")
    assert disk.read_json(path) == {"class": "Äpfel", "n": [1, None, 0.1]}


def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    disk.write_json(path, 1)
    with pytest.raises(ValueError):
        disk.write_json(path, {"loss": float("nan")})
    assert disk.read_json(path) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000], ids=["empty", "half", "binary", "deep"])
def test_what_is_not_json_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        disk.read_json(path)


def test_a_large_report_is_written_in_little_memory(tmp_path: Path) -> None:
    value = {"scores": [[number / 7 for number in range(100)] for _ in range(2_000)], "名": "é"}
    tracemalloc.start()
    disk.write_json(tmp_path / "report.json", value)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    written = (tmp_path / "report.json").read_bytes()
    assert written == json.dumps(value, ensure_ascii=False, indent=1).encode()
    assert most < 3 * len(written)


@pytest.mark.parametrize(("refusals", "written"), [(2, b"new"), (4, b"old")])
def test_a_file_that_is_just_being_read_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, written: bytes
) -> None:
    """As Windows refuses to replace it; here it is only told so."""
    replace, refused = Path.replace, 0

    def refuse(self: Path, target: Path) -> Path:
        nonlocal refused
        refused += 1
        if refused <= refusals:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return replace(self, target)

    file = tmp_path / "file"
    file.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(disk, "WAITS", (0.0, 0.0, 0.0))
    with nullcontext() if written == b"new" else pytest.raises(PermissionError):
        disk.write_bytes(file, b"new")
    assert file.read_bytes() == written
    assert list(tmp_path.iterdir()) == [file]

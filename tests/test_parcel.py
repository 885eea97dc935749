"""A run as one file: packed, unpacked elsewhere, and what strangers may send in its place."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs import history, parcel, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import REPORT


def packed(run: Path, to: Path) -> Path:
    with to.open("wb") as file:
        parcel.pack(Run(run), file)
    return to


def test_a_run_comes_back_as_it_was(trained: Path, tmp_path: Path) -> None:
    run = parcel.unpack(packed(trained, tmp_path / "run.zip"))
    assert run_folder.list_runs() == [run]
    assert run.state == "finished"
    for file in history.files(trained):
        assert (run.path / file.name).read_bytes() == file.read_bytes()
    assert run.settings.run_dir == str(run.path)
    assert load_model(run.path).classes == ["blue", "green", "red"]
    again = parcel.unpack(tmp_path / "run.zip")
    assert again.path != run.path


def test_a_run_takes_where_it_stands_along(trained: Path, tmp_path: Path) -> None:
    run = parcel.unpack(packed(trained, tmp_path / "run.zip"))
    state = run.path / "checkpoint" / f"000007-{32 * 'a'}.safetensors"
    state.write_bytes(b"state")
    os.utime(state, (0, 0))  # 1970, as some tools leave it; a zip begins at 1980
    assert (parcel.unpack(packed(run.path, tmp_path / "2.zip")).path / "checkpoint" / state.name).read_bytes() == b"state"


def made(to: Path, **members: bytes) -> Path:
    """A zip of a run's least, and of ``members`` under whatever names."""
    with zipfile.ZipFile(to, "w") as file:
        about = {"settings": {"data": "/photos", "model": "resnet18"}, "created": "2026-01-01T00:00:00+00:00"}
        contents = {"run.json": json.dumps(about).encode(), **members}
        for name, content in contents.items():
            file.writestr(name, content)
    return to


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "/etc/passwd",
        "checkpoint/../../x.safetensors",
        "checkpoint/x.pkl",
        "lock",
        "deleted",
        "run.json/x",
        "C:\\model.json",
        "MODEL.JSON",
    ],
)
def test_only_a_runs_own_files_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="is no run that was saved"):
        parcel.unpack(made(tmp_path / "hostile.zip", **{name: b"x"}))
    assert run_folder.list_runs() == []
    assert not list(tmp_path.rglob("passwd"))


@pytest.mark.parametrize("about", [b"", b"[]", b"{}", b'{"settings": 3}', b"[" * 100_000])
def test_a_run_that_says_nothing_of_itself_is_refused(tmp_path: Path, about: bytes) -> None:
    with pytest.raises(UserError, match="is no run that was saved"):
        parcel.unpack(made(tmp_path / "hostile.zip", **{"run.json": about}))


def test_a_hostile_name_of_the_data_becomes_no_path(tmp_path: Path, home: Path) -> None:
    about = {"settings": {"data": "../../../evil", "model": "resnet18"}, "created": "2026-01-01T00:00:00+00:00"}
    run = parcel.unpack(made(tmp_path / "hostile.zip", **{"run.json": json.dumps(about).encode()}))
    assert run.path.parent == home / "runs"


@pytest.mark.parametrize(
    "about",
    [
        {"settings": {"data": "/photos", "model": "resnet1999"}, "created": "2026-01-01T00:00:00+00:00"},
        {"settings": {"data": "/photos", "model": "../../x"}, "created": "2026-01-01T00:00:00+00:00"},
        {"settings": {"data": "/photos", "model": "resnet18"}, "created": "2026-01-01T00:00:00"},
        {"settings": {"data": "/photos", "model": "resnet18"}},
    ],
    ids=["of a newer version", "hostile", "no zone of time", "no time"],
)
def test_what_could_not_be_listed_is_refused(tmp_path: Path, home: Path, about: dict[str, object]) -> None:
    """Nobody could delete it."""
    with pytest.raises(UserError, match="is no run that was saved"):
        parcel.unpack(made(tmp_path / "newer.zip", **{"run.json": json.dumps(about).encode()}))
    assert list((home / "runs").iterdir()) == []


def test_a_kill_leaves_no_half_run_in_the_list(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy, seen = parcel._copy, []

    def watched(*arguments: Any) -> None:
        seen.append(len(list(run_folder.find_runs())))
        copy(*arguments)

    monkeypatch.setattr(parcel, "_copy", watched)
    parcel.unpack(packed(trained, tmp_path / "run.zip"))
    assert len(seen) > 4
    assert seen == [*[0] * (len(seen) - 1), 1]


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path / "hostile.zip")
    with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile notices as well
        archive.writestr("run.json", b"{}")
    with pytest.raises(UserError, match="is no run that was saved"):
        parcel.unpack(file)


def test_a_parcel_of_more_files_than_any_run_has_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = made(tmp_path / "hostile.zip", **{f"{number}": b"" for number in range(100)})
    monkeypatch.setattr(zipfile, "ZipInfo", None)  # zipfile makes one of each entry that it looks at
    with pytest.raises(UserError, match="is no run that was saved"):
        parcel.unpack(file)


def test_a_parcel_that_is_larger_than_any_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "MOST_BYTES", 1_000_000)
    with pytest.raises(UserError, match="no run is so large"):
        parcel.unpack(made(tmp_path / "bomb.zip", **{"model.safetensors": bytes(2_000_000)}))
    assert run_folder.list_runs() == []


@pytest.mark.parametrize("name", ["model.safetensors", "events.jsonl"])
def test_a_small_file_does_not_become_a_large_one(tmp_path: Path, name: str) -> None:
    """300 MB of zeros in 300 kB."""
    file = made(tmp_path / "bomb.zip")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for _ in range(300):
            member.write(bytes(1_000_000))
    assert file.stat().st_size < 1_000_000
    with pytest.raises(UserError, match="would become far larger"):
        parcel.unpack(file)
    assert run_folder.list_runs() == []


def test_a_large_report_is_opened_again(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of many photos and classes: it is as long as it looks."""
    monkeypatch.setattr(parcel, "FEW_WORDS", 1000)
    assert (parcel.unpack(packed(trained, tmp_path / "run.zip")).path / REPORT).stat().st_size > 1000


def test_a_half_file_leaves_nothing_behind(trained: Path, tmp_path: Path, home: Path) -> None:
    whole = packed(trained, tmp_path / "run.zip").read_bytes()
    other = whole.replace(b"conv1.weight", b"conv2.weight", 1)
    for content in (whole[: len(whole) // 2], whole[7:], b"", b"PK\x03\x04", other):
        (tmp_path / "half.zip").write_bytes(content)
        with pytest.raises(UserError, match="is no run that was saved"):
            parcel.unpack(tmp_path / "half.zip")
    assert not (home / "runs").exists() or list((home / "runs").iterdir()) == []


def test_what_is_packed_can_be_read_by_any_zip_program(trained: Path) -> None:
    file = io.BytesIO()
    parcel.pack(Run(trained), file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert {"run.json", "events.jsonl", "model.json", "model.safetensors", "report.json"} <= set(archive.namelist())

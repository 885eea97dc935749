"""The same training once more is known as such, and only that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from resnet_finetune.runs.repeat import fingerprint, once_more, repeats, weights_hash
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import corrections, disk


@pytest.fixture
def run(trained: Path, home: Path) -> Run:
    return copy_of(trained, home, "one")


def copy_of(trained: Path, home: Path, name: str, **settings: object) -> Run:
    folder = home / "runs" / name
    shutil.copytree(trained, folder)
    about = json.loads((folder / "run.json").read_bytes())
    about["settings"] |= settings
    (folder / "run.json").write_text(json.dumps(about))
    return Run(folder)


def test_a_training_with_the_same_settings_on_the_same_photos_is_a_repeat(run: Run, trained: Path, home: Path) -> None:
    same = copy_of(trained, home, "two")
    copy_of(trained, home, "another seed", seed=7)
    other = copy_of(trained, home, "other photos")
    about = json.loads((other.path / "run.json").read_bytes())
    (other.path / "run.json").write_text(json.dumps(about | {"fingerprint": "0" * 64}))
    unfinished = copy_of(trained, home, "unfinished")
    (unfinished.path / "events.jsonl").write_text("")
    assert repeats(run) == [same]
    assert weights_hash(run) == weights_hash(same)
    assert fingerprint(run) == fingerprint(same) is not None


def test_once_more_is_with_the_same_corrections(run: Run, trained: Path, home: Path) -> None:
    assert once_more(run).corrections is None
    corrections.write(run.path / corrections.FILE, {"red/00.png": None})
    assert once_more(run).corrections == str(run.path / corrections.FILE)
    same = copy_of(run.path, home, "two")
    assert repeats(run) == [same]  # the fingerprint knows what was corrected


def test_a_run_whose_photos_were_never_read_repeats_nothing(run: Run, trained: Path, home: Path) -> None:
    about = json.loads((run.path / "run.json").read_bytes())
    del about["fingerprint"]
    (run.path / "run.json").write_text(json.dumps(about))
    assert fingerprint(run) is None
    assert repeats(run) == []


def test_once_more_is_with_the_list_of_an_earlier_version(run: Run) -> None:
    disk.write_json(run.path / corrections.OF_EARLIER_VERSIONS, ["red/00.png"])
    assert once_more(run).corrections == str(run.path / corrections.OF_EARLIER_VERSIONS)

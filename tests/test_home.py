from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from resnet_finetune.data import collection
from resnet_finetune.data.dataset import scan
from resnet_finetune.data.intake import open_data
from resnet_finetune.runs import run_folder
from resnet_finetune.ui.shared.desk import Desk
from resnet_finetune.words.settings import Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has rights of another kind")
OWN = 0o700


def rights(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def fill(photos: Path) -> Path:
    """With all that the app keeps. The new run's folder comes back."""
    collection.create("new photos")
    scan(open_data(shutil.make_archive(str(photos), "zip", photos)), lambda done, total: None)
    Desk(data="demo", where="the demo photos").keep()
    return Path(run_folder.create(Settings(data=str(photos))).run_dir)


def test_nobody_else_may_look_into_what_the_app_makes(home: Path, few_photos: Path) -> None:
    run = fill(few_photos)
    kept = {folder.name: rights(folder) for folder in home.iterdir() if folder.is_dir()}
    assert kept == dict.fromkeys(("brought", "unpacked", "pixels", "runs"), OWN)
    assert rights(home) == rights(run) == OWN


def test_a_folder_that_the_person_named_keeps_its_rights(home: Path, few_photos: Path, tmp_path: Path) -> None:
    home.mkdir(mode=0o755)
    (tmp_path / "shared").mkdir(mode=0o755)
    run_folder.create(Settings(data=str(few_photos), run_dir=str(tmp_path / "shared")))
    fill(few_photos)
    assert rights(home) == rights(tmp_path / "shared") == 0o755
    assert rights(home / "runs") == OWN

"""The demo photos are the ones the script chose, balanced, and no new photo was ever trained on."""

from __future__ import annotations

import hashlib
import io
import runpy
import zipfile
from collections import Counter
from pathlib import PurePosixPath

import pytest
from conftest import ROOT
from PIL import Image

DEMO = ROOT / "assets" / "demo"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "build_demo.py"))
zips = pytest.mark.parametrize(("name", "each"), [("groceries.zip", 40), ("new_photos.zip", 15)])


def photos(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(DEMO / name) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


@zips
def test_a_zip_is_the_one_the_script_makes(name: str, each: int) -> None:
    assert hashlib.sha256((DEMO / name).read_bytes()).hexdigest() == SCRIPT["SHA256"][name]


@zips
def test_every_class_has_its_photos(name: str, each: int) -> None:
    paths = [PurePosixPath(entry) for entry in photos(name)]
    assert {len(path.parts) for path in paths} == {2}
    assert Counter(path.parts[0] for path in paths) == dict.fromkeys(SCRIPT["CLASSES"], each)


@zips
def test_every_photo_opens(name: str, each: int) -> None:
    for content in photos(name).values():
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert min(image.size) >= 224


def test_no_photo_is_there_twice() -> None:
    contents = [*photos("groceries.zip").values(), *photos("new_photos.zip").values()]
    assert len(set(contents)) == len(contents) == 275

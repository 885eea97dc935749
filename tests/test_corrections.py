"""Corrections are written whole, and read with care."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_finetune.words import corrections
from resnet_finetune.words.errors import UserError


@pytest.mark.parametrize("said", [{}, {"cats/1.jpg": None}, {"b/ä 🌼.jpg": "Ärger 🌼", "a/1.jpg": None, "a/\ufffd.png": "b"}])
def test_they_come_back_as_they_were(tmp_path: Path, said: dict[str, str | None]) -> None:
    corrections.write(tmp_path / "list.json", said)
    assert corrections.read(tmp_path / "list.json") == said
    assert list(json.loads((tmp_path / "list.json").read_text(encoding="utf-8"))) == sorted(said)


def test_a_list_of_names_leaves_these_photos_out(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('["cats/1.jpg", "dogs/2.jpg"]')
    assert corrections.read(tmp_path / "list.json") == {"cats/1.jpg": None, "dogs/2.jpg": None}


def test_a_run_without_any_has_none_and_one_of_an_earlier_version_has_its_list(tmp_path: Path) -> None:
    assert corrections.of_run(tmp_path) == {}
    (tmp_path / corrections.OF_EARLIER_VERSIONS).write_text('["cats/1.jpg"]')
    assert corrections.of_run(tmp_path) == {"cats/1.jpg": None}
    corrections.write(tmp_path / corrections.FILE, {"cats/1.jpg": "dogs"})
    assert corrections.of_run(tmp_path) == {"cats/1.jpg": "dogs"}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"list\.json, does not exist"):
        corrections.read(tmp_path / "list.json")


@pytest.mark.parametrize("content", ["", "{", "cats/1.jpg", "\xff", '["cats/1.jpg"', "[" * 100_000])
def test_what_is_no_json_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"list\.json cannot be read: they should be a JSON object or list"):
        corrections.read(tmp_path / "list.json")


@pytest.mark.parametrize(
    "content", ['"cats/1.jpg"', "null", "[1]", '["cats/1.jpg", null]', '[["cats/1.jpg"]]', '{"a": 1}', '{"a": ""}', '{"a": []}']
)
def test_what_corrects_nothing_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(UserError, match=r"holds no corrections: it should look like"):
        corrections.read(tmp_path / "list.json")


def test_a_list_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path) -> None:
    corrections.write(tmp_path / "list.json", {"a": "b"})
    with pytest.raises(OSError):
        corrections.write(tmp_path / "list.json" / "below", {"a": None})
    assert corrections.read(tmp_path / "list.json") == {"a": "b"}

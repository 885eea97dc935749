"""The list of photos that are not to be used is written whole, and read with care."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_finetune.words import left_out
from resnet_finetune.words.errors import UserError


@pytest.mark.parametrize("names", [set(), {"cats/1.jpg"}, {"b/ä 🌼.jpg", "a/1.jpg", "a/\ufffd.png"}])
def test_a_list_comes_back_as_it_was(tmp_path: Path, names: set[str]) -> None:
    left_out.write(tmp_path / "list.json", names)
    assert left_out.read(tmp_path / "list.json") == names
    assert json.loads((tmp_path / "list.json").read_text(encoding="utf-8")) == sorted(names)


def test_a_run_without_a_list_leaves_nothing_out(tmp_path: Path) -> None:
    assert left_out.of_run(tmp_path) == frozenset()
    left_out.write(tmp_path / left_out.FILE, {"cats/1.jpg"})
    assert left_out.of_run(tmp_path) == {"cats/1.jpg"}


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"list\.json, does not exist"):
        left_out.read(tmp_path / "list.json")


@pytest.mark.parametrize("content", ["", "{", "cats/1.jpg", "\xff", '["cats/1.jpg"', "[" * 100_000])
def test_what_is_no_json_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"list\.json cannot be read: it should be a JSON list"):
        left_out.read(tmp_path / "list.json")


@pytest.mark.parametrize("content", ["{}", '"cats/1.jpg"', "null", "[1]", '["cats/1.jpg", null]', '[["cats/1.jpg"]]'])
def test_what_is_no_list_of_names_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(UserError, match="no list of photos to leave out"):
        left_out.read(tmp_path / "list.json")


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        left_out.read(tmp_path)


def test_a_list_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path) -> None:
    left_out.write(tmp_path / "list.json", ["a"])
    with pytest.raises(UnicodeEncodeError):
        left_out.write(tmp_path / "list.json", ["\udcff"])  # no text; names that come from a scan are
    assert left_out.read(tmp_path / "list.json") == {"a"}
    with pytest.raises(OSError):
        left_out.write(tmp_path / "no" / "list.json", ["a"])

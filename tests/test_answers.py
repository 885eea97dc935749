"""Answers become a table and sorted copies, and no name leads a copy astray."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from resnet_finetune.model.answers import NONE, UNREADABLE, copy_sorted, files_of, table
from resnet_finetune.model.saved_model import Answer
from resnet_finetune.words.errors import UserError


def answer(path: Path, label: str | None, *, readable: bool = True) -> Answer:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(path.as_posix().encode())
    return Answer(
        path=path,
        label=label,
        confidence=0.75 if label else None,
        scores=[0.75, 0.25] if readable else None,
        none_of_these=readable and label is None,
        strangeness=None,
        error=None if readable else "It is broken.",
    )


def test_every_file_has_a_row(tmp_path: Path) -> None:
    answers = [
        answer(tmp_path / "1.jpg", "=cat"),
        answer(tmp_path / "2.jpg", None),
        answer(tmp_path / "3.jpg", None, readable=False),
    ]
    rows = list(csv.DictReader(io.StringIO(table(["=cat", "dog"], ["1.jpg", "b/2.jpg", "3.jpg"], answers).decode("utf-8-sig"))))
    assert [(row["path"], row["label"], row["none_of_these"], row["error"]) for row in rows] == [
        ("1.jpg", "'=cat", "no", ""),
        ("b/2.jpg", "", "yes", ""),
        ("3.jpg", "", "", "It is broken."),
    ]
    assert rows[0]["'=cat"] == "0.75"


def test_copies_lie_in_the_folder_of_their_answer_and_the_originals_where_they_were(tmp_path: Path) -> None:
    answers = [
        answer(tmp_path / "a" / "1.jpg", "cat"),
        answer(tmp_path / "b" / "1.jpg", "cat"),
        answer(tmp_path / "2.jpg", None),
        answer(tmp_path / "3.jpg", None, readable=False),
    ]
    assert copy_sorted(answers, tmp_path / "sorted") == 4
    copies = {
        file.relative_to(tmp_path / "sorted").as_posix(): file.read_bytes() for file in (tmp_path / "sorted").rglob("*.jpg")
    }
    assert set(copies) == {"cat/1.jpg", "cat/1 (2).jpg", f"{NONE}/2.jpg", f"{UNREADABLE}/3.jpg"}
    assert sorted(copies.values()) == sorted(one.path.read_bytes() for one in answers)


@pytest.mark.parametrize("label", ["../../evil", "..", "/etc", "a/b", "C:\\evil", "\0"])
def test_no_class_leads_out_of_the_folder(tmp_path: Path, label: str) -> None:
    copy_sorted([answer(tmp_path / "1.jpg", label)], tmp_path / "sorted")
    (copy,) = (tmp_path / "sorted").rglob("1.jpg")
    assert copy.parent.parent == tmp_path / "sorted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.jpg", "sorted"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not empty"):
        copy_sorted([answer(tmp_path / "1.jpg", "cat")], tmp_path)


def test_files_are_found_in_folders_and_links_and_system_files_are_passed_over(tmp_path: Path) -> None:
    folder, other = tmp_path / "photos", tmp_path / "other"
    for name in ("photos/b/2.jpg", "photos/1.jpg", "photos/.hidden.jpg", "photos/__MACOSX/3.jpg", "other/4.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (folder / "link.jpg").symlink_to(other / "4.jpg")
    (folder / "linked").symlink_to(other)
    os.mkfifo(folder / "pipe.jpg")
    files, left = files_of([folder])
    assert [Path(name).relative_to(folder).as_posix() for name in files] == ["1.jpg", "b/2.jpg"]
    assert sorted(problem.path for problem in left) == ["link.jpg", "linked", "pipe.jpg"]


def test_what_cannot_be_opened_any_more_does_not_stop_the_copies(tmp_path: Path) -> None:
    answers = [answer(tmp_path / "gone.jpg", "cat"), answer(tmp_path / "1.jpg", "cat")]
    (tmp_path / "gone.jpg").unlink()
    assert copy_sorted(answers, tmp_path / "sorted") == 1
    assert [file.name for file in (tmp_path / "sorted" / "cat").iterdir()] == ["1.jpg"]

"""Tables that a spreadsheet opens as they are meant."""

from __future__ import annotations

import csv
import io

import pytest

from resnet_finetune.words.spreadsheet import to_csv


def test_what_is_written_is_read_again() -> None:
    written = to_csv([["名字", 'a "quoted", name', 3], ["two\nlines", None, 0.5]])
    assert written.startswith(b"\xef\xbb\xbf")  # by which Excel knows UTF-8
    assert list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))) == [
        ["名字", 'a "quoted", name', "3"],
        ["two\nlines", "", "0.5"],
    ]


def test_no_cell_is_run_as_a_formula() -> None:
    written = to_csv([["=1+1", "@SUM(A1)", "+1", "＝1+1", "\t=1", -1, "a=b"]]).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(written, newline=""))) == ["'=1+1", "'@SUM(A1)", "'+1", "'＝1+1", "'\t'=1", "-1", "a=b"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("behind", ["=1+1", '"=1+1', ' ""=1+1', "\n=1+1", "-1+1"])
def test_nor_where_another_sign_ends_a_cell(delimiter: str, behind: str) -> None:
    name = f"x{delimiter}{behind}"
    written = to_csv([[name, name, 0.5], [f'"{name}', 1, name]]).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "-"))]


def test_a_name_stays_one_cell_and_a_number_a_number() -> None:
    assert to_csv([["x;1.jpg", "cats", 0.5, 3]]).decode("utf-8-sig") == '"x;1.jpg","cats",0.5,3\r\n'

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
    assert next(csv.reader(io.StringIO(written, newline=""))) == ["'=1+1", "'@SUM(A1)", "'+1", "'＝1+1", "'\t=1", "-1", "a=b"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_no_name_is_cut_in_two_where_another_sign_ends_a_cell(delimiter: str) -> None:
    written = to_csv([[delimiter.join(["x", "=1+1", ".jpg"]), f'"{delimiter}=1+1', 0.5]]).decode("utf-8-sig")
    cells = next(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter))
    assert not any(cell.startswith("=") for cell in cells)
    assert written.endswith(",0.5\r\n")  # a number stays one

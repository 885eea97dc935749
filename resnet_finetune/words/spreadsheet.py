"""Tables for a spreadsheet: UTF-8 with the mark that Excel needs, and nothing in them that it would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None
Row = Sequence[Cell]


def to_csv(rows: Iterable[Row]) -> bytes:
    """Every text is quoted: where a comma is for decimals, a spreadsheet takes ";" for the end of a cell."""
    table = io.StringIO(newline="")
    csv.writer(table, quoting=csv.QUOTE_NONNUMERIC).writerows([_harmless(cell) for cell in row] for row in rows)
    return table.getvalue().encode("utf-8-sig", errors="replace")


def _harmless(cell: Cell) -> Cell:
    """A leading apostrophe keeps a spreadsheet from running a file name as a formula (OWASP, "CSV Injection")."""
    return f"'{cell}" if isinstance(cell, str) and cell and cell[0] in "=+-@＝＋－＠\t\r\n" else cell

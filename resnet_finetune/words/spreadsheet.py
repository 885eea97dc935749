"""Tables for a spreadsheet: UTF-8 with the mark that Excel needs, and nothing in them that it would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

Cell = str | int | float | None
Row = Sequence[Cell]

# Where a formula could begin. Where decimals are written with a comma, a spreadsheet ends a cell at ";", and no quotation mark
# holds a text together there but the first of a line.
_FORMULA = re.compile(r'(?:^|(?<=[;\t\r\n]))(?=["\s]*[=+\-@＝＋－＠])')


def to_csv(rows: Iterable[Row]) -> bytes:
    table = io.StringIO(newline="")
    csv.writer(table, quoting=csv.QUOTE_NONNUMERIC).writerows([_harmless(cell) for cell in row] for row in rows)
    return table.getvalue().encode("utf-8-sig", errors="replace")


def _harmless(cell: Cell) -> Cell:
    """An apostrophe before it keeps a spreadsheet from running a name as a formula (OWASP, "CSV Injection")."""
    return _FORMULA.sub("'", cell) if isinstance(cell, str) else cell

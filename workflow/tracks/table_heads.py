"""A table whose columns a person has named: the same rows under heads that the readers know.

Asked for where a table holds several columns of text and none of them says what it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from python_calamine import CalamineWorkbook

from workflow.errors import BadInput
from workflow.language import encodings
from workflow.tracks.formats import office, tables

ROLES = ("in", "out", "speaker", "source", "text", "note", "")
"""What a column can be; "" is left out."""

SHOWN_ROWS = 6
_MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Column:
    """number from 1, its first filled cells, and what it is where its form says so ("in", "out"; else "")."""

    number: int
    cells: tuple[str, ...]
    role: str = ""


def columns_of(data: bytes, encoding: str | None = None) -> list[Column]:
    """The columns of a table, for a person to name; [] where the file is no table."""
    rows = _rows(data, encoding)
    width = min(_MOST_COLUMNS, max((len(row) for row in rows[:200]), default=0))
    shown: list[Column] = []
    times = ["out", "in"]
    for i in range(width):
        cells = [row[i] for row in rows[:200] if i < len(row) and row[i].strip()]
        if cells:
            is_time = sum(map(tables.is_time, cells)) * 2 > len(cells)
            role = times.pop() if times and is_time else ""
            shown.append(Column(i + 1, tuple(cell[:80] for cell in cells[:SHOWN_ROWS]), role))
    return shown if len(shown) > 1 else []


def is_unclear(data: bytes, language: str, encoding: str | None = None) -> bool:
    """Whether several columns hold text and no head says which is which."""
    rows = _rows(data, encoding)
    found = tables.find_columns(rows[:40], language)
    return found is None or (found[1] == 0 and bool(found[0].left))


def with_heads(data: bytes, roles: Sequence[str], encoding: str | None = None) -> bytes:
    """The table as tab-separated text, its columns under the names of *roles*, in order; "" leaves one out.

    Raises BadInput COLUMNS: an unknown role, the same twice, or none for the text.
    """
    named = [role for role in roles if role]
    if unknown := [role for role in named if role not in ROLES]:
        raise BadInput("COLUMNS", f"A column cannot be {unknown[0][:40]!r}.")
    if len(set(named)) < len(named) or "text" not in named:
        raise BadInput("COLUMNS", "Exactly one column holds the text, and no two are the same.")
    kept = [i for i, role in enumerate(roles) if role]
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(named)
    for row in _rows(data, encoding):
        writer.writerow([row[i] if i < len(row) else "" for i in kept])
    return out.getvalue().encode()


def _rows(data: bytes, encoding: str | None) -> list[list[str]]:
    if office.is_office(data, "xl/workbook.xml"):
        office.parts(data)  # counts what is in it before anything is read
        try:
            book = CalamineWorkbook.from_object(io.BytesIO(data))
            sheets = [book.get_sheet_by_name(n).to_python() for n in book.sheet_names]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # calamine can panic, which is no Exception
            return []
        return [[_cell(cell) for cell in row] for row in max(sheets, key=len, default=[])]
    try:
        text = encodings.decode(data, encoding) if encoding else encodings.guess(data).text
        head = "\n".join(text.split("\n", 20)[:20])
        mark = max("\t;,|", key=head.count)
        if not head.count(mark):
            return []
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=mark))
    except (BadInput, csv.Error):
        return []


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)

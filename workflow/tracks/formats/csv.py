"""CSV (.csv, .tsv): a script for any table program; with a byte order mark, without which Excel shows ``Å¾``.

A cell that begins with ``= + - @`` is a formula to a table program, so such text is written with ``'`` before
it, and read without.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from workflow.errors import BadInput
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import tables
from workflow.tracks.formats.codec import WHOLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.text import plain

_FORMULA = re.compile(r"\s*'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'\s*'*[=+\-@\t\r]")
_CAPTIONS = re.compile(
    r"\t(?:\{[A-Z0-9]{3,4}\}){2}"
)  # closed captions taken apart: no words for a viewer
_MARKS = ",;\t|"


def _sniff(text: str) -> bool:
    head = "\n".join(text.split("\n", 40)[:40])
    if head.lstrip()[:1] in "<{[" or "-->" in head.split("\n", 1)[0]:
        return False
    mark = _mark_of(head)
    return mark is not None


def _is_ours(text: str) -> bool:
    return text.startswith("id,no,in,out,speaker,")


def _mark_of(head: str) -> str | None:
    """What parts the cells: the first with which the rows are a script."""
    for mark in _MARKS:
        if mark not in head:
            continue
        rows = _rows(head, mark)
        found = tables.find_columns(rows, "")
        if not found or max(map(len, rows)) < 2:
            continue
        columns, skip = found
        has_times = "start" in columns.at and any(
            tables.is_time(row[columns.at["start"]])
            for row in rows
            if len(row) > columns.at["start"]
        )
        if has_times or (skip and len(rows) > skip):
            return mark
    return None


def _rows(text: str, mark: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text), delimiter=mark))
    except csv.Error:
        return [[]]


def _read(source: Source) -> Iterator[RawCue]:
    mark = _mark_of("\n".join(source.text.split("\n", 40)[:40])) or ","
    reader = csv.reader(io.StringIO(source.text), delimiter=mark)
    rows: list[tuple[int, tables.Row]] = []
    try:
        before = 1
        for row in reader:
            rows.append((before, [_bare(cell) for cell in row]))
            before = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(
            "CUE_TOO_LONG", f"A cell of the table cannot be read: {error}.", where=f"line {before}"
        ) from None
    found = tables.find_columns([row for _, row in rows[:40]], source.language)
    if found is None:
        raise BadInput("FORMAT", "The table has no columns of times or text.")
    columns, skip = found
    yield from tables.cues_of(rows[skip:], columns, source)


def _bare(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(tables.head(target))
    writer.writerows([_guarded(cell) for cell in row] for row in tables.rows_of(cues, target))
    return out.getvalue().encode("utf-8-sig")


_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)')


def _read_back(data: bytes) -> list[Shown]:
    """By a pattern of RFC 4180, not by the module that wrote it."""
    rows: list[list[str]] = [[]]
    for found in _CELL.finditer(data.decode("utf-8-sig")):
        cell = found[1].replace('""', '"') if found[1] is not None else found[2]
        rows[-1].append(cell[1:] if _GUARDED.match(cell) else cell)
        if found[3] != ",":
            rows.append([])
    at = next(i for i, name in enumerate(rows[0]) if name.startswith("text ("))
    return [
        Shown(from_ms(tables.ms_of(row[2])), from_ms(tables.ms_of(row[3])), plain(row[at]))
        for row in rows[1:-1]
    ]


FORMAT = Format(
    name="csv",
    extension=".csv",
    media_type="text/csv",
    aliases=("tsv",),
    keeps=WHOLE,
    sniff=_sniff,
    is_ours=_is_ours,
    read=_read,
    write=_write,
    read_back=_read_back,
)

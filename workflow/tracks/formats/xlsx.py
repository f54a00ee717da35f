"""Excel (.xlsx): a script in columns. Written with openpyxl, read with calamine.

Every cell of text is marked as text: openpyxl took ``=1+1`` for a formula, and it came back empty. Ids,
numbers and times are locked, so that an edited file finds its cues again. A hidden column names the source text
that each cue translated: whoever takes the file back sees where the source has moved on since.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from python_calamine import CalamineWorkbook

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats import office, tables, xml
from workflow.tracks.formats.codec import (
    WHOLE,
    Format,
    RawCue,
    Shown,
    Source,
    Target,
    source_hash,
)
from workflow.tracks.text import plain

_WIDTHS = {"id": 12, "no": 6, "in": 14, "out": 14, "speaker": 16, "note": 30, "position": 9}
_MOST_COLUMNS = 256
_REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]{0,80}?\br="([A-Z]{1,4})(\d{1,9})"')
_ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s[^>]{0,200}?\br="(\d{1,9})"')
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def _sniff(data: bytes) -> bool:
    return office.is_office(data, "xl/workbook.xml")


def _read(source: Source) -> Iterator[RawCue]:
    parts = office.parts(source.data)
    _refuse_far_cells(parts)
    if re.search(
        rb"<(?:\w+:)?rPr>.{0,400}?<(?:\w+:)?[ib]/>", parts.get("xl/sharedStrings.xml", b""), re.S
    ):
        source.losses.add("STYLING", "Italics and bold inside cells are left out.")
    sheets = _sheets(source.data)
    for i, (_, rows) in enumerate(sheets):
        found = tables.find_columns(rows[:40], source.language)
        if found is None:
            continue
        for other, others in sheets[:i] + sheets[i + 1 :]:
            if any(any(cell not in {None, ""} for cell in row) for row in others):
                source.losses.add(
                    "SHEET_LEFT", sentence("A sheet is left out: %(name)s.", name=repr(other[:60]))
                )
        columns, skip = found
        yield from tables.cues_of(enumerate(rows[skip:], start=skip + 1), columns, source)
        return
    raise BadInput(
        "FORMAT",
        "No sheet of the workbook has a column of text with times or with a head that is known.",
        advice="Name the columns in the first row: in, out, source, text.",
    )


def _refuse_far_cells(parts: dict[str, bytes]) -> None:
    """A cell at the far corner of a sheet would make a table of billions of empty ones."""
    for name, body in parts.items():
        if not name.startswith("xl/worksheets/"):
            continue
        rows = max((int(found[1]) for found in _ROW_NUMBER.finditer(body)), default=0)
        wide = 0
        for found in _REFERENCE.finditer(body):
            column = 0
            for letter in found[1]:
                column = column * 26 + letter - 64
            wide = max(wide, column)
            rows = max(rows, int(found[2]))
        if rows > 2 * limits.MAX_CUES or wide > _MOST_COLUMNS:
            raise BadInput(
                "TOO_MANY_CUES",
                f"A sheet reaches to row {rows} and column {wide}; {2 * limits.MAX_CUES} rows and "
                f"{_MOST_COLUMNS} columns are the most.",
                advice="Copy the script into a new workbook.",
            )


def _sheets(data: bytes) -> list[tuple[str, Sequence[tables.Row]]]:
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(data))
        return [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        ]
    except (KeyboardInterrupt, SystemExit):
        raise
    except (
        BaseException
    ) as error:  # a damaged workbook can make calamine panic, which is no Exception
        raise BadInput(
            "FORMAT", f"The workbook cannot be read: {str(error)[:120]}.", advice="Save it again."
        ) from None


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    # openpyxl takes a quarter of a second to load: only for those who write a workbook.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font, Protection  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 (a new workbook has one)
    sheet.title = "subtitles"
    heads = [*tables.head(target), *(["source hash"] if target.sources else [])]
    for i, name in enumerate(heads, start=1):
        sheet.cell(1, i, name).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(i)].width = _WIDTHS.get(name, 46)
        sheet.column_dimensions[get_column_letter(i)].hidden = name == "source hash"
    free = {
        i
        for i, name in enumerate(heads, 1)
        if name.startswith("text (") or name in {"speaker", "note"}
    }
    wrapped, unlocked = Alignment(wrap_text=True, vertical="top"), Protection(locked=False)
    for number, row in enumerate(tables.rows_of(cues, target), start=2):
        hashed = [source_hash(target.sources[number - 2])] if target.sources else []
        for i, text in enumerate([*row, *hashed], start=1):
            cell = sheet.cell(number, i)
            cell.value = _ESCAPE.sub("_x005F_", xml.legal(text))
            cell.data_type = "s"
            if re.match(r"\s*[=+\-@]", text):
                cell.quotePrefix = True  # what ' before the text is in a table program
            cell.alignment = wrapped
            if i in free:
                cell.protection = unlocked
    sheet.freeze_panes = "A2"
    sheet.protection.sheet = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _read_back(data: bytes) -> list[Shown]:
    ((_, rows),) = _sheets(data)
    at = next(i for i, name in enumerate(rows[0]) if str(name).startswith("text ("))
    return [
        Shown(
            from_ms(tables.ms_of(str(row[2]))),
            from_ms(tables.ms_of(str(row[3]))),
            plain(str(row[at])),
        )
        for row in rows[1:]
    ]


FORMAT = Format(
    name="xlsx",
    extension=".xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    aliases=("excel",),
    keeps=WHOLE,
    sniff_bytes=_sniff,
    read=_read,
    write=_write,
    read_back=_read_back,
)

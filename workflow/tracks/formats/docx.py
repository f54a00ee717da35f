"""Word (.docx): a script in a table, written with python-docx, read by our own hand from its XML.

A document without a table is read as a transcript, or as SRT if that is what somebody pasted into it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import office, srt, tables, txt, xml
from workflow.tracks.formats.codec import WHOLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.text import plain

_MAIN = "word/document.xml"
_STYLES = {"i", "b", "u", "color", "highlight"}
_WIDTHS = {
    "id": 1.6,
    "no": 1.0,
    "in": 2.4,
    "out": 2.4,
    "speaker": 2.2,
    "note": 2.6,
    "position": 1.2,
}


def _sniff(data: bytes) -> bool:
    return office.is_office(data, _MAIN)


def _read(source: Source) -> Iterator[RawCue]:
    parts = office.parts(source.data)
    document = xml.Document(parts[_MAIN].decode("utf-8", "replace"))
    for part, message in (
        ("word/footnotes.xml", sentence("Footnotes of the document are left out.")),
        ("word/comments.xml", sentence("Comments of the document are left out.")),
    ):
        if part in parts and any(
            xml.all_text(one).strip()
            for one in xml.descendants(
                xml.Document(parts[part].decode("utf-8", "replace")).root, "t"
            )
        ):
            source.losses.add("NOTES_LEFT", message)
    rows = [
        [_text(cell) for cell in xml.children(row, "tc")]
        for table in xml.descendants(document.root, "tbl")
        for row in xml.children(table, "tr")
    ]
    if found := tables.find_columns(rows[:40], source.language):
        columns, skip = found
        if not columns.is_ours and any(
            True
            for run in xml.descendants(document.root, "rPr")
            for _ in xml.children(run, *_STYLES)
        ):
            source.losses.add("STYLING", "Italics, bold and colours of the document are left out.")
        beside = [
            _text(p)
            for body in xml.children(document.root, "body")
            for p in xml.children(body, "p")
        ]
        if any(text.strip() for text in beside):
            shown = " ".join(" ".join(beside).split())
            source.losses.add(
                "TEXT_BESIDE_TABLE",
                sentence("Text outside the table is left out: %(text)s", text=shown[:200]),
            )
        numbered = enumerate(rows[skip:], start=skip + 1)
        yield from tables.cues_of(numbered, columns, source)
        return
    text = "\n".join(_text(p) for p in xml.descendants(document.root, "p"))
    for known in (srt.FORMAT, txt.FORMAT):
        if known.sniff(text):
            yield from known.read(replace(source, text=text))
            return
    raise BadInput(
        "FORMAT",
        "The document has neither a table with times or known column names nor a transcript.",
        advice="Name the columns of the table in its first row: in, out, source, text.",
    )


def _text(element: ET.Element) -> str:
    """The words of a paragraph or a cell: paragraphs and breaks are lines, what was struck out is gone."""
    out: list[str] = []

    def walk(one: ET.Element) -> None:
        for child in one:
            name = xml.local(str(child.tag))
            if name == "t":
                out.append(child.text or "")
            elif name in {"br", "cr"}:
                out.append("\n")
            elif name == "tab":
                out.append(" ")
            elif name == "noBreakHyphen":
                out.append("-")
            elif name not in {"del", "Fallback", "pPr", "rPr", "tcPr", "tbl"}:
                if name == "p" and out:
                    out.append("\n")
                walk(child)

    walk(element)
    return "".join(out)


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    # python-docx and lxml take long to load: only for those who write a document.
    from docx import Document  # noqa: PLC0415
    from docx.shared import Cm  # noqa: PLC0415

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = section.page_height, section.page_width
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(1.5))
    heads = tables.head(target)
    body = [heads, *tables.rows_of(cues, target)]
    table = document.add_table(rows=len(body), cols=len(heads))
    table.style = "Table Grid"
    table.autofit = False
    for row, texts in zip(table.rows, body, strict=True):
        for cell, name, text in zip(row.cells, heads, texts, strict=True):
            cell.width = Cm(_WIDTHS.get(name, 6.5))
            cell.text = xml.legal(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _read_back(data: bytes) -> list[Shown]:
    document = xml.Document(office.parts(data)[_MAIN].decode())
    rows = [
        [_text(cell) for cell in xml.children(row, "tc")]
        for row in xml.descendants(document.root, "tr")
    ]
    at = next(i for i, name in enumerate(rows[0]) if name.startswith("text ("))
    return [
        Shown(from_ms(tables.ms_of(row[2])), from_ms(tables.ms_of(row[3])), plain(row[at]))
        for row in rows[1:]
    ]


FORMAT = Format(
    name="docx",
    extension=".docx",
    media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    aliases=("word",),
    keeps=WHOLE,
    sniff_bytes=_sniff,
    read=_read,
    write=_write,
    read_back=_read_back,
)

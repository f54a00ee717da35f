"""What ttconv makes of a file: the second reader of TTML and EBU-STL, the first of SCC.

ttconv says in its log what it leaves out; here that becomes part of the answer. Its documents are
walked paragraph by paragraph: its own way, a snapshot of the screen at every change, takes minutes for
a film.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring
from ttconv import model
from ttconv.imsc import reader as imsc_reader
from ttconv.scc import reader as scc_reader
from ttconv.stl.datafile import DataFile
from ttconv.style_properties import DisplayAlignType, FontStyleType, StyleProperties

from workflow.errors import ToolFailed


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Times in seconds, as exact as ttconv has them; text without styles."""

    start: Fraction
    end: Fraction | None
    text: str
    is_italic: bool = False  # all of it
    is_on_top: bool = False


def read_ttml(data: bytes) -> list[Paragraph]:
    with _complaints() as complaints:
        document = imsc_reader.to_model(ET.ElementTree(fromstring(data, forbid_dtd=True)))
    if document is None or complaints:
        raise ToolFailed("EXPORT_DIFFERS", f"ttconv says of the TTML file: {complaints[:1]}")
    return list(_paragraphs(document))


def read_stl(data: bytes, rate: Fraction) -> list[Paragraph]:
    """Subtitles one by one: ttconv would move one that overlaps the one before it.

    rate    ttconv itself takes every 30 for 29.97 with drop-frame counting
    """
    with _complaints() as complaints:
        file = DataFile(data[:1024], start_tc="TCP")
        file.fps = rate
        for at in range(1024, len(data), 128):
            file.last_end_time = None
            file.process_tti_block(data[at : at + 128])
    if complaints:
        raise ToolFailed("EXPORT_DIFFERS", f"ttconv says of the STL file: {complaints[0]}")
    return list(_paragraphs(file.get_document()))


def read_scc(text: str) -> tuple[list[Paragraph], list[str]]:
    """Paragraphs, and what ttconv left out. Raises ValueError and its kin for a file that it cannot read."""
    with _complaints() as complaints:
        document = scc_reader.to_model(text)
    return list(_paragraphs(document)) if document else [], complaints


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Warnings and errors that ttconv logs meanwhile in this thread; they go nowhere else."""
    said: list[str] = []
    thread = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                said.append(record.getMessage())

    log = logging.getLogger("ttconv")
    log.propagate = False
    ear = Ear(logging.WARNING)
    log.addHandler(ear)
    try:
        yield said
    finally:
        log.removeHandler(ear)


def _paragraphs(document: model.ContentDocument) -> Iterator[Paragraph]:
    body = document.get_body()
    if body is not None:
        yield from _walk(body, Fraction(0))


def _walk(element: model.ContentElement, base: Fraction) -> Iterator[Paragraph]:
    start = base + Fraction(element.get_begin() or 0)
    if isinstance(element, model.P):
        end = element.get_end()
        region = element.get_region()
        align = region.get_style(StyleProperties.DisplayAlign) if region is not None else None
        spans = [one for one in element.dfs_iterator() if isinstance(one, model.Span)]
        yield Paragraph(
            start,
            None if end is None else base + Fraction(end),
            "".join(_words(element)),
            bool(spans)
            and all(
                one.get_style(StyleProperties.FontStyle) == FontStyleType.italic
                for one in spans
                if "".join(_words(one)).strip()
            ),
            align == DisplayAlignType.before,
        )
        return
    for child in element:
        yield from _walk(child, start)


def _words(element: model.ContentElement) -> Iterator[str]:
    for one in element.dfs_iterator():
        if isinstance(one, model.Text):
            yield one.get_text()
        elif isinstance(one, model.Br):
            yield "\n"

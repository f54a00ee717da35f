"""Scenarist closed captions (.scc): American CEA-608 codes in hexadecimal. Only read, by ttconv.

Turkmen cannot be carried in it: of ÄÇÝŇŞŽÖÜ äçýňşžöü only ç came back, and a row ends at 32 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import from_seconds
from workflow.tracks import limits
from workflow.tracks.formats.codec import Format, RawCue, Source
from workflow.tracks.text import as_text

_HEAD = re.compile(r"\s*Scenarist_SCC", re.IGNORECASE)
_LINE = re.compile(r"\s*(\d\d:\d\d:\d\d[:;.,]\d\d)\s+((?:[0-9a-fA-F]{4}\s*)+)")


_TAKEN_APART = re.compile(r"(?m)^\s*\d\d:\d\d:\d\d[:;]\d\d\t\{\w{2,4}\}")


def _sniff(text: str) -> bool:
    first = re.match(r"\s*([^\n]*)", text)
    if first and (_HEAD.match(text) or _LINE.fullmatch(first[1])):
        return True
    return _TAKEN_APART.search(text[:2000]) is not None


def _read(source: Source) -> Iterator[RawCue]:
    from workflow.tracks.formats import by_ttconv  # noqa: PLC0415 (takes long to load)

    if _TAKEN_APART.search(source.text[:2000]):
        raise BadInput(
            "FORMAT",
            "These are closed captions taken apart, code by code, for a person to look at.",
            advice="Give the .scc file that they were made from.",
        )
    numbers = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        if _LINE.fullmatch(line):
            numbers.append(number)
        elif line.strip() and not _HEAD.match(line):
            raise BadInput(
                "FORMAT",
                f"Line {number} of the SCC file is not a time and pairs of bytes: {line.strip()[:60]}",
                where=f"line {number}",
                advice="Export the file again.",
            )
        limits.refuse_too_many(len(numbers) // 4, where=f"line {number}")
    try:
        paragraphs, complaints = by_ttconv.read_scc(_tabbed(source))
    except Exception as error:  # ttconv raises whatever comes; the file is what is wrong
        raise BadInput(
            "FORMAT", f"The SCC file cannot be read: {str(error)[:120]}.", advice="Export it again."
        ) from None
    for complaint in complaints:
        source.losses.add(
            "CODE_DROPPED", sentence("Not understood: %(text)s", text=complaint[:120])
        )
    if paragraphs:
        source.losses.add(
            "STYLES_DROPPED", "Colours and places on the picture are left out.", "line 1"
        )
    first = numbers[0] if numbers else 1
    for one in paragraphs:
        text = as_text("\n".join(line.strip() for line in one.text.split("\n") if line.strip()))
        if text:
            if one.is_italic:
                text = f"<i>{text}</i>"
            end = None if one.end is None else from_seconds(one.end)
            yield RawCue(first, from_seconds(one.start), end, text)


def _tabbed(source: Source) -> str:
    """A tab after each time: ttconv leaves out lines where an editor has made spaces of it."""
    if not _HEAD.match(source.text):
        source.repairs.add("HEADER_MISSING", "The file does not begin with Scenarist_SCC V1.0.")
    text = re.sub(r"(?m)^[ ]*(\d\d:\d\d:\d\d[:;.,]\d\d)[ ]\s*", r"\1\t", source.text)
    if text != source.text:
        source.repairs.add("TAB", "Spaces stand where a tab parts time and codes.")
    return text


FORMAT = Format(
    name="scc",
    extension=".scc",
    media_type="text/plain",
    sniff=_sniff,
    read=_read,
    only_read="CEA-608 has none of ä, ý, ň, ş, ž, ö, ü, so Turkmen cannot be carried in it.",
)

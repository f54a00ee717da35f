"""YouTube's SubViewer (.sbv): a line with both times, then plain text. No styling at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats.codec import Format, RawCue, Shown, Source, Target
from workflow.tracks.formats.times import TIME, read_time, write_time
from workflow.tracks.text import as_text

_TIMES = re.compile(rf"[ ]*({TIME})[ ]*,[ ]*({TIME})[ ]*")


def _sniff(text: str) -> bool:
    first = re.match(r"\s*([^\n]+)", text)
    if (
        first and first[1].strip().upper() == "[INFORMATION]"
    ):  # SubViewer, whose child this format is
        return True
    return _begins_with_times(text)


def _begins_with_times(text: str) -> bool:
    first = re.match(r"\s*([^\n]+)", text)
    return bool(first and _TIMES.fullmatch(first[1]))


def _read(source: Source) -> Iterator[RawCue]:
    at: tuple[int, int, int] | None = None  # line, start, end
    lines: list[str] = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        if found := _TIMES.fullmatch(line):
            if at:
                yield _cue(at, lines, source)
            start, end = (
                read_time(found[n], number, source.repairs, mark=".", hour_digits=1) for n in (1, 2)
            )
            at, lines = (number, start, end), []
        elif at or not line.strip():
            lines.append(line)
        else:
            source.losses.add(
                "HEADER_DROPPED",
                sentence("Left out of the header: %(text)s", text=line.strip()[:80]),
                f"line {number}",
            )
    if at:
        yield _cue(at, lines, source)


def _cue(at: tuple[int, int, int], lines: list[str], source: Source) -> RawCue:
    line, start, end = at
    raw = "\n".join(lines).strip("\n").replace("[br]", "\n")
    if "\n\n" in raw:
        source.repairs.add(
            "BLANK_LINE_IN_CUE", "A blank line inside the cue was closed up.", f"line {line}"
        )
    text = as_text(raw)
    if text != raw:
        source.repairs.add(
            "TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", f"line {line}"
        )
    return RawCue(line, start, end, text)


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    blocks = []
    for cue in cues:
        start, end = (write_time(t, mark=".", hour_digits=1) for t in (cue.start, cue.end))
        blocks.append(f"{start},{end}\n{cue.text}\n")
    return "\n".join(blocks).encode()


def _read_back(data: bytes) -> list[Shown]:
    shown = []
    for head, text in re.findall(
        r"^(\d+:\d\d:\d\d\.\d{3},\S+)\n(.*?)\n(?:\n|\Z)", data.decode(), re.M | re.S
    ):
        start, end = (_ms(written) for written in head.split(","))
        shown.append(Shown(from_ms(start), from_ms(end), text))
    return shown


def _ms(written: str) -> int:
    hours, minutes, seconds = written.split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * 1000 + int(seconds.replace(".", ""))


FORMAT = Format(
    name="sbv",
    extension=".sbv",
    media_type="text/plain",
    sniff=_sniff,
    is_ours=_begins_with_times,
    read=_read,
    write=_write,
    read_back=_read_back,
)

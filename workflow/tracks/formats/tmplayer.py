"""TMPlayer (.txt): ``00:00:01:Text|second line``, whole seconds and no ends. Only read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.formats.codec import Format, RawCue, Source
from workflow.tracks.formats.times import bad_time
from workflow.tracks.text import from_markup

_LINE = re.compile(r"\s*(\d{1,2}):(\d{2}):(\d{2})(?:,(\d))?[:=,](?!\d\d\b)(.*)")


def _sniff(text: str) -> bool:
    lines = [line for line in text.split("\n", 20)[:20] if line.strip()]
    return bool(lines) and all(_LINE.fullmatch(line) for line in lines[:3])


def _read(source: Source) -> Iterator[RawCue]:
    source.repairs.add("COARSE_TIMES", "TMPlayer has times in whole seconds: check them.")
    held: RawCue | None = None
    for number, line in enumerate(source.text.split("\n"), start=1):
        where = f"line {number}"
        if not (found := _LINE.fullmatch(line)):
            if line.strip():
                source.losses.add(
                    "TEXT_WITHOUT_TIME",
                    sentence("Belongs to no cue, left out: %(text)s", text=line.strip()[:200]),
                    where,
                )
            continue
        hours, minutes, seconds, row, text = found.groups()
        if int(minutes) > 59 or int(seconds) > 59:
            raise bad_time(number, "holds a time whose minutes or seconds are beyond 59")
        start = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * FLICKS_PER_SECOND
        marked = from_markup(text.replace("|", "\n"))
        for note in marked.notes:
            source.losses.add(note.code, note.message, where)
        if held and row == "2" and held.start == start:  # 00:00:01,2= is the second row of a cue
            held = RawCue(held.line, start, None, f"{held.text}\n{marked.text}", held.position)
            continue
        if held:  # a line without words only ends the cue before it
            yield held if text.strip() or held.start == start else held._replace(end=start)
        held = RawCue(number, start, None, marked.text, marked.position) if text.strip() else None
    if held:
        yield held


FORMAT = Format(
    name="tmplayer",
    extension=".tmp",
    media_type="text/plain",
    sniff=_sniff,
    read=_read,
    only_read="its times are whole seconds and its cues have no end.",
)

"""MPL2 (.mpl, .txt): ``[10][35]Text|second line`` in tenths of a second. Only read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.formats.codec import Format, RawCue, Source
from workflow.tracks.text import from_markup

_LINE = re.compile(r"\s*\[(-?\d{1,8})\]\[(-?\d{0,8})\](.*)")
_CODE = re.compile(r"\{[A-Za-z]:[^{}]*\}")  # MicroDVD's, whose text such files were made from
_TENTH = FLICKS_PER_SECOND // 10


def _sniff(text: str) -> bool:
    return any(_LINE.fullmatch(line) for line in text.lstrip("\n").split("\n", 3)[:3])


def _read(source: Source) -> Iterator[RawCue]:
    source.repairs.add("COARSE_TIMES", "MPL2 has times in tenths of a second: check them.")
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
        words = found[3]
        for code in _CODE.findall(words):
            source.losses.add(
                "TAG_DROPPED", sentence("A code was taken out: %(code)s", code=code[:60]), where
            )
        lines = [
            f"<i>{part[1:]}</i>" if part.startswith("/") else part
            for part in _CODE.sub("", words).split("|")
        ]
        marked = from_markup("\n".join(lines).replace("</i>\n<i>", "\n"))
        for note in marked.notes:
            source.losses.add(note.code, note.message, where)
        end = int(found[2]) * _TENTH if found[2].strip("-") else None
        yield RawCue(number, int(found[1]) * _TENTH, end, marked.text, marked.position)


FORMAT = Format(
    name="mpl2",
    extension=".mpl",
    media_type="text/plain",
    sniff=_sniff,
    read=_read,
    only_read="its times are tenths of a second, too coarse for a film.",
)

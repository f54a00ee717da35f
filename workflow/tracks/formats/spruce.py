"""Spruce STL (.stl) of DVD makers: ``00:00:01:00 , 00:00:02:12 , Text|second line``. Only read.

Not EBU-STL, which shares its extension and is binary. It counts frames and does not say how many a second, so
the film's rate is needed. ``^I``, ``^B`` and ``^U`` switch italic, bold and underline on and off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import Flicks, FrameGrid, nominal_rate
from workflow.tracks.formats.codec import Format, RawCue, Source
from workflow.tracks.formats.times import bad_time
from workflow.tracks.text import as_text, balance

_TIME = r"(\d{1,3}):(\d{2}):(\d{2})[:;](\d{2})"
_LINE = re.compile(rf"\s*{_TIME}\s*,\s*{_TIME}\s*,(.*)")
_SETTING = re.compile(r"\s*\$\s*(\w+)\s*=\s*(.*)")


def _sniff(text: str) -> bool:
    lines = [line for line in text.split("\n", 60)[:60] if line.strip()]
    first = next((n for n, line in enumerate(lines) if _LINE.fullmatch(line)), None)
    return first is not None and all(line.lstrip()[:1] in {"/", "$"} for line in lines[:first])


def _read(source: Source) -> Iterator[RawCue]:
    for number, line in enumerate(source.text.split("\n"), start=1):
        where = f"line {number}"
        if found := _LINE.fullmatch(line):
            start, end = (_time(found.groups()[i : i + 4], number, source) for i in (0, 4))
            yield RawCue(number, start, end, _ours(found[9], where, source))
        elif setting := _SETTING.fullmatch(line):
            source.losses.add(
                "STYLES_DROPPED",
                sentence("A setting is left out: %(setting)s", setting=setting[0].strip()[:80]),
                where,
            )
        elif line.strip() and not line.lstrip().startswith("//"):
            source.losses.add(
                "TEXT_WITHOUT_TIME",
                sentence("Belongs to no cue, left out: %(text)s", text=line.strip()[:200]),
                where,
            )


def _time(parts: tuple[str, ...], number: int, source: Source) -> Flicks:
    rate = source.frame_rate
    if rate is None:
        raise BadInput(
            "FRAME_RATE",
            "This is Spruce STL, which counts frames and does not say how many a second.",
            where=f"line {number}",
            advice="Name the film's frame rate, on the command line with --fps.",
        )
    hours, minutes, seconds, frames = (int(part) for part in parts)
    nominal = nominal_rate(rate)
    if minutes > 59 or seconds > 59 or frames >= nominal:
        raise bad_time(number, f"holds {':'.join(parts)!r}, which is no time at {nominal} frames")
    return FrameGrid(rate).time_of((hours * 3600 + minutes * 60 + seconds) * nominal + frames)


def _ours(raw: str, where: str, source: Source) -> str:
    """Its text with our tags: each switch turns a style on, the next one off again."""
    lines = [line.strip() for line in raw.split("|")]
    literal = as_text("\n".join(lines))
    on: set[str] = set()

    def switched(found: re.Match[str]) -> str:
        name = found[1].lower()
        on.symmetric_difference_update({name})
        return f"<{name}>" if name in on else f"</{name}>"

    if literal != "\n".join(lines):
        source.repairs.add("TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", where)
    return balance(re.sub(r"\^([IBUibu])", switched, literal))[0]


FORMAT = Format(
    name="spruce",
    extension=".stl",
    media_type="text/plain",
    sniff=_sniff,
    read=_read,
    only_read="write EBU-STL instead, which says its frame rate.",
)

"""Cues as ASS, written from scratch: what libass draws, and nothing that a cue's author could add to it.

User text never reaches libass as markup: braces, backslashes and line breaks are escaped, and only
<i>, <b>, <u> and the place of a cue are mapped to tags of our own.

Captions are cues on the film's frames, stacked. Cues that are on screen together and share a place
become *one* ASS event per stretch of time, so no two events of a layer ever overlap: libass keeps a
memory of where it put overlapping events, and a picture would depend on where a render began.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from workflow.render.recipe import Style
from workflow.render.typeface import FAMILY, FONTS_DIR, MISSING, drawable
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid
from workflow.tracks.cues import Cue, in_order

__all__ = [
    "FONTS_DIR",
    "Caption",
    "captions",
    "document",
    "escaped",
    "film_clock",
    "frame_clock",
    "header",
    "missing_letters",
]

#: Captions in the picture of a burn-in are timed in frames: frame n is drawn at n x 100 ms (+ 50 ms,
#: against rounding), which ASS's hundredths of a second meet exactly at every frame rate.
MS_PER_FRAME = 100
DRAWN_AT_MS = 50

_MARKUP = re.compile(r"<(/?)([ibu])>")
_BLANK = "\\h"
_JOINER = "\u2060"  # zero-width: keeps a literal backslash from meaning anything with what follows


@dataclass(frozen=True, slots=True)
class Caption:
    """Text that is on screen from frame *first* up to, not including, frame *end*.

    position  numpad place 1-9, also its layer
    text      escaped ASS
    style     "cue", "note" (stamps) or "clock"
    """

    first: int
    end: int
    position: int
    text: str
    style: str = "cue"

    def within(self, first: int, end: int) -> Caption | None:
        """The part of it in frames [first, end), counted from *first*; None if there is none."""
        start, stop = max(self.first, first) - first, min(self.end, end) - first
        if start >= stop:
            return None
        return Caption(start, stop, self.position, self.text, self.style)

    def moved(self, frames: int) -> Caption:
        return Caption(self.first + frames, self.end + frames, self.position, self.text, self.style)

    def to_json(self) -> list[Any]:
        return [self.first, self.end, self.position, self.text, self.style]


def escaped(text: str) -> str:
    """*text* as ASS that draws exactly it; <i>, <b>, <u> become tags and are closed at the end.

    A character that none of our fonts has becomes the replacement character.
    """
    out: list[str] = []
    depth = dict.fromkeys("ibu", 0)
    at = 0
    for tag in _MARKUP.finditer(text):
        out.append(_literal(text[at : tag.start()]))
        at = tag.end()
        closing, kind = bool(tag[1]), tag[2]
        was = depth[kind]
        depth[kind] = max(0, was - 1) if closing else was + 1
        if (was > 0) != (depth[kind] > 0):
            out.append(f"{{\\{kind}{0 if closing else 1}}}")
    out.append(_literal(text[at:]))
    out.extend(f"{{\\{kind}0}}" for kind, open_ in depth.items() if open_)
    return "".join(out)


def missing_letters(text: str) -> str:
    """Characters of *text* that our fonts cannot draw, each once."""
    return "".join(sorted({c for c in text if ord(c) not in drawable() and c >= " "}))


def captions(cues: Iterable[Cue], grid: FrameGrid, style: Style) -> tuple[Caption, ...]:
    """The captions of *cues*, by first frame. A cue that falls between two frames has none."""
    places: dict[int, list[tuple[int, int, Cue]]] = {}
    for cue in in_order(cues):
        first, end = grid.first_frame_at(cue.start), grid.first_frame_at(cue.end)
        if first < end:
            places.setdefault(cue.position or style.position, []).append((first, end, cue))
    found = [c for position, spans in places.items() for c in _stacked(position, spans)]
    return tuple(sorted(found, key=lambda c: (c.first, c.position)))


def _stacked(position: int, spans: Sequence[tuple[int, int, Cue]]) -> Iterable[Caption]:
    """One caption for each stretch in which the same cues are on screen at one place.

    Each cue keeps the rows it began on while its neighbours come and go; a row that is free below
    one that is taken is left blank. At the bottom rows count upwards, elsewhere downwards.
    """
    edges = sorted({edge for first, end, _ in spans for edge in (first, end)})
    upwards = position <= 3
    rows: dict[int, range] = {}  # which cue (by index) sits on which rows
    index = 0
    for start, stop in itertools.pairwise(edges):
        rows = {cue: taken for cue, taken in rows.items() if spans[cue][1] > start}
        while index < len(spans) and spans[index][0] <= start:
            rows[index] = _free_rows(rows.values(), 1 + spans[index][2].text.count("\n"))
            index += 1
        if rows:
            stack = sorted(rows.items(), key=lambda pair: pair[1].start)
            yield Caption(start, stop, position, _column(stack, spans, upwards=upwards))


def _free_rows(taken: Iterable[range], wanted: int) -> range:
    start = 0
    for rows in sorted(taken, key=lambda rows: rows.start):
        if rows.start - start >= wanted:
            break
        start = max(start, rows.stop)
    return range(start, start + wanted)


def _column(
    stack: Sequence[tuple[int, range]], spans: Sequence[tuple[int, int, Cue]], *, upwards: bool
) -> str:
    parts: list[str] = []
    row = 0
    for cue, taken in stack:
        parts += [_BLANK] * (taken.start - row)
        parts.append(escaped(spans[cue][2].text))
        row = taken.stop
    return "\\N".join(reversed(parts) if upwards else parts)


def document(
    shown: Iterable[Caption], size: tuple[int, int], style: Style, clock: Callable[[int], int]
) -> str:
    """An ASS file for a picture of *size* (width, height).

    clock  frame number → hundredths of a second (`frame_clock` for burn-in, `film_clock` for players)
    """
    events = (
        f"Dialogue: {10 * (c.style != 'cue') + c.position},{_time(clock(c.first))},"
        f"{_time(clock(c.end))},{c.style},,0,0,0,,{{\\an{c.position}}}{c.text}\n"
        for c in shown
    )
    return header(size, style) + "".join(events)


def header(size: tuple[int, int], style: Style) -> str:
    """Everything above the events. Sizes follow the shorter side, so upright phone films fit too."""
    width, height = size
    unit = Fraction(min(size), 1000)
    margin = round(style.margin * unit)
    edge = f"{float(style.outline * unit):.2f}"
    border = f"3,{edge},0" if style.box else f"1,{edge},0"
    edge_colour = "&H60000000" if style.box else "&H00000000"
    note = max(9, round(42 * unit))
    common = "&H00FFFFFF,&H00FFFFFF"
    return (
        "[Script Info]\nScriptType: v4.00+\n"
        f"PlayResX: {width}\nPlayResY: {height}\nLayoutResX: {width}\nLayoutResY: {height}\n"
        "WrapStyle: 0\nScaledBorderAndShadow: yes\nYCbCr Matrix: TV.709\n\n"
        "[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
        "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
        f"Style: cue,{FAMILY},{round(style.size * unit)},{common},{edge_colour},&H80000000,"
        f"0,0,0,0,100,100,0,0,{border},{style.position},{margin},{margin},{margin},1\n"
        f"Style: note,{FAMILY},{note},{common},&H80000000,&H80000000,"
        f"0,0,0,0,100,100,0,0,3,{float(6 * unit):.2f},0,7,{note // 2},{note // 2},{note // 2},1\n\n"
        "[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )


def frame_clock(frame: int) -> int:
    """Hundredths of a second on the burn-in's own time axis."""
    return frame * MS_PER_FRAME // 10


def film_clock(grid: FrameGrid) -> Callable[[int], int]:
    """Hundredths of a second of the film, for players: rounded down, so a cue is up on its first frame.

    Frames are further apart than a hundredth up to 60 a second, so no cue is up a frame early.
    """

    def clock(frame: int) -> int:
        return grid.time_of(frame) * 100 // FLICKS_PER_SECOND

    return clock


def _literal(text: str) -> str:
    known = drawable()
    out = []
    for letter in text:
        if letter == "\n":
            out.append("\\N")
        elif letter == "\\":
            out.append("\\" + _JOINER)
        elif letter in "{}":
            out.append("\\" + letter)
        elif letter == "\t":
            out.append(" ")
        elif letter >= " " and letter != "\x7f":
            out.append(letter if ord(letter) in known else MISSING)
    return "".join(out)


def _time(hundredths: int) -> str:
    seconds, rest = divmod(hundredths, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:02d}"

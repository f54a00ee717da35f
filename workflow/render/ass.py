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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from workflow.render.recipe import Second, Style
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
    "numbers",
    "watermark",
]

#: Captions in the picture of a burn-in are timed in frames: frame n is drawn at n x 100 ms (+ 50 ms,
#: against rounding), which ASS's hundredths of a second meet exactly at every frame rate.
MS_PER_FRAME = 100
DRAWN_AT_MS = 50

#: What is drawn over what: the watermark below all, the notes above all.
_LAYERS = {"mark": -5, "cue": 0, "number": 10, "note": 20}
_MARKUP = re.compile(r"<(/?)([ibu])>")
_BLANK = "\\h"
_BLANK_SECOND = "{\\rsecond}\\h{\\r}"
_ROWS_UNDER = 2  # kept for a second track below the first
_JOINER = "\u2060"  # zero-width: keeps a literal backslash from meaning anything with what follows


@dataclass(frozen=True, slots=True)
class Caption:
    """Text that is on screen from frame *first* up to, not including, frame *end*.

    position  numpad place 1-9, also its layer
    text      escaped ASS
    style     "cue", "note" (stamps), "number" or "mark" (watermark)
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


@dataclass(frozen=True, slots=True)
class _Span:
    """A cue on frames [first, end). It looks for rows from *floor* on."""

    first: int
    end: int
    cue: Cue
    second: bool = False
    floor: int = 0

    @property
    def text(self) -> str:
        words = escaped(self.cue.text)
        return f"{{\\rsecond}}{words}{{\\r}}" if self.second else words


def captions(
    cues: Iterable[Cue],
    grid: FrameGrid,
    style: Style,
    second: tuple[Iterable[Cue], Second] | None = None,
) -> tuple[Caption, ...]:
    """The captions of *cues*, by first frame. A cue that falls between two frames has none.

    second  the cues of another track and where they stand, whatever place they name themselves
    """
    place = style.position
    under = second is not None and second[1].place == "under"
    spans = [
        (cue.position or place, _Span(first, end, cue, floor=_ROWS_UNDER * under))
        for first, end, cue in _on_frames(cues, grid)
    ]
    if second is not None:
        edge = place if under else 10 - place + 2 * ((place - 1) % 3 - 1)
        spans += [
            (edge, _Span(first, end, cue, second=True))
            for first, end, cue in _on_frames(second[0], grid)
        ]
    places: dict[int, list[_Span]] = {}
    for position, span in spans:
        places.setdefault(position, []).append(span)
    found = [
        caption
        for position, some in places.items()
        for caption in _stacked(position, sorted(some, key=lambda span: (span.first, span.floor)))
    ]
    return tuple(sorted(found, key=lambda c: (c.first, c.position)))


def numbers(cues: Iterable[Cue], grid: FrameGrid) -> tuple[Caption, ...]:
    """The number of each cue, from 1 in order of time, while it is on screen."""
    spans = [
        _Span(first, end, Cue("", 0, 0, str(number)))
        for number, cue in enumerate(in_order(cues), start=1)
        for first, end, _ in _on_frames([cue], grid)
    ]
    return tuple(Caption(c.first, c.end, c.position, c.text, "number") for c in _stacked(1, spans))


def watermark(text: str, frames: int) -> Caption:
    """*text* across the picture, for *frames* frames."""
    return Caption(0, frames, 5, f"{{\\frz18}}{escaped(text)}", "mark")


def _on_frames(cues: Iterable[Cue], grid: FrameGrid) -> Iterator[tuple[int, int, Cue]]:
    for cue in in_order(cues):
        first, end = grid.first_frame_at(cue.start), grid.first_frame_at(cue.end)
        if first < end:
            yield first, end, cue


def _stacked(position: int, spans: Sequence[_Span]) -> Iterable[Caption]:
    """One caption for each stretch in which the same cues are on screen at one place.

    Each cue keeps the rows it began on while its neighbours come and go; a row that is free below
    one that is taken is left blank. At the bottom rows count upwards, elsewhere downwards.
    """
    edges = sorted({edge for span in spans for edge in (span.first, span.end)})
    upwards = position <= 3
    rows: dict[int, range] = {}  # which cue (by index) sits on which rows
    index = 0
    for start, stop in itertools.pairwise(edges):
        rows = {cue: taken for cue, taken in rows.items() if spans[cue].end > start}
        while index < len(spans) and spans[index].first <= start:
            span = spans[index]
            wanted = 1 + span.cue.text.count("\n")
            rows[index] = _free_rows(rows.values(), wanted, span.floor if upwards else 0)
            index += 1
        if rows:
            stack = sorted(rows.items(), key=lambda pair: pair[1].start)
            yield Caption(start, stop, position, _column(stack, spans, upwards=upwards))


def _free_rows(taken: Iterable[range], wanted: int, floor: int) -> range:
    start = floor
    for rows in sorted(taken, key=lambda rows: rows.start):
        if rows.start - start >= wanted:
            break
        start = max(start, rows.stop)
    return range(start, start + wanted)


def _column(stack: Sequence[tuple[int, range]], spans: Sequence[_Span], *, upwards: bool) -> str:
    parts: list[str] = []
    row = 0
    for cue, taken in stack:
        # Rows that are kept for the second track are as high as its letters, also while it is silent.
        parts += [
            _BLANK_SECOND if free < spans[cue].floor else _BLANK for free in range(row, taken.start)
        ]
        parts.append(spans[cue].text)
        row = taken.stop
    return "\\N".join(reversed(parts) if upwards else parts)


def document(
    shown: Iterable[Caption],
    size: tuple[int, int],
    style: Style,
    clock: Callable[[int], int],
    second: Second | None = None,
) -> str:
    """An ASS file for a picture of *size* (width, height).

    clock  frame number → hundredths of a second (`frame_clock` for burn-in, `film_clock` for players)
    """
    events = (
        f"Dialogue: {_LAYERS[c.style] + c.position},{_time(clock(c.first))},"
        f"{_time(clock(c.end))},{c.style},,0,0,0,,{{\\an{c.position}}}{c.text}\n"
        for c in shown
    )
    return header(size, style, second) + "".join(events)


def header(size: tuple[int, int], style: Style, second: Second | None = None) -> str:
    """Everything above the events. Sizes follow the shorter side, so upright phone films fit too."""
    width, height = size
    unit = Fraction(min(size), 1000)
    sides, margin = (
        max(round(style.margin * unit), round(Fraction(style.safe * edge, 1000))) for edge in size
    )
    edge = f"{float(style.outline * unit):.2f}"
    border = f"3,{edge},0" if style.box else f"1,{edge},0"
    edge_colour = "&H60000000" if style.box else "&H00000000"
    note = note_letters(size)
    above = margin + round(Fraction(5, 2) * style.size * unit)  # two rows of a cue, and a little
    common = "&H00FFFFFF,&H00FFFFFF"
    letters = round(style.size * unit)
    spoken = f"0,0,0,0,100,100,0,0,{border},{style.position},{sides},{sides},{margin},1\n"
    smaller = round(Fraction(style.size * second.size, 100) * unit) if second else 0
    # A little yellow, so that nobody takes one language for the other.
    other = (
        f"Style: second,{FAMILY},{smaller},&H00A0FFFF,&H00A0FFFF,{edge_colour},&H80000000,{spoken}"
    )
    return (
        "[Script Info]\nScriptType: v4.00+\n"
        f"PlayResX: {width}\nPlayResY: {height}\nLayoutResX: {width}\nLayoutResY: {height}\n"
        "WrapStyle: 0\nScaledBorderAndShadow: yes\nYCbCr Matrix: TV.709\n\n"
        "[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
        "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
        f"Style: cue,{FAMILY},{letters},{common},{edge_colour},&H80000000,{spoken}"
        f"{other if second else ''}"
        f"Style: note,{FAMILY},{note},{common},&H80000000,&H80000000,"
        f"0,0,0,0,100,100,0,0,3,{float(6 * unit):.2f},0,7,{note // 2},{note // 2},{note // 2},1\n"
        f"Style: number,{FAMILY},{note},&H0000D7FF,&H0000D7FF,&H80000000,&H80000000,"
        f"0,0,0,0,100,100,0,0,3,{float(6 * unit):.2f},0,1,{note // 2},{note // 2},{above},1\n"
        f"Style: mark,{FAMILY},{round(120 * unit)},&HA0FFFFFF,&HA0FFFFFF,&HC0000000,&HFF000000,"
        f"0,0,0,0,100,100,0,0,1,{float(2 * unit):.2f},0,5,{sides},{sides},{margin},1\n\n"
        "[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )


def note_letters(size: tuple[int, int]) -> int:
    """How high the letters of stamps and of the clock are, in pixels."""
    return max(9, round(Fraction(42 * min(size), 1000)))


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

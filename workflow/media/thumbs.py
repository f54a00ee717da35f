"""The sheet of thumbnails for a timeline: one JPEG of many small pictures, and a WebVTT file that says which is where.

The index is what players understand (`thumbs#xywh=0,72,128,72` for a stretch of
time); its links are relative, so it lies beside the sheet wherever both are.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from workflow.timebase import FrameGrid, clock

LINES = 72
MOST = 150  # of a film: about 200 KB, seven seconds on a 256 kbit/s link
SHEET = "thumbs"  # what the index calls it


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of pictures of one size, row by row; picture n shows frame n * every."""

    width: int
    height: int
    every: int  # frames
    columns: int
    rows: int

    @classmethod
    def of(cls, frames: int, gop: int, size: tuple[int, int]) -> Sheet:
        """For a film of so many *frames*: one at each GOP, further apart in a long one. Pure."""
        every = max(gop, -(-frames // MOST))
        count = -(-frames // every)
        columns = min(10, count)
        width = max(2, round(size[0] * LINES / size[1] / 2) * 2)
        return cls(min(width, 3 * LINES), LINES, every, columns, -(-count // columns))


def write_index(out: Path, sheet: Sheet, rate: Fraction, frames: int) -> None:
    """The WebVTT index of a film of *frames* frames; times rounded down to milliseconds."""
    grid = FrameGrid(rate)
    lines = ["WEBVTT", ""]
    for number, first in enumerate(range(0, frames, sheet.every)):
        row, column = divmod(number, sheet.columns)
        place = f"{column * sheet.width},{row * sheet.height},{sheet.width},{sheet.height}"
        start, end = grid.time_of(first), grid.time_of(min(frames, first + sheet.every))
        lines += [f"{clock(start)} --> {clock(end)}", f"{SHEET}#xywh={place}", ""]
    out.write_text("\n".join(lines))

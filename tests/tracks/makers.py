"""Values for the tests of tracks: uids, files read from a string, tracks out of thin air."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from workflow.timebase import FLICKS_PER_MS, from_ms
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import Exported, Imported, read_subtitles, write_subtitles
from workflow.tracks.text import plain

RATE = Fraction(25)

LETTERS = "abäçňöşüýžABÄÇŇÖŞÜÝŽ .,!?-–…0123 <>&{}[]()|/:;#@=+*_~^%$€№„“”«»\\'\"♪жң\u00a0😀"


def counter() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"c{next(numbers)}"


def read(text: str | bytes, **more: object) -> Imported:
    data = text if isinstance(text, bytes) else text.encode()
    return read_subtitles(data, uid=counter(), **more)  # type: ignore[arg-type]


def write(cues: Sequence[Cue], name: str, **more: object) -> Exported:
    """In any format, at 25 frames a second where it counts them."""
    return write_subtitles(cues, name, **({"frame_rate": RATE} | more))  # type: ignore[arg-type]


def read_again(data: bytes) -> Imported:
    return read(data, frame_rate=RATE)


def repairs(imported: Imported) -> list[str]:
    return [repair.code for repair in imported.report.repairs]


def losses(imported: Imported) -> list[str]:
    return [loss.code for loss in imported.report.losses]


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.text(LETTERS, min_size=1, max_size=30), min_size=1, max_size=3))
    kept = [line.strip() or "Söz" for line in lines]
    match draw(st.integers(0, 7)):
        case 0:
            kept[0] = f"<i>{kept[0]}</i>"
        case 1:
            kept[-1] += " <b>öz</b><u> işi</u>"
        case 2:
            kept = [f"<i>{kept[0]}", *kept[1:-1], f"{kept[-1]}</i>"] if kept[1:] else kept
        case 3:
            kept = draw(
                st.sampled_from(
                    [
                        [""],
                        ["bir", "", "iki"],
                        ["  bir ", "iki  üç"],
                        ["<b><i>bir</i></b>", "<i>iki</i>"],
                        ["00:00:01,000 --> 00:00:02,000"],
                        ["[00:00:01.000] söz"],
                        ["{25}{75}söz|söz"],
                        ["1", "2"],
                        ["- Näme?", "- Hiç zat."],
                        ["=1+1"],
                        ["NOTE söz"],
                        ["WEBVTT"],
                        ["&lt;i&gt; &amp; &nbsp;"],
                        ["C:\\Nazar\\hasabat"],
                    ]
                )
            )
    return "\n".join(kept)


@st.composite
def tracks(draw: st.DrawFn, step_ms: int = 1, *, overlapping: bool = False) -> tuple[Cue, ...]:
    """One to six cues on a grid of *step_ms*; if *overlapping*, now and then one begins before the one above ends."""
    cues = []
    time = 0
    for number in range(draw(st.integers(1, 6))):
        start = time + draw(st.integers(0, 90_000)) * step_ms
        if overlapping and number % 2 and draw(st.integers(0, 4)) == 0:
            start = cues[-1].start // FLICKS_PER_MS + 50 * step_ms  # not the same on any grid
        time = start + draw(st.integers(100, 9_000)) * step_ms
        place = draw(st.sampled_from([None, None, None, *range(1, 10)]))
        cues.append(
            Cue(
                f"u{number + 1}",
                from_ms(start),
                from_ms(time),
                draw(texts()),
                speaker=draw(st.sampled_from(["", "", "Aýna", "O'Neil, 2", "<A> & B"])),
                note=draw(st.sampled_from(["", "", "soraň: 5 < 6\niki"])),
                position=place,
            )
        )
    if not any(plain(one.text).strip() for one in cues):  # a file without a word is refused
        cues[0] = replace(cues[0], text="Söz")
    return in_order(cues)

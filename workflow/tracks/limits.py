"""What a subtitle track may measure at most (docs: reliability and security 5.3), and its refusals.

Each number stands against something that happened: a single cue of 5 MB took 2.2 GB to draw, 20 000
cues at one instant fourteen seconds for a fifth of a second of film.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence

from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, Flicks, clock

MAX_BYTES = 5 * 1024 * 1024
MAX_CUES = 10_000
MAX_CHARACTERS = 500  # of a cue's text, markup and line breaks included
MAX_LINES = 6
MAX_LINE_CHARACTERS = 200
MAX_AT_ONE_INSTANT = 4
MAX_TIME: Flicks = 100 * 3600 * FLICKS_PER_SECOND
MAX_BEYOND_FILM: Flicks = 2 * FLICKS_PER_SECOND
MAX_NOTE_CHARACTERS = 4_000
MAX_SPEAKER_CHARACTERS = 120
UID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_UNPACKED_BYTES = 50 * 1024 * 1024  # of an Office file, which is a ZIP archive
MAX_ELEMENTS = 300_000  # of an XML file
MAX_DEPTH = 64


def refuse_too_big(size: int) -> None:
    """Raises BadInput TOO_MANY_BYTES for a file of *size* bytes that is over the limit."""
    if size > MAX_BYTES:
        raise BadInput(
            "TOO_MANY_BYTES",
            f"The subtitle file has {size} bytes; the most is {MAX_BYTES} (5 MiB).",
            advice="Subtitles of a whole film take about 0.2 MB: check that this is the right file.",
        )


def refuse_too_many(count: int, *, where: str = "") -> None:
    """Raises BadInput TOO_MANY_CUES. A reader that stopped counting passes what it has seen."""
    if count > MAX_CUES:
        raise BadInput(
            "TOO_MANY_CUES",
            f"The track has more than {MAX_CUES} cues.",
            where=where,
            advice="Split it by reels.",
        )


def refuse_long_text(text: str, *, where: str) -> None:
    """Raises BadInput CUE_TOO_LONG."""
    if len(text) <= MAX_LINE_CHARACTERS and text.count("\n") < MAX_LINES:
        return  # as nearly every cue
    lines = text.split("\n")
    for what, found, most in (
        ("characters", len(text), MAX_CHARACTERS),
        ("lines", len(lines), MAX_LINES),
        ("characters in one line", max(map(len, lines)), MAX_LINE_CHARACTERS),
    ):
        if found > most:
            raise BadInput(
                "CUE_TOO_LONG",
                f"The cue at {where} has {found} {what}; the most is {most}.",
                where=where,
                advice="Split it, or look for a missing blank line in the file.",
            )


def refuse_long_source(text: str, *, where: str) -> None:
    """Raises BadInput CUE_TOO_LONG for text so long that its markup is not worth the work of reading."""
    if len(text) > 4 * MAX_CHARACTERS:
        refuse_long_text(text, where=where)


def refuse_bad_times(start: Flicks, end: Flicks, *, where: str) -> None:
    """Raises BadInput NEGATIVE_TIME, END_BEFORE_START or TIME_TOO_LATE; times are never mended unasked."""
    if start < 0 or end < 0:
        raise BadInput(
            "NEGATIVE_TIME",
            f"The cue at {where} has a time before 0.",
            where=where,
            advice="Correct the time, or shift the whole track.",
        )
    if end <= start:
        raise BadInput(
            "END_BEFORE_START",
            f"The cue at {where} ends at {clock(end)}, not after its start {clock(start)}.",
            where=where,
            advice="Correct one of the two times.",
        )
    if end > MAX_TIME:
        raise BadInput(
            "TIME_TOO_LATE",
            f"The cue at {where} ends at {clock(end)}; no film is longer than 100 hours.",
            where=where,
            advice="Correct the time.",
        )


def refuse_crowd(spans: Sequence[tuple[Flicks, Flicks]], places: Iterable[str]) -> None:
    """Raises BadInput OVERLAP where more than four cues are on screen at one instant.

    spans     (start, end) of each cue
    places    what to call each of them: "line 12", "cue 3"
    """
    on_screen: list[Flicks] = []  # ends of the cues that are still up
    for (start, end), place in sorted(zip(spans, places, strict=True), key=lambda pair: pair[0]):
        while on_screen and on_screen[0] <= start:
            heapq.heappop(on_screen)
        heapq.heappush(on_screen, end)
        if len(on_screen) > MAX_AT_ONE_INSTANT:
            raise BadInput(
                "OVERLAP",
                f"At {clock(start)} more than {MAX_AT_ONE_INSTANT} cues are on screen at once.",
                where=place,
                advice="Correct the times: cues of one track follow one another.",
            )

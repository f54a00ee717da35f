"""Times for cues whose file gives none: long enough to be read, one after another.

A script in a table, a transcript and TMPlayer do not say when a line ends, or not even when it
begins. Such times are provisional, and the import report says so: the track is to be aligned.
"""

from __future__ import annotations

from collections.abc import Iterable

from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_SECOND, Flicks
from workflow.tracks import limits
from workflow.tracks.formats.codec import RawCue, Remarks
from workflow.tracks.text import count_characters

CHARACTERS_A_SECOND = 15
SHORTEST: Flicks = FLICKS_PER_SECOND
LONGEST: Flicks = 7 * FLICKS_PER_SECOND
GAP: Flicks = FLICKS_PER_SECOND // 10


def reading_time(text: str) -> Flicks:
    """What a Turkmen adult needs (docs: subtitles, decision 3), within one and seven seconds."""
    needed = count_characters(text) * FLICKS_PER_SECOND // CHARACTERS_A_SECOND
    return min(max(needed, SHORTEST), LONGEST)


def timed(raws: Iterable[RawCue], repairs: Remarks) -> list[RawCue]:
    """*raws* with every time filled in; what was made up is in *repairs*. Raises BadInput TOO_MANY_CUES."""
    held: list[RawCue] = []
    for raw in raws:
        limits.refuse_too_many(len(held) + 1, where=f"line {raw.line}")
        held.append(raw)
    starts = sum(raw.start is None for raw in held)
    ends = sum(raw.start is not None and raw.end is None for raw in held)
    if not starts and not ends:
        return held
    if starts:
        repairs.add(
            "NO_TIMES",
            sentence(
                "%(count)s cues have no times in the file: each got the time that reading it takes, after the cue before it. Align the track.",
                count=starts,
            ),
        )
    if ends:
        repairs.add(
            "NO_END_TIMES",
            sentence(
                "%(count)s cues have no end in the file: each stays as long as reading it takes, at most until the next begins.",
                count=ends,
            ),
        )
    filled: list[RawCue] = []
    free: Flicks = 0
    for i, raw in enumerate(held):
        start = free if raw.start is None else raw.start
        end = raw.end
        if end is None:
            end = start + reading_time(raw.text)
            following = held[i + 1].start if i + 1 < len(held) else None
            if following is not None and start < following < end:
                end = following
        filled.append(raw._replace(start=start, end=end))
        free = max(free, end + GAP)
    return filled

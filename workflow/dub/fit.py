"""Fitting takes to their lines: first by where they are placed, then by a little stretching.

One deterministic rule (dubbing.md, section 3). A line is never stretched to fill its time; one that is
much too long is not squeezed either: it goes back to the translator with the syllables to cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workflow.dub.script import DubLine
from workflow.dub.sound import RATE, Samples, samples_of
from workflow.timebase import FLICKS_PER_SECOND, Flicks

Mode = Literal["voice-over", "full"]
Status = Literal["ok", "tight", "too_long", "overlap", "missing"]

UNNOTICED = 1.02  # a line so little too long is left alone
EASY, HARDEST = 1.10, 1.15
FORCED = 1.4  # with a person's word for it
_GAP = RATE // 5  # before the same speaker's next line
_RUN_OVER = RATE  # a voice-over may end a second after the original
_RUN_OVER_FULL = RATE * 3 // 10
_EARLY_OFF_SCREEN = RATE * 3 // 10
_SCENE_GAP: Flicks = FLICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a line's take goes, in samples at 48 kHz on the film's time.

    ratio  the take plays this much quicker; 1 is untouched
    cut    syllables that the translator should lose
    """

    number: int
    status: Status
    start: int = 0
    length: int = 0
    ratio: float = 1.0
    cut: int = 0

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def in_mix(self) -> bool:
        return self.length > 0


def place_lines(
    lines: Sequence[DubLine],
    lengths: Sequence[int | None],
    *,
    mode: Mode,
    lead: int,
    force: bool = False,
    until: int | None = None,
) -> tuple[Placement, ...]:
    """Place each line's take.

    lengths  samples of each line's take; None: there is none
    lead     samples that the original is heard alone before a voice-over
    force    stretch up to 1.4 where 1.15 is not enough
    until    samples of the film: nothing is heard after it; None: not known

    Two lines of one speaker never overlap: what would is left out with status overlap or too_long.
    """
    rooms = [_room(lines, place, mode, until) for place in range(len(lines))]
    limit = FORCED if force else HARDEST
    ratios = _even_ratios(lines, lengths, rooms, limit)
    placed: list[Placement] = []
    busy_until: dict[str, int] = {}
    for place, line in enumerate(lines):
        length = lengths[place]
        if not length:
            placed.append(Placement(line.number, "missing"))
            continue
        found = _placed(line, length, rooms[place], ratios[place], limit, mode, lead)
        following = _next_start(lines, place)
        collides = found.start < busy_until.get(line.speaker, 0) or (
            following is not None and found.end > following
        )
        if collides:
            status: Status = "too_long" if found.status == "too_long" else "overlap"
            found = Placement(line.number, status, ratio=found.ratio, cut=found.cut)
        else:
            busy_until[line.speaker] = found.end
        placed.append(found)
    return tuple(placed)


def _next_start(lines: Sequence[DubLine], place: int) -> int | None:
    """Where the same speaker is next to be heard."""
    later = (
        line.start
        for line in lines[place + 1 :]
        if line.speaker == lines[place].speaker and line.syllables
    )
    start = next(later, None)
    return None if start is None else samples_of(start)


def _room(lines: Sequence[DubLine], place: int, mode: Mode, until: int | None) -> int:
    """Samples from the line's start to where its take must have ended."""
    line = lines[place]
    start, end = samples_of(line.start), samples_of(line.end)
    over = _RUN_OVER if mode == "voice-over" else _RUN_OVER_FULL
    following = _next_start(lines, place)
    if following is not None:
        over = min(over, following - end - _GAP)
    if until is not None:
        over = min(over, until - end)
    return max(1, end + over - start)


def _even_ratios(
    lines: Sequence[DubLine], lengths: Sequence[int | None], rooms: Sequence[int], limit: float
) -> list[float]:
    """How much quicker each line plays; the same for a speaker's lines that follow closely on one another."""
    ratios = []
    for length, room in zip(lengths, rooms, strict=True):
        needed = (length or 0) / room
        ratios.append(needed if UNNOTICED < needed <= limit else 1.0)
    runs: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        run = runs.setdefault(line.speaker, [])
        if run and line.start - lines[run[-1]].end >= _SCENE_GAP:
            run = runs[line.speaker] = []
        run.append(place)
        quickest = max(ratios[member] for member in run)
        for member in run:
            ratios[member] = quickest
    return ratios


def _placed(
    line: DubLine, length: int, room: int, ratio: float, limit: float, mode: Mode, lead: int
) -> Placement:
    start = samples_of(line.start)
    status: Status = "ok" if ratio <= EASY else "tight"
    cut = 0
    if length > room * max(limit, UNNOTICED):
        status, ratio = "too_long", 1.0
        cut = max(1, math.ceil(line.syllables * (1 - room * EASY / length)))
    fitted = round(length / ratio)
    slack = max(0, room - fitted)
    if mode == "voice-over":
        start += min(lead, slack)
    elif not line.on_screen and fitted > room:
        start = max(0, start - min(_EARLY_OFF_SCREEN, fitted - room))
    return Placement(line.number, status, start, fitted, ratio, cut)


def stretched(take: Samples, placement: Placement) -> Samples:
    """*take* played *placement.ratio* times quicker at its own pitch: exactly *placement.length* samples.

    Signalsmith Stretch (MIT), the best of those measured up to 1.25 (dubbing.md, section 5).
    """
    if placement.ratio == 1.0:
        return take
    from python_stretch.Signalsmith import Stretch  # noqa: PLC0415  only for lines that need it

    stretch = Stretch(1)
    stretch.preset(1, RATE)
    stretch.setTimeFactor(placement.ratio)
    played = np.asarray(stretch.process(np.ascontiguousarray(take[None], np.float32)))[0]
    out = np.zeros(placement.length, np.float32)
    out[: len(played)] = played[: placement.length]
    return out


def with_soft_edges(samples: Samples, milliseconds: int = 6) -> Samples:
    """A raised cosine in and out, so that no cut clicks."""
    count = min(RATE * milliseconds // 1000, len(samples) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))).astype(np.float32)
    out = samples.copy()
    out[:count] *= ramp
    out[len(out) - count :] *= ramp[::-1]
    return out

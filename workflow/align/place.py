"""From a fit to times on the film: exact flicks, frames, gaps, the film's ends, one after the other.

The story's order is kept: no cue starts before the one it followed. Where pieces of the track are pushed
together, cues that the reference knows stay and the others give way.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.align.reference import Floats
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_MS, Flicks, FrameGrid, clock, from_float_seconds

GAP_FRAMES = 2  # unless a profile says another
OUT_BEFORE_SHOT_FRAMES = 2
GAP_WITHOUT_GRID: Flicks = 80 * FLICKS_PER_MS  # two frames at 25 fps
SHORTEST_WITHOUT_GRID: Flicks = 40 * FLICKS_PER_MS
LEAST_KEPT = 0.4
SHOT_WINDOW_FRAMES = 2  # nearer than this the eye takes a cue's edge and the cut for one

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Room(NamedTuple):
    """The film that cues are placed on.

    grid      its frames; None: times stay as exact as they come
    duration  None: the film has no known end
    shots     shot changes, sorted
    frames    least gap between cues, where there is a grid
    """

    grid: FrameGrid | None = None
    duration: Flicks | None = None
    shots: tuple[Flicks, ...] = ()
    frames: int = GAP_FRAMES

    @property
    def units(self) -> int | None:
        """Last time a cue may end at, in frames or flicks."""
        if self.duration is None:
            return None
        return self.grid.frame_at(self.duration) if self.grid else self.duration

    @property
    def gap(self) -> int:
        return self.frames if self.grid else GAP_WITHOUT_GRID

    @property
    def shortest(self) -> int:
        return 1 if self.grid else SHORTEST_WITHOUT_GRID

    def to_units(self, times: Sequence[Flicks]) -> Ints:
        """Nearest frames, or the flicks themselves."""
        if self.grid is None:
            return np.array(times, np.int64)
        grid = self.grid
        return np.array([grid.frame_at(grid.snap(time)) for time in times], np.int64)

    def to_flicks(self, units: Ints) -> list[Flicks]:
        if self.grid is None:
            return [int(u) for u in units]
        return [self.grid.time_of(int(u)) for u in units]


def moved(time: Flicks, rate: Fraction, offset: float) -> Flicks:
    """rate × time + offset seconds, nearest flick."""
    scaled = time if rate.numerator == rate.denominator else round(time * rate)
    return scaled + from_float_seconds(offset)


def nearest_exact(marks: Sequence[Flicks], times: Sequence[Flicks]) -> list[Flicks]:
    """The mark nearest to each time, exactly. *marks* is sorted and not empty."""
    known, wanted = np.array(marks, np.int64), np.array(times, np.int64)
    after = np.clip(np.searchsorted(known, wanted), 1, max(1, len(known) - 1))
    left, right = known[after - 1], known[np.minimum(after, len(known) - 1)]
    return [int(x) for x in np.where(wanted - left <= right - wanted, left, right)]


def snap_to_shots(
    room: Room, starts: Ints, ends: Ints, free_start: Flags, free_end: Flags
) -> tuple[Ints, Ints]:
    """In-times close to a shot change move onto it, out-times to two frames before it. Needs a grid."""
    if room.grid is None or not room.shots:
        return starts, ends
    cuts = room.to_units(room.shots)
    new_starts, new_ends = starts.copy(), ends.copy()
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if free_start[i]:
            cut = cuts[np.argmin(np.abs(cuts - start))]
            if abs(cut - start) <= SHOT_WINDOW_FRAMES and cut < end:
                new_starts[i] = cut
        if free_end[i]:
            cut = (
                cuts[np.argmin(np.abs(cuts - OUT_BEFORE_SHOT_FRAMES - end))]
                - OUT_BEFORE_SHOT_FRAMES
            )
            if abs(cut - end) <= SHOT_WINDOW_FRAMES and cut > new_starts[i]:
                new_ends[i] = cut
    return new_starts, new_ends


def settle(
    room: Room,
    starts: Ints,
    ends: Ints,
    spacing: Ints,
    known: Flags,
) -> tuple[Ints, Ints]:
    """Times in units that increase and keep their gaps, moved as little as can be.

    spacing  int[n-1]: least distance from each out-time to the next in-time; negative where cues overlap by intent
    known    bool[n]: cues that the reference vouches for; the others give way first

    Least squares over all in- and out-times (isotonic regression, pool adjacent violators). Of known cues
    out-times give way before in-times, down to LEAST_KEPT of a cue's length. Raises FILM_TOO_SHORT.
    """
    lengths = np.minimum(np.maximum(ends - starts, room.shortest), 1 << 60)
    ends = starts + lengths
    least = np.where(
        known, np.maximum(room.shortest, (lengths * LEAST_KEPT).astype(np.int64)), room.shortest
    )
    if room.units is not None and int(least.sum() + spacing.sum()) > room.units:
        least = np.full(len(starts), room.shortest, np.int64)
    steps = np.zeros(2 * len(starts), np.int64)
    steps[1::2] = least
    steps[2::2] = spacing
    base = np.cumsum(steps)
    wish = np.empty(2 * len(starts), np.int64)
    wish[0::2], wish[1::2] = starts, ends
    free = wish - base
    if np.any(np.diff(free) < 0):
        weight = np.empty(len(wish))
        weight[0::2] = np.where(known, 1.0, 1e-6)
        weight[1::2] = np.where(known, 0.04, 1e-6)
        free = np.floor(pooled(free.astype(np.float64), weight) + 1e-6).astype(np.int64)
    # Bounds that do not fall either, so that what is clipped still increases. Overlaps that are meant
    # (negative spacing) make the steps fall: a later cue may then begin before the first.
    low = np.maximum.accumulate(np.maximum(-base, 0))
    free = np.maximum(free, low)
    if room.units is not None:
        high = np.minimum.accumulate((room.units - base)[::-1])[::-1]
        if np.any(high < low):
            raise BadInput(
                "FILM_TOO_SHORT",
                f"{len(starts)} cues do not fit into a film of {clock(room.duration or 0)}.",
                advice="Check that the film and the subtitles belong together.",
            )
        free = np.minimum(free, high)
    times = free + base
    return times[0::2], times[1::2]


def pooled(values: Floats, weight: Floats) -> Floats:
    """The non-decreasing sequence nearest to *values* in weighted squares (pool adjacent violators)."""
    means: list[float] = []
    weights: list[float] = []
    sizes: list[int] = []
    for value, heavy in zip(values.tolist(), weight.tolist(), strict=True):
        mean, total, size = value, heavy, 1
        while means and means[-1] > mean:
            mean = (mean * total + means[-1] * weights[-1]) / (total + weights[-1])
            total += weights.pop()
            size += sizes.pop()
            means.pop()
        means.append(mean)
        weights.append(total)
        sizes.append(size)
    return np.repeat(np.array(means), sizes)


def fold_in(room: Room, starts: Ints, ends: Ints, spacing: Ints, known: Flags) -> tuple[Ints, Ints]:
    """Runs of cues that the reference does not know, laid between their known neighbours.

    A run that fits where its pieces put it stays; one that does not is drawn together evenly. The arguments
    are those of `settle`.
    """
    starts, ends = starts.copy(), ends.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    for first, after in zip(edges[0::2], edges[1::2], strict=True):
        low = int(ends[first - 1] + spacing[first - 1]) if first else 0
        high = int(starts[after] - spacing[after - 1]) if after < len(starts) else room.units
        run, inside = slice(first, after), spacing[first : after - 1]
        begin, lengths = starts[run], ends[run] - starts[run]
        tidy = begin[0] >= low and bool(np.all(begin[1:] >= ends[run][:-1] + inside))
        if tidy and (high is None or ends[run].max() <= high):
            continue
        steps = np.maximum(np.diff(begin), lengths[:-1] + inside)
        own = np.concatenate([[0], np.cumsum(steps)])
        total = int(own[-1] + lengths[-1])
        space = total if high is None else max(0, high - low)
        begins = low
        if begin[0] >= low and space >= total:
            begins = int(begin[0]) if high is None else min(int(begin[0]), high - total)
        shrink = min(1.0, space / max(1, total))
        starts[run] = begins + np.floor(own * shrink).astype(np.int64)
        ends[run] = starts[run] + np.maximum(1, np.floor(lengths * shrink)).astype(np.int64)
    return starts, ends

"""What cues are laid on: the moments where the reference begins and ends to speak, and where it speaks at all.

Subtitles and detected speech become the same value, so that one search serves both. Inside the
search times are float64 seconds (a day of film keeps 10 ns); flicks come back in `place.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

Floats = npt.NDArray[np.float64]

# Standard deviations, in seconds, of how far a cue's in- or out-time lies from the reference's own when both
# mean the same moment. A translator keeps about half of the boundaries exactly (milliseconds), loses up to a
# frame in conversion, moves some by hand, and breaks sentences elsewhere.
SUBTITLE_SCALES = (0.006, 0.02, 0.1, 0.35)
# A voice begins sharply, and a detector of speech hears it; where it ends is a matter of breath and echo.
SPEECH_SCALES = (0.02, 0.06, 0.2, 0.5)
SPEECH_END_SCALES = (0.05, 0.1, 0.25, 0.6)


class Reference(NamedTuple):
    """The reference as the search sees it.

    starts, ends   float64[m], seconds, each sorted on its own
    clock, spoken  spoken[i] is how many seconds were spoken before clock[i]; linear between
    scales         how exactly in-times can be expected to meet, see SUBTITLE_SCALES
    end_scales     the same of out-times
    """

    starts: Floats
    ends: Floats
    clock: Floats
    spoken: Floats
    scales: tuple[float, ...]
    end_scales: tuple[float, ...]

    @property
    def is_exact(self) -> bool:
        """Whether it knows moments to the millisecond, as subtitles do and speech does not."""
        return self.scales == self.end_scales

    @property
    def first(self) -> float:
        return float(self.starts[0])

    @property
    def last(self) -> float:
        return float(self.ends[-1])

    @property
    def density(self) -> float:
        """Boundaries of one kind per second."""
        return len(self.starts) / max(1.0, self.last - self.first)

    @property
    def coverage(self) -> float:
        """Share of the time between the first and the last boundary in which it speaks."""
        return float(self.spoken[-1]) / max(1e-3, self.last - self.first)

    def spoken_between(self, start: Floats, end: Floats) -> Floats:
        """Seconds spoken in each [start, end)."""
        return np.interp(end, self.clock, self.spoken) - np.interp(start, self.clock, self.spoken)


def seconds_of(cues: Sequence[Cue]) -> Floats:
    """float64[n, 2]: in- and out-times; an out-time before its in-time counts as equal to it."""
    times = np.array([(cue.start, cue.end) for cue in cues], np.float64).reshape(-1, 2)
    times[:, 1] = np.maximum(times[:, 0], times[:, 1])
    return times / FLICKS_PER_SECOND


def without_repeats(values: Floats) -> Floats:
    """Each value once, sorted: what `numpy.unique` gives, which imports masked arrays for it."""
    ordered = np.sort(values, axis=None)
    out: Floats = ordered[np.concatenate([[True], np.diff(ordered) > 0])[: len(ordered)]]
    return out


def reference_of_spans(
    spans: Floats,
    scales: tuple[float, ...] = SUBTITLE_SCALES,
    end_scales: tuple[float, ...] = SUBTITLE_SCALES,
) -> Reference:
    """From float64[m, 2] spans in any order; they may overlap. At least one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    clock, spoken = [float(spans[0, 0])], [0.0]
    for start, end in spans.tolist():
        if end <= clock[-1]:
            continue
        begin = max(start, clock[-1])
        clock += [begin, end]
        spoken += [spoken[-1], spoken[-1] + end - begin]
    return Reference(
        starts=without_repeats(spans[:, 0]),
        ends=without_repeats(spans[:, 1]),
        clock=np.array(clock),
        spoken=np.array(spoken),
        scales=scales,
        end_scales=end_scales,
    )


def reference_of_cues(cues: Sequence[Cue]) -> Reference:
    """From a subtitle file of the film in any language. At least one cue."""
    return reference_of_spans(seconds_of(cues))

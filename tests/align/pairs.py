"""Pairs of subtitle files of one imagined film, and the ways in which copies of a film differ.

No real pair may be kept here, so a translator is imitated: about half of the boundaries stay exactly where the
other language has them, sentences are split and joined, and some cues begin a little early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from workflow.timebase import FLICKS_PER_MS, FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

Floats = npt.NDArray[np.float64]


def cues_at(times: Floats) -> list[Cue]:
    """Cues with float64[n, 2] seconds, to the millisecond."""
    return [
        Cue(f"u{i}", round(s * 1000) * FLICKS_PER_MS, round(e * 1000) * FLICKS_PER_MS, f"Line {i}")
        for i, (s, e) in enumerate(times)
    ]


def times_of(cues: Sequence[Cue]) -> Floats:
    return np.array([(c.start, c.end) for c in cues], np.float64).reshape(-1, 2) / FLICKS_PER_SECOND


def narrated(rng: np.random.Generator, count: int) -> Floats:
    """A narrator's lines: seconds, milliseconds exact, mostly close upon one another."""
    length = rng.gamma(6, 0.55, count) + 0.6
    pause = np.where(rng.random(count) < 0.5, 0.0, rng.gamma(1.5, 0.6, count))
    start = 2 + np.concatenate([[0], np.cumsum(length + pause)[:-1]])
    return np.round(np.stack([start, start + length], axis=1), 3)


def translated(rng: np.random.Generator, source: Floats, exact: float = 0.5) -> Floats:
    """The same lines as a translator times them: split, joined, half of the boundaries moved by hand."""
    out: list[list[float]] = []
    i = 0
    while i < len(source):
        start, end = source[i]
        if rng.random() < 0.08 and i + 1 < len(source) and source[i + 1, 0] - end < 0.5:
            end = source[i + 1, 1]
            i += 1
        if rng.random() < 0.08 and end - start > 3:
            middle = start + (end - start) * rng.uniform(0.35, 0.65)
            out += [[start, middle], [middle, end]]
        else:
            out.append([start, end])
        i += 1
    times = np.array(out)
    moved = rng.random(times.shape) > exact
    times += np.where(moved, rng.normal(0, 0.35, times.shape), 0)
    times[1:, 0] = np.maximum(times[1:, 0], times[:-1, 1])
    times[:, 1] = np.maximum(times[:, 1], times[:, 0] + 0.4)
    times[1:, 0] = np.maximum(times[1:, 0], times[:-1, 1])
    times[:, 1] = np.maximum(times[:, 1], times[:, 0] + 0.3)
    return np.round(times, 3)


def cut(times: Floats, at: int, seconds: float) -> Floats:
    """Something of *seconds* taken out before cue *at* (put in, if negative)."""
    out = times.copy()
    out[at:] -= seconds
    return out


def at_new_times(cues: Sequence[Cue], times: Floats) -> list[Cue]:
    return [replace(c, start=n.start, end=n.end) for c, n in zip(cues, cues_at(times), strict=True)]

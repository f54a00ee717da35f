"""Steadying a shaky hand: cues whose two edges, moved together, both meet the reference again.

A person who drags cues by hand shifts each of them by a tenth of a second or so, in-time and out-time alike.
Half of a translator's boundaries were exactly the reference's before; so a shift that brings both edges of a
cue onto edges of the reference is almost never chance. Tracks that nobody moved by hand have far more cues
that meet with no shift than with one of more than a frame (29 to 2, 11 to 0); moved ones the reverse (5 to 24).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workflow.align import search, walk
from workflow.align.reference import Floats, Reference

STEP = 0.002
EXACT = 0.005  # seconds
REACH = 0.45  # seconds, a hand's furthest slip
WITHIN = 0.1  # seconds: the shift is chosen to be within this of the truth as surely as can be
STILL = 0.025  # seconds: less than a frame is no slip


class Steady(NamedTuple):
    """What to add to each cue's times, float64[n] seconds, and how likely that is within WITHIN of the truth."""

    shift: Floats
    sure: Floats


def common_shifts(cues: Floats, ref: Reference) -> Floats:
    """The smallest shift of each cue that brings both its edges within 12 ms of the reference's; NaN if none does."""
    out = np.full(len(cues), np.nan)
    at_start, count = search.differences(cues[:, 0], ref.starts, -REACH, REACH)
    of_start = np.arange(len(cues)).repeat(count)
    gap = walk.nearest(ref.ends, cues[of_start, 1] + at_start)
    good = np.abs(gap) <= 0.012
    for shift, i in zip(at_start[good] + gap[good] / 2, of_start[good], strict=True):
        if np.isnan(out[i]) or abs(shift) < abs(out[i]):
            out[i] = shift
    return out


def steadied(cues: Floats, ref: Reference) -> Steady | None:
    """Shifts that undo a hand's jitter, or None for a track that shows none.

    cues  float64[n, 2], already fitted

    For each cue, every shift within REACH is weighed: how far hands slip (learnt from the certain cues), and
    whether the edges then meet the reference exactly. The shift with most probability within WITHIN wins.
    """
    common = common_shifts(cues, ref)
    slipped = np.abs(common) > STILL
    chance = len(cues) * 2 * REACH * 0.024 * ref.density**2
    if slipped.sum() < 3 + 4 * chance or slipped.sum() <= np.sum(np.abs(common) <= STILL):
        return None
    slip = float(np.sqrt(np.nanmean(common**2)))
    shifts = np.arange(-REACH, REACH + STEP / 2, STEP)
    prior = np.exp(-0.5 * (shifts / slip) ** 2)
    meets = [
        walk.density_at(
            walk.nearest(marks, (cues[:, side : side + 1] + shifts).ravel()).reshape(len(cues), -1),
            EXACT,
        )
        / ref.density
        for side, marks in ((0, ref.starts), (1, ref.ends))
    ]
    exact = 0.4  # share of boundaries that were the reference's own; learnt in a few turns
    for _ in range(4):
        weight = prior * ((1 - exact) + exact * meets[0]) * ((1 - exact) + exact * meets[1])
        weight /= weight.sum(1, keepdims=True)
        share = [weight * exact * m / ((1 - exact) + exact * m) for m in meets]
        exact = float(np.clip((share[0].sum() + share[1].sum()) / (2 * len(cues)), 0.1, 0.8))
    total = np.cumsum(np.pad(weight, ((0, 0), (1, 0))), axis=1)
    half = round(WITHIN / STEP)
    left = np.clip(np.arange(len(shifts)) - half, 0, len(shifts))
    right = np.clip(np.arange(len(shifts)) + half + 1, 0, len(shifts))
    mass = total[:, right] - total[:, left]
    best = mass.argmax(1)
    sharp = np.array([left[b] + weight[i, left[b] : right[b]].argmax() for i, b in enumerate(best)])
    rows = np.arange(len(cues))
    use_sharp = mass[rows, sharp] >= mass[rows, best] - 0.1
    chosen = np.where(use_sharp, sharp, best)
    return Steady(shifts[chosen], mass[rows, chosen])

"""One rate for the track and an offset for every cue: search, walk, sharpen, walk again.

1. The rate that explains most (`search.likely_rate`), and the offsets that any stretch of the track suggests.
2. The likeliest walk over those offsets; then the offsets that a few cues suggest near the walk, and again.
3. The share of boundaries that meet exactly, nearly and not at all is learnt from the walk, and the rate is
   finished by regression over what meets; a rate within its own uncertainty of a common one is that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from workflow.align import search, walk
from workflow.align.reference import Floats, Reference
from workflow.progress import Watch, part, unwatched

MOST_STATES = 240

Pieces = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fit:
    """new time = rate × old time + offsets[cue].

    piece      int[n]: number of the segment of each cue, from 0 upwards
    sure       float64[n]: probability that the offset is right, as the model sees it
    evidence   nats by which the walk beats chance, its changes paid for
    """

    rate: Fraction
    offsets: Floats
    piece: npt.NDArray[np.intp]
    sure: Floats
    scores: Floats
    evidence: float
    noise: walk.Noise


def fit(cues: Floats, ref: Reference, watch: Watch = unwatched) -> Fit:
    """Best piecewise fit of float64[n, 2] cue times (in story order) to the reference."""
    watch(0, "Looking for the frame rate")
    rate = search.likely_rate(cues, ref)
    watch(300, "Looking for cuts")
    noise = walk.FIRST_GUESS
    scaled = cues * rate
    offsets = distinct(search.candidate_offsets(scaled, ref), MOST_STATES)
    states, path, _ = _walk(scaled, ref, noise, offsets)
    for turn in range(3):
        part(watch, 400, 900)(turn * 333, "Looking for cuts")
        centres = states[path]
        meeting = _Meeting.of(scaled, ref, centres)
        slope, sigma = slope_of(meeting, pieces_of(centres), noise)
        better = family_or_free(rate * (1 + slope), sigma * rate, float(np.ptp(cues)))
        # the offsets turn around the middle of each piece, so that it stays where it is
        centres = centres + _turned(cues, rate, float(better), centres)
        rate, exact = float(better), better
        scaled = cues * rate
        found = distinct(search.local_offsets(scaled, ref, centres), MOST_STATES // 2)
        pieces = sharpened(scaled, ref, centres)
        noise = learnt(_Meeting.of(scaled, ref, centres), noise)
        states, path, evidence = _walk(scaled, ref, noise, np.concatenate([pieces, found]))
    scores = walk.Scores(ref, noise)
    table = scores.of(scaled, states)
    sure = walk.certainty(table, walk.change_costs(states), walk.eagerness(scaled), states, path)
    return Fit(
        rate=exact,
        offsets=states[path],
        piece=pieces_of(states[path]),
        sure=sure,
        scores=table[np.arange(len(path)), path].astype(np.float64),
        evidence=evidence,
        noise=noise,
    )


def _walk(
    cues: Floats, ref: Reference, noise: walk.Noise, offsets: Floats
) -> tuple[Floats, npt.NDArray[np.intp], float]:
    offsets = np.unique(np.round(offsets, 4))
    table = walk.Scores(ref, noise).of(cues, offsets)
    path, evidence = walk.likeliest_walk(table, walk.change_costs(offsets), walk.eagerness(cues))
    return offsets, path, evidence


def distinct(peaks: list[search.Peak], most: int) -> Floats:
    """Offsets of the most surprising peaks, those within 4 ms of a better one left out."""
    kept: list[float] = []
    taken: set[int] = set()
    for peak in sorted(peaks, key=lambda p: -p.surprise):
        cell = round(peak.offset / 0.004)
        if len(kept) < most and not taken & {cell - 1, cell, cell + 1}:
            kept.append(peak.offset)
            taken.add(cell)
    return np.array(kept)


@dataclass(frozen=True)
class _Meeting:
    """Every boundary of the track (in-times, then out-times), and how it meets the reference on a walk.

    times, distance  float64[2n]: the boundary, and how far its nearest counterpart lies from where it was put
    scales           float64[4, 2n]: the standard deviations that may explain the distance
    """

    times: Floats
    distance: Floats
    scales: Floats
    density: float

    @classmethod
    def of(cls, cues: Floats, ref: Reference, offsets: Floats) -> _Meeting:
        one_kind = np.ones(len(cues))
        return cls(
            times=np.concatenate([cues[:, 0], cues[:, 1]]),
            distance=np.concatenate(
                [
                    walk.nearest(ref.starts, cues[:, 0] + offsets),
                    walk.nearest(ref.ends, cues[:, 1] + offsets),
                ]
            ),
            scales=np.concatenate(
                [np.outer(ref.scales, one_kind), np.outer(ref.end_scales, one_kind)], axis=1
            ),
            density=ref.density,
        )

    def explained(self, noise: walk.Noise) -> tuple[Floats, Floats]:
        """Probability that each scale explains each distance, float64[4, 2n], and that chance does."""
        chance = self.density * np.exp(-2 * self.density * np.abs(self.distance))
        parts = np.array(noise.shares)[:, None] * np.exp(-0.5 * (self.distance / self.scales) ** 2)
        parts /= self.scales * np.sqrt(2 * np.pi)
        strangers = max(noise.strangers, 0.02) * chance
        total = parts.sum(0) + strangers
        return parts / total, strangers / total


def learnt(meeting: _Meeting, noise: walk.Noise) -> walk.Noise:
    """Shares that the walk shows, a few turns of expectation-maximisation with a light prior."""
    prior = np.array([*walk.FIRST_GUESS.shares, walk.FIRST_GUESS.strangers]) * 10
    for _ in range(5):
        parts, strangers = meeting.explained(noise)
        counts = np.concatenate([parts.sum(1), [strangers.sum()]]) + prior
        noise = walk.Noise(tuple(float(c) for c in (counts / counts.sum())[:-1]))
    return noise


def slope_of(meeting: _Meeting, piece: Pieces, noise: walk.Noise) -> tuple[float, float]:
    """How much faster than 1 the reference runs within the pieces, and its standard deviation.

    Weighted least squares over the boundaries that meet, a free offset for each piece.
    """
    times, distance = meeting.times, meeting.distance
    both = np.concatenate([piece, piece])
    parts, _ = meeting.explained(noise)
    weight = (parts[:3] / meeting.scales[:3] ** 2).sum(0)
    total = np.bincount(both, weight) + 1e-12
    middle_time = (np.bincount(both, weight * times) / total)[both]
    middle_distance = (np.bincount(both, weight * distance) / total)[both]
    spread = float((weight * (times - middle_time) ** 2).sum()) + 1e-9
    slope = float((weight * (times - middle_time) * (distance - middle_distance)).sum()) / spread
    return slope, spread**-0.5


def pieces_of(offsets: Floats) -> Pieces:
    """int[n]: number of the run of equal offsets that each cue is in."""
    change = np.abs(np.diff(offsets)) > 1e-9
    return np.concatenate([[0], np.cumsum(change)]).astype(np.intp)


def family_or_free(rate: float, sigma: float, span: float) -> Fraction:
    """The common ratio of frame rates that *rate* is, within its uncertainty, or *rate* itself.

    A difference that would move no cue by more than 8 ms over *span* seconds is none.
    """
    exact = [Fraction(a) / Fraction(b) for a in _EXACT for b in _EXACT]
    near = min(exact, key=lambda r: (abs(float(r) - rate), r != 1))
    if abs(float(near) - rate) <= max(4 * sigma, 0.008 / max(span, 1.0)):
        return near
    return Fraction(rate).limit_denominator(1_000_000)


_EXACT = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))


def _turned(cues: Floats, old: float, new: float, offsets: Floats) -> Floats:
    """What to add to the offsets so that each piece turns around its middle when the rate changes."""
    piece = pieces_of(offsets)
    middle = np.bincount(piece, cues.mean(1)) / np.bincount(piece)
    out: Floats = (middle * (old - new))[piece]
    return out


def sharpened(cues: Floats, ref: Reference, offsets: Floats) -> Floats:
    """For every piece: its offset as it is, by the exact mode, and by the broad one."""
    found: list[float] = []
    for offset in np.unique(offsets):
        of_piece = cues[offsets == offset]
        found += [
            float(offset),
            search.sharpen(of_piece, ref, float(offset), search.NARROW),
            search.sharpen(of_piece, ref, float(offset), search.BROAD),
        ]
    return np.array(found)

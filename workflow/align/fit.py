"""One rate for the track and an offset for every cue: search, walk, sharpen, walk again.

1. The rate that explains most (`search`), and the offsets that any stretch of the track suggests.
2. The likeliest walk over those offsets; then the offsets that a few cues suggest near the walk, and again.
3. The share of boundaries that meet exactly, nearly and not at all is learnt from the walk, and the rate is
   finished by regression over what meets; a rate within its own uncertainty of a common one is that one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from workflow.align import search, walk
from workflow.align.reference import Floats, Reference
from workflow.progress import Watch, part, unwatched

MOST_STATES = 240
TURNS = 3
UNCOMMON_RATE = 6.0  # nats that a rate outside the family must be better by
EXCURSION = 12.0  # nats that a piece between two of the same offset must bring beyond its changes

Pieces = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fit:
    """new time = rate × old time + offsets[cue].

    piece      int[n]: number of the segment of each cue, from 0 upwards
    sure       float64[n]: probability that the offset is right, as the model sees it
    scores     float64[n]: nats by which each cue's place beats chance
    evidence   the same for all together, changes of offset paid for
    """

    rate: Fraction
    offsets: Floats
    piece: Pieces
    sure: Floats
    scores: Floats
    evidence: float
    noise: walk.Noise


@dataclass(frozen=True)
class _Walk:
    """A walk over candidate offsets at one rate."""

    rate: Fraction
    cues: Floats  # rate applied
    offsets: Floats  # float64[n]: of each cue
    states: Floats
    path: npt.NDArray[np.intp]
    noise: walk.Noise
    evidence: float

    @classmethod
    def over(cls, times: Floats, rate: Fraction, ref: Reference, noise: walk.Noise, states: Floats) -> _Walk:
        cues = times * float(rate)
        states = np.unique(np.round(states, 4))
        table = walk.Scores(ref, noise).of(cues, states)
        path, evidence = walk.likeliest_walk(table, walk.change_costs(states), walk.eagerness(cues))
        return cls(rate, cues, states[path], states, path, noise, evidence)


def fit(cues: Floats, ref: Reference, watch: Watch = unwatched) -> Fit:
    """Best piecewise fit of float64[n, 2] cue times (in story order) to the reference."""
    watch(0, "Looking for the frame rate")
    coarse = search.likely_rate(cues, ref)
    rates = candidate_rates(coarse, search.sharpened_rate(cues, ref, coarse))
    watch(300, "Looking for cuts")
    walks = [first_walk(cues, rate, ref) for rate in rates]
    best = max(walks, key=lambda w: w.evidence - (0 if _is_common(w.rate) else UNCOMMON_RATE))
    for turn in range(TURNS):
        part(watch, 500, 900)(turn * 333, "Looking for cuts")
        best = sharper_walk(cues, best, ref)
    best = without_excursions(best, ref)
    table = walk.Scores(ref, best.noise).of(best.cues, best.states)
    sure = walk.certainty(
        table, walk.change_costs(best.states), walk.eagerness(best.cues), best.states, best.path
    )
    return Fit(
        rate=best.rate,
        offsets=best.offsets,
        piece=pieces_of(best.offsets),
        sure=sure,
        scores=table[np.arange(len(cues)), best.path].astype(np.float64),
        evidence=best.evidence,
        noise=best.noise,
    )


def candidate_rates(coarse: float, sharp: float) -> list[Fraction]:
    """Common rates near *coarse*, and *sharp* unless it is nearly one of them."""
    common = sorted({r for r in _COMMON if abs(float(r) / coarse - 1) < 2.6e-3})
    if all(abs(float(r) / sharp - 1) > 1e-4 for r in common):
        common.append(Fraction(sharp).limit_denominator(1_000_000))
    return common


def first_walk(times: Floats, rate: Fraction, ref: Reference) -> _Walk:
    """The walk over all offsets that stretches of the track suggest."""
    offsets = distinct(search.candidate_offsets(times * float(rate), ref), MOST_STATES)
    return _Walk.over(times, rate, ref, walk.FIRST_GUESS, offsets)


def sharper_walk(times: Floats, before: _Walk, ref: Reference) -> _Walk:
    """The next walk: rate by regression, offsets by mode, noise as learnt, and what a few cues suggest nearby."""
    meeting = _Meeting.of(before.cues, ref, before.offsets)
    slope, sigma = slope_of(meeting, pieces_of(before.offsets), before.noise)
    old = float(before.rate)
    rate = family_or_free(old * (1 + slope), sigma * old, float(np.ptp(times)))
    centres = before.offsets + _turned(times, old, float(rate), before.offsets)
    scaled = times * float(rate)
    found = distinct(search.local_offsets(scaled, ref, centres), MOST_STATES // 2)
    noise = learnt(_Meeting.of(scaled, ref, centres), before.noise)
    return _Walk.over(times, rate, ref, noise, np.concatenate([sharpened(scaled, ref, centres), found]))


def without_excursions(found: _Walk, ref: Reference) -> _Walk:
    """The walk without pieces that leave an offset and come back to it for little gain.

    Nobody takes something out of a film and puts as much in again a few lines later; chance does.
    """
    scores = walk.Scores(ref, found.noise).of(found.cues, found.states)
    path, changed = found.path.copy(), True
    while changed:
        changed = False
        piece = pieces_of(found.states[path])
        edges = np.concatenate([[0], np.flatnonzero(np.diff(piece)) + 1, [len(path)]])
        for first, after in zip(edges[1:-2], edges[2:-1], strict=True):
            home, away, back = path[first - 1], path[first], path[after]
            if abs(found.states[home] - found.states[back]) > 0.1:
                continue
            rows = np.arange(first, after)
            costs = 2 * walk.change_costs(found.states[[home, away]])[0, 1]
            if scores[rows, away].sum() - scores[rows, home].sum() < costs + EXCURSION:
                path[first:after] = home
                changed = True
                break
    return replace(found, path=path, offsets=found.states[path])


def distinct(peaks: list[search.Peak], most: int) -> Floats:
    """Offsets of the most surprising peaks, those within 4 ms of a better one left out."""
    kept: list[float] = []
    taken: set[int] = set()
    for peak in sorted(peaks, key=lambda p: -p.surprise):
        cell = round(peak.offset / 0.004)
        if len(kept) < most and not taken & {cell - 1, cell, cell + 1}:
            kept.append(peak.offset)
            taken.add(cell)
    return np.array(kept or [0.0])


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


_FRAME_RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))
_COMMON = tuple(sorted({a / b for a in _FRAME_RATES for b in _FRAME_RATES}))


def _is_common(rate: Fraction) -> bool:
    return rate in _COMMON


def family_or_free(rate: float, sigma: float, span: float) -> Fraction:
    """The common ratio of frame rates that *rate* is, within its uncertainty, or *rate* itself.

    A difference that would move no cue by more than 8 ms over *span* seconds is none.
    """
    near = min(_COMMON, key=lambda r: abs(float(r) - rate))
    if abs(float(near) - rate) <= max(4 * sigma, 0.008 / max(span, 1.0)):
        return near
    return Fraction(rate).limit_denominator(1_000_000)


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

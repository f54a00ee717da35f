"""One rate for the track and an offset for every cue: search, walk, sharpen, walk again.

1. The rate that explains most (`search`), and the offsets that any stretch of the track suggests.
2. The likeliest walk over those offsets; then the offsets that a few cues suggest near the walk, and again.
3. The share of boundaries that meet exactly, nearly and not at all is learnt from the walk, and the rate is
   finished by regression over what meets; a rate within its own uncertainty of a common one is that one.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.align import braid, search, walk
from workflow.align.order import contradicted
from workflow.align.reference import Floats, Reference, without_repeats
from workflow.progress import Watch, part, unwatched

MOST_STATES = 240
TURNS = 3
UNCOMMON_RATE = 6.0  # nats that a rate outside the family must be better by
EXCURSION = 12.0  # nats that a piece between two of the same offset must bring beyond its changes

Pieces = npt.NDArray[np.intp]


class Fit(NamedTuple):
    """new time = rate × old time + offsets[cue], cues in the story's order.

    order      int[n]: position that each cue had before; that of `braid.unbraided`
    piece      int[n]: number of the segment of each cue, from 0 upwards
    sure       float64[n]: probability that the offset is right, as the model sees it
    scores     float64[n]: nats by which each cue's place beats chance
    lost       bool[n]: cues that belong to no place, see `order.contradicted`
    evidence   the same for all together, changes of offset paid for
    standing   the same for the times as they were
    """

    rate: Fraction
    offsets: Floats
    piece: Pieces
    sure: Floats
    scores: Floats
    lost: npt.NDArray[np.bool_]
    evidence: float
    standing: float
    noise: walk.Noise
    order: Pieces

    def in_given_order(self) -> Fit:
        """The same with the cues in the order in which they were given, pieces counted anew."""
        back = np.argsort(self.order)
        return self._replace(
            offsets=self.offsets[back],
            piece=pieces_of(self.offsets[back]),
            sure=self.sure[back],
            scores=self.scores[back],
            lost=self.lost[back],
            order=np.arange(len(back)),
        )


class _Walk(NamedTuple):
    """A walk over candidate offsets at one rate."""

    rate: Fraction
    cues: Floats  # rate applied
    offsets: Floats  # float64[n]: of each cue
    states: Floats
    path: npt.NDArray[np.intp]
    noise: walk.Noise
    evidence: float
    table: walk.Table  # nats of each cue at each state
    centres: Floats | None = None  # of each cue: the offset around which the states were looked for

    @classmethod
    def over(
        cls, times: Floats, rate: Fraction, ground: walk.Ground, noise: walk.Noise, states: Floats
    ) -> _Walk:
        cues = times * float(rate)
        states = without_repeats(np.round(states, 4))
        table = walk.Scores(ground, noise).of(cues, states)
        path, evidence = walk.likeliest_walk(table, walk.change_costs(states), walk.eagerness(cues))
        return cls(rate, cues, states[path], states, path, noise, evidence, table)

    def sought_around(self, centres: Floats) -> bool:
        """Whether its states are what would be found around *centres*, at its rate and in its order."""
        return self.centres is not None and np.array_equal(self.centres, centres)


def fit(cues: Floats, ref: Reference, watch: Watch = unwatched) -> Fit:
    """Best piecewise fit of float64[n, 2] cue times (in story order) to the reference."""
    watch(0, "Looking for the frame rate")
    rates, counts = likely_rates(cues, ref)
    watch(300, "Looking for cuts")
    ground = walk.Ground(ref)
    best = first_walk(cues, rates, ground, counts)
    order = np.arange(len(cues))
    for turn in range(TURNS):
        part(watch, 500, 900)(turn * 333, "Looking for cuts")
        best = sharper_walk(cues[order], best, ground)
        if turn < TURNS - 1:
            strands, best = in_strands(best, ground)
            order = order[strands]
    best = without_excursions(best)
    sure = walk.certainty(
        best.table,
        walk.change_costs(best.states),
        walk.eagerness(best.cues),
        best.states,
        best.path,
    )
    scores = best.table[np.arange(len(cues)), best.path].astype(np.float64)
    astray, lost = contradicted(best.cues[:, 0] + best.offsets, pieces_of(best.offsets), scores)
    offsets = with_neighbours(best.offsets, astray)
    return Fit(
        rate=best.rate,
        offsets=offsets,
        piece=pieces_of(offsets),
        sure=np.where(lost, 0.0, sure),
        scores=np.where(lost, -1.0, scores),
        lost=lost,
        evidence=best.evidence,
        standing=float(walk.Scores(ground, best.noise).of(cues, np.zeros(1)).sum()),
        noise=best.noise,
        order=order,
    )


def likely_rates(cues: Floats, ref: Reference) -> tuple[list[Fraction], search.Counts | None]:
    """The rates worth a walk, best first; and the track's pile at the only one, if it was seen at a glance.

    The walk finishes the rates.
    """
    if glanced := search.rate_at_a_glance(cues, ref):
        rate = nearest_common(glanced.rate)
        return [rate], glanced.counts if float(rate) == glanced.rate else None
    coarse = search.likely_rate(cues, ref)
    rates = candidate_rates(coarse, search.sharpened_rate(cues, ref, coarse))
    return search.best_rates(cues, ref, rates), None


def candidate_rates(coarse: float, sharp: float) -> list[Fraction]:
    """Common rates near *coarse*, and *sharp* unless it is nearly one of them; nearest to *sharp* first."""
    rates = [r for r in _COMMON if abs(float(r) / coarse - 1) < 2.6e-3]
    if all(abs(float(r) / sharp - 1) > 1e-4 for r in rates):
        rates.append(Fraction(sharp).limit_denominator(1_000_000))
    return sorted(rates, key=lambda r: abs(float(r) / sharp - 1))


def first_walk(
    times: Floats, rates: list[Fraction], ground: walk.Ground, counts: search.Counts | None
) -> _Walk:
    """The best walk over all offsets that stretches of the track suggest, at the rate and noise that fit best.

    counts  see `likely_rates`
    """
    offsets = {
        rate: distinct(
            search.candidate_offsets(times * float(rate), ground.ref, counts), MOST_STATES
        )
        for rate in rates
    }
    walks: list[_Walk] = []
    for noise in (walk.USUAL, walk.FREE_HAND):
        walks += [_Walk.over(times, rate, ground, noise, offsets[rate]) for rate in rates]
        best = surest(walks)
        if best.evidence > 1.5 * len(times):
            break
    return best


def sharper_walk(times: Floats, before: _Walk, ground: walk.Ground) -> _Walk:
    """The next walk: rate by regression, offsets by mode, noise as learnt, and what a few cues suggest nearby.

    A rate outside the family is held against the nearest inside, and must be clearly better.
    """
    ref = ground.ref
    meeting = _Meeting.of(before.cues, ref, before.offsets)
    slope, sigma = slope_of(meeting, pieces_of(before.offsets), before.noise)
    old = float(before.rate)
    rate = family_or_free(old * (1 + slope), sigma * old, float(np.ptp(times)))
    common = nearest_common(float(rate))
    rates = [rate, common] if common != rate and abs(float(common / rate) - 1) < 2e-3 else [rate]
    if drift := stairs(before.cues, before.offsets):
        rates.append(family_or_free(old * (1 + drift), sigma * old, float(np.ptp(times))))
    walks = []
    for tried in rates:
        centres = before.offsets + _turned(times, old, float(tried), before.offsets)
        scaled = times * float(tried)
        noise = learnt(_Meeting.of(scaled, ref, centres), before.noise)
        if tried == before.rate and before.sought_around(centres):
            states = before.states
        else:
            found = distinct(search.local_offsets(scaled, ref, centres), MOST_STATES // 2)
            states = np.concatenate([sharpened(scaled, ref, centres), found])
        sharper = _Walk.over(times, tried, ground, noise, states)
        walks.append(sharper._replace(centres=centres))
    return surest(walks)


def stairs(cues: Floats, offsets: Floats) -> float:
    """The slope of offsets that climb in small steps, as they do when the rate is wrong; 0 where they do not."""
    piece = pieces_of(offsets)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(piece)) + 1])
    steps = np.diff(offsets[edges])
    small = np.abs(steps) < 0.6
    if small.sum() < 3 or abs(np.sign(steps[small]).sum()) < 0.8 * small.sum():
        return 0.0
    middle = np.bincount(piece, cues.mean(1)) / np.bincount(piece)
    return float(steps[small].sum() / np.diff(middle)[small].sum())


def surest(walks: list[_Walk]) -> _Walk:
    return max(walks, key=lambda w: w.evidence - (0 if w.rate in _COMMON else UNCOMMON_RATE))


def in_strands(found: _Walk, ground: walk.Ground) -> tuple[Pieces, _Walk]:
    """The story's order as the walk suggests it, and the walk in that order."""
    order, path = braid.unbraided(found.cues, found.states, found.path, found.table)
    offsets = found.states[path]
    if np.array_equal(order, np.arange(len(order))):
        return order, found._replace(path=path, offsets=offsets)
    cues = found.cues[order]  # other neighbours, other weights
    table = walk.Scores(ground, found.noise).of(cues, found.states)
    return order, found._replace(cues=cues, path=path, offsets=offsets, table=table, centres=None)


def without_excursions(found: _Walk) -> _Walk:
    """The walk without pieces that leave an offset and come back to it for little gain.

    Nobody takes something out of a film and puts as much in again a few lines later; chance does.
    """
    scores = found.table
    path, changed = found.path.copy(), True
    while changed:
        changed = False
        piece = pieces_of(found.states[path])
        edges = np.concatenate([[0], np.flatnonzero(np.diff(piece)) + 1, [len(path)]])
        for first, after in itertools.pairwise(edges[1:-1]):
            home, away, back = path[first - 1], path[first], path[after]
            if abs(found.states[home] - found.states[back]) > 0.1:
                continue
            rows = np.arange(first, after)
            costs = 2 * walk.change_costs(found.states[[home, away]])[0, 1]
            if scores[rows, away].sum() - scores[rows, home].sum() < costs + EXCURSION:
                path[first:after] = home
                changed = True
                break
    return found._replace(path=path, offsets=found.states[path])


def with_neighbours(offsets: Floats, astray: npt.NDArray[np.bool_]) -> Floats:
    """The offsets, those of cues astray replaced by that of the cue before them that is not (or after)."""
    known = np.flatnonzero(~astray)
    before = np.clip(np.searchsorted(known, np.arange(len(offsets)), side="right") - 1, 0, None)
    out: Floats = offsets[known[before]]
    return out


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


class _Meeting(NamedTuple):
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
        strangers = max(noise.strangers, 0.02) * chance + 1e-12
        total = parts.sum(0) + strangers
        return parts / total, strangers / total


def learnt(meeting: _Meeting, noise: walk.Noise) -> walk.Noise:
    """Shares that the walk shows, a few turns of expectation-maximisation with a light prior."""
    prior = np.array([*walk.USUAL.shares, walk.USUAL.strangers]) * 10
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
    lever = weight * (times - middle_time)
    spread = float((lever * (times - middle_time)).sum()) + 1e-9
    slope = float((lever * (distance - middle_distance)).sum()) / spread
    rest = distance - middle_distance - slope * (times - middle_time)
    seen = float(np.sqrt((lever**2 * rest**2).sum())) / spread  # what the rest really scatters
    return slope, max(spread**-0.5, seen)


def pieces_of(offsets: Floats) -> Pieces:
    """int[n]: number of the run of equal offsets that each cue is in."""
    change = np.abs(np.diff(offsets)) > 1e-9
    return np.concatenate([[0], np.cumsum(change)]).astype(np.intp)


_FRAME_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
)
_COMMON = tuple(sorted({a / b for a in _FRAME_RATES for b in _FRAME_RATES}))


def nearest_common(rate: float) -> Fraction:
    return min(_COMMON, key=lambda r: abs(float(r) - rate))


def family_or_free(rate: float, sigma: float, span: float) -> Fraction:
    """The common ratio of frame rates that *rate* is, within its uncertainty, or *rate* itself.

    A difference that would move no cue by more than 8 ms over *span* seconds is none.
    """
    near = nearest_common(rate)
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
    for offset in without_repeats(offsets):
        of_piece = cues[offsets == offset]
        found += [
            float(offset),
            search.sharpen(of_piece, ref, float(offset), search.NARROW),
            search.sharpen(of_piece, ref, float(offset), search.BROAD),
        ]
    return np.array(found)

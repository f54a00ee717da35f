"""Which offset each cue has: the most likely walk over the candidate offsets, and how sure it is.

A hidden Markov model. States are candidate offsets, observations are how well a cue's two boundaries and
its time meet the reference there, a change of state is a cut or an insertion in the film. Scores are natural
logarithms of likelihood ratios against chance, so that they add up and mean something.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.align.reference import Floats, Reference

GRID = 0.004  # seconds, step of the ground
AT_ONCE = 1 << 15  # samples of ground, or prices, worked on at once: they stay in the cache
FINE, FARTHEST = 0.001, 8000  # seconds, and steps: distances as they are kept
FLOOR, CEILING = -2.5, 6.0  # nats: one boundary is never proof alone
CHAINED = 0.05  # seconds
CHANGE = 9.0  # nats: what a change of offset costs anywhere, besides the choice of the offset
SMALL_CHANGE = 6.0  # nats more for one of a few frames, which no cut is

Table = npt.NDArray[np.float32]


class Noise(NamedTuple):
    """How a translator's boundaries lie around the reference's: share of each scale, and share of strangers.

    shares  one per `Reference.scales`; what is missing to 1 has nothing to do with the reference
    """

    shares: tuple[float, ...]

    @property
    def strangers(self) -> float:
        return 1 - sum(self.shares)


USUAL = Noise((0.25, 0.1, 0.15, 0.2))
FREE_HAND = Noise(
    (0.05, 0.03, 0.07, 0.15)
)  # a translator who went by the sentences and not by the other file


def density_at(distance: Floats, scale: float) -> Floats:
    """Of a normal distribution around 0."""
    out: Floats = np.exp(-0.5 * (distance / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
    return out


def nearest(marks: Floats, points: Floats) -> Floats:
    """Signed distance from each point to the nearest mark (mark - point). *marks* is sorted."""
    after = np.clip(np.searchsorted(marks, points), 1, max(1, len(marks) - 1))
    left = marks[after - 1] - points
    right = marks[np.minimum(after, len(marks) - 1)] - points
    out: Floats = np.where(np.abs(left) <= np.abs(right), left, right)
    return out


def explained_at(distance: Floats, density: float, scales: tuple[float, ...]) -> Floats:
    """float64[1 + scales, n]: how much likelier than by chance each scale makes each *distance*, chance itself first.

    *distance* rises from 0 in even steps.
    """
    chance = np.maximum(density * np.exp(-2 * density * distance), 1e-9)
    out = np.zeros((1 + len(scales), len(distance)))
    out[0] = 1
    for row, scale in zip(out[1:], scales, strict=True):
        near = int(np.searchsorted(distance, 12 * scale))  # beyond, it explains nothing
        row[:near] = density_at(distance[:near], scale) / chance[:near]
    return out


class Ground:
    """The reference sampled every GRID seconds: how far the nearest boundary is, and what was spoken so far.

    The same for every walk over one reference.
    """

    def __init__(self, ref: Reference) -> None:
        self.ref = ref
        self.origin = ref.first - 5.0
        count = int((ref.last + 5.0 - self.origin) / GRID) + 1
        self.to_start, self.to_end = np.empty(count, np.int16), np.empty(count, np.int16)
        self.spoken = np.empty(count, np.float32)
        starts, ends, spoken = (
            _Runs.of_marks(ref.starts),
            _Runs.of_marks(ref.ends),
            _Runs.spoken(ref),
        )
        for first in range(0, count, AT_ONCE):
            rows = slice(first, min(first + AT_ONCE, count))
            times = self.origin + np.arange(rows.start, rows.stop, dtype=np.float64) * GRID
            for kept, runs in ((self.to_start, starts), (self.to_end, ends)):
                steps = runs.at(times)
                np.abs(steps, out=steps)
                steps *= 1 / FINE
                steps += 0.5
                kept[rows] = np.minimum(steps, FARTHEST, out=steps)
            self.spoken[rows] = spoken.at(times)
        distances = np.arange(FARTHEST + 1, dtype=np.float64) * FINE
        self.starts, self.ends = (
            explained_at(distances, ref.density, scales) for scales in (ref.scales, ref.end_scales)
        )


class _Runs(NamedTuple):
    """A function of time in straight pieces: from edges[i-1] to edges[i] it is values[i] + slopes[i] × (time - zeros[i])."""

    edges: Floats
    zeros: Floats
    values: Floats
    slopes: Floats

    @classmethod
    def of_marks(cls, marks: Floats) -> _Runs:
        """The signed distance from the nearest mark. *marks* is sorted."""
        none = np.zeros(len(marks))
        return cls((marks[:-1] + marks[1:]) / 2, marks, none, none + 1)

    @classmethod
    def spoken(cls, ref: Reference) -> _Runs:
        """Seconds spoken so far."""
        slopes = np.diff(ref.spoken) / np.maximum(np.diff(ref.clock), 1e-9)
        return cls(
            ref.clock,
            np.concatenate([ref.clock[:1], ref.clock]),
            np.concatenate([ref.spoken[:1], ref.spoken]),
            np.concatenate([[0.0], slopes, [0.0]]),
        )

    def at(self, times: Floats) -> Floats:
        """float64[n] at sorted *times*: what `numpy.interp` gives, several times as fast for many times a piece."""
        last = len(self.zeros) - 1
        low, high = np.searchsorted(self.edges, times[[0, -1]])
        counts = np.diff(
            np.searchsorted(times, self.edges[low:high], side="right"), prepend=0, append=len(times)
        )
        pieces = slice(low, min(high, last) + 1)
        out: Floats = times - np.repeat(self.zeros[pieces], counts)
        if not np.all(self.slopes[pieces] == 1):
            out *= np.repeat(self.slopes[pieces], counts)
            out += np.repeat(self.values[pieces], counts)
        return out


class Scores:
    """Score of every cue at every offset, looked up on the ground."""

    def __init__(self, ground: Ground, noise: Noise) -> None:
        self.ground = ground
        shares = np.array([max(noise.strangers, 0.02), *noise.shares])
        self.starts, self.ends = (
            np.clip(np.log(shares @ explained), FLOOR, CEILING).astype(np.float32)
            for explained in (ground.starts, ground.ends)
        )
        self.coverage = ground.ref.coverage

    def of(self, cues: Floats, offsets: Floats) -> Table:
        """float32[n, k]: nats of each cue at each offset."""
        start, beyond_start = self._index(cues[:, :1] + offsets[None, :])
        end, beyond_end = self._index(cues[:, 1:] + offsets[None, :])
        length = np.maximum(cues[:, 1:] - cues[:, :1], 0.1).astype(np.float32)
        ground = self.ground
        covered = np.minimum((ground.spoken[end] - ground.spoken[start]) / length, 1)
        # Full cover is worth little where the reference hardly pauses, no cover is worth a lot there.
        cover = np.clip((covered - self.coverage) / (1.15 - self.coverage), -1.5, 1)
        in_weight, out_weight = weights_of(cues)
        at_start, at_end = self.starts[ground.to_start[start]], self.ends[ground.to_end[end]]
        boundaries = np.where(beyond_start, FLOOR / 2, at_start) * in_weight[:, None]
        boundaries += np.where(beyond_end, FLOOR / 2, at_end) * out_weight[:, None]
        out: Table = (boundaries + cover).astype(np.float32)
        return out

    def _index(self, times: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        raw = np.rint((times - self.ground.origin) / GRID)
        beyond = (raw < 0) | (raw >= len(self.ground.spoken))
        return np.clip(raw, 0, len(self.ground.spoken) - 1).astype(np.int32), beyond


def weights_of(cues: Floats) -> tuple[Floats, Floats]:
    """float64[n] each: what an in-time and an out-time count for.

    Where a cue begins as the one before it ends, the two are one moment, and half each.
    """
    chained = np.abs(cues[1:, 0] - cues[:-1, 1]) < CHAINED
    starts, ends = np.ones(len(cues)), np.ones(len(cues))
    starts[1:][chained] = 0.5
    ends[:-1][chained] = 0.5
    return starts, ends


def change_costs(offsets: Floats) -> Table:
    """float32[k, k]: nats that going from one offset to another costs, 0 on the diagonal.

    Cuts are rare, and any of the offsets up to its size is as likely: a large change has more places to be
    right by chance. Between 5 and 11 nats for CHANGE made no difference on 24 real pairs.
    """
    size = np.abs(offsets[:, None] - offsets[None, :])
    cost = CHANGE + np.log(50 + size / 0.02) + SMALL_CHANGE * np.exp(-size / 0.1)
    np.fill_diagonal(cost, 0)
    out: Table = cost.astype(np.float32)
    return out


def eagerness(cues: Floats) -> Floats:
    """float64[n]: nats by which a change before each cue is more likely than elsewhere.

    Films are cut in pauses; and where a cue begins before the last one has ended, something was taken out.
    """
    gap = np.concatenate([[0.0], cues[1:, 0] - cues[:-1, 1]])
    out: Floats = np.where(gap < -0.02, 2.5, 1.5 * (1 - np.exp(-np.maximum(gap, 0) / 2)))
    return out


def likeliest_walk(
    scores: Table, costs: Table, eager: Floats
) -> tuple[npt.NDArray[np.intp], float]:
    """State of each cue on the best walk, and the walk's score in nats (Viterbi)."""
    count, states = scores.shape
    came_from = np.zeros((count, states), np.int32)
    columns = np.arange(states)
    eager = eager.astype(np.float32)
    so_far = scores[0].copy()
    some = max(1, AT_ONCE // states**2)
    for first in range(1, count, some):
        rows = range(first, min(first + some, count))
        paid = np.maximum(costs - eager[rows.start : rows.stop, None, None], 0)
        for i, price in zip(rows, paid, strict=True):
            # costs is symmetric: row = new state keeps the memory access straight
            reach = so_far - price
            best = reach.argmax(1)
            came_from[i] = best
            so_far = reach[columns, best] + scores[i]
    path = np.zeros(count, np.intp)
    path[-1] = int(so_far.argmax())
    for i in range(count - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path, float(so_far.max())


def certainty(
    scores: Table, costs: Table, eager: Floats, offsets: Floats, path: npt.NDArray[np.intp]
) -> Floats:
    """float64[n]: probability that each cue's offset is within 0.1 s of the one on *path* (forward-backward)."""
    off = np.exp(-costs.astype(np.float64))
    np.fill_diagonal(off, 0)
    push = np.exp(eager).tolist()
    likely = np.exp(scores - scores.max(1, keepdims=True)).astype(np.float64)
    count, states = scores.shape
    both = np.empty((count, states))
    ahead = both[0] = likely[0] / likely[0].sum()
    for i in range(1, count):
        ahead = (ahead + push[i] * (off @ ahead)) * likely[i]
        ahead /= ahead.sum()
        both[i] = ahead
    behind = np.ones(states)
    for i in range(count - 1, 0, -1):
        weighted = behind * likely[i]
        behind = weighted + push[i] * (off @ weighted)
        behind /= behind.sum()
        both[i - 1] *= behind
    same = np.abs(offsets[:, None] - offsets[None, :]) <= 0.1
    out: Floats = (both * same[path]).sum(1) / both.sum(1)
    return out

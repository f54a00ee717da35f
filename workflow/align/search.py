"""Where a track could belong: rates and offsets that explain more than chance would.

Differences (reference boundary - cue boundary) pile up at the true offset: about half of a
translator's boundaries fall exactly on one of the reference, so even a dozen cues stand out against
all other offsets. Counting differences costs cues × boundaries, needs no sampled signal, and finds every
piece of a cut film at once. How surprising a pile is, is the Poisson tail of its height.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.align.reference import Floats, Reference

BIN = 0.02  # seconds
REACH = 45 * 60.0  # seconds: the largest offset looked for, either way
LOWEST = 0.5  # of the highest pile: lower ones are not looked at
BLOCK = 12  # cues; a window is two blocks
MOST_BLOCKS = 50
AT_ONCE = 1 << 14  # differences worked on at once: they stay in the cache
MOST_HELD = 1 << 20  # differences that are counted together: a count is as long as the reach

RATE_FAMILY = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0)

BEYOND_DOUBT = 25.0  # nats a window: no other rate comes near, it need not be tried
STEEPEST = 2.5e-3  # error of a rate that is looked for in one step
RULED_OUT = 40.0  # nats by which a rate must be worse than another to be left out
HARDLY = -2.0  # nats: an offset below is chance
CLEARLY = 12.0  # nats: the best of so many rates is no better than this by chance
WELL_MET = 0.55  # share of a stretch's cues that meet where they are thought to be: no other place is looked for
FREE_RATES = np.arange(0.88, 1.1205, 0.0015)

Counts = npt.NDArray[np.float32]


class Width(NamedTuple):
    """How wide a pile is looked for: *bins* bins after *merged* neighbouring ones were made one."""

    merged: int
    bins: int

    def seconds(self, size: float = BIN) -> float:
        return self.merged * self.bins * size


NARROW = Width(1, 3)  # boundaries kept exactly
BROAD = Width(3, 6)  # boundaries moved by hand
CLOSE = (NARROW, BROAD)
FAR_BIN = 0.06
FAR = (Width(1, 2), Width(1, 6))  # of bins three times as large, while any rate is still possible


class Peak(NamedTuple):
    """An offset in seconds, and how surprising its pile of differences is in nats (0 is chance)."""

    offset: float
    surprise: float


def differences(
    points: Floats, marks: Floats, low: float, high: float
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Every ``mark - point`` in [low, high], point by point, and int[n] how many each has. *marks* is sorted."""
    first = marks.searchsorted(points + low)
    count = marks.searchsorted(points + high, side="right") - first
    index = np.arange(count.sum()) + (first - count.cumsum() + count).repeat(count)
    return marks[index] - points.repeat(count), count


def both_differences(cues: Floats, ref: Reference, low: float, high: float) -> Floats:
    """Differences of in-times and of out-times together, unsorted."""
    return np.concatenate(
        [
            differences(cues[:, 0], ref.starts, low, high)[0],
            differences(cues[:, 1], ref.ends, low, high)[0],
        ]
    )


def reach_of(cues: Floats, ref: Reference) -> tuple[float, float]:
    """The offsets worth trying: those at which the tracks meet at all, within REACH of none.

    Where the clocks are hours apart (broadcasts begin at 10:00:00), within REACH of the middle instead.
    """
    low = ref.first - float(cues[:, 1].max())
    high = ref.last - float(cues[:, 0].min())
    centre = 0.0 if low < REACH and high > -REACH else (low + high) / 2
    return max(low, centre - REACH), min(high, centre + REACH)


def pile(cues: Floats, ref: Reference, low: float, high: float, size: float = BIN) -> Counts:
    """float32[bins]: differences counted from *low* on, each bin *size* seconds wide."""
    bins = int((high - low) / size) + 2
    marks = len(ref.starts) + len(ref.ends)
    at_once = max(1, AT_ONCE // marks)
    total: npt.NDArray[np.intp] | None = None
    found = np.empty(min(len(cues), MOST_HELD // marks + at_once) * marks, np.intp)
    held = 0
    for first in range(0, len(cues), at_once):
        rows = cues[first : first + at_once]
        if ref.first - rows[:, 1].max() >= low and ref.last - rows[:, 0].min() <= high:
            lags = np.empty((len(rows), marks))
            np.subtract(ref.starts, rows[:, :1], out=lags[:, : len(ref.starts)])
            np.subtract(ref.ends, rows[:, 1:], out=lags[:, len(ref.starts) :])
        else:
            lags = both_differences(rows, ref, low, high)
        lags -= low
        lags *= 1 / size
        found[held : held + lags.size] = lags.ravel()
        held += lags.size
        rest = len(cues) - first - len(rows)
        if not rest or held + min(rest, at_once) * marks > len(found):
            some = np.bincount(found[:held], minlength=bins)
            total = some if total is None else total + some
            held = 0
    return total.astype(np.float32) if total is not None else np.zeros(bins, np.float32)


def surprises(
    counts: Counts, boundaries: int, ref: Reference, width: Width, size: float = BIN
) -> tuple[Floats, Floats, float]:
    """Middles of the piles that are higher than chance, in seconds from the first bin; their surprise; tries.

    Surprise is in nats, and the logarithm of the number of piles that were tried is to be taken off. What
    chance would pile up is the mean of the 20 s to either side, and at least a third of what two tracks that
    meet everywhere would have: a lone difference at the rim proves nothing.
    """
    if width.merged > 1:
        whole = len(counts) // width.merged * width.merged
        merged = counts[: whole : width.merged].copy()
        for i in range(1, width.merged):
            merged += counts[i : whole : width.merged]
        counts, size = merged, size * width.merged
    count = len(counts) - width.bins + 1
    if count < 1:
        return np.zeros(0), np.zeros(0), 0.0
    heights = counts[:count].copy()
    for i in range(1, width.bins):
        heights += counts[i : i + count]
    floor = boundaries * ref.density * size * width.bins / 3
    above = np.flatnonzero(heights > max(floor, LOWEST * float(heights.max())))
    cell = min(round(1 / size), len(counts))  # bins to a second, nearly
    seconds = counts[: len(counts) // cell * cell].reshape(-1, cell) @ np.ones(cell, np.float32)
    total = np.concatenate([np.zeros(1), np.cumsum(seconds, dtype=np.float64)])
    at = np.minimum(above // cell, len(seconds) - 1)
    left, right = np.maximum(at - 20, 0), np.minimum(at + 21, len(seconds))
    around = (total[right] - total[left]) / (right - left) / cell * width.bins
    chance = np.maximum(around, floor)
    high: Floats = np.maximum(heights[above].astype(np.float64), chance)
    tail: Floats = high * np.log(high / chance) - (high - chance)
    middles: Floats = (above.astype(np.float64) + width.bins / 2) * size
    return middles, tail, float(np.log(max(2.0, count / width.bins)))


def highest(
    counts: Counts, boundaries: int, ref: Reference, low: float, width: Width, most: int
) -> list[Peak]:
    """The *most* surprising piles, best first, apart by more than their width."""
    middles, tail, tries = surprises(counts, boundaries, ref, width)
    found: list[Peak] = []
    for index in np.argsort(-tail, kind="stable"):
        if len(found) == most or tail[index] <= 0:
            break
        offset = low + float(middles[index])
        if all(abs(offset - peak.offset) > width.seconds() for peak in found):
            found.append(Peak(offset, float(tail[index]) - tries))
    return found


def windows_of(count: int, size: int, most: int) -> list[slice]:
    """At most *most* windows of *size* neighbouring cues, spread evenly over *count*."""
    if count <= size:
        return [slice(0, count)]
    starts = np.linspace(0, count - size, min(most, -(-count // size)))
    return [slice(int(start), int(start) + size) for start in starts]


def rate_evidence(
    cues: Floats,
    ref: Reference,
    rate: float,
    windows: list[slice],
    widths: tuple[Width, ...] = CLOSE,
    size: float = BIN,
) -> float:
    """Nats by which *rate* explains the windows better than chance, each at its own best offset."""
    scaled = cues * rate
    low, high = reach_of(scaled, ref)
    piles = [pile(scaled[window], ref, low, high, size) for window in windows]
    counts = [2 * (window.stop - window.start) for window in windows]
    evidence = sum(_most(p, n, ref, widths, size) for p, n in zip(piles, counts, strict=True))
    if len(windows) > 1:
        evidence = max(evidence, _most(np.sum(piles, axis=0), sum(counts), ref, widths, size))
    return evidence


def _most(
    counts: Counts, boundaries: int, ref: Reference, widths: tuple[Width, ...], size: float
) -> float:
    best = 0.0
    for width in widths:
        _, tail, tries = surprises(counts, boundaries, ref, width, size)
        best = max(best, float(tail.max(initial=0.0)) - tries)
    return best


class Glance(NamedTuple):
    """A rate, and the pile of the whole track at it."""

    rate: float
    counts: Counts


def rate_at_a_glance(cues: Floats, ref: Reference) -> Glance | None:
    """The common rate at which the track meets the reference all through at one offset, or None if there is none."""
    if len(cues) < 2 * BLOCK or not ref.is_exact:
        return None
    for rate in coarse_rates():
        scaled = cues * rate
        low, high = reach_of(scaled, ref)
        counts = pile(scaled, ref, low, high)
        if peaks := highest(counts, 2 * len(cues), ref, low, NARROW, 1):
            offset = sharpen(scaled, ref, peaks[0].offset, NARROW)
            if meets(scaled, ref, offset).mean() > WELL_MET:
                return Glance(rate, counts)
    return None


def coarse_rates() -> list[float]:
    """Ratios of common frame rates, 1 first; those within 0.15 % of an earlier one left to `sharpened_rate`."""
    ratios = [1.0, 25 / 24, 24 / 25] + [a / b for a in RATE_FAMILY for b in RATE_FAMILY]
    return [r for i, r in enumerate(ratios) if all(abs(r / s - 1) > 1.5e-3 for s in ratios[:i])]


def likely_rate(cues: Floats, ref: Reference) -> float:
    """The rate (reference time / track time) that explains most, to about 0.2 %.

    The family of frame rates first; any rate within ±12 % when none of them explains much.
    """
    windows = windows_of(len(cues), 30, 8)
    evidence, rate = -np.inf, 1.0
    for tried in coarse_rates():
        found = rate_evidence(cues, ref, tried, windows)
        if found > evidence:
            evidence, rate = found, tried
        if evidence > BEYOND_DOUBT * len(windows):
            break
    if evidence < 12.0 * len(windows):
        short = windows_of(len(cues), 20, 5)
        known = rate_evidence(cues, ref, rate, short, FAR, FAR_BIN)
        free = max((rate_evidence(cues, ref, r, short, FAR, FAR_BIN), r) for r in FREE_RATES)
        if free[0] > max(known, evidence) + CLEARLY:
            rate = float(free[1])
    return rate


def best_rates(cues: Floats, ref: Reference, rates: list[Fraction]) -> list[Fraction]:
    """Those of *rates* (likeliest first) that long windows do not rule out, best first."""
    if len(rates) == 1:
        return rates
    windows = windows_of(len(cues), 60, 6)
    evidence: dict[Fraction, float] = {}
    for rate in rates:
        evidence[rate] = rate_evidence(cues, ref, float(rate), windows)
        if evidence[rate] > 3 * BEYOND_DOUBT * len(windows):
            return [rate]
    best = max(evidence.values())
    return sorted((r for r in rates if evidence[r] > best - RULED_OUT), key=lambda r: -evidence[r])


def sharpened_rate(cues: Floats, ref: Reference, rate: float) -> float:
    """*rate*, known to about 0.2 %, to about 0.01 %; one that is further off is followed a few steps."""
    for _ in range(4):
        step = _rate_step(cues, ref, rate)
        rate *= 1 + step
        if abs(step) < 0.8 * STEEPEST:
            break
    return rate


def _rate_step(cues: Floats, ref: Reference, rate: float) -> float:
    """By how much *rate* is to be raised, within STEEPEST.

    Each window votes with the differences around its best offset: at the true rate most of them lie
    within 20 ms of one another. A window has an offset of its own, so cuts do not matter.
    """
    steps = np.arange(-50, 51) * (STEEPEST / 50)
    votes = np.zeros(len(steps))
    scaled = cues * rate
    low, high = reach_of(scaled, ref)
    for window in windows_of(len(cues), 40, 12):
        counts = pile(scaled[window], ref, low, high)
        for peak in highest(counts, 2 * (window.stop - window.start), ref, low, BROAD, 1):
            lag, time = [], []
            for side, marks in ((0, ref.starts), (1, ref.ends)):
                near, count = differences(
                    scaled[window, side], marks, peak.offset - 0.5, peak.offset + 0.5
                )
                lag.append(near)
                time.append(scaled[window, side].repeat(count))
            lags, times = np.concatenate(lag), np.concatenate(time)
            leaned = np.sort(lags - steps[:, None] * (times - times.mean()), axis=1)
            votes += np.array(
                [(np.searchsorted(row, row + 0.02) - np.arange(len(row))).max() for row in leaned]
            )
    best = np.flatnonzero(votes >= votes.max() - 0.5)
    return float(steps[best[np.argmin(np.abs(steps[best]))]])


def candidate_offsets(
    cues: Floats, ref: Reference, counts_of_all: Counts | None = None
) -> list[Peak]:
    """Offsets at which some stretch of the track, or all of it, meets the reference (rate already applied).

    counts_of_all  the pile of the whole track, if it was made before
    """
    low, high = reach_of(cues, ref)
    size = max(BLOCK, -(-len(cues) // MOST_BLOCKS))
    blocks = [slice(i, min(i + size, len(cues))) for i in range(0, len(cues), size)]
    piles: dict[int, Counts] = {}

    def pile_of(first: int, after: int) -> Counts:
        """Of neighbouring blocks; those of all are worth one of their own."""
        if (first, after) == (0, len(blocks)):
            return pile(cues, ref, low, high) if counts_of_all is None else counts_of_all
        for i in range(first, after):
            if i not in piles:
                piles[i] = pile(cues[blocks[i]], ref, low, high)
        total = piles[first].copy()
        for i in range(first + 1, after):
            total += piles[i]
        return total

    found: list[Peak] = []
    met = np.zeros(len(cues), np.bool_)
    for span, most in ((len(blocks), 8), (6, 4), (2, 4), (1, 2)):
        step = max(1, span // 2)
        for i in range(0, max(1, len(blocks) - span + 1), step):
            rows = slice(blocks[i].start, blocks[min(i + span, len(blocks)) - 1].stop)
            if met[rows].mean() > WELL_MET:
                continue
            stretch = cues[rows]
            counts = pile_of(i, min(i + span, len(blocks)))
            for width in CLOSE:
                for peak in highest(counts, 2 * len(stretch), ref, low, width, most):
                    if peak.surprise > HARDLY:
                        found.append(Peak(sharpen(stretch, ref, peak.offset, width), peak.surprise))
        if span == len(blocks) and found:
            met = meets(cues, ref, max(found, key=lambda peak: peak.surprise).offset)
    return found


def meets(cues: Floats, ref: Reference, offset: float | Floats) -> npt.NDArray[np.bool_]:
    """bool[n]: cues with an edge exactly on the reference's at *offset*; none where it knows none exactly."""
    if not ref.is_exact:
        return np.zeros(len(cues), np.bool_)
    reach = 2 * ref.scales[0]
    at_start, at_end = (
        np.searchsorted(marks, edge + offset + reach)
        > np.searchsorted(marks, edge + offset - reach)
        for marks, edge in ((ref.starts, cues[:, 0]), (ref.ends, cues[:, 1]))
    )
    out: npt.NDArray[np.bool_] = at_start | at_end
    return out


def sharpen(cues: Floats, ref: Reference, offset: float, width: Width) -> float:
    """*offset* moved to the middle of the densest differences within its pile.

    Out-times have a say only where the reference's are as sharp as its in-times.
    """
    reach = width.seconds() / 2 + BIN
    if ref.is_exact:
        near = np.sort(both_differences(cues, ref, offset - reach, offset + reach))
    else:
        reach = max(reach, 5 * ref.scales[0])
        near = np.sort(differences(cues[:, 0], ref.starts, offset - reach, offset + reach)[0])
    if not len(near):
        return offset
    span = 2.7 * ref.scales[0] if width == NARROW else 0.25
    count = np.searchsorted(near, near + span, side="right") - np.arange(len(near))
    first = int(np.argmax(count))
    return float(near[first + int(count[first]) // 2])


def local_offsets(cues: Floats, ref: Reference, centres: Floats, reach: float = 90.0) -> list[Peak]:
    """Offsets that explain a few neighbouring cues, within *reach* of where each cue is thought to be.

    centres  float64[n], the offset of each cue so far
    """
    size, found = 8, []
    met = np.concatenate([[0], np.cumsum(meets(cues, ref, centres))]).tolist()
    for start in range(0, max(1, len(cues) - size // 2), size // 2):
        window = slice(start, min(start + size, len(cues)))
        if (met[window.stop] - met[start]) / (window.stop - start) > WELL_MET:
            continue
        centre = float(np.sort(centres[window])[(window.stop - window.start) // 2])
        near = np.sort(both_differences(cues[window], ref, centre - reach, centre + reach))
        if len(near) < 3:
            continue
        count = np.searchsorted(near, near + 2.7 * ref.scales[0], side="right") - np.arange(
            len(near)
        )
        for first in np.argsort(-count, kind="stable")[:3]:
            if count[first] >= 3:
                offset = float(near[first + int(count[first]) // 2])
                found.append(Peak(offset, float(count[first])))
    return found

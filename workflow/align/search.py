"""Where a track could belong: rates and offsets that explain more than chance would.

Differences (reference boundary - cue boundary) pile up at the true offset: about half of a
translator's boundaries fall exactly on one of the reference, so even a dozen cues stand out against
all other offsets. Counting differences costs cues × boundaries, needs no sampled signal, and finds every
piece of a cut film at once. How surprising a pile is, is the Poisson tail of its height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.align.reference import Floats, Reference

BIN = 0.02  # seconds
REACH = 45 * 60.0  # seconds: the largest offset looked for, either way
NARROW, BROAD = 3, 18  # bins: boundaries kept exactly, and moved by hand
PER_SECOND = 50  # bins
BLOCK = 12  # cues; a window is two blocks
MOST_BLOCKS = 80

RATE_FAMILY = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0)

Counts = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Peak:
    """An offset in seconds, and how surprising its pile of differences is in nats (0 is chance)."""

    offset: float
    surprise: float


def differences(
    points: Floats, marks: Floats, low: float, high: float
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Every ``mark - point`` in [low, high], and the index of its point. *marks* is sorted."""
    first = np.searchsorted(marks, points + low)
    count = np.searchsorted(marks, points + high, side="right") - first
    owner = np.repeat(np.arange(len(points)), count)
    index = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    return marks[index] - points[owner], owner


def both_differences(cues: Floats, ref: Reference, low: float, high: float) -> Floats:
    """Differences of in-times and of out-times together, unsorted."""
    return np.concatenate(
        [
            differences(cues[:, 0], ref.starts, low, high)[0],
            differences(cues[:, 1], ref.ends, low, high)[0],
        ]
    )


def reach_of(cues: Floats, ref: Reference) -> tuple[float, float]:
    """The offsets worth trying: within REACH, and with some of both tracks meeting."""
    low = ref.first - float(cues[:, 1].max())
    high = ref.last - float(cues[:, 0].min())
    return max(low, min(-REACH, high)), min(high, max(REACH, low))


def pile(cues: Floats, ref: Reference, low: float, high: float) -> Counts:
    """float32[bins]: differences counted from *low* on, BIN wide."""
    bins = int((high - low) / BIN) + 2
    index = ((both_differences(cues, ref, low, high) - low) / BIN).astype(np.int64)
    return np.bincount(index, minlength=bins).astype(np.float32)


def surprises(
    counts: Counts, boundaries: int, ref: Reference, width: int
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Bins at which a *width* bins wide pile begins that is higher than chance, and its nats of surprise.

    What chance would pile up is the mean of the 20 s to either side, and at least a third of what two
    tracks that meet everywhere would have: a lone difference at the rim proves nothing.
    """
    heights = np.cumsum(counts, dtype=np.float64)
    heights[width:] = heights[width:] - heights[:-width]
    heights = heights[width - 1 :]
    seconds = np.add.reduceat(counts, np.arange(0, len(counts), PER_SECOND)).astype(np.float64)
    around = np.convolve(seconds, np.ones(41), "same") / np.convolve(
        np.ones(len(seconds)), np.ones(41), "same"
    )
    floor = boundaries * ref.density * BIN * width / 3
    expected = np.maximum(
        np.repeat(around * (width / PER_SECOND), PER_SECOND)[: len(heights)], floor
    )
    above = np.flatnonzero(heights > expected + 3 * np.sqrt(expected))
    high, chance = heights[above], expected[above]
    return above, high * np.log(high / chance) - (high - chance)


def highest(
    counts: Counts, boundaries: int, ref: Reference, low: float, width: int, most: int
) -> list[Peak]:
    """The *most* surprising piles, best first, apart by more than their width."""
    where, tail = surprises(counts, boundaries, ref, width)
    tries = np.log(max(2.0, len(counts) / width))
    found: list[Peak] = []
    for index in np.argsort(-tail):
        if len(found) == most:
            break
        offset = low + (int(where[index]) + width / 2) * BIN
        if all(abs(offset - peak.offset) > width * BIN for peak in found):
            found.append(Peak(offset, float(tail[index] - tries)))
    return found


def windows_of(count: int, size: int, most: int) -> list[slice]:
    """At most *most* windows of *size* neighbouring cues, spread evenly over *count*."""
    if count <= size:
        return [slice(0, count)]
    starts = np.linspace(0, count - size, min(most, -(-count // size)))
    return [slice(int(start), int(start) + size) for start in starts]


def rate_evidence(cues: Floats, ref: Reference, rate: float, windows: list[slice]) -> float:
    """Nats by which *rate* explains the windows better than chance, each at its own best offset."""
    scaled = cues * rate
    low, high = reach_of(scaled, ref)
    evidence, everything = 0.0, None
    for window in windows:
        counts = pile(scaled[window], ref, low, high)
        everything = counts if everything is None else everything + counts
        evidence += _best(counts, 2 * (window.stop - window.start), ref)
    if everything is not None and len(windows) > 1:
        boundaries = sum(2 * (window.stop - window.start) for window in windows)
        evidence = max(evidence, _best(everything, boundaries, ref))
    return evidence


def _best(counts: Counts, boundaries: int, ref: Reference) -> float:
    best = 0.0
    for width in (NARROW, BROAD):
        _, tail = surprises(counts, boundaries, ref, width)
        if len(tail):
            best = max(best, float(tail.max() - np.log(max(2.0, len(counts) / width))))
    return best


def coarse_rates() -> list[float]:
    """Ratios of common frame rates, 1 first; those within 0.15 % of an earlier one left to `sharpened_rate`."""
    ratios = [1.0, 25 / 24, 24 / 25] + [a / b for a in RATE_FAMILY for b in RATE_FAMILY]
    return [r for i, r in enumerate(ratios) if all(abs(r / s - 1) > 1.5e-3 for s in ratios[:i])]


def likely_rate(cues: Floats, ref: Reference) -> float:
    """The rate (reference time / track time) that explains most, to about 0.2 %.

    The family of frame rates first; any rate within ±12 % when none of them explains much.
    """
    windows = windows_of(len(cues), 30, 8)
    tried = [
        (rate_evidence(cues, ref, rate, windows), -i, rate) for i, rate in enumerate(coarse_rates())
    ]
    evidence, _, rate = max(tried)
    if evidence < 12.0 * len(windows):
        short = windows_of(len(cues), 20, 6)
        known = rate_evidence(cues, ref, rate, short)
        free = max((rate_evidence(cues, ref, r, short), r) for r in np.arange(0.88, 1.1205, 0.001))
        if free[0] > known + 6:
            rate = float(free[1])
    return rate


def sharpened_rate(cues: Floats, ref: Reference, rate: float) -> float:
    """*rate*, known to about 0.2 %, to about 0.01 %.

    Each window votes with the differences around its best offset: at the true rate most of them lie
    within 20 ms of one another. A window has an offset of its own, so cuts do not matter.
    """
    steps = np.arange(-50, 51) * 5e-5
    votes = np.zeros(len(steps))
    scaled = cues * rate
    low, high = reach_of(scaled, ref)
    for window in windows_of(len(cues), 40, 12):
        counts = pile(scaled[window], ref, low, high)
        for peak in highest(counts, 2 * (window.stop - window.start), ref, low, BROAD, 1):
            lag, time = [], []
            for side, marks in ((0, ref.starts), (1, ref.ends)):
                near, owner = differences(
                    scaled[window, side], marks, peak.offset - 0.5, peak.offset + 0.5
                )
                lag.append(near)
                time.append(scaled[window, side][owner])
            lags, times = np.concatenate(lag), np.concatenate(time)
            leaned = np.sort(lags - steps[:, None] * (times - times.mean()), axis=1)
            votes += np.array(
                [(np.searchsorted(row, row + 0.02) - np.arange(len(row))).max() for row in leaned]
            )
    best = np.flatnonzero(votes >= votes.max() - 0.5)
    return rate * (1 + float(steps[best[np.argmin(np.abs(steps[best]))]]))


def candidate_offsets(cues: Floats, ref: Reference) -> list[Peak]:
    """Offsets at which some stretch of the track, or all of it, meets the reference (rate already applied)."""
    low, high = reach_of(cues, ref)
    size = max(BLOCK, -(-len(cues) // MOST_BLOCKS))
    blocks = [slice(i, min(i + size, len(cues))) for i in range(0, len(cues), size)]
    piles = [pile(cues[block], ref, low, high) for block in blocks]
    found: list[Peak] = []
    for span, most in ((1, 2), (2, 4), (6, 4), (len(blocks), 8)):
        step = max(1, span // 2)
        for i in range(0, max(1, len(blocks) - span + 1), step):
            stretch = cues[blocks[i].start : blocks[min(i + span, len(blocks)) - 1].stop]
            counts = np.sum(piles[i : i + span], axis=0)
            for width in (NARROW, BROAD):
                for peak in highest(counts, 2 * len(stretch), ref, low, width, most):
                    found.append(Peak(sharpen(stretch, ref, peak.offset, width), peak.surprise))
    return found


def sharpen(cues: Floats, ref: Reference, offset: float, width: int) -> float:
    """*offset* moved to the middle of the densest differences within its pile.

    Out-times have a say only where the reference's are as sharp as its in-times.
    """
    reach = (width / 2 + 1) * BIN
    if ref.end_scales == ref.scales:
        near = np.sort(both_differences(cues, ref, offset - reach, offset + reach))
    else:
        reach = max(reach, 5 * ref.scales[0])
        near = np.sort(differences(cues[:, 0], ref.starts, offset - reach, offset + reach)[0])
    if not len(near):
        return offset
    span = 2.7 * ref.scales[0] if width == NARROW else 0.25
    count = np.searchsorted(near, near + span, side="right") - np.arange(len(near))
    first = int(np.argmax(count))
    return float(np.median(near[first : first + int(count[first])]))


def local_offsets(cues: Floats, ref: Reference, centres: Floats, reach: float = 90.0) -> list[Peak]:
    """Offsets that explain a few neighbouring cues, within *reach* of where each cue is thought to be.

    centres  float64[n], the offset of each cue so far
    """
    size, found = 8, []
    for start in range(0, max(1, len(cues) - size // 2), size // 2):
        window = slice(start, min(start + size, len(cues)))
        centre = float(np.median(centres[window]))
        near = np.sort(both_differences(cues[window], ref, centre - reach, centre + reach))
        if len(near) < 3:
            continue
        count = np.searchsorted(near, near + 2.7 * ref.scales[0], side="right") - np.arange(
            len(near)
        )
        for first in np.argsort(-count, kind="stable")[:3]:
            if count[first] >= 3:
                offset = float(np.median(near[first : first + int(count[first])]))
                found.append(Peak(offset, float(count[first])))
    return found

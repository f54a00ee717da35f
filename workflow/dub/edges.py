"""Where a spoken line really begins and ends: at the edge of the sound, to 5 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workflow.dub.features import HOP_SAMPLES, RATE, Frames, Sound

PER_SECOND = 200
_REACH = 40  # steps that an edge may move: 0.2 s
_BREATH = 12  # steps of quiet that part two sounds: 60 ms
_NOISY_DB = 25.0
_RANGE_DB = 32.0  # of a line's sounds
_HIDDEN_DB = 20.0  # with so many of them in the noise the edge is where the search heard it
_LOWEST_HZ = 100.0
_LEAD_IN = 1 << 12  # samples: by then the filter has forgotten what came before
_BLOCK = ((1 << 18) - _LEAD_IN) // (RATE // PER_SECOND)  # steps
_LONG_PAUSE = 60  # steps; a longer one says no more

Levels = npt.NDArray[np.float64]


class Loudness:
    """Of a recording, in dB every 5 ms."""

    def __init__(self, sound: Sound, quiet: npt.NDArray[np.bool_]) -> None:
        """quiet: per 10 ms, where nobody speaks."""
        plain, without_rumble = _powers(sound)
        level, floor = _levels(plain, quiet)
        # Under noise that is mostly rumble the soft sounds are heard better without it.
        if float(np.percentile(level, 90)) - floor < _NOISY_DB:
            level_bright, floor_bright = _levels(without_rumble, quiet)
            if floor_bright < floor - 3:
                level, floor = level_bright, floor_bright
        self._level, self._floor = level, floor

    def of(
        self, start: float, end: float, *, not_before: float, not_after: float
    ) -> tuple[float, float]:
        """*start* and *end* in seconds, each moved by up to 0.2 s to where the sound begins and ends."""
        first, last = round(start * PER_SECOND), round(end * PER_SECOND)
        inside = self._level[first:last]
        if not len(inside):
            return start, end
        peak = float(np.percentile(inside, 90))
        clear = peak - self._floor > 12
        threshold = max(self._floor + 6, peak - _RANGE_DB) if clear else self._floor + 3
        # What the noise hides of a line's first and last sounds, the search has still heard by their colour.
        hidden = max(0.0, threshold - (peak - _RANGE_DB)) / _HIDDEN_DB
        inwards = round(_REACH * max(0.0, 1 - hidden))
        lowest = round(not_before * PER_SECOND) + 2 if not_before > 0 else 0
        highest = min(len(self._level) - 1, round(min(not_after, 1e6) * PER_SECOND) - 2)
        beyond = max(lowest, highest) + 1
        loud = self._level[lowest:beyond] > threshold
        changes = np.flatnonzero(np.diff(np.concatenate([[0], loud, [0]]))) + lowest
        begins, ends = changes[::2], changes[1::2]
        if len(begins):
            between = begins[1:] - ends[:-1]
            # A sound that goes on across a neighbour's edge is cut there: that is no pause.
            before = np.concatenate(
                [[0 if self._goes_on(lowest, threshold) else _LONG_PAUSE], between]
            )
            after = np.concatenate(
                [between, [0 if self._goes_on(beyond, threshold) else _LONG_PAUSE]]
            )
            low, high = max(lowest, first - _REACH), min(first + inwards, last)
            first = _nearest(first, begins, before, low, high, outwards=-1)
            low, high = max(first + 1, last - inwards), last + _REACH
            last = _nearest(last, ends, after, low, high, outwards=1)
        return first / PER_SECOND, max(last, first + 1) / PER_SECOND

    def _goes_on(self, step: int, threshold: float) -> bool:
        """Whether a sound is heard just before *step* and at it."""
        return 0 < step < len(self._level) and min(self._level[step - 1 : step + 1]) > threshold


def _powers(sound: Sound) -> tuple[Levels, Levels]:
    """Sums of squares over every 5 ms: of the sound, and of it without what lies low."""
    length = RATE // PER_SECOND
    plain: list[Levels] = []
    bright: list[Levels] = []
    for start in range(0, len(sound.samples), _BLOCK * length):
        before = min(start, _LEAD_IN)
        block = sound.block(start - before, start + _BLOCK * length)
        passed = _without_pops(np.concatenate([np.full(_LEAD_IN - before, block[0]), block]))
        now, last = passed[_LEAD_IN:], passed[_LEAD_IN - 1 : -1]
        for kept, samples in ((plain, now), (bright, now - np.float32(0.95) * last)):
            squares = np.pad(samples**2, (0, -len(samples) % length))
            kept.append(squares.reshape(-1, length).sum(1, dtype=np.float64))
    return np.concatenate(plain), np.concatenate(bright)


def _without_pops(samples: Frames) -> Levels:
    """*samples* without what lies below a voice: breath on the microphone comes well before a line.

    A causal Butterworth high-pass of second order (nothing may sound before it begins), by its response.
    """
    size = 1 << (len(samples) - 1).bit_length()
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    k = np.tan(np.pi * _LOWEST_HZ / RATE)
    poles = (
        1 + np.sqrt(2) * k + k * k + 2 * (k * k - 1) * turn + (1 - np.sqrt(2) * k + k * k) * turn**2
    )
    passed = (1 - turn) ** 2 / poles
    return np.fft.irfft(np.fft.rfft(samples, size) * passed, size)[: len(samples)]


def _levels(powers: Levels, quiet: npt.NDArray[np.bool_]) -> tuple[Levels, float]:
    """dB of 10 ms around every 5 ms, and of the noise."""
    around = powers.copy()
    around[1:] += powers[:-1]
    level = 10 * np.log10(around / HOP_SAMPLES + 1e-10)
    if quiet.sum() <= 50:
        return level, float(np.percentile(level, 5))
    hops = (powers[: len(powers) // 2 * 2].reshape(-1, 2).sum(1) / HOP_SAMPLES)[: len(quiet)]
    return level, float(10 * np.log10(hops[quiet[: len(hops)]].mean() + 1e-10))


def _nearest(
    guess: int,
    edges: npt.NDArray[np.int64],
    pauses: npt.NDArray[np.int64],
    low: int,
    high: int,
    *,
    outwards: int,
) -> int:
    """The edge between *low* and *high* that has a long pause beside it and is not far from the *guess*.

    outwards  -1 for a start, 1 for an end. Where lines follow without a breath there is no such pause: then it
              is the first edge of any kind that way, for there the sound that the guess lies in begins or ends.
    """
    within = (edges >= low) & (edges <= high)
    paused = within & (pauses > _BREATH)
    if paused.any():
        worth = np.minimum(pauses[paused], _LONG_PAUSE) - np.abs(edges[paused] - guess)
        return int(edges[paused][worth.argmax()])
    beyond = edges[within & (outwards * (edges - guess) >= 0)]
    return int(beyond[np.abs(beyond - guess).argmin()]) if len(beyond) else guess

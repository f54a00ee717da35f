"""Loudness and true peak after ITU-R BS.1770-4, a limiter that keeps to them, and ffmpeg's second opinion."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workflow.dub.sound import RATE, Samples
from workflow.errors import ToolFailed
from workflow.media.container import sniff
from workflow.media.ffmpeg import input_arguments, run_ffmpeg
from workflow.progress import Watch, unwatched
from workflow.timebase import Flicks

CELL = RATE // 10  # samples of 100 ms, the step of the measure
SILENCE_LUFS = -70.0

# BS.1770-4, table 1 and 2: the head's shelf, then the high-pass; for 48 kHz.
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (-1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))
_STEP = 64  # samples that one product filters; a divisor of CELL
_STATES = 4  # of the two filters together
_FORGOTTEN = 6  # doublings of a step after which what a filter remembers is below 1e-8
_PIECE = 750 * _STEP  # samples whose products stay in the processor's cache
_ROWS = 32  # of a product: OpenBLAS takes one thread below 2 ** 18 multiplications

_PHASE_TAPS = 24
_OVERSAMPLING = 4
_PART = 2048  # samples that are oversampled, or all left alone
_TOGETHER = 4  # parts at once: their products stay in the processor's cache
_RUN = 32  # samples that one row of the product oversamples
_WINDOW = RATE * 5 // 1000 | 1  # of the limiter
_FELT = _WINDOW + _WINDOW // 2 + 1  # samples beside a peak that are lowered with it
CONTEXT = 4096  # samples beside a block that its limiting depends on, and more

#: Noise overshoots its samples by 4 dB and more: below this share of the ceiling nothing can.
HARMLESS = 0.3


@dataclass(frozen=True, eq=False)
class _Weighting:
    """The two filters of the measure as one that takes a step of samples at a time, by matrices.

    heard      float32[step + states, step]: what comes out, from the step and the states before it
    remembered float32[step, states]: what a step adds to the states
    onward     float32[states, states] each: the states after 1, 2, 4 … steps of silence
    """

    heard: Samples
    remembered: Samples
    onward: tuple[Samples, ...]


@lru_cache(maxsize=1)
def _k_weighting() -> _Weighting:
    # two biquads in transposed direct form II, the first one's output into the second
    (b0, b1, b2), (a1, a2) = _SHELF
    (c0, c1, c2), (d1, d2) = _HIGH_PASS
    once = np.array(
        [
            [-a1, 1, 0, 0],
            [-a2, 0, 0, 0],
            [c1 - d1 * c0, 0, -d1, 1],
            [c2 - d2 * c0, 0, -d2, 0],
        ]
    )
    into = np.array([b1 - a1 * b0, b2 - a2 * b0, (c1 - d1 * c0) * b0, (c2 - d2 * c0) * b0])
    out = np.array([c0, 0, 1, 0])
    powers = [np.linalg.matrix_power(once, n) for n in range(_STEP + 1)]
    answer = np.array([b0 * c0, *(out @ powers[n] @ into for n in range(_STEP - 1))])
    delay = np.subtract.outer(np.arange(_STEP), np.arange(_STEP))
    direct = np.where(delay >= 0, answer[delay], 0)
    later = np.array([out @ powers[n] for n in range(_STEP)])
    reached = np.array([powers[_STEP - 1 - n] @ into for n in range(_STEP)])
    # States are counted in what they will be heard as, so that all are of one size: float32 serves.
    energy, step = later.T @ later, powers[_STEP]
    for _ in range(2 * _FORGOTTEN):
        energy, step = energy + step.T @ energy @ step, step @ step
    scale = np.linalg.cholesky(energy).T
    back = np.linalg.inv(scale)
    onward = [scale @ powers[_STEP] @ back]
    while len(onward) < _FORGOTTEN:
        onward.append(onward[-1] @ onward[-1])
    return _Weighting(
        np.concatenate([direct.T, (later @ back).T]).astype(np.float32),
        (reached @ scale.T).astype(np.float32),
        tuple(np.ascontiguousarray(one.T, np.float32) for one in onward),
    )


class Meter:
    """Takes sound at 48 kHz block by block and knows the energy of every 100 ms."""

    def __init__(self) -> None:
        self._states: Samples | None = None
        self._rest: Samples = np.zeros((0, 1), np.float32)  # less than a step
        self._cells: list[npt.NDArray[np.float64]] = []
        self._left: npt.NDArray[np.float64] = np.zeros(
            0
        )  # of the steps of a cell that is not whole

    def add(self, block: Samples) -> None:
        """float32[n, channels], the same channels every time; each counts alike (stereo and mono)."""
        if self._states is None:
            self._states = np.zeros((block.shape[1], _STATES), np.float32)
        sound = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(sound) // _STEP * _STEP
        energies = [self._left]
        for first in range(0, whole, _PIECE):
            energies.append(self._filtered(sound[first : min(first + _PIECE, whole)], self._states))
        self._rest = sound[whole:].copy()
        energy = np.concatenate(energies)
        steps = CELL // _STEP
        cells = len(energy) // steps
        self._cells.append(energy[: cells * steps].reshape(-1, steps).sum(1))
        self._left = energy[cells * steps :]

    @staticmethod
    def _filtered(piece: Samples, states: Samples) -> npt.NDArray[np.float64]:
        """Energy of each step of *piece*, all channels together; *states* go on to its end."""
        filters = _k_weighting()
        channels, steps = piece.shape[1], len(piece) // _STEP
        rows = np.empty((channels, steps, _STEP + _STATES), np.float32)
        for channel, row in enumerate(rows):
            row[:, :_STEP] = piece[:, channel].reshape(steps, _STEP)
        after = rows[:, :, :_STEP] @ filters.remembered
        after[:, 0] += states @ filters.onward[0]
        for doubling, onward in enumerate(filters.onward):
            reach = 1 << doubling
            after[:, reach:] += after[:, :-reach] @ onward
        rows[:, 0, _STEP:] = states
        rows[:, 1:, _STEP:] = after[:, :-1]
        states[:] = after[:, -1]
        out = _product(rows.reshape(-1, _STEP + _STATES), filters.heard)
        energy = np.einsum("ni,ni->n", out, out).reshape(channels, -1)
        both: npt.NDArray[np.float64] = energy.sum(0, np.float64)
        return both

    @property
    def cells(self) -> npt.NDArray[np.float64]:
        """Energy of each whole 100 ms, summed over samples and channels."""
        return np.concatenate(self._cells) if self._cells else np.zeros(0)

    def integrated(self) -> float:
        """LUFS; minus infinity where nothing is louder than -70."""
        return integrated(self.cells)


def _product(rows: Samples, matrix: Samples) -> Samples:
    """*rows* @ *matrix*, by so few rows at once that no threads are started: they would wait more than work."""
    out = np.empty((len(rows), matrix.shape[1]), np.float32)
    whole = len(rows) // _ROWS * _ROWS
    some = rows[:whole].reshape(-1, _ROWS, rows.shape[1])
    np.matmul(some, matrix, out=out[:whole].reshape(-1, _ROWS, matrix.shape[1]))
    np.matmul(rows[whole:], matrix, out=out[whole:])
    return out


def integrated(cells: npt.NDArray[np.float64]) -> float:
    """LUFS of a row of 100 ms energies: blocks of 400 ms, gates at -70 LUFS and 10 LU under the mean."""
    if len(cells) < 4:
        return loudness_of(float(cells.sum()) / max(1, len(cells) * CELL))
    power = np.convolve(cells, np.ones(4), "valid") / (4 * CELL)
    return _gated(power)


def short_loudness(samples: Samples) -> float:
    """LUFS of one line, mono, as heard from both sides of a stereo mix; minus infinity for silence."""
    meter = Meter()
    meter.add(np.repeat(samples[:, None], 2, axis=1))
    meter.add(np.zeros((CELL - 1, 2), np.float32))  # the last cell counts too
    power = meter.cells / CELL
    return _gated(power)


def _gated(power: npt.NDArray[np.float64]) -> float:
    heard = power[power > 10 ** ((SILENCE_LUFS + 0.691) / 10)]
    if not len(heard):
        return float("-inf")
    return loudness_of(float(heard[heard > heard.mean() / 10].mean()))


def loudness_of(power: float) -> float:
    return -0.691 + 10 * float(np.log10(power)) if power > 0 else float("-inf")


@lru_cache(maxsize=1)
def _phases() -> Samples:
    """Makes a run of samples, with those beside it, the three values after each: float32[run + taps - 1, 3 * run].

    A windowed sinc for each place between two samples.
    """
    places = np.arange(_PHASE_TAPS) - (_PHASE_TAPS // 2 - 1)
    values = np.zeros((_RUN + _PHASE_TAPS - 1, _OVERSAMPLING - 1, _RUN))
    for phase in range(1, _OVERSAMPLING):
        at = places - phase / _OVERSAMPLING
        window = np.cos(np.pi * at / (_PHASE_TAPS + 1)) ** 2
        kernel = np.sinc(at) * window
        for sample in range(_RUN):
            values[sample : sample + _PHASE_TAPS, phase - 1, sample] = kernel / kernel.sum()
    return values.reshape(len(values), -1).astype(np.float32)


def peaks(sound: Samples, quiet: float = 0.1) -> Samples:
    """Largest value of any channel at each sample and just after it, four times oversampled: float32[n].

    BS.1770-4 annex 2. Where no sample reaches *quiet* the sample peak is kept.
    """
    largest: Samples = np.abs(sound[:, 0])
    for channel in range(1, sound.shape[1]):
        np.maximum(largest, np.abs(sound[:, channel]), out=largest)
    # a value between two samples concerns the samples beside it: look a kernel's length around each part
    starts = range(0, len(sound), _PART)
    loudest = np.maximum.reduceat(largest, starts) if len(sound) else largest
    around = np.maximum(np.maximum(loudest, np.r_[loudest[1:], 0]), np.r_[0, loudest[:-1]])
    loud = np.flatnonzero(around >= quiet)
    for parts in np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1) if len(loud) else ():
        end = (int(parts[-1]) + 1) * _PART
        for first in range(int(parts[0]) * _PART, end, _TOGETHER * _PART):
            some = largest[first : min(first + _TOGETHER * _PART, end)]
            for channel in range(sound.shape[1]):
                np.maximum(some, _between(sound[:, channel], first, len(some)), out=some)
    return largest


def _between(sound: Samples, first: int, count: int) -> Samples:
    """Largest of the three values after each of *count* samples from *first* on."""
    before, after = _PHASE_TAPS // 2 - 1, _PHASE_TAPS // 2
    runs = -(-count // _RUN)
    here = np.zeros(runs * _RUN + before + after, np.float32)
    early, late = first - before, first + runs * _RUN + after
    there = sound[max(0, early) : late]
    here[max(0, -early) : max(0, -early) + len(there)] = there
    rows = np.lib.stride_tricks.sliding_window_view(here, _RUN + before + after)[::_RUN]
    values = _product(np.ascontiguousarray(rows), _phases())
    np.abs(values, out=values)
    largest: Samples = np.maximum(values[:, :_RUN], values[:, _RUN : 2 * _RUN])
    np.maximum(largest, values[:, 2 * _RUN :], out=largest)
    return largest.reshape(-1)[:count]


def true_peak(sound: Samples) -> float:
    """The largest value of *sound*, four times oversampled; looked for only where it can be."""
    highest = float(np.abs(sound).max(initial=0.0))
    return float(peaks(sound, highest * HARMLESS).max(initial=0.0))


def limited(sound: Samples, ceiling: float) -> Samples:
    """*sound* with no true peak above *ceiling*: look-ahead of 5 ms, gain only where it is needed.

    The gain at a sample depends on CONTEXT samples either side at most: blocks join without a seam.
    """
    if max(sound.max(initial=0.0), -sound.min(initial=0.0)) < ceiling * HARMLESS:
        return sound
    peak = peaks(sound, ceiling * HARMLESS)
    peak[1:] = np.maximum(peak[1:], peak[:-1])  # a peak between two samples concerns both
    over = np.flatnonzero(peak > ceiling)
    if not len(over):
        return sound
    safe = sound.copy()
    # peaks that share a sample which both may lower are seen to together
    for near in np.split(over, np.flatnonzero(np.diff(over) > 2 * _FELT) + 1):
        felt = slice(max(0, near[0] - _FELT), near[-1] + _FELT + 1)
        gain = np.minimum(1, ceiling / np.maximum(peak[felt], 1e-9)).astype(np.float32)
        scale(safe[felt], _sliding_mean(_sliding_minimum(gain, _WINDOW), _WINDOW))
    return safe


def scale(sound: Samples, gain: Samples) -> None:
    """Multiply each sample of *sound*, float32[n, 2] without gaps, by its own gain, in place."""
    sides = sound.view(np.complex64)[:, 0]  # both at once is five times as quick
    np.multiply(sides, gain, out=sides)


def _sliding_minimum(values: Samples, reach: int) -> Samples:
    """Smallest within *reach* either side."""
    out = np.pad(values, reach, constant_values=1)
    width, wanted = 1, 2 * reach + 1
    while width < wanted:
        step = min(width, wanted - width)
        out = np.minimum(out[: len(out) - step], out[step:])
        width += step
    return out


def _sliding_mean(values: Samples, width: int) -> Samples:
    half = width // 2
    sums = np.cumsum(np.pad(values.astype(np.float64), (half + 1, half), "edge"))
    mean: Samples = ((sums[width:] - sums[:-width]) / width).astype(np.float32)
    return mean


@dataclass(frozen=True, slots=True)
class Measured:
    """ffmpeg's ebur128 on a written file, to the tenth that it prints."""

    lufs: float
    range_lu: float
    true_peak_db: float


_SUMMARY = re.compile(
    r"I:\s+(-?[\d.]+|-?inf|nan) LUFS.*?LRA:\s+(-?[\d.]+|nan) LU\b.*?Peak:\s+(-?[\d.]+|-?inf) dBFS",
    re.DOTALL,
)


def measure_file(
    path: Path,
    *,
    stream: int = 0,
    duration: Flicks | None = None,
    watch: Watch = unwatched,
    ffmpeg: str = "",
) -> Measured:
    """Loudness and true peak of sound stream *stream* of a file as it decodes. Raises ToolFailed."""
    said = run_ffmpeg(
        [
            *("-v", "info"),
            *input_arguments(path.absolute(), sniff(path, name=path.name)),
            *(
                "-map",
                f"0:a:{stream}",
                "-af",
                "ebur128=peak=true:framelog=quiet",
                "-f",
                "null",
                "-",
            ),
        ],
        duration=duration,
        watch=watch,
        doing="Measuring the loudness",
        ffmpeg=ffmpeg,
    )
    found = _SUMMARY.search(said.rsplit("Summary:", 1)[-1])
    if found is None:
        raise ToolFailed(
            "FFMPEG_FAILED", "ffmpeg did not say how loud the file is.", details={"said": said}
        )
    lufs, range_, peak = (float(value) for value in found.groups())
    return Measured(lufs, range_, peak)


def decibels(amplitude: float) -> float:
    return 20 * float(np.log10(amplitude)) if amplitude > 0 else float("-inf")


def amplitude(db: float) -> float:
    return float(10 ** (db / 20))


def spans_only(
    cells: npt.NDArray[np.float64], spans: Iterable[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """The 100 ms cells that lie wholly inside *spans* of samples."""
    inside = np.zeros(len(cells), bool)
    for start, end in spans:
        inside[-(-start // CELL) : max(0, end // CELL)] = True
    return cells[inside]

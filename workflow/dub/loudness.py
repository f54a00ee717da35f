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
_TAPS = 4096  # by then the slower filter's answer is below 1e-8
_FFT = 1 << 15

_PHASE_TAPS = 24
_OVERSAMPLING = 4
_PART = 2048  # samples that are oversampled together
_WINDOW = RATE * 5 // 1000 | 1  # of the limiter
CONTEXT = 4096  # samples beside a block that its limiting depends on, and more

#: Noise overshoots its samples by 4 dB and more: below this share of the ceiling nothing can.
_HARMLESS = 0.3


@lru_cache(maxsize=1)
def _k_weighting() -> npt.NDArray[np.complex64]:
    """The two filters of the measure as one, in the frequency domain."""
    response = np.zeros(_TAPS)
    response[0] = 1
    for (b0, b1, b2), (a1, a2) in (_SHELF, _HIGH_PASS):
        out = np.zeros(_TAPS)
        x1 = x2 = y1 = y2 = 0.0
        for n, x in enumerate(response):
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            out[n] = y
            x1, x2, y1, y2 = x, x1, y, y1
        response = out
    spectrum: npt.NDArray[np.complex64] = np.fft.fft(response, _FFT).astype(np.complex64)
    return spectrum


class Meter:
    """Takes sound at 48 kHz block by block and knows the energy of every 100 ms."""

    def __init__(self) -> None:
        self._tail: Samples | None = None  # filtered with what comes next
        self._rest: Samples = np.zeros((0, 1), np.float32)
        self._open = 0.0
        self._cells: list[npt.NDArray[np.float64]] = []
        self._left: npt.NDArray[np.float64] = np.zeros(0)

    def add(self, block: Samples) -> None:
        """float32[n, channels], the same channels every time; each counts alike (stereo and mono)."""
        if self._tail is None:
            self._tail = np.zeros((_TAPS, block.shape[1]), np.float32)
        sound = np.concatenate([self._tail, block])
        step = _FFT - _TAPS
        pair = sound.shape[1] == 2
        energies = [self._left]
        for first in range(_TAPS, len(sound), step):
            piece = np.ascontiguousarray(sound[first - _TAPS : first + step], np.float32)
            if pair:
                # two real channels as one complex one: the filter is real and keeps them apart
                spectrum = np.fft.fft(piece.view(np.complex64)[:, 0], _FFT) * _k_weighting()
                both = np.fft.ifft(spectrum)[_TAPS : len(piece)]
                energies.append(
                    both.real.astype(np.float64) ** 2 + both.imag.astype(np.float64) ** 2
                )
                continue
            spectra = np.fft.fft(piece, _FFT, axis=0) * _k_weighting()[:, None]
            weighted = np.fft.ifft(spectra, axis=0).real[_TAPS : len(piece)]
            energies.append((weighted.astype(np.float64) ** 2).sum(1))
        self._tail = sound[-_TAPS:]
        energy = np.concatenate(energies)
        whole = len(energy) // CELL * CELL
        self._cells.append(energy[:whole].reshape(-1, CELL).sum(1))
        self._left = energy[whole:]

    @property
    def cells(self) -> npt.NDArray[np.float64]:
        """Energy of each whole 100 ms, summed over samples and channels."""
        return np.concatenate(self._cells) if self._cells else np.zeros(0)

    def integrated(self) -> float:
        """LUFS; minus infinity where nothing is louder than -70."""
        return integrated(self.cells)


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
    """Kernel of the three values between two samples: windowed sinc, float32[taps, 3]."""
    places = np.arange(_PHASE_TAPS) - (_PHASE_TAPS // 2 - 1)
    kernels = []
    for phase in range(1, _OVERSAMPLING):
        at = places - phase / _OVERSAMPLING
        window = np.cos(np.pi * at / (_PHASE_TAPS + 1)) ** 2
        kernel = np.sinc(at) * window
        kernels.append(kernel / kernel.sum())
    return np.stack(kernels, axis=1).astype(np.float32)


def peaks(sound: Samples, quiet: float = 0.1) -> Samples:
    """Largest value of any channel at each sample and just after it, four times oversampled: float32[n].

    BS.1770-4 annex 2. Where no sample reaches *quiet* the sample peak is kept.
    """
    largest: Samples = np.abs(sound[:, 0])
    for channel in range(1, sound.shape[1]):
        np.maximum(largest, np.abs(sound[:, channel]), out=largest)
    before, after = _PHASE_TAPS // 2 - 1, _PHASE_TAPS // 2
    # a value between two samples concerns the samples beside it: look a kernel's length around each part
    starts = range(0, len(sound), _PART)
    loudest = np.maximum.reduceat(largest, starts) if len(sound) else largest
    around = np.maximum(np.maximum(loudest, np.r_[loudest[1:], 0]), np.r_[0, loudest[:-1]])
    for channel in range(sound.shape[1]):
        padded = np.pad(sound[:, channel], (before, after))
        windows = np.lib.stride_tricks.sliding_window_view(padded, _PHASE_TAPS)
        for first in np.flatnonzero(around >= quiet) * _PART:
            between = _phases().T @ windows[first : first + _PART].T
            part = largest[first : first + _PART]
            for phase in np.abs(between, out=between):
                np.maximum(part, phase, out=part)
    return largest


def limited(sound: Samples, ceiling: float) -> Samples:
    """*sound* with no true peak above *ceiling*: look-ahead of 5 ms, gain only where it is needed.

    The gain at a sample depends on CONTEXT samples either side at most: blocks join without a seam.
    """
    if np.abs(sound).max(initial=0.0) < ceiling * _HARMLESS:
        return sound
    peak = peaks(sound, ceiling * _HARMLESS)
    peak[1:] = np.maximum(peak[1:], peak[:-1])  # a peak between two samples concerns both
    if peak.max() <= ceiling:
        return sound
    gain = np.minimum(1, ceiling / np.maximum(peak, 1e-9)).astype(np.float32)
    lowest = _sliding_minimum(gain, _WINDOW)
    smooth = _sliding_mean(lowest, _WINDOW)
    return sound * smooth[:, None]


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

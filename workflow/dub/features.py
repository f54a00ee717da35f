"""What speech looks like to the locator: twelve cepstra and their change, a hundred times a second.

Mel-frequency cepstra after Davis and Mermelstein (1980); deltas over three frames either side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]

RATE = 16_000
HOP_SAMPLES = 160
WINDOW_SAMPLES = 400
CEPSTRA = 12
_FFT = 512
_BANDS = 26
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7000.0

_WINDOW = np.hanning(WINDOW_SAMPLES).astype(np.float32)
#: Type-II cosine transform, orthonormal, without the first coefficient (loudness says nothing of words).
_COSINES = (
    np.sqrt(2 / _BANDS)
    * np.cos(np.pi / _BANDS * (np.arange(_BANDS)[:, None] + 0.5) * np.arange(1, CEPSTRA + 1))
).astype(np.float32)


def spectrum(samples: Frames) -> Frames:
    """Power spectrum, float32[frames, 257]; frame n is of the 25 ms from n × 10 ms on."""
    short = WINDOW_SAMPLES - len(samples)
    padded = np.pad(samples, (0, short)) if short > 0 else samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    out = np.empty((len(frames), _FFT // 2 + 1), np.float32)
    for start in range(0, len(frames), 4096):
        part = np.fft.rfft(frames[start : start + 4096] * _WINDOW, _FFT)
        out[start : start + 4096] = part.real**2 + part.imag**2
    return out


_BLOCK = 8192  # frames


class Sound:
    """A recording at full scale, looked at in blocks: an hour's spectra would fill a gigabyte.

    samples  mono float32 at 16 kHz
    """

    def __init__(self, samples: Frames) -> None:
        self.samples = samples
        peak = max(float(samples.max(initial=0)), -float(samples.min(initial=0)), 1e-9)
        self._gain = np.float32(1 / peak)
        self.frames = max(1, (len(samples) - WINDOW_SAMPLES) // HOP_SAMPLES + 1)

    def block(self, start: int, end: int) -> Frames:
        """Samples from *start* to *end*, with a hiss 80 dB below full scale: digital silence has no cepstra."""
        whole = self.samples[start:end] * self._gain
        for place in range(start - start % _HISS, start + len(whole), _HISS):
            hiss = np.random.default_rng([0, place]).standard_normal(_HISS, np.float32)
            first, last = max(place, start), min(place + _HISS, start + len(whole))
            whole[first - start : last - start] += hiss[first - place : last - place] * np.float32(
                1e-4
            )
        return whole

    def spectrum(self, first: int, end: int) -> Frames:
        """float32[end - first, 257]: `spectrum` of these frames."""
        return spectrum(self.block(first * HOP_SAMPLES, (end - 1) * HOP_SAMPLES + WINDOW_SAMPLES))

    def bands(self, warp: float = 1.0) -> Frames:
        """float32[frames, 26]: energy in each band of `mel_bank`."""
        bank = mel_bank(warp).T
        return np.concatenate(
            [
                self.spectrum(first, min(first + _BLOCK, self.frames)) @ bank
                for first in range(0, self.frames, _BLOCK)
            ]
        )


_HISS = 1 << 20  # samples that one seed serves


def mel_bank(warp: float = 1.0) -> Frames:
    """Triangles over the spectrum, float32[26, 257]; *warp* moves them for a longer or shorter vocal tract."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, _BANDS + 2) / 2595) - 1)
    edges = np.minimum(edges_hz * warp, RATE / 2 - 50) * _FFT / RATE
    bins = np.arange(_FFT // 2 + 1)
    left, middle, right = (edges[i : i + _BANDS, None] for i in range(3))
    rise = (bins - left) / (middle - left + 1e-9)
    fall = (right - bins) / (right - middle + 1e-9)
    return np.clip(np.minimum(rise, fall), 0, None).astype(np.float32)


def cepstra(mel: Frames) -> Frames:
    """float32[frames, 26] of band energies → float32[frames, 24]: cepstra, then their slopes."""
    still = np.log(mel + np.float32(1e-9)) @ _COSINES
    wide = np.pad(still, ((3, 3), (0, 0)), "edge")
    slope = (
        (wide[4:-2] - wide[2:-4]) + 2 * (wide[5:-1] - wide[1:-5]) + 3 * (wide[6:] - wide[:-6])
    ) / np.float32(14)
    return np.concatenate([still, slope], axis=1)


def distances(one: Frames, other: Frames) -> Frames:
    """Euclidean, float32[len(one), len(other)]."""
    square = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    np.maximum(square, 0, out=square)
    root: Frames = np.sqrt(square, out=square)
    return root


def codebook(frames: Frames, size: int = 64) -> Frames:
    """*size* frames that stand for all of *frames* (k-means from a spread start, ten rounds, same every time)."""
    random = np.random.default_rng(1)
    sample = frames[random.choice(len(frames), min(len(frames), 5000), replace=False)]
    size = min(size, len(sample))
    centres = np.empty((size, sample.shape[1]), np.float32)
    centres[0] = sample[random.integers(len(sample))]
    nearest = ((sample - centres[0]) ** 2).sum(1)
    for i in range(1, size):
        total = float(nearest.sum())
        weights = nearest / total if total > 0 else None
        centres[i] = sample[random.choice(len(sample), p=weights)]
        nearest = np.minimum(nearest, ((sample - centres[i]) ** 2).sum(1))
    for _ in range(10):
        belongs = distances(sample, centres).argmin(1)
        for i in range(size):
            members = sample[belongs == i]
            if len(members):
                centres[i] = members.mean(0)
    return centres

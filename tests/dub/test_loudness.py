"""Our meter and limiter beside ffmpeg's ebur128, on written files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workflow.dub.loudness import (
    Meter,
    amplitude,
    decibels,
    integrated,
    limited,
    measure_file,
    peaks,
    spans_only,
)
from workflow.dub.sound import RATE, write_wav


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(0, level, (round(seconds * RATE), 2)).astype(np.float32)


def test_a_tone_of_997_hz_at_full_scale_on_both_sides_is_zero_lufs() -> None:
    """BS.1770-4: -3.01 LKFS for one channel; two sum to 0."""
    wave = np.sin(2 * np.pi * 997 * np.arange(RATE * 3) / RATE).astype(np.float32)
    meter = Meter()
    meter.add(np.stack([wave, wave], axis=1))
    assert meter.integrated() == pytest.approx(0.0, abs=0.02)


def test_blocks_of_any_size_measure_the_same() -> None:
    sound = noise(3, 0.1)
    whole, pieces = Meter(), Meter()
    whole.add(sound)
    for first in range(0, len(sound), 7001):
        pieces.add(sound[first : first + 7001])
    assert np.allclose(whole.cells, pieces.cells, rtol=1e-4)


def test_the_filters_by_matrices_are_the_filters_sample_by_sample() -> None:
    """BS.1770-4, tables 1 and 2, as difference equations, on noise over a constant that both must take away."""
    sound = noise(0.5, 0.1) + np.float32(0.3)
    energy = np.zeros(len(sound))
    for channel in sound.T.astype(np.float64):
        wave = channel.tolist()
        for b, a in (
            ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
            ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
        ):  # fmt: skip
            out = [0.0, 0.0]
            for x0, x1, x2 in zip(wave, [0.0, *wave], [0.0, 0.0, *wave], strict=False):
                out.append(b[0] * x0 + b[1] * x1 + b[2] * x2 - a[0] * out[-1] - a[1] * out[-2])
            wave = out[2:]
        energy += np.square(wave)
    meter = Meter()
    meter.add(sound)
    assert np.allclose(meter.cells, energy.reshape(-1, RATE // 10).sum(1), rtol=1e-5)


def test_our_meter_and_ffmpegs_agree_on_quiet_and_loud_parts(tmp_path: Path) -> None:
    sound = np.concatenate([noise(3, 0.1), noise(2, 0.0005), noise(2, 0.02)])
    meter = Meter()
    meter.add(sound)
    file = tmp_path / "sound.wav"
    write_wav(file, sound)
    assert meter.integrated() == pytest.approx(measure_file(file).lufs, abs=0.06)


def test_bursts_of_noise_are_limited_below_the_ceiling_between_the_samples_too(
    tmp_path: Path,
) -> None:
    sound = noise(2, 0.03)
    sound[RATE : RATE + 4000] = np.sign(noise(1, 1)[:4000])
    safe = limited(sound, amplitude(-1.1))
    assert decibels(float(peaks(sound).max())) > 2
    assert decibels(float(peaks(safe).max())) <= -1.09
    file = tmp_path / "safe.wav"
    write_wav(file, safe)
    assert measure_file(file).true_peak_db <= -1.0
    untouched = RATE - 2000
    assert np.array_equal(safe[:untouched], sound[:untouched])


def test_limiting_leaves_no_seam_between_blocks() -> None:
    sound = noise(1, 0.4)
    whole = limited(sound, 0.5)
    middle = limited(sound[8000 - 4096 : 24000 + 4096], 0.5)[4096:-4096]
    assert np.allclose(whole[8000:24000], middle, atol=1e-6)


def test_silence_has_no_loudness_and_breaks_nothing() -> None:
    meter = Meter()
    meter.add(np.zeros((RATE, 2), np.float32))
    assert meter.integrated() == float("-inf")
    assert integrated(np.zeros(0)) == float("-inf")


def test_only_whole_cells_inside_the_spans_count() -> None:
    cells = np.arange(10.0)
    assert spans_only(cells, [(4801, 4800 * 4 + 10)]).tolist() == [2.0, 3.0]

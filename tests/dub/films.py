"""Small films and sounds, made by the real ffmpeg."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from workflow.dub.sound import RATE, decoded, write_wav

Samples = npt.NDArray[np.float32]


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> Samples:
    random = np.random.default_rng(seed)
    return random.normal(0, level, (round(seconds * RATE), 2)).astype(np.float32)


def voice(seconds: float, level: float = 0.2, seed: int = 1) -> Samples:
    """Mono, loud and soft like syllables."""
    count = round(seconds * RATE)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(count) / RATE)
    random = np.random.default_rng(seed)
    return (random.normal(0, level, count) * syllables).astype(np.float32)


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)], check=True
    )


def film(
    path: Path, seconds: float = 4, *, sound: Samples | None = None, delay: float = 0.0
) -> Path:
    """A film of 25 frames a second; *sound* begins *delay* seconds after the picture, lossless if the name is .mkv."""
    picture = ["-f", "lavfi", "-i", f"testsrc=size=128x96:rate=25:duration={seconds}"]
    if sound is None:
        ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
        return path
    wav = path.with_suffix(".sound.wav")
    write_wav(wav, sound)
    codec = ["-c:a", "pcm_s24le"] if path.suffix == ".mkv" else ["-c:a", "aac", "-b:a", "256k"]
    ffmpeg(
        *picture,
        *("-itsoffset", str(delay), "-i", wav, "-map", "0:v", "-map", "1:a"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *codec),
        *("-metadata:s:a:0", "language=eng", path),
    )
    return path


def read_sound(path: Path, stream: int | None = None) -> Samples:
    return np.concatenate(list(decoded(path, stream=stream, zero=0)))


def place_of(part: Samples, whole: Samples) -> int:
    """Sample of *whole* (mono) at which *part* lies, by cross-correlation."""
    size = 1 << (len(whole) + len(part)).bit_length()
    both = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    return int(both[: len(whole)].argmax())

"""Peaks of a sound for drawing its wave: the .dat format of audiowaveform, version 2, in 8 bits.

50 points a second make an hour 360 KB. Both channels share one wave: the
lowest and the highest of either, so that a voice on one side only is not drawn
at half its height.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from workflow.errors import ToolFailed
from workflow.progress import Watch, unwatched

POINTS_PER_SECOND = 50
_HEADER = struct.Struct(
    "<iIiiIi"
)  # version, flags (1: 8 bits), sample rate, samples per point, points, channels


@dataclass(frozen=True, slots=True)
class Wave:
    """What was met on the way through a sound.

    power    of each channel: the sum of its squared samples, full scale being 32 768
    clipped  samples of either channel at the very end of the scale
    """

    samples: int
    power: tuple[float, ...]
    clipped: int


def write_peaks(sound: Path, out: Path, *, watch: Watch = unwatched) -> Wave:
    """Write the peaks of the FLAC file *sound* (our own, 16 bits) to *out*.

    Point n covers samples n*rate/50 up to the next one's; its lowest and highest value follow the
    header as signed bytes. Raises ToolFailed OUTPUT_INVALID if *sound* does not decode.
    """
    try:
        with av.open(str(sound), format="flac") as media:
            stream = media.streams.audio[0]
            rate, total = stream.sample_rate, max(1, int(stream.duration or 1))
            per_point = rate // POINTS_PER_SECOND
            points, samples, clipped = [], 0, 0
            power = np.zeros(stream.codec_context.channels)
            for block in _blocks(media, per_point):
                samples += block.shape[1]
                points.append(_extremes(block, per_point))
                power += [np.dot(channel, channel) for channel in block.astype(np.float32)]
                clipped += int(np.count_nonzero((block == 32_767) | (block == -32_768)))
                watch(min(1000, samples * 1000 // total), "Drawing the wave")
    except (av.FFmpegError, IndexError) as error:
        raise ToolFailed(
            "OUTPUT_INVALID",
            "The sound that was written cannot be read.",
            details={"said": str(error)},
        ) from error
    wave = np.concatenate(points) if points else np.empty((0, 2), np.int8)
    out.write_bytes(_HEADER.pack(2, 1, rate, per_point, len(wave), 1) + wave.tobytes())
    return Wave(samples, tuple(map(float, power)), clipped)


def _blocks(media: av.container.InputContainer, per_point: int) -> Iterator[np.ndarray]:
    """Samples as int16[channels, n], n a multiple of *per_point* except in the last block."""
    waiting: list[np.ndarray] = []
    count = 0
    for frame in media.decode(audio=0):
        values = frame.to_ndarray()
        if not frame.format.is_planar:
            values = values.reshape(-1, frame.layout.nb_channels).T
        waiting.append(values)
        count += values.shape[1]
        if count >= per_point * 500:
            whole = np.concatenate(waiting, axis=1)
            cut = count - count % per_point
            yield whole[:, :cut]
            waiting, count = [whole[:, cut:]], count - cut
    if count:
        yield np.concatenate(waiting, axis=1)


def _extremes(block: np.ndarray, per_point: int) -> np.ndarray:
    """int8[points, 2]: the lowest and highest value of each stretch, in 256ths, rounded down as audiowaveform does."""
    starts = np.arange(0, block.shape[1], per_point)
    low = np.minimum.reduceat(block.min(axis=0), starts) >> 8
    high = np.maximum.reduceat(block.max(axis=0), starts) >> 8
    return np.stack([low, high], axis=1).astype(np.int8)

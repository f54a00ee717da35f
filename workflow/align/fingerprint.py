"""What a film sounds like, as a row of small numbers that survive another encoding.

Every 10 ms one number of 16 bits: whether the difference of loudness between neighbouring bands grows or falls
(Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", 2002). The same sound gives the same numbers, most
of the time, at any loudness and from any codec; so two cuts of a film can be laid on one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workflow.align.speech import Samples, decoded
from workflow.align.voice import SAMPLE_RATE
from workflow.errors import BadInput
from workflow.progress import Watch, unwatched
from workflow.timebase import Flicks

HOP_SECONDS = 0.01
_HOP = int(SAMPLE_RATE * HOP_SECONDS)
_WINDOW = 2048  # 128 ms: the numbers change slowly, and a fraction of a hop matters little
_BITS = 16
_AT_ONCE = 2000  # hops
_QUIET = 1e-6  # power below which nothing can be told apart

_EDGES = np.geomspace(300, 3000, _BITS + 2) / SAMPLE_RATE * _WINDOW
_TAPER = np.hanning(_WINDOW).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """marks  uint16[n], one per 10 ms from the film's first frame on; audible  bool[n]"""

    marks: npt.NDArray[np.uint16]
    audible: npt.NDArray[np.bool_]


def fingerprint(
    sound: Path,
    *,
    watch: Watch = unwatched,
    demuxer: str | None = None,
    stream: int | None = None,
    zero: Flicks = 0,
) -> Fingerprint:
    """Listen to a film. The arguments are those of `detect_speech`. Raises NO_SOUND, UNREADABLE."""
    blocks: list[Samples] = [np.zeros(_WINDOW // 2, np.float32)]
    count, loudness = len(blocks[0]), []
    for block, permille in decoded(sound, demuxer, stream, zero):
        blocks.append(block)
        count += len(block)
        if count >= _AT_ONCE * _HOP + _WINDOW:
            whole = np.concatenate(blocks)
            hops = (count - _WINDOW) // _HOP
            loudness.append(_bands(whole, hops))
            blocks = [whole[hops * _HOP :]]
            count = len(blocks[0])
            watch(permille, "Listening to the sound")
    whole = np.concatenate([*blocks, np.zeros(_WINDOW, np.float32)])
    loudness.append(_bands(whole, max(0, len(whole) - _WINDOW) // _HOP))
    bands = np.concatenate(loudness)
    if len(bands) < 2 or not (audible := bands.max(1) > _QUIET).any():
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=sound.name)
    across = np.diff(np.log(bands + 1e-9), axis=1)
    last = np.concatenate([across[:1], across[:-1]])
    bits = (across > last).astype(np.uint16)
    marks = (bits << np.arange(_BITS, dtype=np.uint16)).sum(1).astype(np.uint16)
    watch(1000, "Listening to the sound")
    return Fingerprint(marks, audible)


def _bands(sound: Samples, hops: int) -> npt.NDArray[np.float32]:
    """float32[hops, bands]: power in each band of each hop's window."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP][:hops]
    out = np.empty((hops, _BITS + 1), np.float32)
    edges = _EDGES.astype(np.intp)
    for first in range(0, hops, 256):
        power = np.abs(np.fft.rfft(frames[first : first + 256] * _TAPER, axis=1)) ** 2
        total = np.add.reduceat(power, edges, axis=1)[:, : _BITS + 1]
        out[first : first + 256] = total / _WINDOW
    return out

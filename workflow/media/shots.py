"""Where a new shot begins, from how much each picture differs from the one before.

ffmpeg's scdet measures (mean absolute difference of the frames, 0 to 100); the decision is made here, over
the neighbourhood: a cut stands out from the motion around it, and a flash is not one, though it differs
twice. Measured beside scdet's own decision and PySceneDetect in bench/shots.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LEAST = 2.0  # per cent: what grain and a slow look around stay below; cuts in the dark do not
STANDS_OUT = 2.5  # times the motion around it
AROUND = 3  # frames on either side whose motion counts
FLASH = 3  # frames that a flash lasts at most

_LINE = re.compile(r"^frame:(\d+)\s.*\n^lavfi\.scd\.mafd=([\d.]+)", re.M)


def read_differences(log: Path) -> NDArray[np.float64]:
    """float64[frames]: the difference of each frame to the one before, from the metadata filter's *log*."""
    if not log.exists():
        return np.zeros(0)
    found = [(int(frame), float(value)) for frame, value in _LINE.findall(log.read_text())]
    differences = np.zeros(found[-1][0] + 1 if found else 0)
    for frame, value in found:
        differences[frame] = value
    return differences


def shot_changes(
    differences: NDArray[np.float64], least: float = LEAST, stands_out: float = STANDS_OUT
) -> list[int]:
    """Numbers of the frames at which a new shot begins; never the first of the film."""
    count = len(differences)
    peaks = []
    for frame in (np.flatnonzero(differences[1:] >= least) + 1).tolist():
        first, end = max(1, frame - AROUND), min(count, frame + AROUND + 1)
        around = np.delete(differences[first:end], frame - first)
        # The quieter side: a cut into fast motion, or out of it, is one as well.
        before, after = differences[first:frame], differences[frame + 1 : end]
        calm = min([float(side.mean()) for side in (before, after) if len(side)], default=0.0)
        if differences[frame] >= stands_out * calm and differences[frame] >= around.max(initial=0):
            peaks.append(frame)
    return [frame for frame in peaks if not _is_flash(differences, frame, least)]


def _is_flash(differences: NDArray[np.float64], frame: int, least: float) -> bool:
    """Whether the picture comes back: another change as large within the time that a flash lasts."""
    near = np.r_[
        differences[max(1, frame - FLASH) : frame], differences[frame + 1 : frame + FLASH + 1]
    ]
    return bool(near.max(initial=0) >= max(least, 0.6 * differences[frame]))

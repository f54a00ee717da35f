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

LEAST = 5.0  # per cent: what drawn figures that leap about mostly stay below
STANDS_OUT = 3.0  # times the motion of the calmer side: a cut into fast motion is one as well
FAINT = 2.0  # per cent: a cut in the dark, if it stands out …
FAINT_STANDS_OUT = 5.0  # … so many times from either side
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
    differences: NDArray[np.float64], least: float = LEAST, faint: float = FAINT
) -> list[int]:
    """Numbers of the frames at which a new shot begins; never the first of the film."""
    found = []
    for frame in (np.flatnonzero(differences[1:] >= min(least, faint)) + 1).tolist():
        here = float(differences[frame])
        sides = (
            differences[max(1, frame - AROUND) : frame],
            differences[frame + 1 : frame + AROUND + 1],
        )
        motions = [float(side.mean()) for side in sides if len(side)] or [0.0]
        clear = here >= least and here >= STANDS_OUT * min(motions)
        lonely = here >= faint and here >= FAINT_STANDS_OUT * max(motions)
        highest = all(here >= side.max(initial=0) for side in sides)
        if (clear or lonely) and highest and not _is_flash(differences, frame, faint):
            found.append(frame)
    return found


def _is_flash(differences: NDArray[np.float64], frame: int, least: float) -> bool:
    """Whether the picture comes back: another change as large within the time that a flash lasts."""
    near = np.r_[
        differences[max(1, frame - FLASH) : frame], differences[frame + 1 : frame + FLASH + 1]
    ]
    return bool(near.max(initial=0) >= max(least, 0.6 * differences[frame]))

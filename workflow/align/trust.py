"""How far an alignment can be believed: for each cue, and for the whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workflow.align.fit import Fit
from workflow.align.jitter import Steady
from workflow.align.reference import Floats

Flags = npt.NDArray[np.bool_]


def is_related(found: Fit, count: int) -> bool:
    """Whether the fit is better than two strangers reach."""
    return found.evidence / count > 0.8 and found.evidence > 15


def believe(
    found: Fit, known: Flags, pushed: Flags, steady: Steady | None, related: bool
) -> Floats:
    """float64[n]: how sure it is that each cue's times are within 200 ms."""
    sure = found.sure * np.where(known, 1.0, 0.4) * np.where(pushed, 0.5, 1.0)
    if steady is not None:
        sure = sure * steady.sure
    return sure if related else np.minimum(sure, 0.2)

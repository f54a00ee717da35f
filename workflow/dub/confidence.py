"""How sure a located take is: a logistic curve over what was measured of it.

The weights were fitted on synthetic voices (dubbing.md, section 4) and are provisional: every take that a
person confirms or moves is a labelled example to refit them with.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Evidence(NamedTuple):
    """What speaks for one take. Distances are in units of the recording's own median."""

    over_filler: float  # mean distance to its template, less that to the nearest sound of any kind
    over_others: float  # how many standard deviations nearer than lines of like length
    over_rival: float  # how much nearer than the best of those
    worse_half: float  # over_filler of its worse half
    duration: float  # |log| of its length against the speaker's usual pace
    speech: float  # share of it in which a voice is heard
    length: float  # log seconds of the template
    neighbours: float  # 0 to 2: how many neighbours are the script's own


_BIAS = 3.7855
_WEIGHTS = Evidence(-7.0952, 0.0477, -0.4173, -5.4414, 13.3359, 2.5543, -0.2729, -0.5163)


def confidence(evidence: Evidence) -> float:
    """0 to 1."""
    sum_ = _BIAS + sum(w * value for w, value in zip(_WEIGHTS, evidence, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum_))))

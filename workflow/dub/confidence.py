"""How sure a located take is: a logistic curve over what was measured of it.

The weights were fitted on 720 takes of synthetic readings by four voices, two of them Finnish diphone
voices, 67 of the takes wrong; signs were held to what each measure means. With one voice left out of the
fit, 3 of 195 takes of the worst one were wrong at 0.9 and above. No human Turkmen was among them, so the
weights are provisional: every take that a person confirms or moves is a labelled example to refit them with.
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


_BIAS = 0.8
_WEIGHTS = Evidence(
    over_filler=-3.567,
    over_others=0.366,
    over_rival=0.0,  # says nothing beside over_others
    worse_half=-11.101,
    duration=-9.781,
    speech=0.0,
    length=2.238,
    neighbours=1.551,
)


def confidence(evidence: Evidence) -> float:
    """0 to 1."""
    sum_ = _BIAS + sum(w * value for w, value in zip(_WEIGHTS, evidence, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum_))))

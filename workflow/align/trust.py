"""How far an alignment can be believed: for each cue, and for the whole.

The weights were learnt by logistic regression on 172 000 cues of 764 damaged real pairs (narrated films, English
to Russian, Turkish and others), half of the films held out: of the cues of those that were said to be at least
0.9 sure, 99.8 % were within 200 ms, 99.3 % of those in tracks moved by hand.

By speech, of 11,200 cues of two films with their times damaged in 160 ways each, 98.6 % of those said to be 0.9 sure
were: a cut that was missed leaves its cues where nobody speaks, sure only by their neighbours. With UNHEARD 99.6 %.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workflow.align.fit import Fit
from workflow.align.jitter import Steady
from workflow.align.reference import Floats

Flags = npt.NDArray[np.bool_]

# Two strangers reach some evidence too, more of it the longer they are.
STRANGERS, STRANGERS_PER_CUE = (
    20.0,
    0.22,
)  # nats; 88 foreign pairs reached 23 at 40 cues, 46 at 160, 69 at 400
UNRELATED = 0.2  # confidence, at most, where the two do not belong together
UNHEARD = 2.0  # for each nat by which chance explains a cue better than what is heard there
NEIGHBOURS = 3  # cues to either side that vouch for one


def is_related(found: Fit, count: int) -> bool:
    """Whether the fit is better than two strangers reach."""
    return found.evidence > STRANGERS + STRANGERS_PER_CUE * count


def believe(
    found: Fit,
    known: Flags,
    pushed: Flags,
    steady: Steady | None,
    related: bool,
    *,
    heard: bool = False,
) -> Floats:
    """float64[n]: how sure it is that each cue's times are within 200 ms. *heard*: by speech."""
    scores = np.clip(found.scores, -3, 12)
    near, mean, size, edge = _surroundings(scores, found.piece)
    logit = -3.7 + 0.22 * np.clip(_logit(found.sure), -4, 8)
    logit += 0.2 * near + 0.75 * np.clip(mean, -1, 6) + 0.16 * np.clip(scores, -3, 6)
    logit += 0.47 * np.log(size) + 0.72 * edge - 2.3 * pushed
    if steady is not None:
        # a hand's slip is guessed, and a guess that seems certain is wrong more often than it seems
        logit += 0.58 * (np.clip(_logit(steady.sure), -3, 6) - 2) - 1.7
    if heard:
        logit -= UNHEARD * np.maximum(0, -scores)
    sure = 1 / (1 + np.exp(-logit))
    sure = np.where(known, sure, sure * 0.3)
    out: Floats = sure if related else np.minimum(sure, UNRELATED)
    return out


def _logit(probability: Floats) -> Floats:
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    out: Floats = np.log(bounded / (1 - bounded))
    return out


def _surroundings(
    scores: Floats, piece: npt.NDArray[np.intp]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each cue: score per cue around it, of its piece, cues in its piece, nearness of a change of piece (0-1)."""
    near, mean, size, edge = (np.empty(len(scores)) for _ in range(4))
    for number in range(int(piece.max()) + 1):
        rows = np.flatnonzero(piece == number)
        total = np.concatenate([[0.0], np.cumsum(scores[rows])])
        place = np.arange(len(rows))
        first, after = (
            np.maximum(place - NEIGHBOURS, 0),
            np.minimum(place + NEIGHBOURS + 1, len(rows)),
        )
        near[rows] = (total[after] - total[first]) / (2 * NEIGHBOURS + 1)
        mean[rows], size[rows] = scores[rows].mean(), len(rows)
        left = place if rows[0] else np.full(len(rows), 8)
        right = place[::-1] if rows[-1] < len(scores) - 1 else np.full(len(rows), 8)
        edge[rows] = np.minimum(np.minimum(left, right), 8) / 8
    return near, mean, size, edge
